"""Signing codes: permitted by two, sealed for one supervisor, taken out once, handed over by another person."""

import re
import subprocess
from datetime import timedelta

import pytest
from django.urls import reverse

from evaluations.draws.approvals import ISSUE_CODES, REISSUE_CODES
from evaluations.draws.models import DrawSignature, SigningCode, SigningSheet
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services import signing
from evaluations.draws.services.ceremony import sign_draw
from evaluations.draws.services.removals import Removal, remove_drawn
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.factories import LATER, commit, hold_draw, issue_codes, make_pool, make_round, make_user, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20, "signing_codes": 2, "supervisors": 5})
    make_pool(round_, PoolKind.SUPERVISORS, groups={"人大代表": 6, "市民代表": 6})
    make_pool(round_)
    return round_


@pytest.fixture
def draw(round_):
    return hold_draw(round_, DrawPurpose.SUPERVISORS)


@pytest.fixture
def sheets(draw):
    return signing.issue_signing_codes(draw_id=draw.pk, by=make_user("chief"), at=LATER)


def seal(sheet, by=None):
    return signing.seal_codes(sheet_id=sheet.pk, by=by or make_user("clerk"), at=LATER)[1]


def hand(draw, *sheets, by=None):
    ids = [sheet.pk for sheet in sheets]
    return signing.hand_over_codes(draw_id=draw.pk, sheet_ids=ids, by=by or make_user("clerk"), at=LATER)


def reissue(entry, reason="本人报告遗失"):
    return signing.reissue_signing_codes(entry_id=entry.pk, reason=reason, by=make_user("chief"), at=LATER)


def spend(round_, code):
    return signing.spend_signing_code(round_, code, at=LATER)


class TestIssuing:
    def test_permits_a_sheet_for_every_supervisor_and_makes_no_code(self, draw, sheets):
        assert {sheet.entry for sheet in sheets} == set(draw.entries.filter(is_selected=True))
        assert not SigningCode.objects.exists()

    def test_happens_once(self, draw, sheets):
        with pytest.raises(RuleViolation, match=r"不能重复发放.*作废并重发"):
            signing.issue_signing_codes(draw_id=draw.pk, by=make_user("chief"), at=LATER)
        assert SigningSheet.objects.count() == len(sheets)

    def test_is_for_supervisors_only(self, round_):
        evaluators = run(commit(round_))
        with pytest.raises(RuleViolation, match="先完成监督员的抽取"):
            signing.issue_signing_codes(draw_id=evaluators.pk, by=make_user("chief"), at=LATER)
        assert not SigningSheet.objects.exists()

    def test_takes_two_persons(self, draw, settings):
        settings.TWO_PERSON_RULE = True
        for role in ("clerk", "chief"):
            with pytest.raises((policy.Denied, policy.NeedsApproval)):
                signing.issue_signing_codes(draw_id=draw.pk, by=make_user(role), at=LATER)
        proposed = approvals.propose(ISSUE_CODES, draw, by=make_user("clerk"), at=LATER)
        assert len(proposed.content["监督员"]) == 5

        approvals.approve(approval_id=proposed.pk, by=make_user("chief"), at=LATER)

        assert SigningSheet.objects.count() == 5


class TestTakingOut:
    def test_makes_the_codes_of_one_supervisor_and_keeps_only_hashes(self, sheets):
        codes = seal(sheets[0])

        stored = SigningCode.objects.all()
        assert {code.entry for code in stored} == {sheets[0].entry}
        assert {code.code_sha256 for code in stored} == {sha256_hex(code.encode()) for code in codes}

    def test_happens_once_and_is_recorded(self, sheets):
        clerk = make_user("clerk")
        seal(sheets[0], by=clerk)

        with pytest.raises(RuleViolation, match=f"已由{clerk.name}取出.*作废并重发"):
            seal(sheets[0])

        assert SigningCode.objects.count() == 2
        entry = AuditEntry.objects.get(action="sign.seal")
        assert (entry.actor, "取出签名码密封件" in entry.detail["step_label"]) == (clerk, True)

    def test_of_somebody_replaced_is_refused(self, sheets):
        replace(sheets[0].entry)
        with pytest.raises(RuleViolation, match="已被替换"):
            seal(sheets[0])
        assert not SigningCode.objects.exists()


