"""Pages of objections."""

from datetime import timedelta

import pytest

from accountability.objections.models import Objection
from evaluations.draws.models import Draw, DrawEntry, SigningCode
from evaluations.rounds.models import RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import NOON, make_account, make_counted_round, make_liaison, make_published_round

pytestmark = pytest.mark.django_db


def login(client, role, unit=""):
    account = make_account(role, unit)
    client.force_login(account)
    return account


def text_of(response):
    return response.content.decode()


@pytest.fixture
def in_review(time_machine):
    time_machine.move_to(NOON, tick=False)
    round_ = make_counted_round()
    RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=NOON)
    return round_


def file(client, round_, code="D01-01", **changes):
    section = round_.sections.get(code=code)
    data = {"section": section.pk, "ground": "wrong_section", "facts": "该窗口不属于本科室", **changes}
    return client.post("/work/objections/file/", data)


def test_the_unit_files_and_sees_its_own_objection_only(client, in_review):
    login(client, Role.LIAISON, "D01")
    file(client, in_review)
    row = Objection.objects.get()

    assert "已提出" in text_of(client.get(f"/work/objections/{row.pk}/"))

    login(client, Role.LIAISON, "D02")
    assert client.get(f"/work/objections/{row.pk}/").status_code == 404
    assert "该窗口" not in text_of(client.get("/work/objections/"))


def test_another_units_section_cannot_be_chosen(client, in_review):
    login(client, Role.LIAISON, "D02")

    answer = file(client, in_review)

    assert answer.status_code == 400
    assert "该窗口不属于本科室" in text_of(answer)
    assert not Objection.objects.exists()


def test_only_units_file_and_only_permitted_roles_view(client, in_review):
    for role, status in ((Role.COMMISSION, 403), (Role.CHIEF, 403), (Role.AUDITOR, 403)):
        login(client, role)
        assert file(client, in_review).status_code == status
    login(client, Role.PERSONNEL)
    assert client.get("/work/objections/").status_code == 403


def test_an_objection_is_accepted_and_declared_inadmissible_with_an_answer(client, in_review):
    login(client, Role.LIAISON, "D01")
    file(client, in_review)
    row = Objection.objects.get()

    login(client, Role.CHIEF)
    client.post(f"/work/objections/{row.pk}/accept/", {})
    login(client, Role.COMMISSION)
    early = client.post(f"/work/objections/{row.pk}/decide/", {"outcome": "rejected", "answer": "维持"})
    client.post(f"/work/objections/{row.pk}/decide/", {"outcome": "inadmissible", "answer": "不属受理范围"})

    assert "复算之后" in text_of(early)
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("decided", "inadmissible")
    login(client, Role.LIAISON, "D01")
    assert "不属受理范围" in text_of(client.get(f"/work/objections/{row.pk}/"))
    assert client.get(f"/work/objections/{row.pk}/print/").content.startswith(b"%PDF")


def test_supervisors_sign_the_recount_on_its_page(client, in_review):
    login(client, Role.LIAISON, "D01")
    file(client, in_review)
    row = Objection.objects.get()
    login(client, Role.CHIEF)
    client.post(f"/work/objections/{row.pk}/accept/", {})

    draw = Draw.objects.create(
        round=in_review, purpose="supervisors", draw_id="s", params="{}", commit="", committed_at=NOON
    )
    codes = [f"{first}BCDEFGHJKMNPQRSTVWX" for first in "AB"]
    for n, code in enumerate(codes):
        entry = DrawEntry.objects.create(draw=draw, stratum="市民", token=f"token{n}", is_selected=True, place=n)
        SigningCode.objects.create(entry=entry, code_sha256=sha256_hex(code.encode()))
    client.post(f"/work/objections/{row.pk}/recount/", {})
    assert "还差2名" in "".join(text_of(client.get(f"/work/objections/{row.pk}/")).split())

    wrong = client.post(f"/work/objections/{row.pk}/sign/", {"code": "ZZZZZZZZZZZZZZZZZZZZ"})
    for code in codes:
        client.post(f"/work/objections/{row.pk}/sign/", {"code": code})

    row.refresh_from_db()
    assert (wrong.status_code, row.witnesses, row.lacking_witnesses) == (400, "token0、token1", 0)


class TestTheFormThatWouldBeRefused:
    def form(self, client, time_machine, at):
        time_machine.move_to(at, tick=False)
        client.force_login(make_liaison())
        return client.get("/work/objections/file/").content.decode()

    def test_is_shown_while_a_listed_section_may_appeal(self, client, time_machine):
        make_published_round(places=2)

        assert 'name="facts"' in self.form(client, time_machine, NOON)

    def test_says_after_the_last_day_that_it_is_over(self, client, time_machine):
        make_published_round(places=2)
        page = self.form(client, time_machine, NOON + timedelta(days=60))

        assert "已超过期限" in page
        assert 'name="facts"' not in page

    def test_says_that_the_unit_has_no_listed_section(self, client, time_machine):
        page = self.form(client, time_machine, NOON)

        assert "本单位没有上榜科室" in page
        assert 'name="facts"' not in page

    def test_says_of_which_round_section_and_kind_the_time_is_over(self, client, time_machine):
        round_ = make_published_round(places=1)
        page = self.form(client, time_machine, NOON + timedelta(days=60))

        assert f"{round_.name}，D01局第D01-01科：提出公示后申诉的期限至2020年7月20日止，已超过期限。" in page


class TestTheAnswer:
    @pytest.fixture
    def row(self, client, in_review):
        login(client, Role.LIAISON, "D01")
        file(client, in_review)
        return Objection.objects.get()

    def test_offers_only_what_can_be_decided_and_says_first_why(self, client, row):
        login(client, Role.COMMISSION)
        page = text_of(client.get(f"/work/objections/{row.pk}/decide/"))

        said = page.index("不予受理。受理并在监督员见证下复算之后，方可决定维持或更正。")
        assert said < page.index('name="outcome"')
        assert page.count('name="outcome"') == 1
        assert 'value="inadmissible"' in page

    def test_offers_everything_after_the_signed_recount(self, client, row, monkeypatch):
        monkeypatch.setattr(Objection, "lacking_witnesses", 0)
        Objection.objects.update(state="recounted", recounted_at=NOON, recount_sha256="a" * 64, recount_agrees=True)
        login(client, Role.COMMISSION)
        page = text_of(client.get(f"/work/objections/{row.pk}/decide/"))

        assert page.count('name="outcome"') == 3
        assert "目前可以作出的结论" not in page

    def test_is_not_offered_to_whoever_may_not_give_it(self, client, row):
        account = login(client, Role.COMMISSION)
        Objection.objects.update(state="accepted", accepted_by=account)
        page = text_of(client.get(f"/work/objections/{row.pk}/"))

        assert "受理人和决定人不得为同一人。" in page
        assert "作出答复" not in page
        login(client, Role.COMMISSION)
        assert "作出答复" in text_of(client.get(f"/work/objections/{row.pk}/"))
