"""What the page 模拟 shows of a result: sentences, and small pictures in view-box units that the template draws."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from departments.models import Section
from evaluations.rounds.models import Round
from evaluations.scoring.method import Channel
from evaluations.simulation.rules.expectations import Difficulty, Expectation, OneLine
from evaluations.simulation.rules.outcomes import BANDS, BOUGHT, FAKES, MANY, THIN, aimed_ranks
from evaluations.simulation.rules.results import Bought, Estimate, Fakes, Result
from evaluations.tally.files import scoring_rulebook
from nanchuan_eval.core.canonical import canonical_json

ROW, TOP, LEFT, RIGHT = 44, 28, 16, 384
TICKS = (0, 20, 40, 60, 80, 100)
WITHIN = 2  # standard errors that a bar reaches to both sides
ONE = Fraction(1)

KINDS = {
    Difficulty.NORMAL: "各科室的难办程度按正态分布",
    Difficulty.SKEW: "少数科室特别难办",
    Difficulty.UNIFORM: "各科室的难办程度均匀分布",
    Difficulty.TEN_BAD: "有十个科室明显比其他科室难办",
    Difficulty.FLAT: "各科室的难办程度相差不大",
}


@dataclass(frozen=True)
class Row:
    """One estimate of a picture: its dot, and the bar of twice the standard error to both sides."""

    label: str
    y: int
    dot: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Picture:
    """Chances as dots on an axis of per cent; the title says what is to be seen."""

    title: str
    rows: list[Row]

    @property
    def height(self) -> int:
        return TOP + ROW * len(self.rows)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        return [(_x(Fraction(percent, 100)), f"{percent}%") for percent in TICKS]


@dataclass(frozen=True)
class BoughtLine:
    """A line of the table about bought ballots."""

    drawn_lines: str
    ballots: int
    kept: str
    zero: str


@dataclass(frozen=True)
class SimulationPage:
    """A result as it is shown."""

    result: Result
    channels: list[tuple[str, int, str, str]]
    assumptions: list[str]
    sentences: list[str]
    reliability: Picture
    bought: Picture | None
    bought_lines: list[BoughtLine]
    fakes: list[Picture]


def simulation_page(result: Result) -> SimulationPage:
    """Return what the page shows of a result."""
    return SimulationPage(
        result=result,
        channels=[
            (Channel(c).label, of.ballots, percent(of.return_rate), f"{float(of.sections_per_ballot):.1f}")
            for c, of in result.expectation.channels.items()
        ],
        assumptions=[*_assumptions(result.expectation), *_from_last_round(result)],
        sentences=list(_sentences(result)),
        reliability=_reliability(result),
        bought=_bought(result),
        bought_lines=list(_bought_lines(result.bought)),
        fakes=[
            picture
            for aim, rank in aimed_ranks(result.sections, result.list_length).items()
            if (picture := _fakes(result, aim, rank))
        ],
    )


def rulebook_to_simulate(round_: Round) -> bytes:
    """Return rulebook.json of a round, before its lock with the sections rated now."""
    frozen = json.loads(scoring_rulebook(round_))
    sections = frozen["sections"] or list(Section.objects.active().order_by("code").values_list("code", flat=True))
    return canonical_json(frozen | {"sections": sections})


def percent(share: Fraction) -> str:
    """Return a share in per cent with one decimal."""
    return f"{float(share) * 100:.1f}%"


def _share(estimate: Estimate | None) -> str:
    """Return a share with its standard error in brackets."""
    if estimate is None:
        return "—"
    return percent(estimate.mean) + ("" if estimate.error is None else f"（±{float(estimate.error) * 100:.1f}）")


def _number(estimate: Estimate, times: int = 1) -> str:
    error = "" if estimate.error is None else f"（±{float(estimate.error) * times:.1f}）"
    return f"{float(estimate.mean) * times:.1f}个{error}"


def _assumptions(expected: Expectation) -> Iterator[str]:
    """Say what differs from the plainest case, and how hard the sections are."""
    yield KINDS[expected.difficulty]
    if expected.popularity_correlation:
        yield "难办的科室，来办事的人也多一些"
    if expected.strata:
        yield "评议人员分五类，宽严不同，其中一类为企业，三分之一的科室主要面向企业"
    if expected.selective:
        yield "有意见的人更愿意评议"
    if expected.hearsay:
        yield f"评议多个科室的人员对科室的了解有{percent(expected.hearsay)}来自传闻"
    if expected.floor:
        yield f"定向评议不足{expected.floor}行的科室，补足到{expected.floor}行"
    yield from _one_line(expected.one_line)


def _one_line(one_line: OneLine) -> Iterator[str]:
    if one_line.letters:
        yield from _letters(one_line)
    elif one_line.quota:
        yield f"每个科室另收回{one_line.quota}张本科室服务对象的评议票，每张只评一个科室"
    if one_line.up_to:
        yield f"定向评议不足{one_line.up_to}行的科室，由本科室服务对象补足，每张只评一个科室"
    if one_line.clients and (one_line.quota or one_line.up_to):
        yield f"服务对象有限，一般的科室有{one_line.clients}人"


def _letters(one_line: OneLine) -> Iterator[str]:
    small = f"，服务对象不足{one_line.fewest}人的科室不抽" if one_line.fewest else ""
    yield f"每个科室抽取{one_line.letters}名服务对象（不足的全部邀请），每张票只评这一个科室{small}"
    if one_line.top_ups:
        more = f"每次追加{one_line.top_up_percent}%，最多{one_line.top_ups}次"
        yield f"有科室收回不足{one_line.quota}张、还有人可抽的，{more}"


def _from_last_round(result: Result) -> Iterator[str]:
    if result.has_last_round:
        yield "科室冷热、难办程度的差别、渠道之间的差别按上一轮公布的数据估计"


def _sentences(result: Result) -> Iterator[str]:
    figures, length = result.figures, result.list_length
    near = length * 3 // 2
    if recall := figures["recall"]:
        yield f"真正最难办的{length}个科室，平均有{_number(recall, length)}上榜。"
    if wrong := figures["innocents_listed"]:
        yield f"每轮平均有{_number(wrong)}真实位次在{near}名以后的科室上榜。"
    yield from _innocents(result, near)
    if (unranked := figures["unranked"]) and (lost := figures["true_listed_unranked"]):
        yield f"每轮平均有{_number(unranked)}科室样本不足，其中{_number(lost)}属于真正最难办的{length}个。"
    if passed := figures["gate_passed"]:
        yield f"{_share(passed)}的轮次达到公示条件。"
    if certain := figures["certain"]:
        true = figures["certain_true"]
        said = f"，其中{_share(true)}确实属于真正最难办的{length}个" if true else ""
        yield f"每轮平均有{_number(certain)}科室标“明确”{said}。"
    if (every := figures["coverage"]) and (worst := figures["coverage_worst"]):
        yield f"位次区间包含真实位次的，在全部科室中占{_share(every)}，在真正最难办的{near}个科室中占{_share(worst)}。"


def _innocents(result: Result, near: int) -> Iterator[str]:
    groups = {
        "innocent_share_thin": f"评议不足{THIN}行的",
        "innocent_share_many": f"超过{MANY}行的",
        "innocent_share_business": "面向企业的",
        "innocent_share_others": "不面向企业的",
    }
    told = [f"{words}有{_share(of)}" for name, words in groups.items() if (of := result.figures[name])]
    if told:
        yield f"真实位次在{near}名以后的科室中，{'，'.join(told)}误上榜。"


def _reliability(result: Result) -> Picture:
    length = result.list_length
    labels = {
        "recall": f"真正最难办的{length}个，上榜",
        "certain_true": f"标“明确”的，属于真正最难办的{length}个",
        "coverage_worst": "位次区间，包含真实位次",
        "gate_passed": "各轮，达到公示条件",
    }
    recall = result.figures["recall"]
    found = "没有名单可言" if recall is None else f"真正最难办的{length}个科室，平均有{_number(recall, length)}上榜"
    return Picture(found, _rows([(label, result.figures[name]) for name, label in labels.items()]))


def _bought(result: Result) -> Picture | None:
    rows = [row for row in result.bought if row.rest == "kept"]
    labelled = [(f"{_band(row)}行，{f'买{row.ballots}张' if row.ballots else '没有买票'}", row.listed) for row in rows]
    most = {row.drawn_lines: row.listed for row in rows if row.ballots == BOUGHT[-1] and row.listed}
    if not most:
        return None
    told = "，".join(f"{low}至{high}行的为{percent(of.mean)}" for (low, high), of in most.items())
    return Picture(f"买通{BOUGHT[-1]}张定向评议票，使位次居中的科室上榜的机会：{told}", _rows(labelled))


def _bought_lines(rows: list[Bought]) -> Iterator[BoughtLine]:
    known = {(row.drawn_lines, row.ballots, row.rest): row.listed for row in rows}
    for band in BANDS:
        for ballots in (0, *BOUGHT):
            if (band, ballots, "kept") in known:
                kept, zero = known[band, ballots, "kept"], known.get((band, ballots, "zero"))
                yield BoughtLine(f"{band[0]}至{band[1]}", ballots, _share(kept), _share(zero))


def _fakes(result: Result, aim: str, rank: int) -> Picture | None:
    rows = [row for row in result.fakes if row.aim == aim]
    known = {(row.channel, bool(row.ballots)): row.listed for row in rows}
    told = [
        f"{Channel(c).label}混入{most}张假票，由{percent(before.mean)}变为{percent(after.mean)}"
        for c, most in FAKES.items()
        if (before := known.get((c, False))) and (after := known.get((c, True)))
    ]
    if not told:
        return None
    whose = "好评假票对真正最难办的" if aim == "praise" else "差评假票对真实位次"
    return Picture(
        f"{whose}第{rank}名上榜机会的影响：{'；'.join(told)}", _rows([(_fake(row), row.listed) for row in rows])
    )


def _fake(row: Fakes) -> str:
    return f"{Channel(row.channel).label}，{f'{row.ballots}张假票' if row.ballots else '没有假票'}"


def _band(row: Bought) -> str:
    return f"{row.drawn_lines[0]}至{row.drawn_lines[1]}"


def _rows(labelled: list[tuple[str, Estimate | None]]) -> list[Row]:
    known = [(label, estimate) for label, estimate in labelled if estimate]
    return [_row(label, estimate, TOP + ROW * n + ROW * 3 // 4) for n, (label, estimate) in enumerate(known)]


def _row(label: str, estimate: Estimate, y: int) -> Row:
    reach = WITHIN * (estimate.error or Fraction(0))
    low, high = max(Fraction(0), estimate.mean - reach), min(ONE, estimate.mean + reach)
    return Row(label, y, _x(estimate.mean), _x(low), _x(high), _share(estimate))


def _x(share: Fraction) -> float:
    return round(LEFT + float(share) * (RIGHT - LEFT), 1)
