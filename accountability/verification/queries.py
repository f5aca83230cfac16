"""What the actions after publication fix (固定内容): the rows whose digests the audit log holds."""

from collections.abc import Iterator, Sequence
from typing import Any

from accountability.cases.models import Case, Measure
from accountability.citizens.models import Suggestion
from accountability.evidence.models import Evidence
from accountability.history.models import EarlierListing, EarlierRound
from accountability.inspections.models import Inspection, InspectionPlan, Order, Recusal, VisitChange
from accountability.leads.models import Lead
from accountability.objections.models import Objection, RecountSignature
from accountability.promotion_freezes.queries import FREEZES
from accountability.rectifications.models import Progress, Rectification, RectificationItem
from accountability.talks.models import Talk, TalkPlan, TalkSwitch
from nanchuan_eval.audit.queries import FixedFact, RowFact

CASE = ("result_id", "head_name", "head_reason", "state", "opened_at", "closed_at")
MEASURE = (
    *("case_id", "kind", "position", "target", "responsible", "due_on", "basis"),
    *("state", "done_on", "record", "done_by_id"),
)
TALK = (
    *("measure_id", "talker", "person", "post", "held_at", "place", "reason", "points", "attitude", "demand"),
    *("recorder", "is_signed", "state", "filed_by_id", "filed_at", "confirmed_by_id", "confirmed_at"),
    "return_reason",
)
TALK_PLAN = (
    *("measure_id", "number", "is_current", "target", "talker", "starts_at", "place", "about", "contact"),
    *("move_reason", "planned_by_id", "planned_at", "held_at", "held_by_id"),
)
RECTIFICATION = (
    *("case_id", "state", "plan_due_on", "report_due_on", "opinion", "submitted_at", "decision", "decided_at"),
    *("report", "reported_at", "closed_on"),
)
ITEM = (
    *("rectification_id", "position", "indicator", "problem", "cause", "goal", "measures", "leader", "person"),
    *("term", "due_on", "wanted_due_on", "wanted_reason", "state", "outcome", "finished_at", "verdict"),
    *("accepted_by_id", "closed_on", "failures"),
)
# Name, key and copy of a file are cleared when it is destroyed.
EVIDENCE = (
    *("kind", "suffix", "size", "sha256", "uploaded_by_id", "uploaded_at"),
    *("talk_id", "objection_id", "progress_id", "inspection_id"),
)
PLAN = (
    *("round_id", "name", "starts_on", "ends_on", "drawn_sections", "draw_id", "seed", "state"),
    *("proposed_by_id", "approved_by_id", "finished_at"),
)
INSPECTION = (
    *("plan_id", "section_id", "target", "rectification_id", "returns_to_id", "visit_on", "state"),
    *("method", "arrived_at", "left_at", "place", "errand", "call", "interviewed", "situation", "conclusion"),
    *("checks", "submitted_at", "record_sha256", "approved_by_id", "approved_at"),
)
ORDER = ("inspection_id", "demand", "due_on", "issued_by_id", "issued_at", "state", "reply", "replied_at")
LEAD = (
    *("section_id", "inspection_id", "facts", "received_at", "state", "conclusion", "decision"),
    *("concluded_by_id", "concluded_at"),
)
OBJECTION = (
    *("round_id", "section_id", "stage", "ground", "facts", "filed_by_id", "filed_at", "due_on", "state"),
    *("accepted_by_id", "recount_sha256", "recount_agrees", "recounted_at", "witnesses", "outcome", "answer"),
    *("decided_by_id", "decided_at", "correction_id", "hold_id"),
)
EARLIER_ROUND = ("key", "name", "period_start")
EARLIER_LISTING = ("rank", "department_name", "section_name", "problems", "section_id")


def _earlier(key: str) -> Iterator[Sequence[Any]]:
    yield from EarlierRound.objects.filter(key=key).values_list(*EARLIER_ROUND)
    yield from EarlierListing.objects.filter(round__key=key).order_by("pk").values_list(*EARLIER_LISTING)


FACTS = {"freezes": FREEZES, "earlier": FixedFact("往期上榜名单", _earlier)}
ROWS = (
    RowFact("问责事项", Case, CASE),
    RowFact("问责事项的恢复", Case, ("first_opened_at",), part="reopening"),
    RowFact("问责措施", Measure, MEASURE),
    RowFact("谈话记录", Talk, TALK),
    RowFact("谈话安排", TalkPlan, TALK_PLAN),
    RowFact("谈话对象变更", TalkSwitch, ("measure_id", "former", "reason", "by_id", "at")),
    RowFact("整改", Rectification, RECTIFICATION),
    RowFact("整改事项", RectificationItem, ITEM),
    RowFact("整改进展", Progress, ("item_id", "text", "by_id", "at")),
    RowFact("佐证材料", Evidence, EVIDENCE),
    RowFact("暗访计划", InspectionPlan, PLAN),
    RowFact("暗访", Inspection, INSPECTION),
    RowFact("暗访改期和取消", VisitChange, ("inspection_id", "from_on", "to_on", "reason", "by_id", "at")),
    RowFact("督查员回避", Recusal, ("inspector_id", "department_code", "reason")),
    RowFact("责令整改通知", Order, ORDER),
    RowFact("问题线索", Lead, LEAD),
    RowFact("异议和申诉", Objection, OBJECTION),
    RowFact("监督员在复算记录上的签名", RecountSignature, ("objection_id", "supervisor_id", "at")),
    RowFact(
        "群众建议的答复",
        Suggestion,
        ("section", "unit", "reason", "submitted_on", "state", "reply", "replied_by_id"),
        is_complete=False,
    ),
)
