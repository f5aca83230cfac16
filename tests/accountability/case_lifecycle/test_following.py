"""After a correction the cases follow the list: a section listed again, or at another place, has what belongs to it."""

from datetime import timedelta

import pytest

from accountability.case_lifecycle.approvals import CORRECT
from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.cases.models import Case
from accountability.cases.rules.measures import CaseState, MeasureKind, MeasureState
from accountability.cases.services import record_measure, waive_measure
from accountability.rectifications.rules import RectificationState
from accountability.section_story.queries.story import read_story
from accountability.talks.services.records import write_talk
from evaluations.publication.services import Correction
from evaluations.tally.models import SectionResult
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    NOON,
    TODAY,
    make_account,
    make_counted_round,
    make_liaison,
    make_published_round,
    talk_facts,
)
from tests.pages import compact

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def result_of(round_, code):
    return round_.results.get(section__code=code)


def case_of(round_, code):
    return Case.objects.get(result=result_of(round_, code))


def correct(round_, days, **ranks):
    """A recount that lists a section at a place or, with None, no longer, and the correction that publishes it."""
    for code, rank in ranks.items():
        found = round_.results.filter(section__code=code.replace("_", "-"))
        found.update(is_listed=False) if rank is None else found.update(rank=rank, is_listed=True)
    correction, at = Correction(f"公示后申诉成立：计票有误（{days}）"), NOON + days * DAY
    return correct_and_follow(round_id=round_.pk, correction=correction, by=make_account(), at=at)


def measure(case, kind):
    return case.measures.get(kind=kind)


@pytest.fixture
def round_():
    return make_published_round(places=12)


def test_a_section_listed_again_has_its_case_again_with_new_terms(round_, client):
    before = {row.kind: row.due_on for row in case_of(round_, "D01-01").measures.all()}
    correct(round_, 2, D01_01=None)
    assert case_of(round_, "D01-01").is_cancelled
    SectionResult.objects.filter(section__code="D01-01").update(is_listed=True)
    asked = {"reason": "再次更正", "withdrawn": [], "problems": {}}
    assert approvals.action_named(CORRECT).content(round_, asked)["恢复问责事项"].startswith("1件")

    correct(round_, 5, D01_01=1)

    case, on = case_of(round_, "D01-01"), TODAY + 5 * DAY
    assert (case.standing, case.closed_at, case.published_on) == ("办理中", None, on)
    pending = {row.kind: row for row in case.measures.pending()}
    assert set(pending) == set(before)
    assert pending["talk_head"].due_on > before["talk_head"]
    assert [(row.starts_on, row.lifted_on) for row in case.freezes.order_by("pk")] == [
        (TODAY, TODAY + 2 * DAY),
        (on, None),
    ]
    assert (case.rectification.state, case.rectification.decision) == (RectificationState.AWAITED, "")
    assert "恢复问责事项" in [row.detail.get("step_label") for row in AuditEntry.objects.all()]
    assert "整改已撤销" not in client.get("/rectification/2020H1/").content.decode()
    assert list(changed_facts()) == []


def test_no_page_gives_a_section_that_a_recount_took_off_a_place_on_the_list(round_, client):
    correct(round_, 2, D01_01=None)
    SectionResult.objects.filter(section__code="D01-01").update(rank=12)
    row = case_of(round_, "D01-01").rectification

    client.force_login(make_liaison("D01"))
    own, plan = client.get("/unit/"), client.get(f"/work/rectifications/{row.pk}/")
    client.force_login(make_account())
    case = client.get(f"/admin/accountability/case/{row.case_id}/change/")

    for answer in (own, plan, case):
        text = compact(answer.content.decode())
        assert "曾列入上榜名单" in text
        assert "位列第12位" not in text
    assert "因重新计票不再上榜" in compact(case.content.decode())


def test_the_story_tells_of_each_time(round_):
    correct(round_, 2, D01_01=None)
    correct(round_, 5, D01_01=1)

    chapters = read_story("D01-01", by=make_account())

    entries = [entry for chapter in chapters for entry in chapter.entries]
    what = [(entry.on, entry.what) for entry in entries if entry.what.startswith(("建立问责", "问责事项"))]
    assert what == [
        (TODAY, "建立问责事项"),
        (TODAY + 2 * DAY, "问责事项撤销"),
        (TODAY + 5 * DAY, "问责事项恢复"),
    ]


