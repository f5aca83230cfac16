"""A veto found wrong is annulled and the ballots are counted again: nobody keeps a place that follows from it."""

import json
from datetime import timedelta

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.cases.models import Case
from accountability.cases.rules.measures import CaseState
from accountability.leads.models import LeadState
from accountability.leads.services import Finding, conclude_lead, receive_lead
from accountability.objections.models import RecountSignature
from accountability.objections.rules import Ground, Outcome, Stage
from accountability.objections.services import (
    Decision,
    accept_objection,
    decide_objection,
    file_objection,
    fileable_sections,
    recount_objection,
)
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import RectificationState
from accountability.results.queries.results import read_result
from accountability.worklist.queries.items import work_items_of
from evaluations.draws.models import DrawEntry
from evaluations.lifecycle.services import archive_round
from evaluations.public_recount.pages import recount_verdict
from evaluations.publication.documents import published_versions
from evaluations.publication.models import PublicationDecision
from evaluations.publication.services import Correction
from evaluations.rounds.models import Round
from evaluations.tally.models import Veto
from evaluations.tally.services.tally import record_veto
from evaluations.verdicts.queries import Answer
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account, make_liaison
from tests.evaluations.open_data.factories import PUBLISHED, hold_public_draw
from tests.evaluations.tally.factories import BY_METHOD, LATER, announce, spread_answers
from tests.factories import make_sealed_round, make_user

pytestmark = pytest.mark.django_db
SOON = LATER + timedelta(hours=3)
DAY = timedelta(days=1)


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


def reject(objection, at):
    decision = Decision(Outcome.REJECTED, "计票无误。")
    return decide_objection(objection_id=objection.pk, decision=decision, by=make_account(), at=at)


def places(round_):
    """Section and place of those that the newest version of the list names."""
    entries = json.loads(round_.publications.latest("version").content)["entries"]
    return [(entry["code"], entry["rank"]) for entry in entries]


def text(client, address):
    """What an address answers."""
    response = client.get(address)
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


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


@pytest.mark.parametrize("method", ["NC-1", "NC-2"])
def test_annulled_after_publication_no_public_file_or_page_accuses_the_section_any_more(client, method):
    round_ = announced(method, vetoed=1)
    cleared = round_.sections.order_by("code").first()
    round_.results.filter(section=cleared).update(main_problems="经查实收受红包")
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    at = PUBLISHED + timedelta(days=1)
    assert "红包" in text(client, "/data/2020H1/1/list.json")
    assert "红包" in text(client, "/list/2020H1/")

    uphold(objected(cleared, at=at), at=at)

    files = {each["address"]: each["name"] for each in json.loads(text(client, "/data/2020H1/manifest.json"))["files"]}
    pages = [
        "/",
        "/list/2020H1/",
        "/list/2020H1/?version=1",
        "/list/2020H1/1/notice.html",
        "/list/2020H1/2/notice.html",
    ]
    told = {address: text(client, address) for address in [*files, *pages]}
    assert not [address for address, said in told.items() if "红包" in said or "南纪〔2020〕9号" in said]
    assert "/data/2020H1/1/list.json" not in files
    assert client.get("/data/2020H1/1/list.json").status_code == 404
    assert client.get("/data/2020H1/1/rulebook.json").status_code == 404
    assert all("一票否决已经撤销" in told[page] for page in pages)
    # By NC-2 anybody may repeat the corrected count: the ballots say the same as before.
    assert ("/data/2020H1/2/rulebook.json" in files) == (method == "NC-2")
    if method == "NC-2":
        assert json.loads(told["/data/2020H1/2/rulebook.json"])["vetoes"] == []
        assert b"/data/2020H1/2/cells.json" in client.get("/list/2020H1/").content
        assert client.get("/list/2020H1/2/check/").status_code == 200


def test_a_section_that_a_correction_lists_has_its_own_term_of_appeal(client):
    round_ = announced("NC-2", vetoed=1)
    cleared = round_.sections.order_by("code").first()
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    before = {code for code, _ in places(round_)}
    at, afterwards = PUBLISHED + timedelta(days=9), PUBLISHED + timedelta(days=14)

    uphold(objected(cleared, at=at), at=at)

    (new,) = {code for code, _ in places(round_)} - before
    (stays,) = {code for code, _ in places(round_)} & before
    section = round_.sections.get(code=new)
    (offered,) = fileable_sections(section.department_code, afterwards)
    assert offered == section
    with pytest.raises(RuleViolation, match="已超过期限"):
        fileable_sections(round_.sections.get(code=stays).department_code, afterwards)
    assert f"更正后上榜的{section}，所在单位提出申诉的期限至2026年4月1日" in text(client, "/list/2020H1/2/notice.html")
    assert objected(section, Ground.COUNTING, at=afterwards).stage == Stage.APPEAL


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


