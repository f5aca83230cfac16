"""A plan in words (评议计划): its sections by name, what it rests on and what it cannot see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evaluations.planning.rules.inputs import INPUTS, Inputs
from evaluations.planning.rules.plan import Need, Plan, SectionPlan
from evaluations.scoring.method import Channel

OUT_OF_REACH = "防不住"
ESTIMATE = "本页各数均为投票前按假设推算的估计，不是评议结果，也不能保证实际收回。"
UNSEEN = (
    "计划看不到各渠道共有的偏差：例如对科室不满的人都更愿意答复时，各渠道的结果会一起偏高，票再多也看不出来，"
    "只有提高回收率才能减轻。选择性不答时的误差即按此情形估算。"
)
MODEL = (
    "“防买票所需抽签票”按一个处于中位数的科室推算：用给定张数的抽签票全打最重，仍不能使其上榜（允许的风险见输入）。"
    "模拟的结果与此相近，不完全相同；各科室难办程度接近的，票再多也防不住，但那时也很少有科室被标为“明确”。"
)
NOT_SIMULATED = (
    "服务对象票计入抽样评议时，抽样评议视为抽签渠道。规则说明中的模拟都把服务对象票计入定向评议，"
    "采用前请先用 simulate_round 模拟本地的规则。"
)
NOT_DRAWN_HERE = (
    "本轮评议规则没有“按办件抽取办事群众”，所列的通知书数只供参考，不会采用到评议规则；"
    "要由系统按科室抽签发放，请将“服务对象票计入”改为“定向评议”后重新计算。"
)
PROPOSED = "以上是建议，采用到评议规则并经审定后才按此抽取。"
EVERYBODY_ALIKE = "同一科室的办事群众机会相同，一人办过几个科室的事，各科室分别抽取。"


@dataclass(frozen=True)
class Row:
    """One section with its name."""

    name: str
    of: SectionPlan
    # Channel's label -> expected valid lines as planned.
    lines: Mapping[str, float]

    @property
    def needed(self) -> str:
        """The drawn lines it needs, by channel where several are drawn."""
        found = {c: OUT_OF_REACH if need is None else str(need) for c, need in self.of.needs.items()}
        if len(found) == 1:
            return next(iter(found.values()))
        return "、".join(f"{Channel(c).label[:2]}{need}" for c, need in found.items())

    @property
    def warning(self) -> str:
        """What the section still lacks as planned; empty if nothing."""
        states = ("票偏少" * self.of.planned.is_thin, "防不住买票" * (not self.of.is_protected))
        return "、".join(filter(None, states))


@dataclass(frozen=True)
class Report:
    """What page, workbook and command show of a plan; the sections with the fewest drawn lines come first."""

    plan: Plan
    rows: list[Row]
    channels: list[str]
    notes: list[str]
    needs: list[tuple[str, Need]]

    @property
    def everybody(self) -> list[Row]:
        """The sections that invite all of their clients, too few for the quota."""
        return [row for row in self.rows if row.of.invitation and row.of.invitation.is_everybody]

    @property
    def more_lines(self) -> str:
        """What more one-line ballots are good for, in one sentence."""
        few, many = self.plan.margins[1], self.plan.margins[-1]
        return (
            f"每科室服务对象票由{few.lines}张增至{many.lines}张，误差由±{few.usual:.1f}分变为±{many.usual:.1f}分；"
            "其余误差来自其他渠道票少、渠道看法不一和选择性不答，再多收服务对象票也不能消除，应提高回收率。"
        )

    @property
    def summary(self) -> str:
        """The outcome in one sentence."""
        gate = self.plan.planned
        outcome = "可以达到公示条件" if gate.is_passed else "达不到公示条件"
        thin, unprotected = len(self.plan.thin), len(self.plan.unprotected)
        return (
            f"预计{gate.sections}个科室中{gate.ranked}个的有效票达到排名要求，公示至少需要{gate.needed}个，{outcome}；"
            f"{f'{thin}个' if thin else '没有'}科室的票偏少，"
            f"{f'{unprotected}个科室防不住' if unprotected else '各科室都防得住'}{self.plan.bought}张买票。"
        )


def report(plan: Plan, names: Mapping[str, str], source: str = "") -> Report:
    """Put a plan into words."""
    return Report(
        plan=plan,
        rows=[
            Row(names.get(of.section, of.section), of, {Channel(c).label: n for c, n in of.planned.lines.items()})
            for of in sorted(plan.sections, key=lambda of: (of.planned.drawn, of.section))
        ],
        channels=[Channel(channel).label for channel in plan.method.channels],
        notes=list(_notes(plan, source)),
        needs=[(Channel(need.channel).label, need) for need in plan.needs],
    )


def assumptions(inputs: Inputs) -> Iterator[tuple[str, str, str]]:
    """Yield group, label and value of every input, for the workbook; what is left out says where it comes from."""
    for each in INPUTS:
        value = inputs.numbers.get(each.path)
        shown = each.default if value is None else value
        text = f"{shown:g}" if isinstance(shown, (int, float)) else (each.choices or {}).get(str(shown), "")
        yield each.group, each.label, "（自动）" if shown is None else text


def _top_up(plan: Plan) -> str:
    if not plan.top_up:
        return "本轮没有预先承诺追加抽取，或者办事群众已全部邀请，服务对象票收回不足时不能补发。"
    rules = plan.rulebook
    if plan.is_client_draw:
        return (
            f"投票期间按已收回票数预计有科室达不到所需票数的，可以启动追加抽取，共{rules['client_top_ups']}次，"
            f"每次为首次的{rules['client_top_up_percent']}%，最多补发通知书{plan.top_up}张。"
        )
    return (
        f"服务对象票开始投票满{rules['extension_after_days']}日且回收率低于{rules['extension_return_percent']}%的，"
        f"可以启动追加抽取，最多补发通知书{plan.top_up}张。"
    )


def _too_small(plan: Plan) -> Iterator[str]:
    if plan.too_small:
        yield (
            f"{len(plan.too_small)}个科室可以抽取的办事群众不足{plan.rulebook['client_batch_min']}人，不单独抽取，"
            "由其他定向评议人员评议，以免票与人对上。"
        )


def _notes(plan: Plan, source: str) -> Iterator[str]:
    yield ESTIMATE
    if source:
        yield f"各科室的份额、差距和渠道看法不一取自{source}；上期不足5行的按0行计。"
    else:
        yield "没有上期结果（已公示且按 NC-2 计票的轮次），各科室的份额按办件量或平均分配推算，其他数用默认值。"
    yield MODEL
    yield UNSEEN
    if plan.is_client_draw:
        yield f"本计划建议由系统按办件、按科室抽取办事群众：首次发出通知书{plan.letters}张，{EVERYBODY_ALIKE}{PROPOSED}"
        yield from _too_small(plan)
        yield _top_up(plan)
    elif plan.channel == Channel.SAMPLED:
        yield NOT_SIMULATED
        yield _top_up(plan)
    elif plan.channel:
        yield NOT_DRAWN_HERE
