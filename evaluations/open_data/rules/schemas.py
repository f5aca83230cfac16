"""JSON Schemas (draft 2020-12) of the files, the manifest and the catalog."""

from collections.abc import Mapping
from typing import Any

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT = {"type": "string"}
WHOLE = {"type": "integer", "minimum": 0}
FLAG = {"type": "boolean"}
DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?[+]\d{2}:\d{2}$"}
DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
ADDRESS = {"type": "string", "pattern": "^/"}
FIGURE = {"description": "张数；为保护投票人不公布的，为文字", "oneOf": [WHOLE, TEXT]}
DECIMAL = {"type": "string", "pattern": r"^-?(0|[1-9]\d*)\.\d{4}$"}
CHANNEL = {"enum": ["targeted", "sampled", "other"]}
Schema = Mapping[str, Any]


def _or_null(schema: Schema) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "null"}]}


def _array(items: Schema) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _object(properties: Schema, *, optional: Schema | None = None, is_closed: bool = True) -> dict[str, Any]:
    """Return an object with these properties; `is_closed` = it has no others."""
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": sorted(properties),
        **({"additionalProperties": False} if is_closed else {}),
    }


def _map(values: Schema, names: Schema | None = None) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values, **({"propertyNames": names} if names else {})}


NAMED = {"department": TEXT, "section": TEXT}
PLACE = {"rank": {"type": "integer", "minimum": 1}, "problems": TEXT}
SURENESS = {"label": TEXT, "rank_low": _or_null(WHOLE), "rank_high": _or_null(WHOLE)}
ENTRY = _object({**PLACE, **NAMED, "code": TEXT}, optional=SURENESS)
ROW = _or_null(_object(PLACE, optional=SURENESS))
CHANNEL_FIGURES = _object(
    {"channel": CHANNEL, "label": TEXT, "issued": WHOLE, "returned": FIGURE, "valid": FIGURE, "counted": FIGURE}
)
RESPONSE_LINES = _array(_object({"name": TEXT, "delivered": WHOLE, "returned": FIGURE}, is_closed=False))
RESPONSE = {"sections": RESPONSE_LINES, "strata": RESPONSE_LINES, "sampled": RESPONSE_LINES}
ROUND = _object(
    {"key": TEXT, "name": TEXT, "period_start": DAY, "period_end": DAY, "opens_at": TIME, "closes_at": TIME}
)
OF_ROUND = {"round": TEXT, "is_demo": FLAG}
TERMS = {"format": {"const": "nanchuan-data/1"}, "terms": TEXT}

