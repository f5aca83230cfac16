"""Paper ballots bound to a section: one row on the printed sheet and on the keying page, and no other is taken."""

from dataclasses import replace

import pytest
from django.urls import reverse

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.paper_ballots import documents, services
from evaluations.paper_ballots.models import PaperSheet
from evaluations.paper_ballots.queries import account_of_batch, paper_faults
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from evaluations.paper_ballots.services import SheetContent
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.codes.bound import bound_batch, make_bound_codes
from tests.factories import NOON, make_codes, make_open_round, make_user, raw_answers, waiting_ballots
from tests.pages import exactly

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    return make_open_round(sections=3)


def content(round_, *places):
    form = ballot_form_by_digest(round_.ballot_form_sha256)
    raw = [RawLine(form.sections[place].code, raw_answers()) for place in places]
    return SheetContent(SheetKind.VALID, validate_vote(form, "targeted", raw, needs_ticks=False))


def key(batch, sheet, by=None):
    return services.key_sheet(batch_id=batch.pk, number=1, content=sheet, by=by or make_user("clerk"), at=NOON)


def returned(round_, place=0):
    """The batch of a section with one slip registered."""
    codes, section = make_bound_codes(round_), round_.sections.all()[place]
    batch = bound_batch(section)
    typed = codes[section.code][:1]
    assert services.register_slips(batch_id=batch.pk, typed=typed, by=make_user("clerk"), at=NOON) == []
    return batch


class TestASheet:
    def test_keyed_twice_goes_into_the_box_as_long_as_any_ballot_of_its_channel(self, round_):
        batch = returned(round_)
        for _ in range(2):
            key(batch, content(round_, 0))

        (row,) = waiting_ballots()
        assert (row.channel, row.origin) == ("targeted", "issued")

    @pytest.mark.parametrize("places", [(1,), (0, 1)])
    def test_with_another_section_is_refused_at_the_first_keying(self, round_, places):
        batch = returned(round_)

        with pytest.raises(RuleViolation, match=r"本批次的正票只评.*不能录入其他科室"):
            key(batch, content(round_, *places))

        assert not PaperSheet.objects.exists()

    def test_with_another_section_is_refused_from_the_third_person_too(self, round_):
        batch = returned(round_)
        key(batch, content(round_, 0))
        sheet = key(batch, SheetContent(SheetKind.BLANK, reason="空白"))

        with pytest.raises(RuleViolation, match="不能录入其他科室"):
            services.settle_sheet(sheet_id=sheet.pk, content=content(round_, 1), by=make_user("clerk"), at=NOON)

        assert PaperSheet.objects.get().kind == ""

    def test_may_be_found_invalid(self, round_):
        batch = returned(round_)
        spoiled = SheetContent(SheetKind.INVALID, reason="写了其他科室")
        for _ in range(2):
            key(batch, spoiled)

        assert PaperSheet.objects.get().kind == SheetKind.INVALID


class TestTheKeyingPage:
    def test_has_the_row_of_the_one_section(self, client, round_):
        batch = returned(round_, place=1)
        own, other = round_.sections.all()[1], round_.sections.all()[0]
        client.force_login(make_user("clerk"))

        page = client.get(reverse("admin:paper-key", args=[batch.pk])).content.decode()

        assert f'name="{own.code}.keys"' in page
        assert other.code not in page

    def test_takes_nothing_typed_for_another(self, client, round_):
        batch = returned(round_, place=1)
        other = round_.sections.all()[0].code
        client.force_login(make_user("clerk"))
        fields = {"number": 1, "kind": "valid", "reason": "", "comment": "", f"{other}.keys": "0"}

        answer = client.post(reverse("admin:paper-key", args=[batch.pk]), fields)

        assert answer.status_code == 400
        assert not PaperSheet.objects.exists()


class TestThePrintedBallot:
    @pytest.fixture
    def printed(self, monkeypatch):
        """What is printed, before it is set."""
        seen = []
        monkeypatch.setattr(documents, "render_pdf", lambda name, data, **_: seen.append(data) or b"")
        return seen

    def test_names_its_one_section(self, round_, printed):
        form, section = ballot_form_by_digest(round_.ballot_form_sha256), round_.sections.all()[1]

        list(documents.ballot_files(form, ["0" * 20], site="https://x", closes="", section=section.code))

        assert printed[0]["rows"] == [[(1, f"{section.department_name} {section.name}")]]
        assert f"对{section}（您在这里办过事）进行评议" in printed[0]["lead"]
        assert "本票只评这一个科室，另写其他科室无效" in printed[0]["scale"]

    def test_of_a_round_with_one_section_is_not_taken_for_a_bound_one(self, printed):
        form = ballot_form_by_digest(make_open_round(sections=1).ballot_form_sha256)

        list(documents.ballot_files(form, ["0" * 20], site="https://x", closes=""))

        assert "您在这里办过事" not in printed[0]["lead"]
        assert "没有办过事的科室，整行留空" in printed[0]["scale"]


def test_accounts_of_a_hundred_batches_cost_as_many_queries_as_of_one(round_):
    make_bound_codes(round_)
    make_codes(round_, 3)
    for batch in round_.batches.all():
        counted = {"returned": 0, "spoiled": 0, "missing": 20 if batch.section else 3}
        services.record_count(batch_id=batch.pk, counted=counted, by=make_user("clerk"), at=round_.closes_at)

    with exactly(4):
        assert paper_faults(round_) == {}
    batch = bound_batch(round_.sections.all()[0])
    assert replace(account_of_batch(batch), missing=0).issued == 20
