"""Models of the app, collected from its features."""

from accountability.cases.models import Case, Measure
from accountability.citizens.models import FollowUpCount, FollowUpMark, FollowUpRemark, Suggestion
from accountability.evidence.models import Evidence
from accountability.history.models import EarlierListing, EarlierRound
from accountability.inspections.models import (
    Finding,
    Inspection,
    InspectionPlan,
    ItemCheck,
    Order,
    Recusal,
    VisitChange,
)
from accountability.leads.models import Lead
from accountability.objections.models import Objection, RecountSignature
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.models import Progress, Rectification, RectificationItem
from accountability.talks.models import Talk, TalkPlan, TalkSwitch
from accountability.worklist.models import Reminder, ReminderAddress

__all__ = [
    "Case",
    "EarlierListing",
    "EarlierRound",
    "Evidence",
    "Finding",
    "FollowUpCount",
    "FollowUpMark",
    "FollowUpRemark",
    "Inspection",
    "InspectionPlan",
    "ItemCheck",
    "Lead",
    "Measure",
    "Objection",
    "Order",
    "Progress",
    "PromotionFreeze",
    "RecountSignature",
    "Rectification",
    "RectificationItem",
    "Recusal",
    "Reminder",
    "ReminderAddress",
    "Suggestion",
    "Talk",
    "TalkPlan",
    "TalkSwitch",
    "VisitChange",
]
