"""Entries of lists, cases with their measures, talks and freezes, and of rectifications."""

import json
from collections.abc import Iterable, Iterator, Mapping

from django.urls import reverse
from django.utils import timezone

from accountability.cases.models import Case, Measure
from accountability.cases.permissions import measures_for
from accountability.cases.queries import waiving_decisions
from accountability.cases.rules.measures import TALKS, MeasureKind, MeasureState
from accountability.evidence.models import Evidence
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.models import Progress, Rectification, RectificationItem
from accountability.rectifications.queries import rectifications_for
from accountability.rectifications.rules import UNDER_WAY, UNFINISHED, RectificationState
from accountability.section_story.queries.reading import Found, Reading, facts, files_of, timed
from accountability.section_story.rules import Entry, Kind, change_of_place
from accountability.talks.models import Talk
from accountability.talks.queries import standing_of, state_label, with_talks
from accountability.talks.rules import DATED, TalkStage
from evaluations.publication.models import Publication
from evaluations.publication.queries import turns_of
from evaluations.rounds.models import RoundSection
from evaluations.scoring.result import TOO_FEW
from evaluations.tally.models import SectionResult
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese


def lists_of(reading: Reading) -> Iterator[Found]:
    """Yield what each published version of a round's list says of the section (one query)."""
    rounds = {section.round_id for section in reading.sections}
    versions: dict[int, list[Publication]] = {}
    for publication in Publication.objects.filter(round__in=rounds).order_by("round", "version"):
        versions.setdefault(publication.round_id, []).append(publication)
    for section in reading.sections:
        address = reverse("public-list", args=[section.round.key])
        before: int | None = None
        for publication in versions.get(section.round_id, []):
            content = json.loads(publication.content)
            entries = {entry["code"]: entry for entry in content["entries"]}
            row = entries.get(section.code)
            rank = row["rank"] if row else None
            if publication.version == 1:
                what = f"公示结果：{f'第{rank}位' if rank is not None else _why_unlisted(section)}"
            else:
                is_withdrawn = any(entry["code"] == section.code for entry in content["withdrawn"])
                change = change_of_place(before, rank, is_withdrawn=is_withdrawn)
                what = f"更正公示（第{publication.version}版）：{change}" if change else ""
            before = rank
            if what:
                details = [("主要问题", row["problems"] if row else ""), ("更正说明", publication.reason)]
                yield section.pk, timed(Kind.LIST, publication.published_at, what, details, address=address)


def _why_unlisted(section: RoundSection) -> str:
    result: SectionResult | None = getattr(section, "result", None)
    return "未上榜（样本不足，不排名）" if result is not None and result.label == TOO_FEW else "未上榜"


def cases_of(reading: Reading) -> Iterator[Found]:
    """Yield cases, their measures, talks and freezes (four queries, one more where a measure was waived)."""
    rows = with_talks(measures_for(reading.by).filter(case__result__section__in=reading.ids))
    measures = {measure.pk: measure for measure in rows}
    cases = {measure.case_id: measure.case for measure in measures.values()}
    entries = [
        *((case, entry) for case in cases.values() for entry in _case(case, reading.by)),
        *((m.case, entry) for m in measures.values() for entry in _measure(m, reading.by)),
        *_waived(measures.values(), reading.by),
        *_talks(measures),
        *_freezes(measures.values(), reading.by),
    ]
    yield from ((case.result.section_id, entry) for case, entry in entries)


def _talks(measures: Mapping[int, Measure]) -> Iterator[tuple[Case, Entry]]:
    talks = list(Talk.objects.filter(measure__in=list(measures)))
    files = files_of("talk", talks)
    for talk in talks:
        measure = measures[talk.measure_id]
        yield from ((measure.case, entry) for entry in _talk(talk, measure, files.get(talk.pk, ())))


