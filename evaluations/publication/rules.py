"""Words of a list: the gate of NC-2 (method-2.md 3.4), the period of the notice, and what a correction changes."""

from collections.abc import Container, Mapping
from datetime import date, timedelta
from typing import Any

from evaluations.scoring.result import VETOED
from evaluations.scoring.wording import span
from nanchuan_eval.workdays.rules import in_chinese

SHORTEST_REASON = 20
# What a row of a list says of its section.
ROW = ("rank", "label", "rank_low", "rank_high", "problems")
# What stands in place of what an earlier version says of a section whose veto has been annulled since.
ANNULLED, NOT_REPEATED = f"{VETOED}（已撤销）", f"{VETOED}已经撤销，原来的表述不再公布。"


def gate_refusal(gate: Mapping[str, Any], length: int) -> str:
    """Return why a list of so many places is not published; `gate` is `publication` of result.json."""
    return (
        f"本轮{gate['sections']}个科室中只有{gate['ranked']}个的有效评议达到排名要求，至少应有{gate['needed']}个。"
        f"多数或较多科室没有参加排名，前{length}位没有代表性，不能公示。请增补定向评议后重新计票；"
        "确需公示的，由纪委监委作出决定、写明理由，公示中同时注明。"
    )


def gate_note(gate: Mapping[str, Any], *, reason: str, decided_on: date) -> str:
    """Return the note that a list published by decision carries in every version."""
    sections, ranked = gate["sections"], gate["ranked"]
    return (
        f"说明：本轮{sections}个科室中，{ranked}个有效评议足够，参加排名；{sections - ranked}个样本不足，未参加排名。"
        f"经{in_chinese(decided_on)}决定公示，理由：{reason.rstrip('。')}。"
    )


def last_day(first_published: date, rulebook: Mapping[str, Any]) -> date:
    """Return the last day of the notice (公示期), on which units may still appeal; a correction does not prolong it.

    Units of sections that a correction puts on the list have as long from that day.
    """
    return first_published + timedelta(days=int(rulebook["appeal_days"]))


def comment_lines(first_published: date, rulebook: Mapping[str, Any]) -> list[str]:
    """Return the period of the notice, and how citizens and units comment on it."""
    phone = rulebook.get("office_phone", "")
    contact = f"致电评议办（{phone}）" if phone else "与评议办联系"
    return [
        f"公示期：{in_chinese(first_published)}至{in_chinese(last_day(first_published, rulebook))}。",
        f"对公示内容有意见的，请在公示期内{contact}。",
        "被评议单位不服的，由本单位联络员在公示期内提出申诉；申诉期间，各项措施照常执行。",
    ]


def comment_lines_on(today: date, first_published: date, rulebook: Mapping[str, Any]) -> list[str]:
    """Return the same as the list's page says it on a day: also that the period is over."""
    lines = comment_lines(first_published, rulebook)
    if today <= last_day(first_published, rulebook):
        return lines
    phone = rulebook.get("office_phone", "")
    contact = f"致电评议办（{phone}）" if phone else "与评议办联系"
    return [
        f"{lines[0]}公示期已满。",
        f"公示期满后，对公示内容仍有疑问的，可以{contact}。",
        "被评议单位提出申诉的期限已满。",
    ]


def without_annulled(content: Mapping[str, Any], codes: Container[str]) -> dict[str, Any]:
    """Return a version's content without what it says of sections whose veto has been annulled since."""

    def mended(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
        label = {"label": ANNULLED} if row and row.get("label") == VETOED else {}
        return {**row, "problems": NOT_REPEATED, **label} if row else None

    def of_change(change: Mapping[str, Any]) -> dict[str, Any]:
        return {**change, "was": mended(change["was"]), "now": mended(change["now"])}

    kept = {key: content[key] for key in ("entries", "withdrawn", "changes") if key in content}
    rows = {
        key: [(of_change if key == "changes" else mended)(row) if row["code"] in codes else row for row in kept[key]]
        for key in kept
    }
    return {**content, **rows}


def list_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows in which a corrected list differs from the version before, each as it was and as it is now.

    `was` or `now` is None where the section is not on that list.
    """
    was = {entry["code"]: entry for entry in before["entries"]}
    now = {entry["code"]: entry for entry in after["entries"]}
    withdrawn = {entry["code"] for entry in after["withdrawn"]}
    return [
        {
            **{key: (now.get(code) or was[code])[key] for key in ("department", "section", "code")},
            "was": _row_of(was.get(code)),
            "now": _row_of(now.get(code)),
            "is_withdrawn": code in withdrawn,
        }
        for code in {**was, **now}
        if was.get(code) != now.get(code)
    ]


def change_in_words(change: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a row of the list was (原) and what it is now (现); of a row that stays, the parts that differ."""
    was, now = change["was"], change["now"]
    if was and now:
        parts = [(_parts(was).get(name, ""), text) for name, text in _parts(now).items()]
        differing = [(old, new) for old, new in parts if old != new]
        return "；".join(old for old, _ in differing), "；".join(new for _, new in differing)
    if was:
        return "；".join(_parts(was).values()), "撤下，不再上榜" if change["is_withdrawn"] else "重新计票后不再上榜"
    return "未上榜", "；".join(_parts(now).values())


def change_in_short(change: Mapping[str, Any]) -> str:
    """Return in a few words what became of a row."""
    was, now = change["was"], change["now"]
    if was and was["problems"] == NOT_REPEATED:
        return f"{VETOED}已撤销，{_in_short(was, now, change)}"
    return _in_short(was, now, change)


def _in_short(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None, change: Mapping[str, Any]) -> str:
    if not now:
        return "撤下" if change["is_withdrawn"] else "重新计票后不再上榜"
    if not was:
        return "重新计票后上榜"
    return "改写主要问题" if {**was, "problems": ""} == {**now, "problems": ""} else "重新计票后位次或者标注有变化"


def _row_of(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {key: entry[key] for key in ROW if key in entry} if entry else None


def _parts(row: Mapping[str, Any]) -> dict[str, str]:
    parts = {"rank": f"第{row['rank']}位"}
    if "label" in row:
        parts |= {"label": f"标注“{row['label']}”", "span": f"位次区间{span(row['rank_low'], row['rank_high']) or '—'}"}
    return parts | {"problems": f"主要问题：{row['problems'] or '（未填写）'}"}
