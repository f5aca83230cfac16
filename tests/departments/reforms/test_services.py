"""The five reforms: what changes, what stays, what is refused."""

from datetime import date

import pytest

from departments.models import Section, SectionChange
from departments.reforms.services import (
    NewSection,
    abolish_sections,
    merge_sections,
    move_sections,
    rehearse,
    rename_section,
    split_section,
)
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.factories import NOON, make_department, make_section, make_user

pytestmark = pytest.mark.django_db
DAY = date(2020, 3, 1)


@pytest.fixture
def chief():
    return make_user("chief")


@pytest.fixture
def office():
    return make_department(name="发改委")


@pytest.fixture
def section(office):
    return make_section(department=office, name="价格科")


def changes():
    return list(
        SectionChange.objects.values_list(
            "kind", "earlier__name", "later__name", "earlier_name", "earlier_department_name"
        )
    )


def refused(act, match, **arguments):
    before = list(Section.objects.order_by("pk").values())
    with pytest.raises(RuleViolation, match=match):
        act(on=DAY, at=NOON, **arguments)
    assert list(Section.objects.order_by("pk").values()) == before
    assert not SectionChange.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_renamed_section_stays_the_same_and_its_old_name_is_kept(section, chief):
    rename_section(section_id=section.pk, name=" 价格和收费科 ", on=DAY, by=chief, at=NOON)

    assert changes() == [("renamed", "价格和收费科", "价格和收费科", "价格科", "发改委")]
    assert AuditEntry.objects.get().action == "roster.edit"


def test_a_moved_section_remembers_where_it_was(section, chief):
    target = make_department(name="市场监管局")

    move_sections(section_ids=[section.pk], department_id=target.pk, on=DAY, by=chief, at=NOON)

    section.refresh_from_db()
    assert section.department == target
    assert changes() == [("moved", "价格科", "价格科", "价格科", "发改委")]


def test_merged_sections_take_part_no_longer_and_lead_to_the_new_one(section, office, chief):
    other, target = make_section(department=office, name="收费科"), make_section(department=office, name="价费科")

    merge_sections(section_ids=[section.pk, other.pk], into=target.pk, on=DAY, by=chief, at=NOON)

    assert {change[1:3] for change in changes()} == {("价格科", "价费科"), ("收费科", "价费科")}
    assert list(Section.objects.active()) == [target]
    assert AuditEntry.objects.count() == 2


def test_a_section_may_absorb_another(section, office, chief):
    other = make_section(department=office, name="收费科")

    merge_sections(section_ids=[section.pk, other.pk], into=section.pk, on=DAY, by=chief, at=NOON)

    assert list(Section.objects.active()) == [section]


def test_a_split_section_leads_to_all_its_parts(section, office, chief):
    parts = [make_section(department=office) for _ in range(2)]

    split_section(section_id=section.pk, into=[p.pk for p in parts], on=DAY, by=chief, at=NOON)

    assert [change[:2] for change in changes()] == [("split", "价格科")] * 2
    assert list(Section.objects.active()) == parts


def test_a_split_section_may_remain_as_one_of_its_parts(section, office, chief):
    part = make_section(department=office)

    split_section(section_id=section.pk, into=[section.pk, part.pk], on=DAY, by=chief, at=NOON)

    assert SectionChange.objects.get().later == part
    assert Section.objects.active().count() == 2


def test_sections_merge_into_a_new_one_of_the_same_department_and_kind(section, office, chief):
    other = make_section(department=office, name="收费科")

    merge_sections(
        section_ids=[section.pk, other.pk],
        into=NewSection("D01-09", " 价费科 "),
        on=DAY,
        note="〔2020〕1号",
        by=chief,
        at=NOON,
    )

    (new,) = Section.objects.active()
    assert (new.code, new.name, new.department, new.service_kind) == ("D01-09", "价费科", office, section.service_kind)
    assert set(SectionChange.objects.values_list("earlier", "later", "note")) == {
        (section.pk, new.pk, "〔2020〕1号"),
        (other.pk, new.pk, "〔2020〕1号"),
    }
    assert AuditEntry.objects.first().reason == "〔2020〕1号"


def test_a_section_splits_into_new_ones_one_of_which_may_take_its_name(section, chief):
    split_section(
        section_id=section.pk,
        into=[NewSection("D01-08", "价格科"), NewSection("D01-09", "收费科")],
        on=DAY,
        by=chief,
        at=NOON,
    )

    assert [part.code for part in Section.objects.active()] == ["D01-08", "D01-09"]
    assert SectionChange.objects.filter(earlier=section, kind="split").count() == 2


def test_several_sections_move_and_end_together(section, office, chief):
    other, target = make_section(department=office), make_department(name="市场监管局")
    both = [section.pk, other.pk]

    move_sections(section_ids=both, department_id=target.pk, on=DAY, by=chief, at=NOON)
    abolish_sections(section_ids=both, on=DAY, by=chief, at=NOON)

    assert [change[0] for change in changes()] == ["moved", "moved", "abolished", "abolished"]
    assert changes()[3][4] == "市场监管局"
    assert not Section.objects.active().exists()


