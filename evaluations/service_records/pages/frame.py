"""The page 办件与名单: what the service records of a round's period give for the draw among clients."""

from dataclasses import dataclass
from datetime import date, datetime

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from evaluations.service_records.queries.figures import FrameFigures, frame_figures
from evaluations.service_records.rules.frame import FrameRow
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind
from nanchuan_eval.workdays.rules import in_chinese

MOST_RUNS = 12
GONE = "姓名已清除"


@dataclass(frozen=True)
class FramePage:
    """The table with its sums, and in words what is to be looked into."""

    table: Table[FrameRow]
    summary: str
    hints: list[str]
    has_records: bool


def frame_page(round_: Round, at: datetime) -> FramePage:
    """Read what the page shows."""
    found = frame_figures(round_, at)
    return FramePage(
        table=_table(round_, found),
        summary=_summary(found),
        hints=list(
            filter(
                None,
                (_left_out(found), _names_left(found), _empty_days(found), _large_changes(found), found.calendar_hint),
            )
        ),
        has_records=any(row.now.records for row in found.rows),
    )


def _table(round_: Round, found: FrameFigures) -> Table[FrameRow]:
    columns: list[Column[FrameRow]] = [
        Column("code", "科室代码", lambda row: row.section.code, width=9),
        Column("name", "科室", lambda row: row.section.name, is_head=True, width=26),
        Column("records", "办件", lambda row: row.now.records, Kind.NUMBER),
        Column("people", "办事人", lambda row: _named(row.now.people, row.now.has_names), Kind.NUMBER),
        Column("eligible", "可抽取", lambda row: _named(row.now.eligible, row.now.has_names), Kind.NUMBER),
        Column(
            "excluded", "回避等", lambda row: _named(row.now.excluded, row.now.has_names), Kind.NUMBER, is_minor=True
        ),
        Column(
            "phones",
            "无手机号",
            lambda row: _named(row.now.without_phone, row.now.has_names),
            Kind.NUMBER,
            is_minor=True,
        ),
        Column("share", "无手机号（%）", lambda row: row.percent_without_phone, Kind.NUMBER, digits=1),
        Column(
            "repeated", "重复办件", lambda row: _named(row.now.repeated, row.now.has_names), Kind.NUMBER, is_minor=True
        ),
        Column(
            "sharing", "共用手机号", lambda row: _named(row.now.sharing, row.now.has_names), Kind.NUMBER, is_minor=True
        ),
        Column("empty", "无办件的工作日", lambda row: row.empty_days, Kind.NUMBER, is_minor=True),
        Column("before", "上期办件", lambda row: row.before.records, Kind.NUMBER),
        Column(
            "people_before",
            "上期办事人",
            lambda row: _named(row.before.people, row.before.has_names),
            Kind.NUMBER,
            is_minor=True,
        ),
        Column("change", "办件增减", lambda row: row.change, is_sortable=False),
        Column("drawn", "抽取", _drawn, is_choice=True, notes=_notes),
    ]
    if found.committed_on:
        columns.insert(-1, Column("pool", "抽取名单", lambda row: row.in_draw, Kind.NUMBER))
    return Table(
        name="frame",
        title="办件与名单",
        columns=columns,
        rows=found.rows,
        caption="各科室在本期办结的办件和其中的办事人；一人在一个科室办过几次，只有一次机会，共用手机号的合计一次",
        empty="没有参评科室。",
        notes=[_summary(found), *([DEMO_NOTICE] if round_.is_demo else [])],
        css=lambda row: "" if row.is_drawn or row.is_unknown else "listed",
        is_compact=True,
    )


def _drawn(row: FrameRow) -> str:
    return GONE if row.is_unknown else "抽取" if row.is_drawn else "不单独抽取"


def _notes(row: FrameRow) -> list[str]:
    return [row.why_left_out]


def _named(people: int, has_names: bool) -> int | str:
    return people if has_names else GONE


def _summary(found: FrameFigures) -> str:
    rows, said = found.rows, [f"本期办件{sum(row.now.records for row in found.rows)}件"]
    drawn = [row for row in rows if row.is_drawn]
    if all(row.now.has_names for row in rows):
        eligible = sum(row.now.eligible for row in rows)
        said[0] += f"，其中重复办件{sum(row.now.repeated for row in rows)}件"
        said.append(f"可抽取{eligible}人次（一人一科室算一人次）")
        if not found.committed_on:
            of_drawn = sum(row.now.eligible for row in drawn)
            said[-1] += f"，{len(rows)}个科室中{len(drawn)}个可以抽取，共{of_drawn}人次"
    if found.committed_on:
        pool = sum(row.in_draw or 0 for row in rows)
        said.append(
            f"抽取承诺已于{in_chinese(found.committed_on)}公布，名单为{len(drawn)}个科室{pool}人次，"
            "此后报送、更正的办件不参加本轮抽取"
        )
    return f"{'；'.join(said)}。上期为{_span(*found.before)}。"


def _names_left(found: FrameFigures) -> str:
    gone = sum(not row.now.has_names for row in found.rows)
    return f"{gone}个科室办事人的姓名、手机号已按期清除，人数不能再统计。" if gone else ""


def _left_out(found: FrameFigures) -> str:
    left_out = [row for row in found.rows if row.why_left_out]
    if not left_out:
        return ""
    names = "、".join(row.section.name for row in left_out[:MOST_RUNS])
    return (
        f"{len(left_out)}个科室{left_out[0].why_left_out}（{names}{'等' * (len(left_out) > MOST_RUNS)}），"
        "不单独抽取：人太少，票与人容易对上。这些科室由其他定向评议人员评议。"
    )


def _empty_days(found: FrameFigures) -> str:
    if not found.empty_days:
        return ""
    runs = "、".join(_span(*run) for run in found.empty_days[:MOST_RUNS])
    more = "等" if len(found.empty_days) > MOST_RUNS else ""
    return f"下列工作日没有任何单位的办件，请核对是否漏报：{runs}{more}。"


def _large_changes(found: FrameFigures) -> str:
    rows = [row for row in found.rows if row.is_large_change] if found.is_over else []
    if not rows:
        return ""
    named = "、".join(
        f"{row.section.name}（上期{row.before.records}件，本期{row.now.records}件）" for row in rows[:MOST_RUNS]
    )
    return f"{len(rows)}个科室的办件比上期翻番或者减半，请核对是否漏报、错报：{named}{'等' * (len(rows) > MOST_RUNS)}。"


def _span(first: date, last: date) -> str:
    return in_chinese(first) if first == last else f"{in_chinese(first)}至{in_chinese(last)}"