class TestHandingOver:
    def test_makes_the_codes_sign(self, round_, draw, sheets):
        code = seal(sheets[0])[0]
        with pytest.raises(RuleViolation, match="尚未确认当面交付"):
            spend(round_, code)

        hand(draw, sheets[0])

        assert spend(round_, code).entry == sheets[0].entry

    def test_is_confirmed_by_another_person_under_any_account(self, draw, sheets):
        clerk = make_user("clerk")
        seal(sheets[0], by=clerk)
        for same in (clerk, make_user("chief", person_code=clerk.person_code)):
            with pytest.raises(RuleViolation, match="不能确认交付"):
                hand(draw, sheets[0], by=same)
        assert not SigningSheet.objects.exclude(handed_at=None).exists()

    def test_of_a_sheet_that_nobody_took_out_is_refused(self, draw, sheets):
        seal(sheets[0])
        with pytest.raises(RuleViolation, match="请刷新"):
            hand(draw, *sheets[:2])
        assert not SigningSheet.objects.exclude(handed_at=None).exists()


class TestReissuing:
    @pytest.fixture
    def codes(self, draw):
        return dict(zip(draw.entries.filter(is_selected=True).order_by("pk"), issue_codes(draw), strict=True))

    def test_revokes_the_unused_codes_of_that_supervisor_only(self, round_, draw):
        issued = issue_codes(draw)
        lost, other = SigningSheet.objects.order_by("pk")[:2]
        of = dict(zip(SigningSheet.objects.order_by("pk"), issued, strict=True))

        reissue(lost.entry)

        for code in of[lost]:
            with pytest.raises(RuleViolation, match="已作废"):
                spend(round_, code)
        assert spend(round_, of[other][0]).used_at == LATER

    def test_permits_another_sheet_whose_codes_sign(self, round_, draw):
        issue_codes(draw)
        entry = SigningSheet.objects.first().entry

        sheet = reissue(entry)
        fresh = seal(sheet)
        hand(draw, sheet)

        assert sheet.number == 2
        assert spend(round_, fresh[0]).entry == entry

    def test_keeps_the_signatures_made(self, round_, draw):
        codes = issue_codes(draw)
        signed = run(commit(round_))
        sign_draw(draw_id=signed.pk, code=codes[0][0], at=LATER)

        reissue(DrawSignature.objects.get().supervisor)

        assert signed.signatures.count() == 1

    def test_revokes_codes_issued_before_there_were_sheets(self, round_, draw):
        entry = draw.entries.filter(is_selected=True).first()
        old = "ABCDEFGHJKMNPQRSTVWX"
        SigningCode.objects.create(entry=entry, code_sha256=sha256_hex(old.encode()))

        reissue(entry)

        with pytest.raises(RuleViolation, match="已作废"):
            spend(round_, old)

    @pytest.mark.parametrize(("reason", "says"), [("", "填写作废理由"), ("  ", "填写作废理由")])
    def test_needs_a_reason(self, draw, reason, says):
        issue_codes(draw)
        with pytest.raises(RuleViolation, match=says):
            reissue(SigningSheet.objects.first().entry, reason)
        assert not SigningSheet.objects.exclude(revoked_at=None).exists()

    def test_of_what_was_never_issued_is_refused(self, draw):
        with pytest.raises(RuleViolation, match="尚无签名码"):
            reissue(draw.entries.filter(is_selected=True).first())

    def test_takes_two_persons_who_read_the_reason(self, draw, settings):
        issue_codes(draw)
        entry = SigningSheet.objects.first().entry
        settings.TWO_PERSON_RULE = True
        with pytest.raises(policy.NeedsApproval):
            reissue(entry)
        proposed = approvals.propose(REISSUE_CODES, entry, by=make_user("clerk"), at=LATER, reason="本人报告遗失")
        assert proposed.content["作废理由"] == "本人报告遗失"

        approvals.approve(approval_id=proposed.pk, by=make_user("chief"), at=LATER)

        assert SigningSheet.objects.get(revoked_at=None, entry=entry).number == 2


