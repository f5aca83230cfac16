"""A unit's liaison is neither supervisor nor evaluator nor inspector of it, whichever role came first."""

from datetime import date

import pytest

from accountability.inspections.rules import InspectionState
from accountability.inspections.services.plans import assign_inspectors
from evaluations.draws.queries.people import liaison_conflicts
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services.removals import Removal, remove_drawn
from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services.lists import exclude_person, import_pool
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import may_be_one_person
from tests.accountability import factories as late
from tests.factories import GROUPS, LATER, NOON, commit, hold_draw, make_department, make_pool, make_round, make_user

pytestmark = pytest.mark.django_db
NAME, UNIT = "服务对象第0人", "公安局"  # the first of make_pool


@pytest.fixture(autouse=True)
def the_unit():
    return make_department(code="D01", name=UNIT)


def account(**fields):
    made = make_user("clerk", person_code="N1")
    User.objects.filter(pk=made.pk).update(**{"role": "", "name": NAME, **fields})
    return made


def grant(made, role="L", unit_code="D01"):
    return accounts.grant_role(account_id=made.pk, role=role, unit_code=unit_code, by=make_user("chief"), at=NOON)


def refused(made, text, role="L"):
    before = list(User.objects.filter(pk=made.pk).values())
    with pytest.raises(RuleViolation, match=text):
        grant(made, role)
    assert list(User.objects.filter(pk=made.pk).values()) == before


def frozen_round(kind=PoolKind.EVALUATORS, groups=GROUPS):
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20, "supervisors": 4})
    make_pool(round_, kind, groups)
    return round_


class TestTheSamePerson:
    @pytest.mark.parametrize(
        ("name", "unit", "same"),
        [(NAME, UNIT, True), (NAME, "", True), (f" {NAME} ", "", True), (NAME, "税务局", False), ("李四", UNIT, False)],
    )
    def test_has_the_name_and_no_other_unit(self, name, unit, same):
        assert may_be_one_person(name, unit, NAME, UNIT) is same


class TestImportingALiaison:
    @pytest.mark.parametrize("kind", [PoolKind.SUPERVISORS, PoolKind.EVALUATORS])
    @pytest.mark.parametrize(("unit", "leaves"), [(UNIT, True), ("", True), ("税务局", False)])
    def test_excludes_them_from_the_draw(self, kind, unit, leaves):
        make_user("liaison", unit_code="D01")
        User.objects.filter(role=Role.LIAISON).update(name="张三")
        rows = [Row("名单", 1, ("身份类别", "姓名", "单位", "手机号"))]
        rows += [
            Row("名单", 2, ("其他", "张三", unit, "13900000001")),
            Row("名单", 3, ("其他", "李四", "", "13900000002")),
        ]
        round_ = make_round(state=RoundState.FROZEN)

        file = import_pool(round_id=round_.pk, kind=kind, rows=rows, by=make_user("clerk"), at=NOON)

        assert bool(PoolEntry.objects.get(name="张三").exclusion) is leaves
        assert not PoolEntry.objects.get(name="李四").exclusion
        assert any("单位联络员同名" in note for note in file.notes) is leaves

    def test_does_not_exclude_a_former_liaison(self):
        make_user("liaison", unit_code="D01")
        User.objects.filter(role=Role.LIAISON).update(name="张三", is_active=False)
        rows = [Row("名单", 1, ("身份类别", "姓名", "手机号")), Row("名单", 2, ("其他", "张三", "13900000001"))]
        round_ = make_round(state=RoundState.FROZEN)
        import_pool(round_id=round_.pk, kind=PoolKind.EVALUATORS, rows=rows, by=make_user("clerk"), at=NOON)
        assert not PoolEntry.objects.get().exclusion