def _waived(measures: Iterable[Measure], by: User) -> Iterator[tuple[Case, Entry]]:
    for measure, approval in waiving_decisions(measures):
        persons = [("提请人", approval.proposed_by.name), ("审批人", approval.decided_by and approval.decided_by.name)]
        # The unit reads that it does not apply, not who decided it.
        more = [*persons, ("理由", measure.record)] if policy.may_see(by, "acc.view") else []
        what = f"{measure.get_kind_display()}：{measure.get_state_display()}"
        details, address = [("对象", measure.target), *more], case_address(measure.case, by)
        if approval.decided_at:
            yield measure.case, timed(Kind.CASE, approval.decided_at, what, details, address=address)


def _freezes(measures: Iterable[Measure], by: User) -> Iterator[tuple[Case, Entry]]:
    cases = {measure.case_id: measure.case for measure in measures if measure.kind == MeasureKind.FREEZE}
    for freeze in PromotionFreeze.objects.filter(case__in=list(cases)):
        case = cases[freeze.case_id]
        yield from ((case, entry) for entry in _freeze(freeze, case_address(case, by)))


def rectifications_of(reading: Reading) -> Iterator[Found]:
    """Yield the plans with their items and progress (four queries)."""
    rows = {row.pk: row for row in rectifications_for(reading.by).filter(case__result__section__in=reading.ids)}
    for row in rows.values():
        for entry in _rectification(row):
            yield row.case.result.section_id, entry
    items = {item.pk: item for item in RectificationItem.objects.filter(rectification__in=list(rows))}
    progress = list(Progress.objects.filter(item__in=list(items)))
    files = files_of("progress", progress)
    for item in items.values():
        row = rows[item.rectification_id]
        section = row.case.result.section_id
        for entry in _item(item, row):
            yield section, entry
    for report in progress:
        item = items[report.item_id]
        yield (
            rows[item.rectification_id].case.result.section_id,
            timed(
                Kind.ITEM,
                report.at,
                f"整改进展：{item.problem}",
                [("进展", report.text)],
                address=_item_address(item),
                files=files.get(report.pk, ()),
            ),
        )


def case_address(case: Case, by: User) -> str:
    """Return the case's page, or the unit's own page for its liaison."""
    if policy.may_see(by, "acc.view"):
        return reverse("admin:accountability_case_change", args=[case.pk]) if by.is_staff else ""
    return reverse("accountability:unit")


def _case(case: Case, by: User) -> Iterator[Entry]:
    address = case_address(case, by)
    head = [("责任人", case.head_name), ("更正责任人理由", case.head_reason)]
    yield timed(Kind.CASE, case.first_opened_at or case.opened_at, "建立问责事项", head, address=address)
    has_turned = case.is_cancelled or case.first_opened_at
    turns = turns_of(case.result.round, case.result.section.code)[1:] if has_turned else []
    struck_at = turns[-1][0].published_at if turns and case.is_cancelled else None
    if case.closed_at and (struck_at is None or case.closed_at < struck_at):
        yield timed(Kind.CASE, case.closed_at, "问责事项办结", [], address=address)
    for version, is_listed in turns:
        what, why = "恢复" if is_listed else "撤销", [("更正说明", version.reason)]
        yield timed(Kind.CASE, version.published_at, f"问责事项{what}", why, address=address)


def _measure(measure: Measure, by: User) -> Iterator[Entry]:
    """Yield a recorded measure, or one to be recorded on the day it is due; talks and freezes have their own."""
    is_ahead = measure.state == MeasureState.PENDING
    on = measure.due_on if is_ahead else measure.done_on
    is_talk = measure.kind in TALKS
    standing = standing_of(measure)
    if standing is not None and standing.planned_at is not None and standing.stage in DATED:
        address = reverse("accountability:talk", args=[measure.pk])
        what = f"{measure.get_kind_display()}：{standing.label}"
        yield timed(Kind.TALK, standing.planned_at, what, [("对象", measure.target)], address=address, is_ahead=True)
    # A record that awaits confirmation is an entry of its own; what is due is no longer the talk.
    is_filed = standing is not None and standing.stage == TalkStage.FILED
    has_own = measure.kind == MeasureKind.FREEZE or is_filed if is_ahead else is_talk
    if on is None or has_own:
        return
    yield Entry(
        Kind.TALK if is_talk else Kind.CASE,
        f"{measure.get_kind_display()}：{'办理期限' if is_ahead else measure.get_state_display()}",
        on,
        details=facts(
            [("对象", measure.target), ("谈话", standing.label if standing else ""), ("办理记录", measure.record)]
        ),
        address=reverse("accountability:talk", args=[measure.pk]) if is_talk else case_address(measure.case, by),
        is_ahead=is_ahead,
        term=measure.term,
    )


