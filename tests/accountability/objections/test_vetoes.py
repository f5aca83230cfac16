"""A veto found wrong is annulled and the ballots are counted again: nobody keeps a place that follows from it."""

import json
from datetime import timedelta

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.cases.models import Case
from accountability.objections.models import RecountSignature
from accountability.objections.rules import Ground, Outcome
from accountability.objections.services import (
    Decision,
    accept_objection,
    decide_objection,
    file_objection,
    recount_objection,
)
from accountability.results.queries.results import read_result
from evaluations.draws.models import DrawEntry
from evaluations.rounds.models import Round
from evaluations.tally.models import Veto
from evaluations.tally.services.tally import record_veto
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account, make_liaison
from tests.evaluations.open_data.factories import PUBLISHED, hold_public_draw
from tests.evaluations.tally.factories import BY_METHOD, LATER, announce, spread_answers
from tests.factories import make_sealed_round, make_user

pytestmark = pytest.mark.django_db
SOON = LATER + timedelta(hours=3)


def announced(method, *, vetoed, **rulebook):
    """A round of four sections with two places, of whose vetoed sections the units have been told."""
    rules = BY_METHOD[method] | {"list_length": 2} | rulebook
    round_ = make_sealed_round(targeted=12, sections=4, rulebook=rules, key="2020H1")
    hold_public_draw(round_)
    spread_answers(round_)
    for section in round_.sections.order_by("code")[:vetoed]:
        record_veto(
            section_id=section.pk,
            decision="南纪〔2020〕9号",
            decided_on=LATER.date(),
            facts="收受红包",
            by=make_user("commission"),
            at=LATER,
        )
    announce(round_)
    return Round.objects.get(pk=round_.pk)


def objected(section, ground=Ground.VETO_FACTS, at=SOON):
    """An accepted objection or appeal whose recount two supervisors have signed."""
    liaison = make_liaison(section.department_code)
    objection = file_objection(section_id=section.pk, ground=ground, facts="不是本科室人员", by=liaison, at=at)
    accept_objection(objection_id=objection.pk, by=make_account(Role.CHIEF), at=at)
    recount_objection(objection_id=objection.pk, by=make_account(Role.CLERK), at=at)
    for supervisor in DrawEntry.objects.filter(is_selected=True)[:2]:
        RecountSignature.objects.create(objection=objection, supervisor=supervisor, at=at)
    return objection


def uphold(objection, at=SOON):
    decision = Decision(Outcome.UPHELD, "经查，事实有误。")
    return decide_objection(objection_id=objection.pk, decision=decision, by=make_account(), at=at)


def places(round_):
    """Section and place of those that the newest version of the list names."""
    entries = json.loads(round_.publications.latest("version").content)["entries"]
    return [(entry["code"], entry["rank"]) for entry in entries]


def by_ballots(round_):
    """Section and place of the first two by their ballots alone: all ballots are alike in the number of lines."""
    rows = json.loads(round_.tallies.order_by("-version")[0].result)["sections"]
    ranked = sorted((row["rank"], row["section"]) for row in rows if row["label"] != "一票否决" and row["rank"])
    return [(section, rank) for rank, section in ranked if rank <= 2]


@pytest.mark.parametrize("method", ["NC-1", "NC-2"])
def test_annulled_before_publication_it_is_in_no_file_and_takes_no_place(method):
    round_ = announced(method, vetoed=1)
    cleared = round_.sections.order_by("code").first()
    assert round_.results.get(section=cleared).label == "一票否决"

    uphold(objected(cleared))
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)

    assert json.loads(round_.tally.rulebook)["vetoes"] == []
    assert places(round_)[0][1] == 1
    assert places(round_) == by_ballots(round_)
    assert json.loads(round_.publications.get().content)["struck"] == 0
    assert "一票否决" not in round_.results.get(section=cleared).label
    assert not any(line.veto for line in read_result(Round.objects.get(pk=round_.pk)).ranked)
    assert Veto.objects.get().annulled_at == SOON
    assert list(changed_facts()) == []


def test_annulled_after_publication_the_others_get_the_places_of_their_ballots():
    round_ = announced("NC-2", vetoed=1)
    cleared = round_.sections.order_by("code").first()
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    before = places(round_)
    at = PUBLISHED + timedelta(days=1)

    uphold(objected(cleared, at=at), at=at)

    assert before[0] == (cleared.code, 1)
    assert places(round_) == by_ballots(round_)
    assert places(round_) != before
    assert json.loads(round_.publications.latest("version").content)["withdrawn"] == []
    listed = {code for code, _ in places(round_)}
    assert set(Case.objects.open().values_list("result__section__code", flat=True)) == listed


def test_main_problems_written_of_a_vetoed_section_are_proposed_anew():
    round_ = announced("NC-2", vetoed=1, list_length=4)
    cleared = round_.sections.order_by("code").first()
    round_.results.filter(section=cleared).update(main_problems="经查实收受红包")

    uphold(objected(cleared))

    assert "红包" not in round_.results.get(section=cleared, is_listed=True).main_problems


def test_two_objections_to_vetoes_do_not_wait_for_each_other():
    round_ = announced("NC-2", vetoed=2)
    objections = [objected(section) for section in round_.sections.order_by("code")[:2]]

    for objection in objections:
        uphold(objection)

    assert json.loads(round_.tally.rulebook)["vetoes"] == []


def test_nothing_is_upheld_against_a_veto_that_there_is_not():
    round_ = announced("NC-2", vetoed=0)
    listed = round_.results.get(rank=1).section

    with pytest.raises(RuleViolation, match="没有一票否决"):
        uphold(objected(listed))

    assert round_.results.get(section=listed).is_listed
