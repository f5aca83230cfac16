"""Candidates and parameters of a draw, as its commitment freezes them."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil
from typing import Any

from evaluations.ballot_form.rules.votes import Origin
from evaluations.ballots.models import Ballot
from evaluations.draws.queries.people import reference_of, selected_phones
from evaluations.draws.services.clients import NOBODY, client_candidates, client_note, client_pool, client_quota
from evaluations.draws.services.lines import Candidate, PoolLine, roster_lines
from evaluations.pools.models import PoolEntry
from evaluations.pools.queries import phone_of
from evaluations.pools.rules.kinds import POOL_OF, ExclusionReason
from evaluations.protocol import drawing
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.rounds.rules.rulebook import PLANNED_SEATS, shares_of
from evaluations.scoring.method import Channel
from nanchuan_eval.core.errors import RuleViolation

SECTIONS = "科室"
NOT_TWICE = frozenset({DrawPurpose.EVALUATORS, DrawPurpose.ISSUED})
_NEXT_ISSUE = "当期未开奖的，用其后第一期"
LOTTERY_LABEL = "现场抽取后首期"
LOTTERY_NUMBERS: Mapping[str, Mapping[str, Any]] = {
    "快乐8": {"n": 20, "min": 1, "max": 80, "order": "sorted", "fallback": _NEXT_ISSUE},
    "双色球": {"n": 6, "min": 1, "max": 33, "order": "sorted", "fallback": _NEXT_ISSUE},
    "福彩3D": {"n": 3, "min": 0, "max": 9, "order": "drawn", "fallback": _NEXT_ISSUE},
}


# Filled by the app: how many codes an origin has is known to a higher feature.
origins_together: list[Callable[[Round], frozenset[str]]] = []


def sources(rulebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sources of randomness: dice first, then the lottery, which nobody present controls."""
    chosen: list[dict[str, Any]] = []
    if rulebook["dice"]:
        label = f"现场十面骰子{rulebook['dice']}枚"
        chosen.append({"label": label, "n": rulebook["dice"], "min": 0, "max": 9, "order": "drawn", "fallback": "重掷"})
    if rulebook["lottery"]:
        chosen.append({"label": f"{LOTTERY_LABEL}{rulebook['lottery']}", **LOTTERY_NUMBERS[rulebook["lottery"]]})
    return chosen


def pool_of(round_: Round, purpose: DrawPurpose) -> list[PoolLine]:
    """Return the lines that the commitment would freeze now, the same at each call."""
    if purpose == DrawPurpose.COUNTED:
        return [PoolLine(line.stratum, line.token, "") for line in _counted_candidates(round_)]
    if purpose == DrawPurpose.CLIENTS:
        return list(client_pool(round_))
    pool = PoolEntry.objects.filter(round=round_, kind=POOL_OF[purpose]).order_by("pk")
    taken = selected_phones(round_.draws.standing()) if purpose in NOT_TWICE else set()
    names = dict(_section_strata(round_)) if purpose == DrawPurpose.ISSUED else {}
    return [
        PoolLine(stratum, f"{person.pk} {person.phone_hash}", _exclusion(person, taken))
        for person in pool.iterator()
        for stratum in _strata(person, names)
    ]


def first_seats(
    round_: Round, purpose: DrawPurpose, total: Iterable[str], eligible: Mapping[str, int]
) -> tuple[dict[str, int], int, list[Any]]:
    """Return the seats of the first round by stratum, the alternates per stratum, and the committed rounds."""
    strata = sorted(total, key=str.encode)
    if not strata:
        raise RuleViolation(empty_pool(purpose))
    quota, alternates = quota_of(round_, purpose, strata)
    try:
        return drawing.seats(quota, {name: eligible.get(name, 0) for name in strata}, 1), alternates, quota["rounds"]
    except drawing.DrawError as error:
        raise RuleViolation(str(error)) from None


def empty_pool(purpose: DrawPurpose) -> str:
    """Return in Chinese that nobody can be drawn."""
    return NOBODY if purpose == DrawPurpose.CLIENTS else "名单为空，没有可抽取的对象。请先导入名单。"


def candidates(round_: Round, purpose: DrawPurpose) -> list[Candidate]:
    """Return all people or ballots in the draw; excluded people carry their reason."""
    if purpose == DrawPurpose.COUNTED:
        return list(_counted_candidates(round_))
    if purpose == DrawPurpose.CLIENTS:
        return list(client_candidates(round_))
    pool = PoolEntry.objects.filter(round=round_, kind=POOL_OF[purpose])
    taken = selected_phones(round_.draws.standing()) if purpose in NOT_TWICE else set()
    names = dict(_section_strata(round_)) if purpose == DrawPurpose.ISSUED else {}
    return [line for person in pool.iterator() for line in _lines_of(person, taken, names)]


def _counted_candidates(round_: Round) -> Iterator[Candidate]:
    """Yield the sampled ballots by origin; the list is public, so origins of few codes form one stratum."""
    together = frozenset[str]().union(*(origins(round_) for origins in origins_together))
    names = {origin.value: origin.label for origin in Origin}
    names |= dict.fromkeys(together, "、".join(names[origin] for origin in Origin if origin in together))
    ballots = Ballot.objects.filter(round=round_, channel=Channel.SAMPLED).order_by("receipt")
    for origin, receipt in ballots.values_list("origin", "receipt").iterator():
        yield Candidate(names[origin], receipt)


