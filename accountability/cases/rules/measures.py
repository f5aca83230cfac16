"""Measures (问责措施) for a listed section: kind, target, responsible body and due date (rulebook R-F)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import TextChoices

from accountability.cases.rules.deadlines import Terms, after_workdays, assessment_due, freeze_end
from accountability.history.rules.history import History
from evaluations.rounds.rules.repeat_steps import Actor, RepeatStep, Repetition, StepMeasure
from nanchuan_eval.profile.rules.profile import Profile
from nanchuan_eval.workdays.rules import Calendar, in_chinese

NAME_MISSING = "（姓名未登记）"


class MeasureKind(TextChoices):
    """Kinds of measures (措施种类), in the order of a case."""

    NOTICE = "notice", "公示曝光"
    TALK_LEADER = "talk_leader", "对单位领导谈话提醒"
    TALK_HEAD = "talk_head", "对科室负责人谈话提醒"
    SUMMONS = "summons", "约谈科室负责人"
    FREEZE = "freeze", "不得提拔重用"
    CIRCULAR = "circular", "通报上级主管单位"
    ASSESSMENT = "assessment", "纳入年度综合考核"
    BONUS = "bonus", "挂钩年终绩效奖"
    SPECIAL_INSPECTION = "special_inspection", "专项督查"
    REMOVAL_PROMPT = "removal_prompt", "免职建议提示"


class MeasureState(TextChoices):
    """State of a measure (措施状态)."""

    PENDING = "pending", "待办理"
    DONE = "done", "已办理"
    NOT_APPLICABLE = "not_applicable", "不适用"


class TalkState(TextChoices):
    """State of a talk's record (谈话记录状态)."""

    DRAFT = "draft", "草稿"
    FILED = "filed", "待确认"
    RETURNED = "returned", "退回"
    CONFIRMED = "confirmed", "已确认"


class CaseState(TextChoices):
    """State of a case (问责事项状态)."""

    OPEN = "open", "办理中"
    CLOSED = "closed", "已办结"


# How a case stands whose section a correction has taken off the list, whether or not it was closed before.
CANCELLED = "更正后撤销"
# Begin what is written on all that ends because a correction has taken the section off the list, and on the freeze of
# a head who was named by mistake: of a freeze they are the marks that it was revoked.
CORRECTED = "名单更正，不再上榜："
HEAD_CORRECTED = "更正责任人："
# Begins the record of a measure that the place after a correction no longer calls for.
MOVED = "名单更正后位次有变化，不再适用"
CHIEF_ATTENDS = "由主要领导参加"
_NOTED = "（名单更正后列第"
# Their terms are in working days and need the holiday table.
WORKDAY_KINDS = frozenset(
    {
        MeasureKind.NOTICE,
        MeasureKind.TALK_LEADER,
        MeasureKind.TALK_HEAD,
        MeasureKind.SUMMONS,
        MeasureKind.CIRCULAR,
        MeasureKind.SPECIAL_INSPECTION,
    }
)

# A talk needs its full record; a note does not complete it.
TALKS = frozenset({MeasureKind.TALK_LEADER, MeasureKind.TALK_HEAD, MeasureKind.SUMMONS})

# The unit writes and hands in the record of these, and the commission confirms it.
TALKS_OF_UNIT = frozenset({MeasureKind.TALK_HEAD, MeasureKind.SUMMONS})


def talk_name(kind: MeasureKind) -> str:
    """Return what a talk is called: 谈话提醒 and 约谈 are two grades, and neither is a 诫勉谈话."""
    return "约谈" if kind == MeasureKind.SUMMONS else "谈话提醒"


# Policy action for recording a measure; any other kind takes the commission's own action.
RECORD_ACTION = {
    MeasureKind.NOTICE: "acc.notice",
    MeasureKind.CIRCULAR: "acc.notice",
    MeasureKind.TALK_LEADER: "acc.talk.leader",
    MeasureKind.TALK_HEAD: "acc.talk.head",
    MeasureKind.SUMMONS: "acc.talk.head",
    MeasureKind.SPECIAL_INSPECTION: "acc.notice",
    MeasureKind.FREEZE: "acc.hold.set",
    MeasureKind.ASSESSMENT: "acc.assess",
    MeasureKind.BONUS: "acc.assess",
}


def noted(basis: str, rank: int) -> str:
    """Return the basis of a measure carried out, with the section's place after a correction if it is another one."""
    first = basis.partition(_NOTED)[0]
    return first if f"列第{rank}位" in first else f"{first}{_NOTED}{rank}位）"


def without_freeze(retired_on: date) -> str:
    """Return why a head who has retired gets no freeze."""
    return f"已于{in_chinese(retired_on)}退休，不设影响期。"


