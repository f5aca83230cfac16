"""Limits on removals (移除) and further rounds (追加); seats among the clients; what a letter's QR code holds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import TextChoices


class Delivery(TextChoices):
    """How those whom a further round draws get their codes: in the same act, or by 生成票号 afterwards."""

    SMS = "sms", "随即生成，发短信；没有手机号、已退订或者没有设置短信网关的，打印信函"
    LETTERS = "letters", "随即生成，全部打印信函"
    LATER = "later", "不随即生成（票号由公证人员另行生成的选此项）"


class RemovalReason(TextChoices):
    """移除原因 (protocol 3.11)."""

    REFUSED = "refused", "本人拒绝参加"
    CONFLICT = "conflict", "回避"
    UNREACHABLE = "unreachable", "失联"
    INELIGIBLE = "ineligible", "不符合条件"


# Refusing is the drawn person's own decision; the other reasons are the office's judgement and therefore capped.
DISCRETIONARY = frozenset({RemovalReason.CONFLICT, RemovalReason.UNREACHABLE, RemovalReason.INELIGIBLE})

# Letters to a section's clients by a rulebook that says nothing of them.
CLIENT_LETTERS = 110
# The committed trigger of the top-ups among the clients.
TOP_UP_TRIGGER = "追加：投票期间，按已收回票数预计有科室达不到所需票数的，经两人办理依次启动"

# Hex digits of a token in a QR code: enough to be alone in every pool.
TOKEN_START = 16


def most_discretionary(seats: int, percent: int) -> int:
    """Return the cap on discretionary removals, rounded up: at least one unless the percentage is 0."""
    return -(-seats * percent // 100)


def event_label(event: Mapping[str, Any]) -> str:
    """Return in Chinese what happened to a held draw, as its page and its record tell it (protocol 3.11)."""
    if event["type"] == "open_round":
        return f"启动第{event['round'] - 1}次追加抽取"
    reason = RemovalReason(event["reason"]).label
    return f"移除（{reason}），由“{event['stratum']}”的下一名候补人员递补，没有候补人员的不递补"


def removal_faults(
    reason: RemovalReason, *, before: Iterable[str], seats: int, calls: Sequence[date], rules: Mapping[str, Any]
) -> list[str]:
    """Return in Chinese why a removal is refused; `before` = the reasons of the draw's earlier removals."""
    faults = []
    most = most_discretionary(seats, rules["removal_percent"])
    if reason in DISCRETIONARY and sum(earlier in DISCRETIONARY for earlier in before) >= most:
        faults.append(f"因失联、回避、不符合条件移除的人数已达上限（{most}人），只能移除本人拒绝参加的人员。")
    few_calls = len(calls) < rules["unreachable_calls"] or len(set(calls)) < rules["unreachable_days"]
    if reason == RemovalReason.UNREACHABLE and few_calls:
        faults.append(
            f"认定失联须至少拨打{rules['unreachable_calls']}次、分在{rules['unreachable_days']}天，请填写每次拨打的日期。"
        )
    return faults


def extension_faults(*, days_open: int, issued: int, returned: int, rules: Mapping[str, Any]) -> list[str]:
    """Return in Chinese why a committed further round may not be opened yet; the trigger leaves no discretion."""
    faults = []
    if days_open < rules["extension_after_days"]:
        faults.append(f"开始投票满{rules['extension_after_days']}日后方可启动追加抽取，目前为第{max(days_open, 0)}日。")
    if returned * 100 >= issued * rules["extension_return_percent"]:
        faults.append(
            f"已收回{returned}张（发出{issued}张），回收率不低于{rules['extension_return_percent']}%，不能启动追加抽取。"
        )
    return faults


def client_seats(rulebook: Mapping[str, Any], strata: Sequence[str]) -> tuple[list[list[int]], int]:
    """Return the cumulative seats of each committed round among the clients, by stratum ("code name"), and alternates.

    The plan gives the first seats of a section; one that it does not know gets the usual number of letters.
    """
    planned, usual = rulebook.get("client_seats", {}), rulebook.get("client_letters", CLIENT_LETTERS)
    first = [planned.get(stratum.partition(" ")[0], usual) for stratum in strata]
    percent, top_ups = rulebook.get("client_top_up_percent", 0), rulebook.get("client_top_ups", 0)
    rounds = [[seats + -(-seats * percent * more // 100) for seats in first] for more in range(top_ups + 1)]
    return rounds, -(-max(first) * rulebook["alternates_percent"] // 100)


def lookup_address(page: str, salt: str, token: str) -> str:
    """Return what the QR code of a letter holds: the draw's page, with salt and start of the token for its script.

    They stand after the # and never leave the reader's device; the page finds the token by its first digits.
    """
    return f"{page}#{salt}.{token[:TOKEN_START]}"