def test_a_withdrawn_section_keeps_the_place_that_it_lost_whatever_a_recount_gives_the_others():
    round_ = announced("NC-2", vetoed=1, list_length=3)
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    cleared = round_.sections.order_by("code").first()
    appeal = objected(cleared, at=PUBLISHED + DAY)
    second, _ = places(round_)[1]
    change = Correction("评议对象有误", (second,))
    correct_and_follow(round_id=round_.pk, correction=change, by=make_account(), at=PUBLISHED + DAY)

    uphold(appeal, at=PUBLISHED + 2 * DAY)

    newest = published_versions(round_.key)[0]
    assert [rank for _, rank in places(round_)] == [2, 3]
    assert [(row["code"], row["rank"]) for row in newest.content["withdrawn"]] == [(second, 2)]
    assert newest.vacant.endswith("（原第2位）。撤下后其他科室不递补，名单中第1位空缺。")
    assert recount_verdict(newest.publication, round_.tally, PUBLISHED).answer == Answer.AGREES


@pytest.mark.parametrize("vetoed", [1, 2])
def test_a_withdrawn_section_that_a_recount_gives_no_place_leaves_none_vacant(client, vetoed):
    round_ = announced("NC-2", vetoed=vetoed, min_lines=1000)
    *struck, withdrawn = round_.sections.order_by("code")[:vetoed]
    for section in struck:
        uphold(objected(section, Ground.WRONG_SECTION))
    PublicationDecision.objects.create(
        tally=round_.tally, reason="经研究", decided_at=PUBLISHED, decided_by=make_account()
    )
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    before = places(round_)
    for appeal in [objected(withdrawn, ground, at=PUBLISHED) for ground in (Ground.WRONG_SECTION, Ground.VETO_FACTS)]:
        uphold(appeal, at=PUBLISHED + DAY)

    newest = published_versions(round_.key)[0]
    assert [(row["code"], row["rank"]) for row in newest.content["withdrawn"]] == before
    assert newest.vacant.endswith("名单中第1位空缺。" if struck else "撤下后其他科室不递补。")
    for address in ("/list/2020H1/", "/list/2020H1/3/notice.pdf", "/data/2020H1/3/list.csv"):
        assert client.get(address).status_code == 200


def test_another_sections_veto_annulled_is_no_reason_to_uphold_an_appeal_against_the_count():
    round_ = announced("NC-2", vetoed=1, list_length=3)
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    third, _ = places(round_)[2]
    veto = objected(round_.sections.order_by("code").first(), at=PUBLISHED + DAY)
    count = objected(round_.sections.get(code=third), Ground.COUNTING, at=PUBLISHED + DAY)
    uphold(veto, at=PUBLISHED + 2 * DAY)

    with pytest.raises(RuleViolation, match="计票无误，不能更正"):
        uphold(count, at=PUBLISHED + 3 * DAY)

    assert round_.publications.count() == 2


def test_after_one_was_annulled_a_section_can_have_another_veto():
    round_ = announced("NC-2", vetoed=1)
    section = round_.sections.order_by("code").first()
    uphold(objected(section))
    lead = receive_lead(section_id=section.pk, facts="吃拿卡要", by=make_account(), at=SOON)
    finding = Finding(LeadState.VERIFIED, "查实收受礼金", "南纪〔2020〕12号", LATER.date())

    _, veto = conclude_lead(lead_id=lead.pk, finding=finding, by=make_account(), at=SOON)

    assert (veto.section, veto.decision) == (section, "南纪〔2020〕12号")
    assert list(Veto.objects.in_force()) == [veto]
    assert round_.results.get(section=section).label == "一票否决"
    assert list(changed_facts()) == []


def test_a_round_is_not_archived_before_all_appeals_are_answered_and_none_can_be_filed():
    round_ = announced("NC-2", vetoed=1)
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=PUBLISHED)
    appeal = objected(round_.sections.order_by("code").first(), at=PUBLISHED + DAY)
    Case.objects.update(state=CaseState.CLOSED, closed_at=PUBLISHED)
    Rectification.objects.update(state=RectificationState.CANCELLED)
    late = PUBLISHED + 20 * DAY
    commission = make_account()

    with pytest.raises(RuleViolation, match="申诉期至"):
        archive_round(round_id=round_.pk, by=make_account(), at=PUBLISHED + 2 * DAY)
    with pytest.raises(RuleViolation, match=f"“{appeal}”尚未答复"):
        archive_round(round_id=round_.pk, by=make_account(), at=late)
    assert not any("归档" in item.what for item in work_items_of(commission, at=late))

    reject(appeal, at=late)
    assert not any("归档" in item.what for item in work_items_of(commission, at=PUBLISHED + 2 * DAY))
    assert any("归档" in item.what for item in work_items_of(commission, at=late))
    archive_round(round_id=round_.pk, by=make_account(), at=late)
