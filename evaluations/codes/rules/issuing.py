"""Checks of a batch of codes: the notary's list line by line, the drawn people stratum by stratum."""

from collections.abc import Mapping, Sequence

from evaluations.ballot_form.rules.votes import Origin
from evaluations.scoring.method import Channel

# How forms of each channel can reach citizens; a newspaper coupon is a form of the sampled channel.
ORIGINS = {
    Channel.TARGETED: frozenset({Origin.ISSUED}),
    Channel.SAMPLED: frozenset({Origin.ISSUED, Origin.NEWSPAPER, Origin.WEBSITE, Origin.HALL}),
    Channel.OTHER: frozenset({Origin.OPEN, Origin.ISSUED, Origin.WEBSITE, Origin.HALL}),
}
ISSUE_LENGTH, HEX_DIGITS = 64, frozenset("0123456789abcdef")
MOST_FAULTS = 20
# A round with clients drawn for each section has a stratum a section: the page names the first faults only.
MOST_STRATA = 6
WRONG_FILE = "这是票号文件（codes.csv），不是发放清单。票号不能上传到系统，请上传同一目录的 issued.txt。"


def list_faults(lines: Sequence[str]) -> list[str]:
    """Return in Chinese the faults of an offline list of I, by line number; never quotes a line."""
    if not any(lines):
        return ["发放清单为空。"]
    if any("," in line for line in lines[:2]):
        return [WRONG_FILE]
    faults = []
    first: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if line and (len(line) != ISSUE_LENGTH or set(line) - HEX_DIGITS):
            faults.append(f"发放清单第{number}行不是64位校验值。")
        elif line in first:
            faults.append(f"发放清单第{number}行和第{first[line]}行重复。")
        elif line:
            first[line] = number
    more = len(faults) - MOST_FAULTS
    return faults if more <= 0 else [*faults[:MOST_FAULTS], f"另有{more}行有误。"]


def code_faults(channel: str, drawn: Mapping[str, int], codes: Mapping[str, int], *, is_complete: bool) -> list[str]:
    """Return in Chinese where the codes of a channel do not match its drawn people (stratum -> number).

    Codes without a stratum ("") are for all strata, so only the totals can be compared. Too few codes are a fault only
    if `is_complete`. If nobody was drawn, there is nothing to compare.
    """
    if not drawn:
        return []
    strangers = sorted(set(codes) - {*drawn, ""})
    faults = [f"{channel}没有抽中“{stratum}”这一类的人员，不能发放这一类的票号。" for stratum in strangers]
    is_parted = not codes.get("")
    for stratum, people in drawn.items():
        faults += _difference(f"{channel}“{stratum}”", people, codes.get(stratum, 0), is_complete and is_parted)
    if not is_parted:
        faults += _difference(channel, sum(drawn.values()), sum(codes.values()), is_complete)
    return faults


def _difference(what: str, people: int, codes: int, is_complete: bool) -> list[str]:
    if codes > people:
        return [f"{what}抽中{people}人，票号有{codes}个，多{codes - people}个，请作废多余票号。"]
    if codes < people and is_complete:
        return [f"{what}抽中{people}人，票号有{codes}个，缺{people - codes}个，请补充生成。"]
    return []


def is_thin(people: int, codes: int, least: int) -> bool:
    """True if no codes are bound to the section: too few of its clients were drawn to hide among each other.

    A section that has its codes keeps them, whatever becomes of single people afterwards.
    """
    return not codes and people < least


def too_few_bound(stratum: str, codes: int, least: int) -> str:
    """Return in Chinese why no batch of so few codes is bound to a section, else ""."""
    if codes >= least:
        return ""
    return (
        f"“{stratum}”的票号只有{codes}个，不足{least}个，投票人容易被认出，不能发放只评这个科室的票号。"
        f"请一次生成{least}个以上；抽中人数不足{least}人的科室，由其他评议票评议。"
    )


def too_few_at_opening(stratum: str, codes: int, least: int) -> str:
    """Return in Chinese that so few codes bound to a section are left before the vote, and how to go on."""
    return (
        f"“{stratum}”可用的票号只有{codes}个，不足{least}个，投票人容易被认出。"
        "请在“票号批次”打开该批次，停用批次，由其他评议票评议；缺的票号可以补足的，请先补足。"
    )


def section_code(stratum: str) -> str:
    """Return the code of the section of a stratum of clients, "code name"."""
    return stratum.partition(" ")[0]


def bound_elsewhere(stratum: str, code: str) -> str:
    """Return in Chinese that codes of a stratum open on the ballot of another section."""
    return (
        f"“{stratum}”的票号绑定的是另一个科室（{code}），不能开启评议。请在“票号批次”停用该批次，重新生成，"
        "并请审计员核查操作日志。"
    )


def summed_up(faults: Sequence[str]) -> list[str]:
    """Return the first faults and how many more there are."""
    more = len(faults) - MOST_STRATA
    return (
        list(faults) if more <= 0 else [*faults[:MOST_STRATA], f"另有{more}类人员的票号与抽中人数不符，见“票号批次”。"]
    )
