"""The draw among clients (抽取办事群众): one line for each phone and section, seats and note of the commitment.

Salt and token are made for each line, not for each person: nobody can tell two lines of one person in the public
proof from those of two people.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from evaluations.draws.queries.people import reference
from evaluations.draws.rules import TOP_UP_TRIGGER, client_seats
from evaluations.draws.services.lines import Candidate, PoolLine
from evaluations.pools.queries import reference_data
from evaluations.pools.rules.conflicts import Recusals
from evaluations.pools.rules.kinds import ExclusionReason
from evaluations.pools.rules.people import Person, Written
from evaluations.protocol import drawing
from evaluations.rounds.models import Round
from evaluations.service_records.models import Client
from evaluations.service_records.queries.frame import drawn_sections, frame_candidates, frame_lines, records_of
from evaluations.service_records.rules.frame import batch_min
from nanchuan_eval.names.rules.keys import name_key

CHUNK = 5000
NOBODY = "没有科室的办事群众达到单独抽取的人数，不能公布承诺。请先导入本评议期的办件，再公布承诺。"


def client_candidates(round_: Round) -> Iterator[Candidate]:
    """Yield each phone once per section of the frame, those excluded with their reason."""
    names: dict[str, str] = {}
    late = late_conflicts()
    for code, section, client, name, phone, exclusion in frame_candidates(round_, late):
        salt = secrets.token_hex(drawing.SALT_BYTES)
        token = drawing.person_token(salt, reference(name, phone))
        # One text for all lines of a section: there may be half a million lines.
        stratum = names.setdefault(code, f"{code} {section}")
        yield Candidate(stratum, token, None, "", salt, exclusion or late.get(client, ""), client)


def client_pool(round_: Round) -> Iterator[PoolLine]:
    """Yield the same lines before their commitment, without decrypting a phone."""
    names: dict[str, str] = {}
    late = late_conflicts()
    for code, section, client, exclusion in frame_lines(round_, late):
        yield PoolLine(names.setdefault(code, f"{code} {section}"), str(client), exclusion or late.get(client, ""))


def late_conflicts() -> dict[int, str]:
    """Return the clients who have become liaisons since their records were imported, with the reason to exclude them.

    Only liaisons change without an import: whoever else is excluded was found then.
    """
    rules = reference_data()
    keys = {name_key(name) for name, _ in rules.liaisons}
    if not keys:
        return {}
    # Only Python compares names by their keys; phones stay encrypted.
    people = Client.objects.filter(exclusion="").exclude(phone_hash="").order_by()
    rows = people.values_list("pk", "name", "unit").iterator(chunk_size=CHUNK)
    same = ((pk, _written(name, unit)) for pk, name, unit in rows if name_key(name) in keys)
    return {pk: ExclusionReason.CONFLICT.value for pk, person in same if Recusals(rules, {}).note(person)}


def client_quota(round_: Round, strata: Sequence[str]) -> tuple[dict[str, Any], int]:
    """Return the fixed quota by section and the alternates of each; a section with fewer people sends all of them."""
    rounds, alternates = client_seats(round_.rulebook, strata)
    return {"mode": "fixed", "rounds": rounds}, alternates


def client_note(round_: Round, strata: Iterable[str]) -> list[str]:
    """Return what the commitment says of the clients: each one's chance, the top-ups, the sections left out."""
    parts = ["每个科室的办事群众每人一次机会（一个手机号按一人计），机会均为该科室抽取人数与可抽人数之比"]
    if round_.rulebook.get("client_top_ups", 0):
        parts.append(TOP_UP_TRIGGER)
    if (left_out := round_.sections.count() - len(set(strata))) > 0:
        least = batch_min(round_.rulebook)
        parts.append(f"{left_out}个科室可抽的办事群众不足{least}人，为免认出投票人，不单独抽取，仍由一般渠道评议")
    return parts


def record_faults(round_: Round) -> list[str]:
    """Return in Chinese why nobody can be drawn from the service records of the period; empty if somebody can."""
    period = f"{round_.period_start:%Y年%-m月%-d日}至{round_.period_end:%Y年%-m月%-d日}"
    if not records_of(round_).exists():
        return [f"本评议期（{period}）还没有办件。请先导入办件。"]
    if not drawn_sections(round_):
        least = batch_min(round_.rulebook)
        return [f"本评议期（{period}）没有科室的可抽办事群众达到{least}人，不能抽取办事群众。请核对、补充导入的办件。"]
    return []


def _written(name: str, unit: str) -> Person:
    return Person((Written("", "", name, "", unit),))
