"""Ballot account of a batch (票数平衡, rulebook R-C): issued = online + returned + spoiled + missing."""

from dataclasses import dataclass

from django.db.models import TextChoices


class SheetKind(TextChoices):
    """Assessment of a returned sheet."""

    VALID = "valid", "有效"
    BLANK = "blank", "空白"
    SPOILED = "spoiled", "污损、涂改无法辨认"
    INVALID = "invalid", "无效"


@dataclass(frozen=True)
class BallotAccount:
    """Figures of a batch: the first six come from the system, the last three are counted by hand.

    Without paper ballots the system fills in those three: codes neither used nor void are missing.
    """

    issued: int
    online: int
    void: int
    slips: int
    sheets: int
    unsettled: int
    returned: int
    spoiled: int
    missing: int


def lacks_slip(slips: int, sheets: int) -> str:
    """Return a Chinese error if one more sheet would exceed the registered slips, else ""."""
    if sheets < slips:
        return ""
    return (
        f"本批次已登记票号联{slips}张，已录入正票{sheets}张，不能再录：请先登记票号联，再录入正票。"
        "信封内没有票号联的正票不录入，封存备查。"
    )


def expected_count(ballot_account: BallotAccount) -> str:
    """Return in Chinese what the hand count should find, as far as the system knows."""
    issued, online, slips = ballot_account.issued, ballot_account.online, ballot_account.slips
    missing = max(0, issued - online - slips - ballot_account.void)
    return (
        f"系统记录：发出{issued}，网上提交{online}，登记票号联{slips}，作废票号{ballot_account.void}。"
        f"据此应为：纸质收回{slips}，作废{ballot_account.void}，未收回{missing}；"
        "有退信、毁损而未在系统中作废的，相应增加作废、减少未收回。"
    )


def imbalances(ballot_account: BallotAccount) -> list[str]:
    """Return in Chinese what does not balance; empty if the batch may be sealed."""
    faults = []
    total = ballot_account.online + ballot_account.returned + ballot_account.spoiled + ballot_account.missing
    if total != ballot_account.issued:
        faults.append(
            f"发出{ballot_account.issued}张，网上提交{ballot_account.online}张、纸质收回{ballot_account.returned}张、"
            f"作废{ballot_account.spoiled}张、未收回{ballot_account.missing}张，合计{total}张，两者不符，请核对。"
        )
    if ballot_account.returned != ballot_account.slips:
        faults.append(
            f"清点纸质收回{ballot_account.returned}张，登记票号联{ballot_account.slips}张，两者不符，请核对。"
        )
    if ballot_account.sheets != ballot_account.slips:
        faults.append(f"登记票号联{ballot_account.slips}张，录入正票{ballot_account.sheets}张，两者不符，请核对。")
    if ballot_account.unsettled:
        faults.append(f"还有{ballot_account.unsettled}张正票没有完成双人录入和比对。")
    return faults
