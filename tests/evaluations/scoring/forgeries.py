"""Every way to forge a document by one value."""

import copy
import re
from collections.abc import Iterator
from typing import Any

Path = tuple[Any, ...]


def forgeries(document: Any) -> Iterator[tuple[Path, Any]]:
    """Yield the document with each single value changed, each key left out, and a key added to each object."""
    for path in _paths(document):
        yield path, _with(document, path, lambda holder, key: holder.__setitem__(key, _other(holder[key])))
        if isinstance(path[-1], str):
            yield (*path, "left out"), _with(document, path, lambda holder, key: holder.pop(key))
    yield ("added",), document | {"added": 1}


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from _paths(each, (*path, key))


def _with(document: Any, path: Path, change: Any) -> Any:
    forged = copy.deepcopy(document)
    holder = forged
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return forged


def _other(value: Any) -> Any:
    """Return a near value of the same kind: the last decimal, the next number, the other truth."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d{4}", value):
        return f"{value[:-1]}{(int(value[-1]) + 1) % 10}"
    if isinstance(value, str):
        return f"{value}1"
    if isinstance(value, list):
        return [*reversed(value)] if value != [*reversed(value)] else [*value, "other"]
    return 1 if value is None else {}