def test_work_on_a_rectification_goes_on_with_its_terms_moved(round_):
    row = case_of(round_, "D01-01").rectification
    item = row.items.create(
        position=9, indicator="cold", problem="窗口无人", due_on=TODAY + 30 * DAY, state="sent_back"
    )
    type(row).objects.filter(pk=row.pk).update(state=RectificationState.RUNNING)

    correct(round_, 2, D01_01=None)
    correct(round_, 5, D01_01=1)

    row.refresh_from_db()
    item.refresh_from_db()
    assert row.state == RectificationState.RUNNING
    assert item.due_on == TODAY + 33 * DAY


@pytest.mark.parametrize(("decided", "state"), [(0, RectificationState.ESCALATED), (20, RectificationState.RUNNING)])
def test_what_awaits_the_commission_awaits_it_again(round_, decided, state):
    """Two failures go to the commission; once it has decided, the unit works on."""
    row = case_of(round_, "D01-01").rectification
    item = {"position": 9, "indicator": "cold", "problem": "窗口无人", "state": "sent_back", "failures": 2}
    row.items.create(**item, finished_at=NOON + 10 * DAY)
    then = RectificationState.RUNNING if decided else RectificationState.ESCALATED
    type(row).objects.filter(pk=row.pk).update(state=then, decided_at=NOON + decided * DAY)

    correct(round_, 22, D01_01=None)
    correct(round_, 25, D01_01=1)

    row.refresh_from_db()
    assert row.state == state


def test_what_was_done_since_the_first_publication_is_registered_after_the_second(round_):
    case = case_of(round_, "D01-01")
    correct(round_, 2, D01_01=None)
    correct(round_, 5, D01_01=1)
    by, at = make_account(), NOON + 6 * DAY

    record_measure(measure_id=measure(case, "notice").pk, done_on=TODAY + DAY, record="已见报", by=by, at=at)
    facts = talk_facts(held_at=NOON + DAY)
    write_talk(measure_id=measure(case, "talk_leader").pk, facts=facts, by=by, at=at)

    given = {"measure_id": measure(case, "bonus").pk, "record": "已兑现", "by": make_account(Role.PERSONNEL), "at": at}
    with pytest.raises(RuleViolation, match="不能早于公示日期2020年7月10日"):
        record_measure(done_on=TODAY - DAY, **given)


def test_every_page_says_when_a_section_listed_again_was_first_published(round_, client):
    correct(round_, 2, D01_01=None)
    correct(round_, 5, D01_01=1)
    row = case_of(round_, "D01-01").rectification
    said = "公示于2020年7月15日（名单更正后再次上榜，首次公示于2020年7月10日）"
    asked = {"accepted": True, "note": ""}
    assert said in approvals.action_named("rect.plan").content(row, asked)["轮次"]

    client.force_login(make_account())
    for address in (f"/work/rectifications/{row.pk}/", f"/admin/accountability/case/{row.case_id}/change/"):
        assert said in compact(client.get(address).content.decode())


def test_pending_measures_cite_the_new_place_and_those_done_say_that_it_changed(round_):
    moved = case_of(round_, "D01-01")
    done = measure(moved, "notice")
    record_measure(measure_id=done.pk, done_on=TODAY, record="已见报", by=make_account(), at=NOON)
    due_on = measure(moved, "talk_head").due_on

    correct(round_, 2, D01_01=4, D02_02=1)

    assert "列第4位，公示后" in measure(moved, "talk_head").basis
    assert measure(moved, "talk_head").due_on == due_on
    done.refresh_from_db()
    assert "列第1位" in done.basis
    assert done.basis.endswith("（名单更正后列第4位）")
    assert "列第1位" in measure(case_of(round_, "D02-02"), "freeze").basis
    assert list(changed_facts()) == []


