"""Opening the sealed ballots: only at the server, before two drawn supervisors, recorded; any change is noticed."""

import json
import stat
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from evaluations.ballots.models import Ballot
from evaluations.draws.models import Draw, DrawEntry, SigningCode
from evaluations.openings.services import open_ballots
from evaluations.protocol.openings import openings_fault
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.sealing.queries import closing_leaves
from evaluations.tally.files import ballots_csv
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import OPERATOR, AnonymousActor, Denied, Role
from tests.factories import NOON, make_open_round, make_sealed_round

pytestmark = pytest.mark.django_db
FIRST, AGAIN, SECOND, UNKNOWN = (f"{letter}BCDEFGHJKMNPQRSTVWX" for letter in "ABCD")


def with_codes(round_):
    """The round with two drawn supervisors, the first of whom has two signing codes left."""
    draw = Draw.objects.create(
        round=round_, purpose=DrawPurpose.SUPERVISORS, draw_id="s", params="{}", commit="", committed_at=NOON
    )
    for number, codes in enumerate([(FIRST, AGAIN), (SECOND,)]):
        entry = DrawEntry.objects.create(draw=draw, stratum="市民", token=str(number), is_selected=True, place=number)
        for code in codes:
            SigningCode.objects.create(entry=entry, code_sha256=sha256_hex(code.encode()))
    return round_


@pytest.fixture
def round_():
    return with_codes(make_sealed_round(targeted=6, sampled=5, level="2"))


def open_(round_, *codes, by=OPERATOR):
    return list(open_ballots(round_id=round_.pk, codes=codes, by=by, at=NOON))


class TestOpening:
    @pytest.mark.parametrize("role", Role.values)
    def test_is_for_no_role_of_the_table(self, round_, role):
        with pytest.raises(Denied):
            open_(round_, FIRST, SECOND, by=AnonymousActor(role))

        assert not SigningCode.objects.exclude(used_at=None).exists()

    @pytest.mark.parametrize("codes", [(), (FIRST,), (FIRST, AGAIN), (FIRST, UNKNOWN), (FIRST, FIRST)])
    def test_needs_two_different_supervisors(self, round_, codes):
        with pytest.raises(RuleViolation, match="监督员"):
            open_(round_, *codes)

        assert not SigningCode.objects.exclude(used_at=None).exists()
        assert not AuditEntry.objects.filter(action="ballot.raw").exists()

    def test_is_recorded_with_the_supervisors_present(self, round_):
        open_(round_, FIRST, SECOND)

        entry = AuditEntry.objects.get(action="ballot.raw")
        assert (entry.detail["ballots"], len(entry.detail["entries"])) == (11, 2)

    def test_takes_each_code_once(self, round_):
        open_(round_, FIRST, SECOND)

        with pytest.raises(RuleViolation, match="已使用"):
            open_(round_, AGAIN, SECOND)

    def test_an_open_box_has_nothing_to_open(self):
        with pytest.raises(RuleViolation, match="封箱之后"):
            open_(with_codes(make_open_round()), FIRST, SECOND)

    def test_gives_what_the_commitments_need_and_neither_voter_nor_ballot_id(self, round_):
        lines = open_(round_, FIRST, SECOND)

        assert openings_fault(lines, list(closing_leaves(round_)), round_.closing_root) == ""
        assert {frozenset(json.loads(line)) for line in lines} == {
            frozenset({"channel", "counted", "nonce", "receipt", "vote"})
        }
        assert not any(str(pk) in "".join(lines) for pk in Ballot.objects.values_list("pk", flat=True))


class TestTheFile:
    @pytest.fixture
    def folder(self, round_, tmp_path, monkeypatch):
        (tmp_path / "closing-list.txt").write_bytes(b"".join(entry + b"\n" for entry in closing_leaves(round_)))
        (tmp_path / "ballots.csv").write_text("".join(ballots_csv(round_)), encoding="utf-8")
        self.export(round_, tmp_path / "openings.jsonl", monkeypatch, FIRST, SECOND)
        return tmp_path

    def export(self, round_, path, monkeypatch, *codes):
        typed = iter(codes)
        monkeypatch.setattr("evaluations.management.commands.export_openings.getpass", lambda prompt: next(typed))
        call_command("export_openings", round_.key, path, stdout=StringIO())

    def verify(self, folder, root):
        out = StringIO()
        files = (folder / name for name in ("openings.jsonl", "closing-list.txt"))
        call_command("verify_openings", *files, root, ballots=folder / "ballots.csv", stdout=out)
        return out.getvalue()

    def test_agrees_with_the_closing_list_the_root_and_the_counted_lines(self, folder, round_):
        assert self.verify(folder, round_.closing_root) == "OK 11张票\n"

    def test_is_readable_for_its_owner_only(self, folder):
        assert stat.S_IMODE((folder / "openings.jsonl").stat().st_mode) == 0o600

    @pytest.mark.parametrize(
        ("name", "old", "new"),
        [
            ("openings.jsonl", '"cold":2', '"cold":0'),
            ("openings.jsonl", '"counted":true', '"counted":false'),
            ("openings.jsonl", '"channel":"targeted"', '"channel":"other"'),
            ("ballots.csv", ",2,2,2,2,2", ",0,2,2,2,2"),
            ("closing-list.txt", "\t", "\t0"),
            ("openings.jsonl", "{", "["),
        ],
    )
    def test_reveals_any_change(self, folder, round_, name, old, new):
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

        with pytest.raises(SystemExit):
            self.verify(folder, round_.closing_root)

    def test_reveals_a_line_missing_from_the_count(self, folder, round_):
        rows = (folder / "ballots.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / "ballots.csv").write_text("".join(rows[:-1]), encoding="utf-8")

        with pytest.raises(SystemExit):
            self.verify(folder, round_.closing_root)

    def test_is_not_left_behind_if_the_opening_is_refused(self, round_, tmp_path, monkeypatch):
        with pytest.raises(CommandError, match="监督员"):
            self.export(round_, tmp_path / "x", monkeypatch, FIRST, AGAIN)

        assert not (tmp_path / "x").exists()

    def test_never_replaces_another_file(self, round_, tmp_path, monkeypatch):
        (tmp_path / "x").write_text("other")

        with pytest.raises(CommandError, match="已存在"):
            self.export(round_, tmp_path / "x", monkeypatch, FIRST, SECOND)

        assert (tmp_path / "x").read_text() == "other"
        assert not SigningCode.objects.exclude(used_at=None).exists()