def record_action(kind: MeasureKind) -> str:
    """Return the policy action for recording a measure of this kind."""
    return RECORD_ACTION.get(kind, "acc.open")


def waive_action(kind: MeasureKind) -> str:
    """Return the policy action, of two persons, for a decision that a measure of this kind does not apply."""
    return "acc.hold.set" if kind == MeasureKind.FREEZE else "acc.close"


@dataclass(frozen=True)
class Listing:
    """A listed section with its history and the people frozen at 名录锁定."""

    round_name: str
    unit: str
    section: str
    rank: int
    reports_to_superior: bool
    history: History
    profile: Profile
    superior: str = ""
    chief_leader: str = ""
    leader_in_charge: str = ""
    head: str = ""
    head_retired_on: date | None = None

    @property
    def head_post(self) -> str:
        """The post that the freeze and the talk refer to."""
        return f"{self.unit}{self.section}主要负责人"

    @property
    def office(self) -> str:
        """The office (评议办) for short."""
        return f"{self.profile.level}评议办"

    @property
    def commission(self) -> str:
        """The commission (纪委监委) for short."""
        return f"{self.profile.level}纪委监委"

    @property
    def personnel(self) -> str:
        """The personnel department (组织部) for short."""
        return f"{self.profile.level}委组织部"

    @property
    def assessors(self) -> str:
        """The assessment office (考核办) for short."""
        return f"{self.profile.level}考核办"

    @property
    def place(self) -> str:
        """The finding cited as the basis of every measure."""
        return f"{self.round_name}最难办事科室群众评列第{self.rank}位"


@dataclass(frozen=True)
class PlannedMeasure:
    """A measure as created when the case is opened."""

    kind: MeasureKind
    target: str
    responsible: str
    due_on: date | None
    basis: str
    waiver: str = ""  # reason it does not apply from the start


def plan_measures(
    listing: Listing, terms: Terms, *, published_on: date, calendar: Calendar, first_published_on: date | None = None
) -> tuple[PlannedMeasure, ...]:
    """Return the measures of a case, in the order of `MeasureKind`.

    `first_published_on` = the day of the list's first version, where a correction put the section on it.
    """
    repeated = _Repeated(listing, terms, published_on, calendar)
    planned = [*_for_all(listing, terms, published_on, calendar, repeated)]
    planned += repeated.summons()
    if listing.reports_to_superior:
        planned += _by_superior(listing, terms, published_on, calendar)
    else:
        assessed_by = assessment_due(first_published_on or published_on, published_on)
        planned += _by_district(listing, terms, published_on, assessed_by)
    planned += repeated.special_inspection()
    if terms.repeat_prompt and listing.history.calls_for_removal_prompt:
        planned.append(_removal_prompt(listing, terms))
    return tuple(planned)


class _Repeated:
    """What the listing calls for because it is not the first (再次上榜), by the steps of the rulebook."""

    def __init__(self, listing: Listing, terms: Terms, published_on: date, calendar: Calendar) -> None:
        self.listing, self.top = listing, terms.repeat_top
        self.published_on, self.calendar = published_on, calendar
        self.steps = listing.history.reached(terms.repeat_steps)

    def step(self, measure: StepMeasure) -> RepeatStep | None:
        """Return the reached step with this measure, of several the one with the shortest term."""
        return min((s for s in self.steps if s.measure == measure), key=lambda s: s.workdays, default=None)

    def due_on(self, step: RepeatStep) -> date:
        return after_workdays(self.published_on, step.workdays, self.calendar)

    def finding(self, step: RepeatStep) -> str:
        """Return place and repetition, the basis of the measure."""
        times = self.listing.history.times(step.repetition)
        words = {
            Repetition.WITHIN_YEAR: f"一年内第{times}次上榜",
            Repetition.IN_A_ROW: f"连续{times}次上榜",
            Repetition.TOP_IN_A_ROW: f"连续{times}次位列前{self.top}位",
        }
        return f"{self.listing.place}，{words[step.repetition]}"

    def summons(self) -> Iterator[PlannedMeasure]:
        if step := self.step(StepMeasure.SUMMONS):
            yield PlannedMeasure(
                MeasureKind.SUMMONS,
                _person(self.listing.head_post, self.listing.head),
                f"{self.listing.unit}党委（党组）",
                self.due_on(step),
                f"{self.finding(step)}，由单位党委（党组）在公示后{step.workdays}个工作日内约谈科室负责人",
            )

    def special_inspection(self) -> Iterator[PlannedMeasure]:
        if step := self.step(StepMeasure.SPECIAL_INSPECTION):
            by_office = step.actor == Actor.OFFICE
            actor = self.listing.office if by_office else "单位党委（党组）"
            yield PlannedMeasure(
                MeasureKind.SPECIAL_INSPECTION,
                f"{self.listing.unit}{self.listing.section}",
                self.listing.office if by_office else f"{self.listing.unit}党委（党组）",
                self.due_on(step),
                f"{self.finding(step)}，开展专项督查，由{actor}在公示后{step.workdays}个工作日内向领导小组报告",
            )