# The list's content is what was published; later lists say more than earlier ones.
LIST = _object(
    {
        "round": ROUND,
        "version": {"type": "integer", "minimum": 1},
        "reason": TEXT,
        "is_demo": FLAG,
        "entries": _array(ENTRY),
        "withdrawn": _array(ENTRY),
        "struck": WHOLE,
        "channels": _array(CHANNEL_FIGURES),
        "sections": WHOLE,
        "unranked": WHOLE,
        "closing_root": TEXT,
        "result_sha256": DIGEST,
        "rulebook_sha256": DIGEST,
        "draws": _map(TEXT),
    },
    optional={
        "columns_explained": TEXT,
        "vacant": _array({"type": "integer", "minimum": 1}),
        "response": _object(RESPONSE, optional={"left_out": WHOLE}, is_closed=False),
        "changes": _array(_object({**NAMED, "code": TEXT, "was": ROW, "now": ROW, "is_withdrawn": FLAG})),
        "method": TEXT,
        "cells_sha256": DIGEST,
        "publication": _object({"sections": WHOLE, "ranked": WHOLE, "needed": WHOLE}, is_closed=False),
        "note": TEXT,
        "places": TEXT,
        "margin": TEXT,
        "interval": TEXT,
        "labels": _array(_array(TEXT)),
        "unranked_sections": _array(_object(NAMED)),
    },
    is_closed=False,
)
RULEBOOK = _object(
    {
        "method": TEXT,
        "round": TEXT,
        "sections": _array(TEXT),
        "vetoes": _array(_object({"section": TEXT, "decision": TEXT, "date": DAY})),
    },
    is_closed=False,
)
CELLS = _object(
    {
        "method": TEXT,
        "rulebook_sha256": DIGEST,
        "between_variance": DECIMAL,
        "channels": _map(_object({"mean": DECIMAL, "weight": TEXT}), CHANNEL),
        "sections": _array(
            _object(
                {"section": TEXT, "cells": _map(_object({"n": _or_null(WHOLE), "d": DECIMAL, "v": DECIMAL}), CHANNEL)}
            )
        ),
    }
)
TURNOUT = _object({**OF_ROUND, "channels": _array(CHANNEL_FIGURES)})
SECTIONS = _object({**OF_ROUND, "sections": _array(_object({**NAMED, "code": TEXT, "department_code": TEXT}))})
DRAWS = _object(
    {
        **OF_ROUND,
        "draws": _array(
            _object(
                {
                    "draw_id": TEXT,
                    "purpose": {"enum": ["supervisors", "evaluators", "clients", "issued", "counted"]},
                    "label": TEXT,
                    "status": {"enum": ["published", "abandoned"]},
                    "status_label": TEXT,
                    "planned_at": _or_null(TIME),
                    "place": TEXT,
                    "committed_at": TIME,
                    "seeded_at": _or_null(TIME),
                    "published_at": _or_null(TIME),
                    "abandoned_at": _or_null(TIME),
                    "abandon_reason": TEXT,
                    "commit": DIGEST,
                    "seed": {"type": "string", "pattern": "^([0-9a-f]{64})?$"},
                    "pool_size": WHOLE,
                    "pool_sha256": DIGEST,
                    "exclusions_sha256": DIGEST,
                    "randomness": _array(_object({"label": TEXT, "numbers": _array(WHOLE), "issue": TEXT})),
                    "strata": _array(_object({"name": TEXT, "eligible": WHOLE, "seats": WHOLE})),
                    "files": _map(ADDRESS),
                }
            )
        ),
    }
)
CLOSING_LIST = _object(
    {
        **OF_ROUND,
        "root": {"type": "string", "pattern": "^([0-9a-f]{64})?$"},
        "ballots": _array(
            _object({"receipt": {"type": "string", "minLength": 20, "maxLength": 20}, "commitment": DIGEST})
        ),
    }
)
RECTIFICATIONS = _object(
    {
        **OF_ROUND,
        "sections": _array(
            _object(
                {
                    **NAMED,
                    "rank": {"type": "integer", "minimum": 1},
                    "code": TEXT,
                    "state": TEXT,
                    "items": _array(
                        _object({"problem": TEXT, "state": TEXT, "due_on": _or_null(DAY), "closed_on": _or_null(DAY)})
                    ),
                    "ratings": _or_null(_array(_object({"label": TEXT, "votes": WHOLE}))),
                }
            )
        ),
    }
)
MANIFEST = _object(
    {
        **TERMS,
        "round": ROUND,
        "is_demo": FLAG,
        "publisher": TEXT,
        "version": {"type": "integer", "minimum": 1},
        "published_at": TIME,
        "list": ADDRESS,
        "feed": ADDRESS,
        "corrections": _array(
            _object({"version": WHOLE, "corrected_from": WHOLE, "published_at": TIME, "reason": TEXT})
        ),
        "files": _array(
            _object(
                {
                    "name": TEXT,
                    "title": TEXT,
                    "address": ADDRESS,
                    "media_type": TEXT,
                    "bytes": WHOLE,
                    "sha256": DIGEST,
                    "schema": _or_null(ADDRESS),
                    "version": _or_null(WHOLE),
                    "corrected_from": _or_null(ADDRESS),
                    "is_fixed": FLAG,
                }
            )
        ),
    }
)
CATALOG = _object(
    {
        **TERMS,
        "rounds": _array(
            _object(
                {
                    "key": TEXT,
                    "name": TEXT,
                    "period_start": DAY,
                    "period_end": DAY,
                    "is_demo": FLAG,
                    "version": WHOLE,
                    "manifest": ADDRESS,
                }
            )
        ),
    }
)
SCHEMAS: Mapping[str, Schema] = {
    "list": LIST,
    "sections": SECTIONS,
    "rulebook": RULEBOOK,
    "cells": CELLS,
    "turnout": TURNOUT,
    "response": _object({**OF_ROUND, **RESPONSE}, optional={"left_out": WHOLE}),
    "draws": DRAWS,
    "closing-list": CLOSING_LIST,
    "rectifications": RECTIFICATIONS,
    "manifest": MANIFEST,
    "catalog": CATALOG,
}


def schema_of(name: str, title: str, address: str) -> dict[str, Any]:
    """Return a schema as it is served, under its own address."""
    return {"$schema": DIALECT, "$id": address, "title": title, **SCHEMAS[name]}
