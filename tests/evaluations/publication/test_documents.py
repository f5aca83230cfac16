"""Published documents carry the audit log's anchor of their own publication; older ones print none."""

import json
import shutil
import subprocess

import pytest

from evaluations.draws.documents import record_pdf
from evaluations.publication.documents import (
    count_record,
    count_record_pdf,
    notice_document,
    thin_sections,
    vacant_places,
)
from evaluations.publication.files import notice_pdf
from evaluations.publication.models import Publication
from evaluations.publication.services import Correction, correct_publication
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sealing.documents import seal_record
from evaluations.turnout.queries import COLUMNS_EXPLAINED
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry
from tests.factories import NOON, commit, make_pool, make_round, make_sealed_round, make_user, run
from tests.pages import compact
from tests.security.scenario import published_list

pytestmark = [pytest.mark.django_db, pytest.mark.pdftext]


def text_of(pdf):
    done = subprocess.run([shutil.which("pdftotext"), "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def row_of(number):
    return AuditEntry.objects.get(seq=number)


def test_the_notice_carries_its_own_anchor_and_renders_to_the_same_bytes(client):
    round_ = published_list()
    publication = Publication.objects.get(round=round_)
    row = row_of(publication.anchor_seq)

    assert row.detail["content"] == publication.content_sha256
    assert row.hash == publication.anchor_hash
    pdf = notice_pdf(publication)
    assert publication.anchor_hash in text_of(pdf)
    assert pdf == notice_pdf(Publication.objects.get())
    assert publication.anchor_hash in client.get(f"/list/{round_.key}/1/notice.html").content.decode()
    assert publication.anchor_hash in client.get(f"/list/{round_.key}/").content.decode()
    assert publication.anchor_hash in client.get("/audit-anchors.txt").content.decode()


@pytest.mark.parametrize(
    ("withdrawn", "struck", "said"),
    [
        ([], 0, ""),
        ([], 2, "公示前撤下2个科室，不公布名称。撤下后其他科室不递补，名单中第1位、第3位空缺。"),
        ([3], 0, "经更正撤下：甲局乙科（原第3位）。撤下后其他科室不递补，名单中第1位、第3位空缺。"),
        (
            [1],
            1,
            "经更正撤下：甲局乙科（原第1位）。公示前撤下1个科室，不公布名称。"
            "撤下后其他科室不递补，名单中第1位、第3位空缺。",
        ),
    ],
)
def test_a_list_says_which_were_taken_off_and_which_places_they_left(withdrawn, struck, said):
    gone = [{"rank": rank, "code": f"W{rank}", "department": "甲局", "section": "乙科"} for rank in withdrawn]
    content = {"entries": [{"rank": 2}], "withdrawn": gone, "struck": struck, "vacant": [1, 3]}

    assert vacant_places(content, []) == said


def test_page_notice_and_count_record_show_and_explain_the_same_turnout(client):
    round_ = published_list()
    publication = Publication.objects.get(round=round_)
    rows = notice_document(publication)["channels"]
    page = compact(client.get(f"/list/{round_.key}/").content.decode())

    assert count_record(round_)["channels"] == rows
    for label, *figures in rows:
        cells = zip(("发出", "收回", "有效", "计票"), figures, strict=True)
        shown = "".join(f'<td data-label="{name}">{figure}</td>' for name, figure in cells)
        assert f'<th scope="row" data-label="渠道">{label}</th>{shown}' in page
    assert COLUMNS_EXPLAINED in page
    assert COLUMNS_EXPLAINED in text_of(notice_pdf(publication))
    assert COLUMNS_EXPLAINED in text_of(count_record_pdf(round_, at=NOON))


def test_a_correction_has_an_anchor_of_its_own():
    round_ = published_list()
    second = correct_publication(round_id=round_.pk, correction=Correction("笔误"), by=make_user("commission"), at=NOON)
    assert row_of(second.anchor_seq).detail["version"] == 2


def test_a_notice_without_anchor_prints_none():
    round_ = published_list()
    Publication.objects.update(anchor_seq=None, anchor_hash="")
    assert "锚点" not in text_of(notice_pdf(Publication.objects.get(round=round_)))


def test_a_notice_without_a_section_asks_nobody_to_mend():
    publication = Publication.objects.get(round=published_list())
    assert "认真整改" in text_of(notice_pdf(publication))

    publication.content = json.dumps(json.loads(publication.content) | {"entries": []})
    text = text_of(notice_pdf(publication))

    assert "上榜科室均已撤下。" in text
    assert "认真整改" not in text


def test_the_sealing_and_draw_records_carry_their_anchors():
    sealed = make_sealed_round()
    row = AuditEntry.objects.get(action="round.close", object_id=str(sealed.pk))
    assert row.hash in text_of(seal_record(sealed, NOON))

    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
    make_pool(round_)
    draw = run(commit(round_))
    record = text_of(record_pdf(draw, at=NOON))
    rows = AuditEntry.objects.filter(object_type="evaluations.Draw", detail__has_any_keys=["commit", "seed"])
    assert len(rows) == 2
    assert [row.hash for row in rows if row.hash not in record] == []
    assert AuditAnchor.objects.filter(hash__in=[row.hash for row in rows]).count() == 2
    assert Round.objects.count() == 2


@pytest.mark.parametrize(
    ("gate", "thin"), [({}, 11), ({"publication": {"sections": 105, "ranked": 93}}, 12)], ids=["NC-1", "NC-2"]
)
def test_a_vetoed_section_with_too_few_ballots_is_told_among_those_with_too_few(gate, thin):
    assert thin_sections({"sections": 105, "unranked": 11, **gate}) == thin


def test_a_list_keeps_the_meaning_its_figures_had_when_it_was_published(client):
    round_ = published_list()
    publication = Publication.objects.get(round=round_)
    now = json.loads(publication.content)
    earlier = {key: value for key, value in now.items() if key != "columns_explained"}
    earlier["channels"] = [{**row, "valid": 239, "counted": 240} for row in now["channels"]]
    Publication.objects.update(content=json.dumps(earlier))

    page = client.get(f"/list/{round_.key}/").content.decode()

    assert now["columns_explained"] == COLUMNS_EXPLAINED
    assert "“计票”可能多于“有效”" in page
    assert COLUMNS_EXPLAINED not in page