def test_the_prompt_for_a_removal_follows_the_place():
    make_published_round(key="2019H2", places=12)
    round_ = make_counted_round(places=12)
    round_.results.filter(section__code="D01-02").update(rank=5)
    round_.results.filter(section__code="D03-01").update(rank=2)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    case = case_of(round_, "D01-02")
    assert not case.measures.filter(kind=MeasureKind.REMOVAL_PROMPT).exists()

    correct(round_, 2, D01_02=2, D03_01=5)
    assert measure(case, MeasureKind.REMOVAL_PROMPT).state == MeasureState.PENDING

    correct(round_, 3, D01_02=5, D03_01=2)
    assert measure(case, MeasureKind.REMOVAL_PROMPT).state == MeasureState.NOT_APPLICABLE

    correct(round_, 4, D01_02=2, D03_01=5)
    assert measure(case, MeasureKind.REMOVAL_PROMPT).state == MeasureState.PENDING


def test_the_prompt_also_comes_back_where_the_section_was_off_the_list_between():
    make_published_round(key="2019H2", places=12)
    round_ = make_counted_round(places=12)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    case = case_of(round_, "D01-02")
    assert measure(case, MeasureKind.REMOVAL_PROMPT).state == MeasureState.PENDING
    correct(round_, 2, D01_02=None)
    correct(round_, 3, D01_02=5, D03_01=2)
    assert measure(case, MeasureKind.REMOVAL_PROMPT).state == MeasureState.NOT_APPLICABLE

    correct(round_, 4, D01_02=2, D03_01=5)

    assert measure(case, MeasureKind.REMOVAL_PROMPT).state == MeasureState.PENDING


def test_what_somebody_decided_stays_decided_whatever_reason_was_given(round_):
    waived = measure(case_of(round_, "D01-01"), "talk_head")
    waive_measure(measure_id=waived.pk, reason="名单更正，不再上榜：单位已撤销", by=make_account(), at=NOON)

    correct(round_, 2, D01_01=None)
    correct(round_, 5, D01_01=1)

    waived.refresh_from_db()
    assert (waived.state, waived.record) == (MeasureState.NOT_APPLICABLE, "名单更正，不再上榜：单位已撤销")


def test_a_head_in_retirement_gets_no_freeze_by_a_correction(round_):
    """The measure was waived from the start; the retirement's entry has since been removed."""
    case = case_of(round_, "D01-01")
    case.freezes.all().delete()
    case.measures.filter(kind="freeze").update(state=MeasureState.NOT_APPLICABLE, record="已于2020年1月1日退休。")

    correct(round_, 2, D01_01=2, D01_02=1)

    assert measure(case, "freeze").record == "已于2020年1月1日退休。"


def test_a_freeze_served_to_its_last_day_is_not_set_anew(round_):
    case = case_of(round_, "D01-01")
    days = (case.freezes.get().ends_on - TODAY).days

    correct(round_, days, D01_01=None)
    correct(round_, days + 3, D01_01=1)

    assert case.freezes.get().revoked_by
    row = measure(case, "freeze")
    assert (row.state, row.record) == (MeasureState.NOT_APPLICABLE, "影响期已于2020年10月10日届满，不再设定。")


def test_a_closed_case_is_opened_again_if_the_new_place_calls_for_more():
    make_published_round(key="2019H2", places=12)
    round_ = make_counted_round(places=12)
    round_.results.filter(section__code="D01-02").update(rank=5)
    round_.results.filter(section__code="D03-01").update(rank=2)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    Case.objects.filter(result__section__code="D01-02", result__round=round_).update(state="closed", closed_at=NOON)

    correct(round_, 2, D01_02=2, D03_01=5)

    assert case_of(round_, "D01-02").state == CaseState.OPEN


def test_a_closed_case_is_open_while_a_measure_that_came_back_is_pending():
    make_published_round(key="2019H2", places=12)
    round_ = make_counted_round(places=12)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    case = case_of(round_, "D01-02")
    correct(round_, 2, D01_02=5, D03_01=2)
    case.measures.pending().update(state=MeasureState.DONE, done_on=TODAY, record="已办理")
    Case.objects.filter(pk=case.pk).update(state=CaseState.CLOSED, closed_at=NOON + 3 * DAY)

    correct(round_, 4, D01_02=2, D03_01=5)

    assert measure(case, MeasureKind.REMOVAL_PROMPT).state == MeasureState.PENDING
    assert case_of(round_, "D01-02").state == CaseState.OPEN