def _talk(talk: Talk, measure: Measure, files: tuple[Evidence, ...]) -> Iterator[Entry]:
    kind, address = measure.get_kind_display(), reverse("accountability:talk", args=[measure.pk])
    about = [("谈话人", talk.talker), ("谈话对象", talk.person_and_post), ("地点", talk.place)]
    state = ("谈话", state_label(measure))
    yield timed(Kind.TALK, talk.held_at, kind, [*about, state], address=address, files=files)
    if talk.confirmed_at:
        yield timed(Kind.TALK, talk.confirmed_at, f"{kind}：谈话记录已确认", address=address)


def _freeze(freeze: PromotionFreeze, address: str) -> Iterator[Entry]:
    who = freeze.person_name or "（姓名未登记）"
    until = f"至{in_chinese(freeze.ends_on)}止"
    yield Entry(Kind.FREEZE, f"影响期开始：{who}，{until}", freeze.starts_on, address=address)
    # A freeze that ran its whole term ended by itself; what was registered afterwards only says so.
    ran_out = freeze.lifted_on is None or freeze.lifted_on > freeze.ends_on
    if ran_out:
        is_ahead = freeze.ends_on >= timezone.localdate(clock.now())
        yield Entry(Kind.FREEZE, f"影响期满：{who}", freeze.ends_on, address=address, is_ahead=is_ahead)
    if freeze.lifted_on:
        what = "影响期撤销" if freeze.revoked_by else "影响期满后登记解除" if ran_out else "影响期解除"
        reason = facts([("理由", freeze.lift_reason)])
        yield Entry(Kind.FREEZE, f"{what}：{who}", freeze.lifted_on, details=reason, address=address)


def _rectification(row: Rectification) -> Iterator[Entry]:
    address = reverse("accountability:rectification", args=[row.pk])
    if row.submitted_at:
        opinion = [("党委（党组）意见", row.opinion)]
        yield timed(Kind.RECTIFICATION, row.submitted_at, "报送整改方案", opinion, address=address)
    if row.decided_at:
        # A cancelled one holds why it was cancelled.
        said = [] if row.state == RectificationState.CANCELLED else [("审核意见", row.decision)]
        yield timed(Kind.RECTIFICATION, row.decided_at, "审核整改方案", said, address=address)
    if row.reported_at:
        yield timed(Kind.RECTIFICATION, row.reported_at, "报送整改报告", [("报告", row.report)], address=address)
    if row.closed_on:
        yield Entry(Kind.RECTIFICATION, "整改事项全部销号", row.closed_on, address=address)


def _item(item: RectificationItem, row: Rectification) -> Iterator[Entry]:
    if item.due_on and item.state in UNFINISHED and row.state in UNDER_WAY:
        what = f"完成时限：{item.problem}"
        yield Entry(Kind.ITEM, what, item.due_on, address=_item_address(item), is_ahead=True)
    if item.finished_at:
        outcome = [("完成情况", item.outcome)]
        yield timed(Kind.ITEM, item.finished_at, f"申报完成：{item.problem}", outcome, address=_item_address(item))
    if item.closed_on:
        verdict = facts([("验收意见", item.verdict)])
        yield Entry(Kind.ITEM, f"销号：{item.problem}", item.closed_on, details=verdict, address=_item_address(item))


def _item_address(item: RectificationItem) -> str:
    return reverse("accountability:rectification", args=[item.rectification_id]) + f"#item-{item.pk}"