def _for_all(
    listing: Listing, terms: Terms, published_on: date, calendar: Calendar, repeated: _Repeated
) -> Iterator[PlannedMeasure]:
    talk_due = after_workdays(published_on, terms.talk_workdays, calendar)
    talk_basis = f"{listing.place}，公示后{terms.talk_workdays}个工作日内谈话提醒"
    yield PlannedMeasure(
        MeasureKind.NOTICE,
        f"{listing.unit}{listing.section}",
        listing.office,
        after_workdays(published_on, terms.notice_workdays, calendar),
        f"{listing.place}，批准公示后{terms.notice_workdays}个工作日内在《{listing.profile.newspaper}》公示位次和主要问题",
    )
    if step := repeated.step(StepMeasure.CHIEF_TALK):
        yield PlannedMeasure(
            MeasureKind.TALK_LEADER,
            chief_leader(listing.unit, listing.chief_leader),
            listing.commission,
            repeated.due_on(step),
            f"{repeated.finding(step)}，公示后{step.workdays}个工作日内谈话提醒，{CHIEF_ATTENDS}",
        )
    else:
        yield PlannedMeasure(MeasureKind.TALK_LEADER, _leader(listing), listing.commission, talk_due, talk_basis)
    yield PlannedMeasure(
        MeasureKind.TALK_HEAD,
        _person(listing.head_post, listing.head),
        f"{listing.unit}党委（党组）",
        talk_due,
        talk_basis,
    )


def _by_district(
    listing: Listing, terms: Terms, published_on: date, assessed_by: date | None
) -> Iterator[PlannedMeasure]:
    # How many points that is depends also on the rectification: the assessment of the year says it.
    points = f"分值由评议规则规定，规则没有规定的，由{listing.assessors}确定"
    yield PlannedMeasure(
        MeasureKind.FREEZE,
        _person(listing.head_post, listing.head),
        listing.personnel,
        freeze_end(published_on, terms.freeze_months),
        f"{listing.place}，自公示之日起{terms.freeze_months}个月内不得提拔重用",
        waiver=without_freeze(listing.head_retired_on) if listing.head_retired_on else "",
    )
    yield PlannedMeasure(
        MeasureKind.ASSESSMENT,
        f"{listing.unit}领导班子和领导干部",
        listing.assessors,
        assessed_by,
        f"{listing.place}，纳入年度综合考核，{points}",
    )
    yield PlannedMeasure(
        MeasureKind.BONUS,
        f"{listing.unit}{listing.section}工作人员",
        f"{listing.unit}、{listing.assessors}",
        assessed_by,
        f"{listing.place}，年度综合考核结果与年终绩效奖挂钩",
    )


def _by_superior(listing: Listing, terms: Terms, published_on: date, calendar: Calendar) -> Iterator[PlannedMeasure]:
    """Measures for vertical units and utilities, whose staff the district neither promotes nor assesses."""
    yield PlannedMeasure(
        MeasureKind.CIRCULAR,
        listing.superior,
        listing.office,
        after_workdays(published_on, terms.superior_workdays, calendar),
        f"{listing.place}，系垂直管理单位或公用企业，公示后{terms.superior_workdays}个工作日内向上级主管单位通报，"
        "由其在干部任用、考核和绩效奖中运用",
    )


def _removal_prompt(listing: Listing, terms: Terms) -> PlannedMeasure:
    return PlannedMeasure(
        MeasureKind.REMOVAL_PROMPT,
        _person(listing.head_post, listing.head),
        listing.commission,
        None,
        f"同一负责人任内连续{listing.history.sure_top_in_a_row}次位列前{terms.repeat_top}位且位次明确，提请研究是否提出免职建议；"
        "系统只作提示，由有权机关研究决定",
    )


def _leader(listing: Listing) -> str:
    if listing.leader_in_charge:
        return _person(f"{listing.unit}分管领导", listing.leader_in_charge)
    if listing.chief_leader:
        return chief_leader(listing.unit, listing.chief_leader)
    return _person(f"{listing.unit}分管领导（或主要领导）", "")


def chief_leader(unit: str, name: str) -> str:
    """Return the head of a unit as the person whom a talk meets."""
    return _person(f"{unit}主要领导", name)


def _person(post: str, name: str) -> str:
    return f"{post} {name}" if name else f"{post}{NAME_MISSING}"
