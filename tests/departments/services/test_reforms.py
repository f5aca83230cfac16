"""The five reforms: what changes, what stays, what is refused."""

from datetime import date

import pytest

from departments.models import Section, SectionChange
from departments.services import (
    abolish_section,
    merge_sections,
    move_section,
    rename_section,
    split_section,
)
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import AuditEntry
from nanchuan_eval.policy import Denied
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

    move_section(section_id=section.pk, department_id=target.pk, on=DAY, by=chief, at=NOON)

    section.refresh_from_db()
    assert section.department == target
    assert changes() == [("moved", "价格科", "价格科", "价格科", "发改委")]


def test_merged_sections_take_part_no_longer_and_lead_to_the_new_one(section, office, chief):
    other, target = make_section(department=office, name="收费科"), make_section(department=office, name="价费科")

    merge_sections(section_ids=[section.pk, other.pk], into_id=target.pk, on=DAY, by=chief, at=NOON)

    assert {change[1:3] for change in changes()} == {("价格科", "价费科"), ("收费科", "价费科")}
    assert list(Section.objects.active()) == [target]
    assert AuditEntry.objects.count() == 2


def test_a_section_may_absorb_another(section, office, chief):
    other = make_section(department=office, name="收费科")

    merge_sections(section_ids=[section.pk, other.pk], into_id=section.pk, on=DAY, by=chief, at=NOON)

    assert list(Section.objects.active()) == [section]


def test_a_split_section_leads_to_all_its_parts(section, office, chief):
    parts = [make_section(department=office) for _ in range(2)]

    split_section(section_id=section.pk, into_ids=[p.pk for p in parts], on=DAY, by=chief, at=NOON)

    assert [change[:2] for change in changes()] == [("split", "价格科")] * 2
    assert list(Section.objects.active()) == parts


def test_a_split_section_may_remain_as_one_of_its_parts(section, office, chief):
    part = make_section(department=office)

    split_section(section_id=section.pk, into_ids=[section.pk, part.pk], on=DAY, by=chief, at=NOON)

    assert SectionChange.objects.get().later == part
    assert Section.objects.active().count() == 2


def test_an_abolished_section_leads_nowhere(section, chief):
    abolish_section(section_id=section.pk, on=DAY, by=chief, at=NOON)

    assert changes() == [("abolished", "价格科", None, "价格科", "发改委")]
    assert not Section.objects.active().exists()


@pytest.mark.parametrize(
    ("name", "reason"), [("", "1至60字"), ("　", "1至60字"), ("长" * 61, "1至60字"), ("价格科", "相同")]
)
def test_a_name_that_cannot_be_is_refused(section, chief, name, reason):
    refused(rename_section, reason, section_id=section.pk, name=name, by=chief)


def test_a_name_that_is_taken_in_the_department_is_refused(section, office, chief):
    make_section(department=office, name="能源科")

    refused(rename_section, "已有参评科室“能源科”", section_id=section.pk, name="能源科", by=chief)


def test_a_section_moves_only_to_another_department_that_exists(section, office, chief):
    refused(move_section, "另一个单位", section_id=section.pk, department_id=office.pk, by=chief)
    refused(move_section, "另一个单位", section_id=section.pk, department_id=0, by=chief)


def test_a_section_does_not_move_to_where_its_name_is_taken(section, chief):
    target = make_section(name="价格科").department

    refused(move_section, "已有参评科室", section_id=section.pk, department_id=target.pk, by=chief)


def test_one_section_alone_is_neither_merged_nor_split(section, chief):
    refused(merge_sections, "至少", section_ids=[section.pk], into_id=section.pk, by=chief)
    refused(split_section, "至少", section_id=section.pk, into_ids=[section.pk, section.pk], by=chief)


def test_a_section_that_does_not_exist_is_refused(section, chief):
    refused(abolish_section, "不存在", section_id=0, by=chief)
    refused(merge_sections, "不存在", section_ids=[section.pk], into_id=0, by=chief)
    refused(split_section, "不存在", section_id=section.pk, into_ids=[section.pk, 0], by=chief)


def test_what_takes_part_no_longer_is_not_reformed(section, chief):
    other = make_section(is_active=False)

    refused(abolish_section, "已不参评", section_id=other.pk, by=chief)
    refused(merge_sections, "已不参评", section_ids=[other.pk], into_id=section.pk, by=chief)


@pytest.mark.parametrize(
    ("act", "arguments"),
    [
        (rename_section, {"name": "新科"}),
        (move_section, {"department_id": 1}),
        (abolish_section, {}),
        (split_section, {"into_ids": [1, 2]}),
    ],
)
def test_a_clerk_only_proposes(section, act, arguments):
    with pytest.raises(Denied):
        act(section_id=section.pk, on=DAY, by=make_user("clerk"), at=NOON, **arguments)

    assert not SectionChange.objects.exists()


def test_a_clerk_does_not_merge(section):
    with pytest.raises(Denied):
        merge_sections(section_ids=[1], into_id=section.pk, on=DAY, by=make_user("clerk"), at=NOON)