def test_a_rehearsal_returns_or_refuses_as_the_reform_does_and_changes_nothing(section):
    (change,) = rehearse(abolish_sections, section_ids=[section.pk], on=DAY, at=NOON)
    assert (change.earlier, change.later) == (section, None)

    section.refresh_from_db()
    assert section.is_active
    assert not SectionChange.objects.exists()
    assert not AuditEntry.objects.exists()
    with pytest.raises(RuleViolation, match="相同"):
        rehearse(rename_section, section_id=section.pk, name="价格科", on=DAY, at=NOON)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (NewSection("D01-09", ""), "1至60字"),
        (NewSection("D01/9", "价费科"), "代码只能用字母"),
        (NewSection("D" * 21, "价费科"), "20"),
        (NewSection("TAKEN", "价费科"), "该代码已有科室使用"),
        (NewSection("D01-09", "能源科"), "同名的参评科室"),
    ],
)
def test_an_invalid_new_section_is_refused(section, office, chief, new, reason):
    other = make_section(department=office, name="能源科", code="TAKEN")

    refused(split_section, reason, section_id=section.pk, into=[section.pk, new], by=chief)
    refused(merge_sections, reason, section_ids=[section.pk, make_section().pk], into=new, by=chief)
    assert Section.objects.get(code="TAKEN") == other


def test_a_single_section_does_not_merge_into_a_new_one(section, chief):
    refused(merge_sections, "至少", section_ids=[section.pk], into=NewSection("D01-09", "价费科"), by=chief)


def test_two_sections_of_the_same_name_do_not_move_together(section, chief):
    twin, target = make_section(name="价格科"), make_department()
    both = [section.pk, twin.pk]

    refused(move_sections, "已有参评科室", section_ids=both, department_id=target.pk, by=chief)


@pytest.mark.parametrize("day", [date(1949, 12, 31), date(2026, 3, 3)])
def test_a_day_long_past_or_still_to_come_is_refused(section, chief, day):
    with pytest.raises(RuleViolation, match="生效日期"):
        abolish_sections(section_ids=[section.pk], on=day, by=chief, at=NOON)
    assert Section.objects.active().exists()


def test_changes_of_a_section_are_in_chronological_order(section, chief):
    rename_section(section_id=section.pk, name="价费科", on=DAY, by=chief, at=NOON)

    with pytest.raises(RuleViolation, match="不能早于上一次沿革（2020-03-01 价格科更名）"):
        rename_section(section_id=section.pk, name="收费科", on=date(2020, 2, 1), by=chief, at=NOON)
    rename_section(section_id=section.pk, name="收费科", on=DAY, by=chief, at=NOON)


def test_no_section_continues_an_abolished_one(section, chief):
    abolish_sections(section_ids=[section.pk], on=DAY, by=chief, at=NOON)

    assert changes() == [("abolished", "价格科", None, "价格科", "发改委")]
    assert not Section.objects.active().exists()


@pytest.mark.parametrize(
    ("name", "reason"), [("", "1至60字"), ("　", "1至60字"), ("长" * 61, "1至60字"), ("价格科", "相同")]
)
def test_an_invalid_name_is_refused(section, chief, name, reason):
    refused(rename_section, reason, section_id=section.pk, name=name, by=chief)


def test_a_name_that_is_taken_in_the_department_is_refused(section, office, chief):
    make_section(department=office, name="能源科")

    refused(rename_section, "已有参评科室“能源科”", section_id=section.pk, name="能源科", by=chief)


def test_a_section_moves_only_to_another_department_that_exists(section, office, chief):
    refused(move_sections, "另一个参评单位", section_ids=[section.pk], department_id=office.pk, by=chief)
    refused(move_sections, "另一个参评单位", section_ids=[section.pk], department_id=0, by=chief)


def test_a_section_does_not_move_to_where_its_name_is_taken(section, chief):
    target = make_section(name="价格科").department

    refused(move_sections, "已有参评科室", section_ids=[section.pk], department_id=target.pk, by=chief)


def test_one_section_alone_is_neither_merged_nor_split(section, chief):
    refused(merge_sections, "至少", section_ids=[section.pk], into=section.pk, by=chief)
    refused(split_section, "至少", section_id=section.pk, into=[section.pk, section.pk], by=chief)


def test_a_section_that_does_not_exist_is_refused(section, chief):
    refused(abolish_sections, "不存在", section_ids=[0], by=chief)
    refused(merge_sections, "不存在", section_ids=[section.pk], into=0, by=chief)
    refused(split_section, "不存在", section_id=section.pk, into=[section.pk, 0], by=chief)


def test_a_section_that_no_longer_takes_part_is_not_reformed(section, chief):
    other = make_section(is_active=False)

    refused(abolish_sections, "已不再参评", section_ids=[other.pk], by=chief)
    refused(merge_sections, "已不再参评", section_ids=[other.pk], into=section.pk, by=chief)


@pytest.mark.parametrize(
    ("act", "arguments"),
    [
        (rename_section, {"section_id": 1, "name": "新科"}),
        (move_sections, {"section_ids": [1], "department_id": 1}),
        (abolish_sections, {"section_ids": [1]}),
        (merge_sections, {"section_ids": [1], "into": 2}),
        (split_section, {"section_id": 1, "into": [1, 2]}),
    ],
)
def test_a_clerk_may_not_reform(act, arguments):
    with pytest.raises(Denied):
        act(on=DAY, by=make_user("clerk"), at=NOON, **arguments)

    assert not SectionChange.objects.exists()
