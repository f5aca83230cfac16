"""Check an untrusted proof file (证明文件): its shape first, then the whole draw again (protocol 3.12)."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from evaluations.protocol.drawing import FORMAT, DrawError, Progress, commitment, no_progress
from evaluations.protocol.outcome import draw
from nanchuan_eval.core.canonical import LARGEST_INTEGER, canonical_json, protocol_json

PROOF_KEYS = frozenset({"params", "commit", "pool", "exclusions", "randomness", "events", "result"})
PARAM_KEYS = frozenset(
    {
        "format",
        "draw_id",
        "purpose",
        "strata",
        "pool_sha256",
        "pool_size",
        "exclusions_sha256",
        "quota",
        "alternates",
        "randomness",
        "note",
    }
)
SOURCE_KEYS = frozenset({"label", "n", "min", "max", "order", "fallback"})
QUOTA_KEYS = {"fixed": frozenset({"mode", "rounds"}), "proportional": frozenset({"mode", "min", "rounds"})}
EVENT_KEYS = {
    "remove": frozenset({"seq", "type", "stratum", "id", "reason", "at"}),
    "open_round": frozenset({"seq", "type", "round", "at"}),
}
ROWS_AT_ONCE = 2000
Check = Callable[[object, str], None]
Rows = Iterable[Iterable[str]]


def proof_chunks(parts: Mapping[str, object], pool: Rows, exclusions: Rows) -> Iterator[str]:
    """Yield the canonical JSON of a proof without holding all rows in memory; `parts` = its other keys."""
    rows = {"pool": pool, "exclusions": exclusions}
    for number, key in enumerate(sorted(PROOF_KEYS)):
        yield ("," if number else "{") + f'"{key}":'
        if key in rows:
            yield from _row_chunks(rows[key])
        else:
            yield canonical_json(parts[key]).decode()
    yield "}"


def verify_proof(proof: object, progress: Progress = no_progress) -> str:
    """Repeat the draw of a proof and return its seed; raises DrawError for any fault."""
    proof = _object(proof, PROOF_KEYS, "证明文件")
    _check_params(proof["params"])
    _list(_row_of(2))(proof["pool"], "名单")
    _list(_row_of(3))(proof["exclusions"], "回避名单")
    _list(_list(_integer))(proof["randomness"], "随机数")
    _list(_event)(proof["events"], "事件")
    _protocol_text({key: value for key, value in proof.items() if key != "result"})
    if proof["commit"] != commitment(proof["params"]):
        raise DrawError("承诺校验值与抽取参数不符。")
    result = draw(proof["params"], proof["pool"], proof["exclusions"], proof["randomness"], proof["events"], progress)
    if _as_text(proof["result"]) != _as_text(result):
        raise DrawError("抽取结果与重新抽取的不一致。")
    return str(result["seed"])


def _row_chunks(rows: Rows) -> Iterator[str]:
    waiting, before = iter(rows), "["
    while batch := [list(row) for row in islice(waiting, ROWS_AT_ONCE)]:
        yield before + canonical_json(batch).decode()[1:-1]
        before = ","
    yield "]" if before == "," else "[]"


def _check_params(params: object) -> None:
    params = _object(params, PARAM_KEYS, "参数")
    if params["format"] != FORMAT:
        raise DrawError("不是 nanchuan-draw/1 格式。")
    for key in ("draw_id", "purpose", "pool_sha256", "exclusions_sha256", "note"):
        _text(params[key], key)
    _integer(params["pool_size"], "pool_size")
    _integer(params["alternates"], "alternates")
    _list(_text)(params["strata"], "类别")
    _list(_source)(params["randomness"], "随机数来源")
    _quota(params["quota"])


def _source(value: object, what: str) -> None:
    source = _object(value, SOURCE_KEYS, what)
    for key in ("label", "order", "fallback"):
        _text(source[key], what)
    for key in ("n", "min", "max"):
        _integer(source[key], what)


def _quota(value: object) -> None:
    mode = value.get("mode") if isinstance(value, dict) else None
    if not isinstance(mode, str) or mode not in QUOTA_KEYS:
        raise DrawError("名额方式只能是 fixed 或 proportional。")
    quota = _object(value, QUOTA_KEYS[mode], "名额")
    if mode == "proportional":
        _integer(quota["min"], "名额")
    _list(_integer if mode == "proportional" else _list(_integer))(quota["rounds"], "名额")


def _event(value: object, what: str) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in EVENT_KEYS:
        raise DrawError("事件种类只能是 remove 或 open_round。")
    event = _object(value, EVENT_KEYS[kind], what)
    for key, field in event.items():
        (_integer if key in {"seq", "round"} else _text)(field, what)


def _row_of(length: int) -> Check:
    def check(value: object, what: str) -> None:
        _list(_text)(value, what)
        if not isinstance(value, list) or len(value) != length:
            raise DrawError(f"{what}的每一行应有{length}项。")

    return check


def _list(each: Check) -> Check:
    def check(value: object, what: str) -> None:
        if not isinstance(value, list):
            raise DrawError(f"{what}应为列表。")
        for item in value:
            each(item, what)

    return check


def _object(value: object, keys: frozenset[str], what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or value.keys() != keys:
        raise DrawError(f"{what}的项目不全或有多余项目。")
    return value


def _text(value: object, what: str) -> None:
    if not isinstance(value, str):
        raise DrawError(f"{what}应为文字。")


def _integer(value: object, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_INTEGER:
        raise DrawError(f"{what}应为非负整数。")


def _protocol_text(value: object) -> None:
    try:
        protocol_json(value)
    except (ValueError, RecursionError):
        raise DrawError("证明文件中的文字不是NFC形式，或含有控制字符。") from None


def _as_text(result: object) -> str:
    """Serialize for a strict comparison: True is not 1, 1.0 is not 1."""
    try:
        return json.dumps(result, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return ""
