"""cells.json, the public file from which anybody recounts places, intervals, labels and gate (method-2.md 4.2)."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from evaluations.scoring.index import ZERO, four_decimals
from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.index import CellFigures, Figures, capped, drawn_deviation
from evaluations.scoring.nc2.method import METHOD, MethodTwo
from evaluations.scoring.result import decimal
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.faults import shortened

KEYS = frozenset({"method", "rulebook_sha256", "between_variance", "channels", "sections"})
ROUNDED = re.compile(r"(?!-0\.0000)-?(0|[1-9][0-9]{0,39})\.[0-9]{4}")


class CellsFileError(ValueError):
    """cells.json cannot be used; the Chinese text names the place and the value. Nothing is computed."""


def rulebook_digest(rulebook: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical rulebook, which ties cells.json to it."""
    return sha256_hex(canonical_json(rulebook))


def cells_document(figures: Figures, digest: str) -> dict[str, Any]:
    """Return cells.json as a document; a hidden cell looks exactly like an empty one."""
    return {
        "method": METHOD,
        "rulebook_sha256": digest,
        "between_variance": decimal(figures.between),
        "channels": {
            c: {"mean": decimal(figures.means[c]), "weight": str(weight)} for c, weight in figures.weights.items()
        },
        "sections": [
            {"section": section, "cells": {c: _cell_document(cell) for c, cell in cells.items()}}
            for section, cells in sorted(figures.cells.items())
        ],
    }


def parse_cells(document: Any, method: MethodTwo, digest: str) -> Figures:
    """Read cells.json that belongs to the rulebook with this digest."""
    _keys(document, KEYS, "文件")
    if document["method"] != METHOD:
        raise _fault("method", document["method"], f"应为 {METHOD}")
    if document["rulebook_sha256"] != digest:
        expected = f"应为所给评议规则的校验值{digest}，不是同一轮的文件"
        raise _fault("rulebook_sha256", document["rulebook_sha256"], expected)
    means, weights = _channels(document["channels"], method)
    between = _variance(document["between_variance"], "between_variance")
    figures = Figures(means, weights, between, _sections(document["sections"], method, list(weights)))
    _check_dependent(method, figures)
    return figures


def named_sections(document: Any) -> list[str]:
    """Return the codes that the file names; whatever else is wrong with them, `parse_cells` tells."""
    rows = document.get("sections") if isinstance(document, dict) else None
    named = [row.get("section") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return sorted({code for code in named if isinstance(code, str) and code})


def _check_dependent(method: MethodTwo, figures: Figures) -> None:
    """Refuse figures that contradict others: of empty cells all follow from the rest, and no cell is beyond the cap."""
    drawn, of_empty = {c for c in figures.weights if method.channels[c].drawn}, dict[str, Fraction]()
    for section, cells in figures.cells.items():
        e = drawn_deviation(method, figures.weights, {c: cell.deviation for c, cell in cells.items()})
        for channel, cell in cells.items():
            where, is_free = f"{section}.{channel}", bool(drawn) and channel not in drawn
            d = cell.deviation if cell.lines else four_decimals(method.follow * e) if is_free else ZERO
            if cell.deviation != (capped(method, d, e) if is_free else d):
                raise _fault(f"{where}.d", decimal(cell.deviation), "与文件中其他数字不符")
            if not cell.lines and of_empty.setdefault(channel, cell.variance) != cell.variance:
                raise _fault(f"{where}.v", decimal(cell.variance), "与同一渠道其他空白单元不符")


def _cell_document(cell: CellFigures) -> dict[str, Any]:
    return {"n": cell.lines, "d": decimal(cell.deviation), "v": decimal(cell.variance)}


def _channels(value: Any, method: MethodTwo) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    if not isinstance(value, dict) or not set(value) <= set(method.channels):
        raise _fault("channels", value, "应为评议规则中的渠道")
    used = [c.value for c in Channel if c in value]
    whole = sum((method.channels[c].weight for c in used), ZERO)
    weights = {c: method.channels[c].weight / whole for c in used}
    means = {}
    for channel in used:
        where = f"channels.{channel}"
        _keys(value[channel], {"mean", "weight"}, where)
        if value[channel]["weight"] != str(weights[channel]):
            raise _fault(f"{where}.weight", value[channel]["weight"], f"应为 {weights[channel]}")
        means[channel] = _rounded(value[channel]["mean"], f"{where}.mean")
    return means, weights


def _sections(value: Any, method: MethodTwo, used: list[str]) -> dict[str, dict[str, CellFigures]]:
    if not isinstance(value, list) or len(value) != len(method.sections):
        raise _fault("sections", value, f"应为评议规则中的{len(method.sections)}个科室")
    found = {}
    for place, (row, section) in enumerate(zip(value, method.sections, strict=True)):
        where = f"sections[{place}]"
        _keys(row, {"section", "cells"}, where)
        if row["section"] != section:
            raise _fault(f"{where}.section", row["section"], f"应为 {section}")
        _keys(row["cells"], set(used), f"{section}.cells")
        found[section] = {c: _cell(row["cells"][c], method, f"{section}.{c}") for c in used}
    return found


def _cell(value: Any, method: MethodTwo, where: str) -> CellFigures:
    _keys(value, {"n", "d", "v"}, where)
    lines = value["n"]
    is_whole = isinstance(lines, int) and not isinstance(lines, bool)
    if lines is not None and not (is_whole and lines >= method.cell_min_lines):
        raise _fault(f"{where}.n", lines, f"应为 null 或不小于{method.cell_min_lines}的整数")
    return CellFigures(lines, _rounded(value["d"], f"{where}.d"), _variance(value["v"], f"{where}.v"))


def _variance(value: Any, where: str) -> Fraction:
    number = _rounded(value, where)
    if number < 0:
        raise _fault(where, value, "不能是负数")
    return number


def _rounded(value: Any, where: str) -> Fraction:
    if not isinstance(value, str) or not ROUNDED.fullmatch(value):
        raise _fault(where, value, "应为写成文字的四位小数")
    return Fraction(value)


def _keys(value: Any, keys: frozenset[str] | set[str], where: str) -> None:
    if not isinstance(value, dict) or set(value) != keys:
        raise _fault(where, sorted(value) if isinstance(value, dict) else value, f"应恰好有{'、'.join(sorted(keys))}")


def _fault(where: str, value: Any, expected: str) -> CellsFileError:
    return CellsFileError(f"“{where}”{expected}，实为：{shortened(value)}")
