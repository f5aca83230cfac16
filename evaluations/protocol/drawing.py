"""The draw (抽取) of protocol `nanchuan-draw/1`: commitment, seed, tickets, seats.

The result depends only on the committed parameters and the randomness.
Types: pool = [(stratum, id)], exclusions = [(stratum, id, reason)], in any order, each row once.
"""

import hashlib
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

from nanchuan_eval.core.canonical import protocol_json, sha256_hex

FORMAT = "nanchuan-draw/1"
LEAST_ENTROPY_BITS = 64
LONGEST_NAME = 200
SALT_BYTES = TICKET_BYTES = 32
NOT_IN_NAMES = frozenset({"Cc", "Cs", "Zl", "Zp"})
ORDERS = frozenset({"drawn", "sorted"})
STEP = 10_000  # tickets between two progress reports

Params = Mapping[str, Any]
Pool = Sequence[Sequence[str]]
Progress = Callable[[int], object]


def no_progress(done: int) -> None:
    """Report nothing."""


class DrawError(ValueError):
    """Input that violates the protocol; the message is Chinese."""


def person_token(salt: str, person_ref: str) -> str:
    """Return the anonymous id of a person in one draw; `salt` = 64 hex digits, unique to the person (3.3)."""
    return hash_lines(f"{FORMAT}/token", salt, person_ref)


def pool_lines(pool: Iterable[Sequence[str]]) -> list[bytes]:
    """Return the lines of the pool file: `stratum TAB id LF`, sorted by bytes; refuses duplicates (3.4)."""
    return _lines(pool, "名单")


def exclusion_lines(exclusions: Iterable[Sequence[str]]) -> list[bytes]:
    """Return the lines of the exclusion file: `stratum TAB id TAB reason LF`, sorted by bytes (3.5)."""
    return _lines(exclusions, "回避名单")


def digest_of(lines: Iterable[bytes]) -> str:
    """Return the SHA-256 of a file given as lines, without joining them."""
    hashed = hashlib.sha256()
    for line in lines:
        hashed.update(line)
    return hashed.hexdigest()


def make_params(
    *,
    draw_id: str,
    purpose: str,
    pool: Iterable[Sequence[str]],
    exclusions: Iterable[Sequence[str]],
    quota: Mapping[str, Any],
    **terms: Any,
) -> dict[str, Any]:
    """Return the validated parameters of a draw (3.6); `terms` = alternates, randomness, note."""
    lines = pool_lines(pool)
    params: dict[str, Any] = {
        "format": FORMAT,
        "draw_id": draw_id,
        "purpose": purpose,
        "strata": [name.decode() for name in sorted({line.partition(b"\t")[0] for line in lines})],
        "pool_sha256": digest_of(lines),
        "pool_size": len(lines),
        "exclusions_sha256": digest_of(exclusion_lines(exclusions)),
        "quota": dict(quota),
        **terms,
    }
    validate_params(params)
    return params


def validate_params(params: Params) -> None:
    """Refuse parameters that the protocol does not allow (3.6); their JSON types are checked already."""
    check_name(params["draw_id"], "抽取编号")
    check_name(params["purpose"], "抽取内容")
    for stratum in params["strata"]:
        check_name(stratum, "类别")
    if list(params["strata"]) != sorted(set(params["strata"]), key=str.encode):
        raise DrawError("类别没有按字节排序，或有重复。")
    if not params["randomness"]:
        raise DrawError("没有随机数来源。")
    for source in params["randomness"]:
        _check_source(source)
    _check_quota(params["quota"], len(params["strata"]))


def commitment(params: Params) -> str:
    """Return the commitment, published before any randomness exists (3.7)."""
    return sha256_hex(f"{FORMAT}/commit\n".encode() + protocol_json(params))


def check_numbers(source: Mapping[str, Any], numbers: Sequence[int]) -> None:
    """Refuse numbers that the source cannot produce."""
    label = source["label"]
    if len(numbers) != source["n"]:
        raise DrawError(f"“{label}”应有{source['n']}个数，收到{len(numbers)}个。")
    if any(not source["min"] <= number <= source["max"] for number in numbers):
        raise DrawError(f"“{label}”的数应在{source['min']}到{source['max']}之间。")
    rising = all(a < b for a, b in pairwise(numbers))
    if source["order"] == "sorted" and not rising:
        raise DrawError(f"“{label}”的数应从小到大排列且互不相同。")


def entropy_bits(sources: Iterable[Mapping[str, Any]]) -> float:
    """Return the entropy of the sources in bits; used only for the 64-bit minimum and for display."""
    return sum(math.log2(_outcomes(source)) for source in sources)


def draw_seed(params: Params, randomness: Sequence[Sequence[int]]) -> str:
    """Return the seed: a hash of the commitment and the numbers of all sources (3.8)."""
    if len(randomness) != len(params["randomness"]):
        raise DrawError(f"应有{len(params['randomness'])}组随机数，收到{len(randomness)}组。")
    for source, numbers in zip(params["randomness"], randomness, strict=True):
        check_numbers(source, numbers)
    return hash_lines(f"{FORMAT}/seed", commitment(params), *(",".join(map(str, row)) for row in randomness))


