"""Hash chain of the audit log: each kind of tampering is reported, and nothing else."""

import hashlib
from dataclasses import replace

import pytest

from nanchuan_eval.audit.rules import GENESIS, Anchor, Link, faults, link_hash, parse_anchors, parse_links
from nanchuan_eval.core.canonical import canonical_json

ACTIONS = ("round.open", "round.close", "round.count", "round.publish", "case.open")
MISSING = "第{}条之后是第{}条，中间的记录缺失。"
LOOSE = "第{}条没有接在前一条之后，记录被删去、调换或重建过。"
CHANGED = "第{}条的内容被改动过。"
CUT = "链头记为第{}条，实际最后一条是第{}条，末尾的记录被删去或增补过。"
REBUILT = "第{}条与日志锚点不符，此后的记录已被重建。"
GONE = "日志锚点第{}条在操作日志中不存在，记录已被删除或者恢复了旧备份。"


def chain(actions=ACTIONS, prev=GENESIS, first=1):
    links = []
    for seq, action in enumerate(actions, first):
        fields = {"action": action}
        link = Link(seq, fields, prev, link_hash(prev, {**fields, "seq": seq, "alg": "sha256"}))
        links.append(link)
        prev = link.hash
    return links


def head(links):
    return Anchor(links[-1].seq, links[-1].hash)


def found(links, **options):
    options.setdefault("head", head(chain()))
    return list(faults(links, **options))


def test_a_hash_covers_the_row_and_the_hash_before_it():
    inner = hashlib.sha256(canonical_json({"a": 1})).digest()

    assert link_hash("ab" * 32, {"a": 1}) == hashlib.sha256(bytes.fromhex("ab" * 32) + inner).hexdigest()
    assert GENESIS == "0" * 64


def test_an_untouched_chain_has_no_faults():
    assert found(chain()) == []


def test_an_empty_log_fits_its_empty_head():
    assert found([], head=Anchor(0, GENESIS)) == []


def test_a_changed_row_is_named():
    links = chain()
    links[2] = replace(links[2], fields={"action": "round.void"})

    assert found(links) == [CHANGED.format(3)]


def test_a_removed_row_leaves_a_gap():
    links = chain()
    del links[2]

    assert found(links) == [MISSING.format(2, 4), LOOSE.format(4)]


def test_a_row_missing_at_the_beginning_leaves_a_gap():
    assert found(chain()[1:]) == [MISSING.format(0, 2), LOOSE.format(2)]


def test_a_duplicate_row_breaks_the_numbers():
    links = chain()
    links.insert(1, links[0])

    assert found(links)[0] == MISSING.format(1, 1)


def test_rows_cut_off_or_added_at_the_end_contradict_the_head():
    assert found(chain()[:-1]) == [CUT.format(5, 4)]
    assert found(chain([*ACTIONS, "case.close"])) == [CUT.format(5, 6)]


def test_a_rebuilt_end_of_the_same_length_contradicts_the_head():
    assert found(chain([*ACTIONS[:-1], "case.void"])) == [CUT.format(5, 5)]


def test_a_row_with_an_unknown_algorithm_counts_as_changed():
    links = chain()
    links[1] = replace(links[1], algorithm="none-such")

    assert found(links) == [CHANGED.format(2)]


def test_anchors_kept_outside_fit_an_untouched_chain():
    anchors = [Anchor(link.seq, link.hash) for link in chain()]

    assert found(chain(), anchors=anchors) == []


def test_a_chain_rebuilt_throughout_contradicts_each_anchor_from_there_on():
    anchors = [Anchor(link.seq, link.hash) for link in chain()]
    rebuilt = chain([*ACTIONS[:3], "round.void", "case.open"])

    assert found(rebuilt, head=head(rebuilt), anchors=anchors) == [REBUILT.format(4), REBUILT.format(5)]


def test_of_two_anchors_of_one_row_the_wrong_one_is_reported():
    right = Anchor(2, chain()[1].hash)

    assert found(chain(), anchors=[right, Anchor(2, "f" * 64)]) == [REBUILT.format(2)]


def test_an_anchor_beyond_the_log_shows_an_old_backup():
    links = chain()[:3]
    anchors = [Anchor(5, "e" * 64), Anchor(4, "f" * 64)]

    assert found(links, head=head(links), anchors=anchors) == [GONE.format(4), GONE.format(5)]


@pytest.mark.parametrize("archived", [1, 2, 4])
def test_after_an_archive_the_log_continues_from_its_last_row(archived):
    links = chain()
    start = head(links[:archived])
    anchors = [Anchor(link.seq, link.hash) for link in links]

    assert found(links[archived:], start=start, anchors=anchors) == []


def test_an_anchor_of_an_archived_row_is_not_missed_but_one_after_it_is():
    links = chain()
    options = {"start": head(links[:2]), "head": head(links[:2])}

    assert found([], anchors=[head(links[:2])], **options) == []
    assert found([], anchors=[head(links[:3])], **options) == [GONE.format(3)]


def test_an_anchor_that_precedes_the_whole_log_is_missed():
    assert found(chain(), anchors=[Anchor(0, GENESIS)]) == [GONE.format(0)]


def test_an_export_is_read_back_without_its_remarks():
    text = '# remark\n\n{"action":"a","alg":"sha256","hash":"h","prev":"p","seq":7}\n# {"seq":8}\n'

    assert parse_links(text) == [Link(7, {"action": "a"}, "p", "h", "sha256")]


def test_anchors_are_read_back_without_remarks_and_empty_lines():
    digest = "ab" * 32
    text = f"# seq\thash\n\n  \n3\t{digest}\n12\t{digest} \t2020-06-01\n"

    assert parse_anchors(text) == [Anchor(3, digest), Anchor(12, digest)]


@pytest.mark.parametrize("seq", ["", "-1", "x", "1.0", "٣", "³"])
def test_an_anchor_needs_a_plain_number(seq):
    with pytest.raises(ValueError, match="不是锚点"):
        parse_anchors(f"{seq}\t{'ab' * 32}")


@pytest.mark.parametrize("length", [0, 63, 65])
def test_an_anchor_needs_a_whole_hash(length):
    with pytest.raises(ValueError, match="不是锚点"):
        parse_anchors("1\t" + "a" * length)


def test_a_refused_line_is_shown_up_to_its_eightieth_character():
    with pytest.raises(ValueError, match=f"^不是锚点：{'x' * 80}$"):
        parse_anchors("x" * 81)
