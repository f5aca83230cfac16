"""Whether a rulebook may be frozen: types, ranges, and rules that depend on each other."""

import re
from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import Any

from evaluations.protocol.box import MOST_SUPERVISORS, needed_range
from evaluations.rounds.rules.repeat_steps import step_errors
from evaluations.rounds.rules.rhythm import Rhythm
from evaluations.rounds.rules.rule_setting import Setting
from evaluations.rounds.rules.rulebook import (
    ISSUED_CODES,
    PLANNED_SEATS,
    is_opened_by_supervisors,
    planned_seats,
)
from evaluations.rounds.rules.settings import SETTINGS, settings_of
from evaluations.scoring.method import NUMBER, RulebookError
from evaluations.scoring.methods import AnyMethod, parse_rulebook
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.questionnaire import questionnaire_errors

# SQL adds squares of the whole-number line score; with this bound no sum exceeds 64 bits below 10^8 lines.
LARGEST_SCALE = 30_000
POINTS = ("assessment_points", "assessment_top_points", "assessment_repeat_points", "assessment_unclosed_points")
POINTS_TEXT = re.compile(r"100(?:\.0{1,2})?|[1-9]?[0-9](?:\.[0-9]{1,2})?", re.ASCII)


def rulebook_errors(rulebook: Mapping[str, Any]) -> list[str]:
    """Return the faults of a rulebook in Chinese; empty if it may be frozen."""
    if mistyped := mistyped_settings(rulebook):
        return mistyped
    errors = [error for setting in settings_of(rulebook) if (error := _range_error(rulebook, setting))]
    try:
        method = parse_rulebook({**rulebook, "sections": [], "vetoes": []})
    except RulebookError as error:
        return errors or [str(error)]
    if method.scale > LARGEST_SCALE:
        errors.append("指标权重的组合过于复杂，请改用较小的整数。")
    errors += [
        _rhythm_error(rulebook),
        _sampled_error(rulebook),
        _other_error(rulebook),
        _strata_error(rulebook),
        _seats_error(rulebook),
        *_client_errors(rulebook),
        _present_error(rulebook),
        _box_error(rulebook),
        _drawn_error(method),
        *questionnaire_errors(rulebook),
        *step_errors(rulebook.get("repeat_steps", [])),
        *(_points_error(rulebook, path) for path in POINTS),
        *(_positive_error(rulebook, path) for path in ("flag_points", "flag_z", "next_margin")),
    ]
    return [error for error in errors if error]


def mistyped_settings(rulebook: Mapping[str, Any]) -> list[str]:
    """Return in Chinese the settings that are missing, or no integer although one is wanted."""
    return [error for setting in settings_of(rulebook) if (error := _type_error(rulebook, setting))]


def _type_error(rulebook: Mapping[str, Any], setting: Setting) -> str:
    try:
        value = setting.value_in(rulebook)
    except (LookupError, TypeError):
        return f"评议规则缺少“{setting.label}”。"
    wants_integer = setting.choices is None and isinstance(setting.default, int)
    if wants_integer and (isinstance(value, bool) or not isinstance(value, int)):
        return f"{setting.label}应为{setting.low}到{setting.high}之间的整数。"
    return ""


def _range_error(rulebook: Mapping[str, Any], setting: Setting) -> str:
    value, default = setting.value_in(rulebook), setting.default
    if setting.span is not None:
        low, high = setting.span
        return (
            ""
            if _lies_within(str(value), Fraction(low), Fraction(high))
            else f"“{setting.label}”应在{low}到{high}之间。"
        )
    if setting.choices is not None or not isinstance(default, int):
        return ""
    if not setting.low <= value <= setting.high:
        return f"{setting.label}应为{setting.low}到{setting.high}之间的整数。"
    return ""


def _lies_within(text: str, low: Fraction, high: Fraction) -> bool:
    try:
        return NUMBER.fullmatch(text) is not None and low <= Fraction(text) <= high
    except ZeroDivisionError:
        return False


def _rhythm_error(rulebook: Mapping[str, Any]) -> str:
    is_known = rulebook.get("rhythm", Rhythm.HALF_YEAR) in Rhythm.values
    return "" if is_known else f"评议周期应为{'或者'.join(Rhythm.labels)}。"


def _sampled_error(rulebook: Mapping[str, Any]) -> str:
    if rulebook["channels"]["sampled"]["drawn"] and rulebook["sampled_forms"] != ISSUED_CODES:
        return "抽样评议票公开领票的，抽样渠道不能视为抽签渠道。"
    return ""


def _other_error(rulebook: Mapping[str, Any]) -> str:
    return "其他评议面向所有群众，不能视为抽签渠道。" if rulebook["channels"]["other"]["drawn"] else ""


