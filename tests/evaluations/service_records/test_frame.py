"""The frame: who has how many chances, and which sections are drawn from."""

from datetime import date

import pytest

from evaluations.pools.rules.kinds import ExclusionReason
from evaluations.rounds.models import Round
from evaluations.service_records.queries.figures import frame_figures
from evaluations.service_records.queries.frame import eligible_people, frame_candidates, frame_lines, people_by_code
from tests.evaluations.service_records.factories import make_client, make_clients, make_records
from tests.factories import NOON, make_round, make_section

pytestmark = pytest.mark.django_db


def _round(least: int = 2) -> Round:
    return make_round(rulebook={"client_batch_min": least})


def test_several_records_of_a_person_with_a_section_are_one_chance():
    section, other = make_section(), make_section()
    anna, bert = make_client(), make_client()
    make_records(section, anna, bert, anna, anna)
    make_records(other, anna, bert)
    lines = sorted(frame_candidates(_round()))
    assert [(line.code, line.client) for line in lines] == [
        (section.code, anna.pk),
        (section.code, bert.pk),
        (other.code, anna.pk),
        (other.code, bert.pk),
    ]
    assert (lines[0].section, lines[0].name, lines[0].phone) == (section.name, anna.name, anna.phone)


def test_only_what_was_finished_in_the_period_counts():
    section, (anna, bert) = make_section(), (make_client(), make_client())
    make_records(section, anna, on=date(2019, 12, 31))
    make_records(section, anna, on=date(2020, 1, 1))
    make_records(section, bert, on=date(2020, 6, 30))
    make_records(section, make_client(), on=date(2020, 7, 1))
    assert sorted(line.client for line in frame_candidates(_round())) == [anna.pk, bert.pk]


def test_who_is_excluded_or_has_no_phone_stands_in_the_frame_with_the_reason():
    section = make_section()
    make_clients(section, 2)
    make_clients(section, 1, exclusion=ExclusionReason.CONFLICT)
    make_clients(section, 1, phone="")
    round_ = _round()
    assert sorted(line.exclusion for line in frame_candidates(round_)) == ["", "", "conflict", "ineligible"]
    assert eligible_people(round_) == {section.code: 2}


def test_people_who_share_a_phone_have_one_chance_together_in_a_section():
    section, other = make_section(), make_section()
    excluded, first, second = (
        make_client(phone="13900000001", exclusion=reason) for reason in (ExclusionReason.CONFLICT, "", "")
    )
    alone = make_client(phone="13900000002")
    make_records(section, second, excluded, first, first, alone)
    make_records(other, second, alone)
    round_ = _round()

    lines = {(line.code, line.client, line.exclusion) for line in frame_candidates(round_)}
    assert lines == {
        (section.code, excluded.pk, "conflict"),
        (section.code, first.pk, ""),
        (section.code, alone.pk, ""),
        (other.code, second.pk, ""),
        (other.code, alone.pk, ""),
    }
    assert eligible_people(round_) == people_by_code(round_) == {section.code: 2, other.code: 2}
    assert {row.section.code: row.now.eligible for row in frame_figures(round_, NOON).rows} == eligible_people(round_)
    # Whoever is excluded since the import does not take the chance of the others.
    late = {line.client for line in frame_candidates(round_, {first.pk: ""}) if line.code == section.code}
    assert late == {excluded.pk, first.pk, second.pk, alone.pk}


def test_a_section_with_fewer_people_than_the_smallest_batch_is_not_drawn_from():
    small, enough = make_section(), make_section()
    make_clients(small, 1)
    make_clients(small, 5, phone="")
    make_clients(enough, 2)
    round_ = _round()
    assert {line.code for line in frame_candidates(round_)} == {enough.code}
    assert eligible_people(round_) == {small.code: 1, enough.code: 2}


def test_the_lines_without_phones_are_the_same():
    make_clients(make_section(), 3)
    round_ = _round()
    long = [(line.code, line.section, line.client, line.exclusion) for line in frame_candidates(round_)]
    assert list(frame_lines(round_)) == long


def test_the_frame_costs_the_same_statements_however_many_people(django_assert_num_queries):
    round_ = _round()
    for people in (2, 7):
        make_clients(make_section(), people)
        with django_assert_num_queries(6):
            list(frame_candidates(round_))
