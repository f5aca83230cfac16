"""The page of a plan (评议计划) with its picture, and the warning during a vote that its list may not be published."""

from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from django.urls import reverse

from evaluations.planning.queries import Forecast, Grounds, forecast
from evaluations.planning.rules.inputs import Inputs
from evaluations.planning.rules.lines import one_sided
from evaluations.planning.rules.report import Report, Row, report
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

ROW, TOP, LEFT, RIGHT = 18, 40, 290, 940
LONGEST_NAME = 20
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class Bar:
    """One section of the picture: expected drawn lines with what chance may do to them, and without its clients."""

    row: Row
    y: int
    low: float
    high: float
    at: float
    general: float

    @property
    def name(self) -> str:
        name = self.row.name
        return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


@dataclass(frozen=True)
class Mark:
    """A labelled position on the axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Picture:
    """预计抽签票图: every section's expected drawn lines beside the lines that matter."""

    title: str
    height: int
    bars: list[Bar]
    ticks: list[Mark]
    least: float
    needed: float | None


@dataclass(frozen=True)
class PlanPage:
    """All that the page shows."""

    report: Report
    picture: Picture


def plan_page(grounds: Grounds, inputs: Inputs) -> PlanPage:
    """Return the page of the plan for these inputs."""
    found = report(grounds.plan(inputs), grounds.names, grounds.source)
    return PlanPage(found, _picture(found))


def _picture(found: Report) -> Picture:
    plan, rows = found.plan, found.rows
    z = one_sided(plan.inputs)
    spans = {row.of.section: _span(row.of.planned.drawn, z) for row in rows}
    need = max((each.several or 0 for each in plan.needs if each.bought == plan.bought), default=0)
    most = max(1.0, need, *(high for _, high in spans.values()))

    def x(lines: float) -> float:
        return round(LEFT + lines * (RIGHT - LEFT) / most, 1)

    step = next((step for step in STEPS if most / step <= 11), STEPS[-1])
    return Picture(
        title=_title(found),
        height=TOP + ROW * len(rows) + 10,
        bars=[
            Bar(
                row,
                TOP + ROW * n,
                x(spans[row.of.section][0]),
                x(spans[row.of.section][1]),
                x(row.of.planned.drawn),
                x(row.of.general.drawn),
            )
            for n, row in enumerate(rows)
        ],
        ticks=[Mark(x(lines), str(lines)) for lines in range(0, int(most) + 1, step)],
        least=x(plan.method.min_drawn_lines),
        needed=x(need) if need and len(plan.method.drawn_channels) == 1 else None,
    )


def _span(lines: float, z: float) -> tuple[float, float]:
    return max(0.0, lines - z * sqrt(lines)), lines + z * sqrt(lines)


def _title(found: Report) -> str:
    fewest = found.rows[0]
    return f"最少的是{fewest.name}，约{fewest.of.planned.drawn:.0f}张"


@dataclass(frozen=True)
class GateWarning:
    """What a running vote will probably fall short of, and the pages where this account can do something about it."""

    forecast: Forecast
    links: list[tuple[str, str]]


def gate_warning(round_: Round, user: User, at: datetime) -> GateWarning | None:
    """Return the warning that too few sections will probably be ranked; None if there is no reason for it."""
    found = forecast(round_, at)
    if found is None or found.gate.is_passed:
        return None
    links = []
    drawn = round_.draws.standing().filter(purpose=DrawPurpose.EVALUATORS).first()
    if drawn and policy.may_start(user, "draw.redraw"):
        links.append(("追加抽取", reverse("admin:draw-people", args=[drawn.pk])))
    if round_.rulebook.get("client_draw") and policy.may_start(user, "draw.redraw"):
        links.append(("追加抽取办事群众", reverse("admin:round-monitor", args=[round_.pk]) + "#top-up"))
    if policy.may(user, "pool.unmask"):
        links.append(("催评", reverse("admin:round-monitor", args=[round_.pk])))
    if policy.may_start(user, "round.extend"):
        links.append(("延期", reverse("admin:round-extend", args=[round_.pk])))
    return GateWarning(found, links)