def ticket(seed: str, stratum: str, token: str) -> str:
    """Return the ticket of one id (3.9)."""
    return hash_lines(f"{FORMAT}/ticket", seed, stratum, token)


def drawing_order(seed: str, stratum: str, tokens: Iterable[str], progress: Progress = no_progress) -> list[str]:
    """Return a stratum's ids by ascending ticket; the first are drawn, the next are alternates (3.9)."""
    begun = hashlib.sha256(f"{FORMAT}/ticket\n{seed}\n{stratum}\n".encode()).copy
    # Bucketed by first byte: 256 small sorts take half the time of one large sort.
    buckets: list[list[bytes]] = [[] for _ in range(256)]
    waiting = iter(tokens)
    while batch := list(islice(waiting, STEP)):
        for token in batch:
            text = token.encode()
            hashed = begun()
            hashed.update(text)
            drawn = hashed.digest()
            # Ticket and id in one string: tickets have a fixed length, so the id only breaks ties.
            buckets[drawn[0]].append(drawn + text)
        progress(len(batch))
    return [entry[TICKET_BYTES:].decode() for bucket in buckets for entry in sorted(bucket)]


def seats(quota: Mapping[str, Any], eligible: Mapping[str, int], round_: int) -> dict[str, int]:
    """Return stratum -> seats in a committed round (1, 2, ...), at most the number of eligible ids (3.10)."""
    if quota["mode"] == "fixed":
        wanted = quota["rounds"][round_ - 1]
        return {name: min(want, eligible[name]) for name, want in zip(eligible, wanted, strict=True)}
    taken = {name: min(quota["min"], count) for name, count in eligible.items()}
    if sum(taken.values()) > quota["rounds"][0]:
        raise DrawError("各类别的最低名额之和超过总名额。")
    for total in quota["rounds"][:round_]:
        free = {name: count - taken[name] for name, count in eligible.items()}
        more = _shares(total - sum(taken.values()), free)
        taken = {name: taken[name] + more[name] for name in taken}
    return taken


def check_name(text: str, what: str) -> None:
    """Refuse an invalid name (3.1): 1 to 200 code points, NFC, no control or line characters, stripped."""
    if not 1 <= len(text) <= LONGEST_NAME or text != text.strip():
        raise DrawError(f"{what}应为1到{LONGEST_NAME}个字符，且首尾没有空白。")
    if text.isascii() and text.isprintable():
        return  # fast path for tokens: the checks below hold
    if not unicodedata.is_normalized("NFC", text) or any(unicodedata.category(c) in NOT_IN_NAMES for c in text):
        raise DrawError(f"{what}中有控制字符，或不是NFC形式。")


def _shares(free_seats: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Allot seats by largest remainder (3.10); ties by larger weight, then smaller bytes."""
    whole = sum(weights.values())
    if free_seats >= whole:
        return dict(weights)
    shares = {name: free_seats * weight // whole for name, weight in weights.items()}
    order = sorted(weights, key=lambda n: (-(free_seats * weights[n] % whole), -weights[n], n.encode()))
    for name in order[: free_seats - sum(shares.values())]:
        shares[name] += 1
    return shares


def _check_quota(quota: Mapping[str, Any], strata: int) -> None:
    rounds = quota["rounds"]
    if not rounds:
        raise DrawError("至少应有一次抽取名额。")
    if quota["mode"] == "fixed" and any(len(round_) != strata for round_ in rounds):
        raise DrawError("每次抽取名额应与类别一一对应。")
    wide = rounds if quota["mode"] == "fixed" else [[total] for total in rounds]
    for earlier, later in pairwise(wide):
        if any(more < less for less, more in zip(earlier, later, strict=True)):
            raise DrawError("各次抽取名额为累计数，不能减少。")


def _check_source(source: Mapping[str, Any]) -> None:
    check_name(source["label"], "随机数来源名称")
    check_name(source["fallback"], "随机数替代办法")
    if source["n"] < 1 or source["min"] > source["max"] or source["order"] not in ORDERS:
        raise DrawError(f"随机数来源“{source['label']}”的个数、范围或顺序有误。")
    if source["order"] == "sorted" and source["n"] > source["max"] - source["min"] + 1:
        raise DrawError(f"随机数来源“{source['label']}”取不出这么多不同的数。")


def _outcomes(source: Mapping[str, Any]) -> int:
    span = source["max"] - source["min"] + 1
    return int(math.comb(span, source["n"]) if source["order"] == "sorted" else span ** source["n"])


def _lines(rows: Iterable[Sequence[str]], what: str) -> list[bytes]:
    # A stratum stands in thousands of rows: checked once. Ids are ASCII, which check_name passes at once.
    lines, checked = [], set[str]()
    for row in rows:
        for field in row:
            if field not in checked:
                check_name(field, what)
                if not field.isascii():
                    checked.add(field)
        lines.append("\t".join(row).encode() + b"\n")
    lines.sort()
    if any(line == following for line, following in pairwise(lines)):
        raise DrawError(f"{what}中有重复的行。")
    return lines


def hash_lines(*lines: str) -> str:
    """Return the SHA-256 in hex of the lines, joined by LF."""
    return sha256_hex("\n".join(lines).encode())
