"""The outcome of a draw: the drawing order of every stratum, then the events after it (protocol 3.11)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evaluations.protocol.drawing import (
    FORMAT,
    DrawError,
    Params,
    Pool,
    Progress,
    commitment,
    digest_of,
    draw_seed,
    drawing_order,
    exclusion_lines,
    hash_lines,
    no_progress,
    pool_lines,
    seats,
    validate_params,
)
from nanchuan_eval.core.canonical import protocol_json

EXCLUSION_REASONS = frozenset({"conflict", "ineligible", "already_selected", "declared_absence"})
REMOVAL_REASONS = frozenset({"refused", "conflict", "unreachable", "ineligible"})


def draw(
    params: Params,
    pool: Pool,
    exclusions: Pool,
    randomness: Sequence[Sequence[int]],
    events: Sequence[Mapping[str, Any]] = (),
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Return the result of a draw after its events (3.11), as in the proof file."""
    validate_params(params)
    _check_files(params, pool, exclusions)
    seed = draw_seed(params, randomness)
    state = _DrawState(params, _orders(params, pool, exclusions, seed, progress))
    head = commitment(params)
    for number, event in enumerate(events, start=1):
        state.apply(event, number)
        head = event_head(head, event)
    return {"seed": seed, "round": state.round, "head": head, **state.outcome()}


def rounds_of_places(
    params: Params, orders: Mapping[str, Sequence[str]], events: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, str], int]:
    """Return (stratum, id) -> the committed round in which it was first drawn, for a fixed quota.

    `orders` = at least the drawn, alternate and removed ids of every stratum, in drawing order.
    """
    state, found = _DrawState(params, orders), dict[tuple[str, str], int]()

    def note(names: Iterable[str]) -> None:
        for name in names:
            for token in state.line(name)[: state.seats[name]]:
                found.setdefault((name, token), state.round)

    note(orders)
    for number, event in enumerate(events, start=1):
        state.apply(event, number)
        note(orders if event["type"] == "open_round" else [event["stratum"]])
    return found


def event_head(head: str, event: Mapping[str, Any]) -> str:
    """Return the head of the hash chain after the event (3.11)."""
    return hash_lines(f"{FORMAT}/event", head, protocol_json(event).decode())


class _DrawState:
    """State of a draw as events are applied: removals and further committed rounds (3.11)."""

    def __init__(self, params: Params, orders: Mapping[str, Sequence[str]]) -> None:
        self.quota, self.alternates, self.orders = params["quota"], params["alternates"], orders
        self.eligible = {name: len(order) for name, order in orders.items()}
        self.removed: set[tuple[str, str]] = set()
        self.open(1)

    def open(self, round_: int) -> None:
        self.round, self.seats = round_, seats(self.quota, self.eligible, round_)

    def line(self, name: str) -> list[str]:
        """Return the first seats + alternates of the drawing order without those removed; nobody else moves up."""
        places = self.orders[name][: self.seats[name] + self.alternates]
        return [token for token in places if (name, token) not in self.removed]

    def apply(self, event: Mapping[str, Any], number: int) -> None:
        if event["seq"] != number:
            raise DrawError(f"第{number}个事件的序号不对。")
        if event["type"] == "open_round":
            if event["round"] != self.round + 1 or event["round"] > len(self.quota["rounds"]):
                raise DrawError("只能依次启动事先承诺的追加抽取。")
            return self.open(event["round"])
        return self.remove(event["stratum"], event["id"], event["reason"])

    def remove(self, name: str, token: str, reason: str) -> None:
        if reason not in REMOVAL_REASONS:
            raise DrawError(f"移除原因“{reason}”不在协议之内。")
        if name not in self.orders or token not in self.line(name)[: self.seats[name]]:
            raise DrawError("只能移除当时已抽中的人。")
        self.removed.add((name, token))

    def outcome(self) -> dict[str, Any]:
        strata = {name: self.stratum(name, wanted) for name, wanted in self.wanted().items()}
        missing = sum(stratum["shortfall"] for stratum in strata.values())
        return {"strata": strata, "unfilled": missing + self.seats_nobody_could_take()}

    def stratum(self, name: str, wanted: int) -> dict[str, Any]:
        line, taken = self.line(name), self.seats[name]
        return {
            "eligible": self.eligible[name],
            "quota": taken,
            "selected": line[:taken],
            "alternates": line[taken:],
            "shortfall": wanted - len(line[:taken]),
        }

    def wanted(self) -> dict[str, int]:
        """Return stratum -> seats wanted: as given in a fixed quota, as allotted in a proportional one."""
        if self.quota["mode"] == "fixed":
            return dict(zip(self.orders, self.quota["rounds"][self.round - 1], strict=True))
        return self.seats

    def seats_nobody_could_take(self) -> int:
        if self.quota["mode"] == "fixed":
            return 0
        return int(self.quota["rounds"][self.round - 1]) - sum(self.seats.values())


def _orders(params: Params, pool: Pool, exclusions: Pool, seed: str, progress: Progress) -> dict[str, list[str]]:
    out = {(stratum, token) for stratum, token, _ in exclusions}
    eligible: dict[str, list[str]] = {name: [] for name in params["strata"]}
    for stratum, token in pool:
        if (stratum, token) not in out:
            eligible[stratum].append(token)
    return {name: drawing_order(seed, name, tokens, progress) for name, tokens in eligible.items()}


def _check_files(params: Params, pool: Pool, exclusions: Pool) -> None:
    if params["pool_size"] != len(pool) or params["pool_sha256"] != digest_of(pool_lines(pool)):
        raise DrawError("名单与承诺校验值不符，公布承诺后名单已被改动。")
    if params["exclusions_sha256"] != digest_of(exclusion_lines(exclusions)):
        raise DrawError("回避名单与承诺校验值不符。")
    if {stratum for stratum, _ in pool} - set(params["strata"]):
        raise DrawError("名单中有承诺之外的类别。")
    out = {(stratum, token) for stratum, token, _ in exclusions}
    if len(out) < len(exclusions) or sum((stratum, token) in out for stratum, token in pool) < len(out):
        raise DrawError("回避名单中有重复的人，或有名单之外的人。")
    if any(reason not in EXCLUSION_REASONS for _, _, reason in exclusions):
        raise DrawError("回避名单中的原因不在协议之内。")
