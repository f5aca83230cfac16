"""The tables of what follows the list, one file per step."""

from accountability.models.case import Case, Measure
from accountability.models.citizen import FollowUpCount, FollowUpMark, Suggestion
from accountability.models.evidence import Evidence
from accountability.models.freeze import PromotionFreeze
from accountability.models.history import EarlierListing, EarlierRound
from accountability.models.inspection import Finding, Inspection, InspectionPlan, ItemCheck, Order, Recusal
from accountability.models.lead import Lead
from accountability.models.objection import Objection
from accountability.models.rectification import Progress, Rectification, RectificationItem
from accountability.models.reminder import Reminder, ReminderAddress
from accountability.models.talk import Talk

__all__ = [
    "Case",
    "EarlierListing",
    "EarlierRound",
    "Evidence",
    "Finding",
    "FollowUpCount",
    "FollowUpMark",
    "Inspection",
    "InspectionPlan",
    "ItemCheck",
    "Lead",
    "Measure",
    "Objection",
    "Order",
    "Progress",
    "PromotionFreeze",
    "Rectification",
    "RectificationItem",
    "Recusal",
    "Reminder",
    "ReminderAddress",
    "Suggestion",
    "Talk",
]
