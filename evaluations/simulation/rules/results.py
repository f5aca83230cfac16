"""The file that simulate_round writes, read back strictly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluations.simulation.rules.expectations import Expectation, ExpectationError, complete, parse_expectation
from evaluations.simulation.rules.outcomes import AIMS, FAKES, FIGURES, MOST_SEED, RESTS
from nanchuan_eval.core.faults import shortened

KEYS = (
    *("method", "rulebook_sha256", "cells_sha256", "sections", "list_length", "rounds", "seed"),
    *("expectation", "from_cells", "figures", "bought", "fakes"),
)
NUMBER = re.compile(r"(0|[1-9][0-9]{0,5})\.[0-9]{4}")
DIGEST = re.compile(r"[0-9a-f]{64}")
COUNTS = {"innocents_listed", "unranked", "true_listed_unranked", "certain"}  # figures that are no shares
MOST = 100_000


class ResultError(ValueError):
    """The file is none of simulate_round; the Chinese text names the place and the value."""


@dataclass(frozen=True)
class Estimate:
    """A mean over the simulated rounds and its standard error, None after one round."""

    mean: Fraction
    error: Fraction | None


@dataclass(frozen=True)
class Bought:
    """How often a section with so many drawn lines is listed after so many of its ballots were bought."""

    drawn_lines: tuple[int, int]
    ballots: int
    rest: str
    listed: Estimate | None


@dataclass(frozen=True)
class Fakes:
    """How often a section is listed with so many false ballots in a channel."""

    aim: str
    channel: str
    ballots: int
    listed: Estimate | None


@dataclass(frozen=True)
class Result:
    """A simulation; None for a figure of which there is nothing to say."""

    rulebook_sha256: str
    has_last_round: bool
    sections: int
    list_length: int
    rounds: int
    seed: int
    expectation: Expectation
    figures: Mapping[str, Estimate | None]
    bought: list[Bought]
    fakes: list[Fakes]


def parse_result(document: Any) -> Result:
    """Read the file; whatever the command does not write is refused."""
    _keys(document, KEYS, "文件")
    if not isinstance(document["rulebook_sha256"], str) or not DIGEST.fullmatch(document["rulebook_sha256"]):
        raise _fault("rulebook_sha256", document["rulebook_sha256"])
    _keys(document["figures"], FIGURES, "figures")
    try:
        expectation = parse_expectation(complete(document["expectation"]))
    except ExpectationError as fault:
        raise ResultError(f"“expectation”有误：{fault}") from None
    return Result(
        rulebook_sha256=document["rulebook_sha256"],
        has_last_round=document["cells_sha256"] is not None,
        sections=_whole(document["sections"], "sections", 1),
        list_length=_whole(document["list_length"], "list_length", 1),
        rounds=_whole(document["rounds"], "rounds", 1),
        seed=_whole(document["seed"], "seed", most=MOST_SEED),
        expectation=expectation,
        figures={
            name: _estimate(value, f"figures.{name}", is_share=name not in COUNTS)
            for name, value in document["figures"].items()
        },
        bought=[_bought(row, f"bought[{n}]") for n, row in enumerate(_rows(document["bought"], "bought"))],
        fakes=[_fakes(row, f"fakes[{n}]") for n, row in enumerate(_rows(document["fakes"], "fakes"))],
    )


def _bought(row: Any, where: str) -> Bought:
    _keys(row, ("drawn_lines", "ballots", "rest", "listed"), where)
    band = row["drawn_lines"]
    if not isinstance(band, list) or len(band) != len(("low", "high")):
        raise _fault(f"{where}.drawn_lines", band)
    low, high = (_whole(bound, f"{where}.drawn_lines") for bound in band)
    rest = _one_of(row["rest"], RESTS, f"{where}.rest")
    ballots = _whole(row["ballots"], f"{where}.ballots")
    return Bought((low, high), ballots, rest, _estimate(row["listed"], f"{where}.listed", is_share=True))


def _fakes(row: Any, where: str) -> Fakes:
    _keys(row, ("aim", "channel", "ballots", "listed"), where)
    return Fakes(
        _one_of(row["aim"], AIMS, f"{where}.aim"),
        _one_of(row["channel"], tuple(FAKES), f"{where}.channel"),
        _whole(row["ballots"], f"{where}.ballots"),
        _estimate(row["listed"], f"{where}.listed", is_share=True),
    )


def _estimate(value: Any, where: str, *, is_share: bool) -> Estimate | None:
    _keys(value, ("mean", "error", "of"), where)
    if not _whole(value["of"], f"{where}.of", most=MOST**2):
        if value["mean"] is not None or value["error"] is not None:
            raise _fault(where, value)
        return None
    mean = _number(value["mean"], f"{where}.mean")
    if is_share and mean > 1:
        raise _fault(f"{where}.mean", value["mean"])
    return Estimate(mean, None if value["error"] is None else _number(value["error"], f"{where}.error"))


def _number(value: Any, where: str) -> Fraction:
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise _fault(where, value)
    return Fraction(value)


def _whole(value: Any, where: str, least: int = 0, most: int = MOST) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _fault(where, value)
    return value


def _one_of(value: Any, known: tuple[str, ...], where: str) -> str:
    if value not in known:
        raise _fault(where, value)
    return str(value)


def _rows(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _fault(where, value)
    return value


def _keys(value: Any, keys: tuple[str, ...], where: str) -> None:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise ResultError(f"不是 simulate_round 写出的文件：“{where}”应恰好有{'、'.join(keys)}。")


def _fault(where: str, value: Any) -> ResultError:
    return ResultError(f"不是 simulate_round 写出的文件：“{where}”的值不对，为：{shortened(value)}")
