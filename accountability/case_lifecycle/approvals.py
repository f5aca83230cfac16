"""Approvable actions after the count: publication, correction, allegations in words, closing a case, archiving."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from accountability.case_lifecycle.queries import consequences, lacks_of
from accountability.case_lifecycle.services.cases import close_case, publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow, listed_again, moved_cases
from accountability.case_lifecycle.services.following import cancelled_before
from accountability.cases.models import Case, CaseQuerySet, Measure
from accountability.cases.rules.measures import NAME_MISSING, MeasureState
from accountability.rectifications.models import Rectification, RectificationItem
from evaluations.lifecycle.services import archive_round
from evaluations.publication.documents import changes_in_words, thin_sections
from evaluations.publication.models import Publication
from evaluations.publication.services import (
    Correction,
    assent_problems,
    notice_content,
    proposed_changes,
    refuse_unchanged,
    refuse_uncorrectable,
)
from evaluations.rounds.models import Round
from evaluations.rounds.queries import require
from evaluations.rounds.rules.lifecycle import Step
from evaluations.scoring.questionnaire import questionnaire_of
from evaluations.tally.models import SectionResult
from evaluations.tally.rules.main_problems import is_greedy
from nanchuan_eval.approvals.services import FOLLOWS, ApprovableAction, Arguments, calls
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

PUBLISH, CORRECT, ASSENT = "publish.list", "publish.correct", "problems.assent"

TAKEN_BACK = (
    "更正不会自动撤回已办理的措施。考核和绩效奖列入“年度综合考核”的“更正后应撤回”，由组织人事部门商考核办撤回；"
    "已进行的谈话、已发出的通报，由原办理单位向当事单位和个人说明更正"
)


def _list_content(round_: Round, arguments: Arguments) -> dict[str, object]:
    """The content for the approver; its digest covers exactly the bytes that are published."""
    notice = notice_content(round_, version=1)
    asked = questionnaire_of(round_.rulebook)
    greedy = [str(r.section) for r in round_.results.filter(is_listed=True) if is_greedy(r.main_problems, asked)]
    return {
        "名单": [_entry_text(entry) for entry in _entries(notice)],
        f"涉及“{asked.greedy}”的表述": greedy or "无",
        "参评科室": notice["sections"],
        "样本不足": thin_sections(notice),
        "规则校验值": notice["rulebook_sha256"],
        "结果校验值": notice["result_sha256"],
        "公示内容校验值": sha256_hex(canonical_json(notice)),
        **(consequences(round_, date.fromisoformat(arguments["on"])) if "on" in arguments else {}),
    }


def _publishing_follows(round_: Round) -> str:
    listed = round_.results.filter(is_listed=True).count()
    started = (
        f"公布{listed}个科室的位次和主要问题，同时建立{listed}件问责事项、设定影响期，各项期限自公示之日起计算"
        if listed
        else "公布没有科室上榜及其原因，不建立问责事项"
    )
    return f"{started}；名单锁定，不能撤回，以后只能发布更正，原版本保留可查"


def _publish(round_: Round, _: Arguments, *, by: User, at: datetime) -> Publication:
    return publish_and_start(round_id=round_.pk, by=by, at=at)


def _require_ready(round_: Round, arguments: Arguments, *, at: datetime) -> None:
    require(round_, Step.PUBLISH, at)


def _require_closed_cases(round_: Round, arguments: Arguments, *, at: datetime) -> None:
    require(round_, Step.ARCHIVE, at)


def _correction_content(round_: Round, arguments: Arguments) -> dict[str, object]:
    published = round_.publications.latest("version")
    correction = _correction(arguments)
    changes = proposed_changes(round_, correction)
    off = [change["code"] for change in changes if not change["now"]]
    ended = Case.objects.of_round(round_.pk).filter(result__section__code__in=off)
    added = round_.results.filter(is_listed=True, case__isnull=True).count()
    again = cancelled_before(round_, listed_again(changes)).exclude(result__section__code__in=off).count()
    moved = moved_cases(round_, changes).count()
    return {
        "更正的版本": published.version,
        "原公示校验值": published.content_sha256,
        "更正说明": correction.reason,
        "更正内容": [["科室", "原", "现"], *changes_in_words({"changes": changes})] if changes else "无",
        "撤销问责事项": f"{ended.count()}件，其未办措施不再办理、影响期解除、整改终止",
        **_carried_out(ended),
        "新建问责事项": f"{added}件（重新计票后新上榜的科室）",
        **({"恢复问责事项": f"{again}件（再次上榜的科室），未办措施、影响期、整改恢复，期限重新计算"} if again else {}),
        **({"调整问责事项": f"{moved}件，未办措施按更正后的位次办理，已办理的不变"} if moved else {}),
        FOLLOWS: f"公布第{published.version + 1}版，原版本保留可查并注明已被更正；位次不递补；不能撤回",
        "结果校验值": round_.tally.result_sha256,
    }


def _carried_out(cases: CaseQuerySet) -> dict[str, object]:
    """What was done already about the sections withdrawn, and what becomes of it: a correction does not undo it."""
    done = Measure.objects.filter(case__in=cases, state=MeasureState.DONE).select_related("case__result__section")
    measures = [f"{measure.case}：{_done_text(measure)}" for measure in done.order_by("case", "position")]
    return {"撤下的科室已办理的措施": measures, "已办理的如何处理": TAKEN_BACK} if measures else {}


def _done_text(measure: Measure) -> str:
    on = f"，{in_chinese(measure.done_on)}" if measure.done_on else ""
    return f"{measure.get_kind_display()}{on}。{measure.record}"


def _correct(round_: Round, arguments: Arguments, *, by: User, at: datetime) -> Publication:
    correction = _correction(arguments)
    refuse_unchanged(round_, correction)
    return correct_and_follow(round_id=round_.pk, correction=correction, by=by, at=at)


def _require_change(round_: Round, arguments: Arguments, *, at: datetime) -> None:
    refuse_unchanged(round_, _correction(arguments))


def _correction(arguments: Arguments) -> Correction:
    return Correction(arguments["reason"], tuple(arguments["withdrawn"]), dict(arguments["problems"]))


def _wording_content(result: SectionResult, arguments: Arguments) -> dict[str, object]:
    return {"科室": str(result.section), "原主要问题": result.main_problems, "拟用表述": arguments["text"]}


def _closing_content(case: Case, _: Arguments) -> dict[str, object]:
    measures = [_measure_text(measure) for measure in case.measures.all()]
    row = Rectification.objects.filter(case=case).first()
    closed = f"，{in_chinese(row.closed_on)}" if row and row.closed_on else ""
    items = [_item_text(item) for item in row.items.all()] if row else []
    return {
        "事项": str(case),
        "轮次": case.result.round.name,
        "责任人": case.head_name or NAME_MISSING,
        "措施": measures,
        "整改": f"{row.get_state_display()}{closed}" if row else "没有整改",
        "整改事项": items or "无",
    }


def _measure_text(measure: Measure) -> str:
    on = f"，{in_chinese(measure.done_on)}" if measure.done_on else ""
    return f"{measure.get_kind_display()}（{measure.target}）：{measure.get_state_display()}{on}。{measure.record}"


def _item_text(item: RectificationItem) -> str:
    closed = f"，{in_chinese(item.closed_on)}" if item.closed_on else ""
    return f"{item.position}. {item.problem}：{item.state_now}{closed}。{item.verdict}"


def _refuse_incomplete(case: Case) -> None:
    if missing := lacks_of(case):
        raise RuleViolation(*missing)


def _archiving_content(round_: Round, _: Arguments) -> dict[str, object]:
    newest = round_.publications.order_by("-version").first()
    cases = Case.objects.of_round(round_.pk).select_related("result__section", "rectification")
    return {
        "轮次": round_.name,
        "名单校验值": newest.content_sha256 if newest else "",
        "问责事项": [_case_text(case) for case in cases.order_by("result__rank", "pk")] or "无",
    }


def _case_text(case: Case) -> str:
    row = getattr(case, "rectification", None)
    return f"{case}：{case.standing}，整改{row.get_state_display() if row else '未建立'}"


def _entries(notice: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(notice["entries"])


def _entry_text(entry: Mapping[str, Any]) -> str:
    return f"第{entry['rank']}位 {entry['department']}{entry['section']}（{entry['problems']}）"


ACTIONS = (
    ApprovableAction(
        PUBLISH,
        "publish.approve",
        "公示前十名",
        Round,
        content=_list_content,
        perform=_publish,
        require=_require_ready,
        follows=_publishing_follows,
        always_asks=True,
    ),
    ApprovableAction(
        CORRECT,
        "publish.correct",
        "更正公示",
        Round,
        content=_correction_content,
        perform=_correct,
        closed=refuse_uncorrectable,
        require=_require_change,
        always_asks=True,
    ),
    ApprovableAction(
        ASSENT,
        "publish.approve",
        "同意指称违纪违法的表述",
        SectionResult,
        content=_wording_content,
        perform=calls(assent_problems, "result_id"),
        names=lambda result, _: f"{result.round.name}，{result.section}",
        is_small=True,
    ),
    ApprovableAction(
        "case.close",
        "acc.close",
        "办结问责事项",
        Case,
        content=_closing_content,
        perform=calls(close_case, "case_id"),
        closed=_refuse_incomplete,
        follows=lambda _: "问责事项即告办结，措施和责任人不能再改动；影响期未满的，继续执行至期满",
        is_small=True,
    ),
    ApprovableAction(
        "round.archive",
        "acc.close",
        "归档",
        Round,
        content=_archiving_content,
        perform=calls(archive_round, "round_id"),
        require=_require_closed_cases,
        follows=lambda _: "本轮归档，各项记录不能再改动；公示名单和整改情况继续公开，个人信息按期限清除",
    ),
)