class TestAppointingALiaison:
    def test_a_person_in_no_pool_is_allowed(self):
        assert grant(account()).role == "L"

    def test_a_person_in_a_pool_must_be_excluded_first(self):
        round_, made = frozen_round(), account()
        refused(made, "请先在名单库中将其登记为回避")

        entry = round_.pool.get(name=NAME)
        exclude_person(entry_id=entry.pk, reason="conflict", note="任联络员", by=make_user("chief"), at=NOON)
        assert grant(made).role == "L"

    @pytest.mark.parametrize("spelling", ["服务对象 第0人", "服务\u200b对象第０人", "服务对象　第0人"])
    @pytest.mark.parametrize("unit", ["", "公 安 局", "南川区公安局", "公安局治安管理科"])
    def test_a_person_in_a_pool_is_found_however_name_and_unit_are_written(self, spelling, unit):
        frozen_round().pool.filter(name=NAME).update(name=spelling, unit=unit)
        refused(account(), "请先在名单库中将其登记为回避")

    def test_any_number_of_people_takes_the_same_queries(self, django_assert_num_queries):
        made = account()
        made.refresh_from_db()
        frozen_round()
        with django_assert_num_queries(6):
            assert len(list(liaison_conflicts(made, "L", "D01"))) == 1
        frozen_round(groups={"其他": 90})
        with django_assert_num_queries(6):
            assert len(list(liaison_conflicts(made, "L", "D01"))) == 1

    def test_a_namesake_of_another_unit_is_allowed(self):
        round_ = frozen_round()
        round_.pool.filter(name=NAME).update(unit="税务局")
        assert grant(account()).role == "L"

    @pytest.mark.parametrize("purpose", [DrawPurpose.EVALUATORS, DrawPurpose.SUPERVISORS])
    def test_a_drawn_person_is_refused_until_removed_or_the_round_is_over(self, purpose):
        kind = PoolKind(purpose.value)
        round_ = frozen_round(kind, GROUPS if kind == PoolKind.EVALUATORS else {"人大代表": 6, "市民代表": 6})
        draw = hold_draw(round_, purpose)
        entry = draw.entries.filter(is_selected=True).first()
        made = account(name=entry.person.name)
        refused(made, "已被抽中或列为候补")

        removal = Removal(RemovalReason.REFUSED, "任联络员", [])
        remove_drawn(entry_id=entry.pk, removal=removal, by=make_user("chief"), at=LATER)
        assert grant(made).role == "L"

    def test_a_person_drawn_in_a_finished_round_is_allowed(self):
        round_, made = frozen_round(), account()
        hold_draw(round_)
        Round.objects.filter(pk=round_.pk).update(state=RoundState.PUBLISHED)
        assert grant(made).role == "L"

    def test_a_person_not_drawn_is_allowed(self):
        draw = hold_draw(frozen_round())
        left = draw.entries.filter(place__isnull=True).first()
        assert left is not None
        assert grant(account(name=left.person.name)).role == "L"

    def test_other_roles_are_not_checked_against_the_pools(self):
        frozen_round()
        assert grant(account(), "I", "").role == "I"

    def test_a_committed_list_still_counts_until_it_is_drawn(self):
        commit(frozen_round())
        assert grant(account(), "I", "").role == "I"


class TestNamesakes:
    def test_without_a_number_count_as_one_person(self):
        inspector = make_user("inspector", person_code="")
        User.objects.filter(pk=inspector.pk).update(name=NAME)
        refused(account(), "另有同名账号“inspector")
        User.objects.filter(pk=inspector.pk).update(name="服务对象 第\u200b０人")
        refused(account(), "另有同名账号“inspector")

    def test_with_different_numbers_are_two(self):
        inspector = make_user("inspector", person_code="N2")
        User.objects.filter(pk=inspector.pk).update(name=NAME)
        assert grant(account()).role == "L"

    @pytest.mark.parametrize(
        ("held", "role"), [("liaison", "I"), ("liaison", "S"), ("commission", "L"), ("auditor", "C")]
    )
    def test_with_the_same_number_never_hold_both_roles(self, held, role):
        make_user(held, person_code="N1")
        refused(account(), "不能", role)


class TestAnInspector:
    @pytest.fixture
    def visit(self):
        return late.make_inspection(state=InspectionState.PLANNED, visit_on=date(2020, 7, 20))

    def assign(self, visit, inspectors):
        ids = [one.pk for one in inspectors]
        return assign_inspectors(inspection_id=visit.pk, inspector_ids=ids, by=make_user("chief"), at=late.LATER)

    @pytest.mark.parametrize("same", [{"name": "王五"}, {"name": "王　五"}, {"person_code": "N9"}])
    def test_is_not_sent_to_the_unit_they_are_liaison_of(self, visit, same):
        pair = [late.make_account(Role.INSPECTOR, name="王五"), late.make_account(Role.INSPECTOR, name="赵六")]
        User.objects.filter(pk=pair[0].pk).update(person_code="N9")
        make_user("liaison", unit_code="D01")
        User.objects.filter(role=Role.LIAISON).update(**same)
        with pytest.raises(RuleViolation, match="王五是D01局的单位联络员，或者与该联络员同名，应当回避"):
            self.assign(visit, pair)
        visit.refresh_from_db()
        assert visit.state == InspectionState.PLANNED

    def test_is_sent_elsewhere(self, visit):
        pair = [late.make_account(Role.INSPECTOR, name="王五"), late.make_account(Role.INSPECTOR, name="赵六")]
        make_user("liaison", unit_code="D02")
        User.objects.filter(role=Role.LIAISON).update(name="王五")
        assert self.assign(visit, pair).state == InspectionState.ASSIGNED