def _strata_error(rulebook: Mapping[str, Any]) -> str:
    strata = rulebook.get("evaluator_strata")
    shares = strata.values() if isinstance(strata, Mapping) else [None]
    whole = all(isinstance(share, int) and not isinstance(share, bool) and share > 0 for share in shares)
    return "" if whole and sum(shares) == 100 else "定向评议各身份类别的比例应为正整数，相加为100。"


def _seats_error(rulebook: Mapping[str, Any]) -> str:
    """The planned seats are whole numbers by section; they add up to the ballots issued."""
    seats = rulebook.get("issued_seats", {})
    if not _are_whole(seats):
        return "各科室发放名额应为不小于0的整数。"
    if rulebook["issued_quota"] != PLANNED_SEATS:
        return ""
    if not seats:
        return "发放名额按评议计划分配的，应先在“评议计划”中采用各科室名额。"
    if (total := sum(seats.values())) != rulebook["issued_ballots"]:
        return f"各科室发放名额合计{total}张，与抽样评议票发放张数不同，请重新采用评议计划。"
    return ""


def _client_errors(rulebook: Mapping[str, Any]) -> Iterator[str]:
    """The plan's letters and needs are whole numbers by section; clients' ballots count in the targeted channel."""
    seats, least = rulebook.get("client_seats", {}), rulebook.get("client_batch_min", 0)
    if not _are_whole(seats):
        yield "各科室办事群众名额应为不小于0的整数。"
    elif few := sorted(code for code, number in seats.items() if 0 < number < least):
        yield f"{'、'.join(few)}的办事群众名额不足{least}人，不能发只评该科室的票号，请增加名额，或者调低最少人数。"
    if not _are_whole(rulebook.get("client_needs", {})):
        yield "各科室所需办事群众票应为不小于0的整数。"
    if rulebook.get("client_draw") and rulebook.get("client_letters", least) < least:
        yield f"每科室首次抽取办事群众不应少于{least}人：抽中不足{least}人的科室，不发只评该科室的票号。"
    if rulebook.get("client_draw") and not rulebook["channels"].get("targeted", {}).get("drawn"):
        yield "办事群众的票计入定向评议，抽取办事群众的，定向渠道应视为抽签渠道。"


def _are_whole(numbers: Any) -> bool:
    """True if it is a table of whole numbers, none below 0."""
    values: list[Any] = list(numbers.values()) if isinstance(numbers, Mapping) else [None]
    return all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in values)


def seat_errors(rulebook: Mapping[str, Any], sections: Collection[str]) -> list[str]:
    """Return in Chinese which sections came after the plan and have no seats; those that left the roster do no harm."""
    seats = planned_seats(rulebook)
    lacking = sorted(set(sections) - set(seats)) if seats else []
    return [f"评议计划没有{'、'.join(lacking)}的发放名额，请重新采用评议计划。"] if lacking else []


def _points_error(rulebook: Mapping[str, Any], path: str) -> str:
    """Points off are blank or a number from 0 to 100 with at most two decimals; they are never floats."""
    text = str(rulebook[path])
    if not text or POINTS_TEXT.fullmatch(text):
        return ""
    return f"“{next(s.label for s in SETTINGS if s.path == path)}”应为0到100之间的数，最多两位小数，或者留空。"


def _positive_error(rulebook: Mapping[str, Any], path: str) -> str:
    label = next(setting.label for setting in SETTINGS if setting.path == path)
    value = str(rulebook[path])
    fits = NUMBER.fullmatch(value) and "/" not in value and 0 < Fraction(value) <= 100
    return "" if fits else f"“{label}”应为大于0、不大于100的数。"


def _present_error(rulebook: Mapping[str, Any]) -> str:
    few = rulebook["supervisors"] < rulebook["supervisors_present"]
    return "须签名的监督员不能多于监督员人数。" if few else ""


def _box_error(rulebook: Mapping[str, Any]) -> str:
    fitting = needed_range(rulebook["supervisors"])
    if not is_opened_by_supervisors(rulebook) or rulebook["box_needed"] in fitting:
        return ""
    if not fitting:
        return f"票箱密钥由监督员持有的，监督员应为2至{MOST_SUPERVISORS}人；不符合的，请选择由评议系统保管。"
    return f"监督员{rulebook['supervisors']}人时，开箱须到场的密钥卡应为{fitting[0]}至{fitting[-1]}张。"


def _drawn_error(method: AnyMethod) -> str:
    """Without a drawn channel nothing can be asked of one; with one it must be, or a list could do without it."""
    if isinstance(method, MethodTwo) and bool(method.drawn_channels) != bool(method.min_drawn_lines):
        return "“其中抽签渠道最少有效票”只有在没有抽签渠道时才应为0。"
    return ""
