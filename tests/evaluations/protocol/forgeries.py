"""Proofs of draws that never happened: each breaks one rule, and everything that is computed fits."""

import copy
import hashlib
from typing import Any

from tests.evaluations.protocol.test_drawing import CHECKER, VECTORS

Proof = dict[str, Any]
BASIC, LOTTERY = (
    next(vector["proof"] for vector in VECTORS["vectors"] if vector["name"] == name)
    for name in ("01-basic", "12-lottery-and-dice")
)
canonical, digest = CHECKER["canonical"], CHECKER["sha256"]


def _forgeries() -> dict[str, Proof]:
    """Return rule that is broken -> forged proof."""
    stratum, person = BASIC["pool"][0]
    selected = BASIC["result"]["strata"]["A"]["selected"][0]
    removal = {"seq": 1, "type": "remove", "stratum": "A", "id": selected, "reason": "refused", "at": "2026-01-01"}
    source = BASIC["params"]["randomness"][0]
    changed = {
        "an unknown reason of an exclusion": ({}, {"exclusions": [[stratum, person, "disliked"]]}),
        "an exclusion of nobody in the pool": ({}, {"exclusions": [["A", "nobody", "conflict"]]}),
        "one person excluded twice": (
            {},
            {"exclusions": [[stratum, person, "conflict"], [stratum, person, "ineligible"]]},
        ),
        "an unknown event": ({}, {"events": [{**removal, "type": "kick"}]}),
        "an unknown reason of a removal": ({}, {"events": [{**removal, "reason": "critic"}]}),
        "an event with more keys": ({}, {"events": [{**removal, "why": "x"}]}),
        "fewer seats in a later round": ({"quota": {"mode": "fixed", "rounds": [[3, 2], [2, 2]]}}, {}),
        "strata in another order": ({"strata": ["B", "A"], "quota": {"mode": "fixed", "rounds": [[2, 3]]}}, {}),
        "a surplus parameter": ({"salt": "found by trying"}, {}),
        "no source of randomness": ({"randomness": []}, {"randomness": []}),
        "a source without numbers": ({"randomness": [{**source, "n": 0}]}, {"randomness": [[]]}),
        "a lot that is no whole number": ({"randomness": [{**source, "n": 1}]}, {"randomness": [[0.5]]}),
        "a name that ends with a blank": ({"purpose": "evaluators "}, {}),
    }
    return {rule: computed_again(BASIC, params, parts) for rule, (params, parts) in changed.items()} | {
        "lottery numbers in another order": computed_again(
            LOTTERY, {}, {"randomness": [LOTTERY["randomness"][0], [7, 3, 12, 15, 28, 33], [9]]}
        ),
    }


def computed_again(proof: Proof, params: Proof, parts: Proof) -> Proof:
    """Return the proof with changed params and parts, and with digests, commitment and result that fit them."""
    forged = {**copy.deepcopy(proof), **copy.deepcopy(parts)}
    forged["params"].update(params, exclusions_sha256=_file_digest(forged["exclusions"]))
    forged["commit"] = digest("nanchuan-draw/1/commit", canonical(forged["params"]))
    lots = (",".join(map(str, numbers)) for numbers in forged["randomness"])
    seed = digest("nanchuan-draw/1/seed", forged["commit"], *lots)
    return {**forged, "result": {"seed": seed, **_result(forged, seed)}}


def _result(forged: Proof, seed: str) -> Proof:
    params, head, removed = forged["params"], forged["commit"], set()
    out = {(stratum, person) for stratum, person, _ in forged["exclusions"]}
    order = {
        name: sorted(
            (person for stratum, person in forged["pool"] if stratum == name and (stratum, person) not in out),
            key=lambda person, name=name: digest("nanchuan-draw/1/ticket", seed, name, person),
        )
        for name in params["strata"]
    }
    for event in forged["events"]:
        removed.add((event["stratum"], event["id"]))
        head = digest("nanchuan-draw/1/event", head, canonical(event))
    size = {name: len(people) for name, people in order.items()}
    seats = CHECKER["seats_in_round"](params["quota"], size, 1)
    places = CHECKER["places"](order, seats, params["alternates"], removed)
    fixed = params["quota"]["mode"] == "fixed"
    wanted = dict(zip(size, params["quota"]["rounds"][0], strict=True)) if fixed else seats
    strata = {
        name: {
            "eligible": size[name],
            "quota": seats[name],
            "selected": selected,
            "alternates": others,
            "shortfall": wanted[name] - len(selected),
        }
        for name, (selected, others) in places.items()
    }
    total = sum(params["quota"]["rounds"][0]) if fixed else params["quota"]["rounds"][0]
    unfilled = total - sum(len(line["selected"]) for line in strata.values())
    return {"round": 1, "head": head, "strata": strata, "unfilled": unfilled}


def _file_digest(rows: list[list[str]]) -> str:
    return hashlib.sha256(b"".join(sorted("\t".join(row).encode() + b"\n" for row in rows))).hexdigest()


FORGERIES = _forgeries()