def section_candidates(codes: Iterable[str]) -> list[Candidate]:
    """Return sections as salted tokens, so that the proof does not reveal which ones are drawn."""
    salts = {code: secrets.token_hex(drawing.SALT_BYTES) for code in codes}
    return [Candidate(SECTIONS, drawing.person_token(salt, code), ref=code, salt=salt) for code, salt in salts.items()]


def quota_of(round_: Round, purpose: DrawPurpose, strata: Sequence[str]) -> tuple[dict[str, Any], int]:
    """Return the quota of a draw and the alternates per stratum (rulebook R-B)."""
    rulebook = round_.rulebook
    if purpose == DrawPurpose.SUPERVISORS:
        return proportional([rulebook["supervisors"]]), rulebook["supervisor_alternates"]
    if purpose == DrawPurpose.COUNTED:
        return proportional([rulebook["counted_sampled_ballots"]]), 0
    if purpose == DrawPurpose.ISSUED:
        return _issued_quota(rulebook, strata)
    if purpose == DrawPurpose.CLIENTS:
        return client_quota(round_, strata)
    _refuse_missing_strata(rulebook["evaluator_strata"], strata)
    rows = [shares_of(total, rulebook["evaluator_strata"]) for total in _totals(rulebook, rulebook["evaluators"])]
    fixed = _never_less([[row[stratum] for stratum in strata] for row in rows])
    return {"mode": "fixed", "rounds": fixed}, ceil(max(fixed[0]) * rulebook["alternates_percent"] / 100)


def proportional(totals: list[int], least: int = 0) -> dict[str, Any]:
    """Return a proportional quota."""
    return {"mode": "proportional", "min": least, "rounds": totals}


def note_of(round_: Round, purpose: DrawPurpose, lines: Sequence[Candidate]) -> str:
    """Return the committed note: purpose, trigger of further rounds, hash of the box or of the roster."""
    rulebook, parts = round_.rulebook, [f"{profile_of(round_).site_name} {round_.name} {purpose.label}"]
    if purpose in NOT_TWICE and rulebook["extension_rounds"]:
        parts.append(
            f"追加：开始投票满{rulebook['extension_after_days']}日且回收率低于{rulebook['extension_return_percent']}%的，依次启动追加抽取"
        )
    if purpose == DrawPurpose.CLIENTS:
        parts += client_note(round_, {line.stratum for line in lines})
    if purpose == DrawPurpose.COUNTED:
        parts.append(f"封箱总校验值{round_.closing_root}")
    elif any(line.salt for line in lines):
        parts.append(f"封存名册校验值{drawing.digest_of(roster_lines(lines))}")
    return "；".join(parts) + ("（演示数据）" if round_.is_demo else "")


def _lines_of(person: PoolEntry, taken: set[str], names: Mapping[str, str]) -> Iterator[Candidate]:
    salt = secrets.token_hex(drawing.SALT_BYTES)
    token = drawing.person_token(salt, reference_of(person))
    for stratum in _strata(person, names):
        yield Candidate(stratum, token, person.pk, "", salt, _exclusion(person, taken))


def _exclusion(person: PoolEntry, taken: set[str]) -> str:
    is_taken = not person.exclusion and taken and phone_of(person) in taken
    return ExclusionReason.ALREADY_SELECTED.value if is_taken else person.exclusion


def _strata(person: PoolEntry, names: Mapping[str, str]) -> list[str]:
    return [names[code] for code in person.dealt_with.split() if code in names] if names else [person.stratum]


def _section_strata(round_: Round) -> Iterator[tuple[str, str]]:
    for code, name in round_.sections.values_list("code", "name"):
        yield code, f"{code} {name}"


def _issued_quota(rulebook: Mapping[str, Any], strata: Sequence[str]) -> tuple[dict[str, Any], int]:
    """Return the quota of the draw among clients and the alternates; a stratum is a section, "code name"."""
    totals, share = _totals(rulebook, rulebook["issued_ballots"]), rulebook["alternates_percent"] / 100
    if rulebook["issued_quota"] == PLANNED_SEATS:
        seats = [rulebook["issued_seats"].get(stratum.partition(" ")[0], 0) for stratum in strata]
        rows = zip(*(_totals(rulebook, seat) for seat in seats), strict=True)
        return {"mode": "fixed", "rounds": [list(row) for row in rows]}, ceil(max(seats) * share)
    alternates = ceil(rulebook["issued_ballots"] / len(strata) * share)
    if rulebook["issued_quota"] == "equal":
        return {"mode": "fixed", "rounds": [[total // len(strata)] * len(strata) for total in totals]}, alternates
    return proportional(totals, rulebook["issued_min"]), alternates


def _totals(rulebook: Mapping[str, Any], first: int) -> list[int]:
    """Return the cumulative seats of each committed round."""
    return [
        first + first * rulebook["extension_percent"] * more // 100 for more in range(rulebook["extension_rounds"] + 1)
    ]


def _never_less(rows: list[list[int]]) -> list[list[int]]:
    """Keep every stratum from losing seats in a later round, which rounding by remainders could cause."""
    kept = rows[:1]
    for row in rows[1:]:
        kept.append([max(pair) for pair in zip(kept[-1], row, strict=True)])
    return kept


def _refuse_missing_strata(wanted: Iterable[str], strata: Sequence[str]) -> None:
    empty = [name for name in wanted if name not in strata]
    if empty:
        raise RuleViolation(f"名单中没有“{'、'.join(empty)}”类人员，请补充名单，或在锁定前修改规则中的身份类别。")