def replace(entry):
    removal = Removal(RemovalReason.REFUSED, "本人放弃")
    remove_drawn(entry_id=entry.pk, removal=removal, by=make_user("chief"), at=LATER)


def test_a_replaced_supervisor_loses_the_codes_and_the_alternate_is_issued_others(round_, draw):
    codes = issue_codes(draw)
    first = SigningSheet.objects.order_by("pk").first().entry
    replace(first)

    with pytest.raises(RuleViolation, match="现任监督员"):
        spend(round_, codes[0][0])
    with pytest.raises(RuleViolation, match="随即失效"):
        reissue(first)

    (sheet,) = signing.issue_signing_codes(draw_id=draw.pk, by=make_user("chief"), at=LATER + timedelta(days=1))
    assert sheet.entry != first


class TestThePage:
    def page(self, draw):
        return reverse("admin:draw-signing-codes", args=[draw.pk])

    def test_leads_the_clerk_from_the_proposal_to_the_sheet(self, client, draw, settings):
        settings.TWO_PERSON_RULE = True
        clerk = make_user("clerk")
        client.force_login(clerk)
        assert "提请发放签名码" in "".join(client.get(self.page(draw)).content.decode().split())

        client.post(reverse("admin:draw-signing-issue", args=[draw.pk]))
        approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=LATER)
        sheet = SigningSheet.objects.order_by("pk").first()
        answer = client.post(reverse("admin:draw-signing-seal", args=[sheet.pk]))

        assert answer["Content-Type"] == "application/pdf"
        assert "待确认交付" in client.get(self.page(draw)).content.decode()
        client.post(reverse("admin:draw-signing-hand", args=[draw.pk]), {"sheet": [sheet.pk]})
        assert SigningSheet.objects.exclude(handed_at=None).count() == 0

        client.force_login(make_user("clerk"))
        client.post(reverse("admin:draw-signing-hand", args=[draw.pk]), {"sheet": [sheet.pk]})
        assert SigningSheet.objects.exclude(handed_at=None).get() == sheet

    def test_reissues_with_a_reason(self, client, draw):
        issue_codes(draw)
        entry = SigningSheet.objects.first().entry
        client.force_login(make_user("chief"))
        client.post(reverse("admin:draw-signing-reissue", args=[entry.pk]), {"reason": "本人报告遗失"})
        assert "本人报告遗失" in client.get(self.page(draw)).content.decode()

    @pytest.mark.parametrize("role", ["commission", "auditor", "sysadmin"])
    def test_is_the_offices_alone(self, client, draw, role):
        client.force_login(make_user(role))
        assert client.get(self.page(draw)).status_code == 403

    def test_takes_the_same_number_of_queries_for_any_number_of_sheets(
        self, client, draw, django_assert_max_num_queries
    ):
        issue_codes(draw)
        client.force_login(make_user("clerk"))
        client.get(self.page(draw))
        with django_assert_max_num_queries(16):
            client.get(self.page(draw))

    @pytest.mark.pdftext
    def test_prints_one_page_with_the_name_outside_and_the_codes_inside(self, client, draw, sheets, tmp_path):
        client.force_login(make_user("clerk"))
        content = client.post(reverse("admin:draw-signing-seal", args=[sheets[0].pk])).content
        (tmp_path / "sheet.pdf").write_bytes(content)

        done = subprocess.run(
            ["pdftotext", "-layout", str(tmp_path / "sheet.pdf"), "-"], capture_output=True, check=True
        )

        text = done.stdout.decode()
        assert text.count("\f") == 1
        assert sheets[0].entry.person.name in "".join(text.split())
        assert len(re.findall(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4}\b", text)) == 2
