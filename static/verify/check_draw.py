#!/usr/bin/env python3
"""独立核验一次公开抽取: draws again from a proof file, with Python's standard library alone (3.8 or later).

    python3 check_draw.py PROOF.json

Shares no code with the system that held the draw (protocol nanchuan-draw/1) and sends nothing. Prints
OK <seed>    一致: who was selected, who are the alternates and in what order follows from the pool, the terms and the
             random numbers in the file, and from nothing else;
FAIL <why>   不一致: a part of the file was changed, breaks the protocol or does not lead to the stated result.
OK cannot tell what was announced: compare "commit" in the file with the value published before the draw, and
"randomness" with the dice and the lottery numbers that everybody saw.
"""

import hashlib
import json
import sys
import unicodedata
from pathlib import Path

# The shape of a proof file, for check().
NAME = "a text of 1 to 200 characters on one line"
SOURCE = {"label": NAME, "n": int, "min": int, "max": int, "order": {"drawn", "sorted"}, "fallback": NAME}
PARAMS = {"format": {"nanchuan-draw/1"}, "draw_id": NAME, "purpose": NAME, "note": str, "strata": [NAME]}
PARAMS.update(pool_size=int, pool_sha256=str, exclusions_sha256=str, quota=dict, alternates=int, randomness=[SOURCE])
ABSENT = {"conflict", "ineligible", "already_selected", "declared_absence"}
PROOF = {"params": PARAMS, "commit": str, "pool": [(NAME, NAME)], "exclusions": [(NAME, NAME, ABSENT)]}
PROOF.update(randomness=[[int]], events=[dict], result=dict)
FIXED = {"mode": {"fixed"}, "rounds": [[int]]}
PROPORTIONAL = {"mode": {"proportional"}, "min": int, "rounds": [int]}
REASONS = {"refused", "conflict", "unreachable", "ineligible"}
REMOVAL = {"seq": int, "type": {"remove"}, "stratum": NAME, "id": NAME, "reason": REASONS, "at": str}
OPENING = {"seq": int, "type": {"open_round"}, "round": int, "at": str}


def need(condition, why):
    if not condition:
        raise ValueError(why)


def sha256(*lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def canonical(value):
    """Return the one JSON text of a value: sorted keys, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def is_text(value, forbidden):
    """True for a text in Unicode form NFC without characters of the forbidden categories."""
    normal = isinstance(value, str) and unicodedata.normalize("NFC", value) == value
    return normal and not any(unicodedata.category(character) in forbidden for character in value)


def check(value, shape):
    """Refuse a value of another shape; [x] is a list of any length, (x, y) a row of two, {"a", "b"} a choice."""
    if shape is int:
        good = type(value) is int and 0 <= value < 2**53
    elif shape is str:
        good = is_text(value, ("Cc", "Cs"))
    elif shape is NAME:
        good = is_text(value, ("Cc", "Cs", "Zl", "Zp")) and 0 < len(value) <= 200 and value == value.strip()
    elif shape is dict:
        good = isinstance(value, dict)
    elif isinstance(shape, set):
        good = isinstance(value, str) and value in shape
    elif isinstance(shape, dict):
        need(isinstance(value, dict) and value.keys() == shape.keys(), "项目应为：" + "、".join(shape))
        good = all(check(value[key], shape[key]) for key in shape)
    else:
        good = isinstance(value, list) and (isinstance(shape, list) or len(value) == len(shape))
        good = good and all(map(check, value, shape * len(value)))  # map stops with the shorter one
    if not good:
        raise ValueError("文字、数字或项目不合规定：" + repr(value)[:200])
    return True


def check_terms(params):
    fixed, rounds, strata = params["quota"].get("mode") == "fixed", params["quota"].get("rounds"), params["strata"]
    check(params["quota"], FIXED if fixed else PROPORTIONAL)
    need(strata == sorted(set(strata), key=str.encode), "类别有误")
    need(rounds and params["randomness"], "没有名额或随机数来源")
    need(not fixed or all(len(row) == len(strata) for row in rounds), "名额与类别不对应")
    columns = zip(*rounds) if fixed else [rounds]
    need(all(list(column) == sorted(column) for column in columns), "名额不能减少")


def file_digest(rows):
    """Return the SHA-256 of the rows as a file: columns parted by TAB, lines sorted by bytes."""
    lines = sorted("\t".join(row).encode() + b"\n" for row in rows)
    need(len(set(lines)) == len(lines), "行有重复")
    return hashlib.sha256(b"".join(lines)).hexdigest()


def eligible_people(params, pool, exclusions):
    """Return the ids of each stratum that take part: the pool without the exclusions."""
    need(file_digest(pool) == params["pool_sha256"] and len(pool) == params["pool_size"], "名单与承诺不符")
    need(file_digest(exclusions) == params["exclusions_sha256"], "回避名单与承诺不符")
    people, excluded = {tuple(row) for row in pool}, {(stratum, person) for stratum, person, _ in exclusions}
    need(len(excluded) == len(exclusions) and excluded <= people, "回避名单有误")
    need({stratum for stratum, _ in people} <= set(params["strata"]), "名单中有承诺之外的类别")
    eligible = {stratum: [] for stratum in params["strata"]}
    for stratum, person in people - excluded:
        eligible[stratum].append(person)
    return eligible


def random_line(source, numbers):
    """Return the numbers of one source as the line that enters the seed."""
    need(1 <= source["n"] == len(numbers), "随机数个数不对")
    need(all(source["min"] <= number <= source["max"] for number in numbers), "随机数超出范围")
    need(source["order"] == "drawn" or numbers == sorted(set(numbers)), "彩票号码应从小到大且不重复")
    return ",".join(map(str, numbers))


def seats_in_round(quota, size, number):
    """Return the seats of each stratum, cumulative; `size` = how many are eligible in each."""
    if quota["mode"] == "fixed":
        return {stratum: min(size[stratum], wanted) for stratum, wanted in zip(size, quota["rounds"][number - 1])}
    seats = {stratum: min(size[stratum], quota["min"]) for stratum in size}
    need(sum(seats.values()) <= quota["rounds"][0], "名额有误")
    for total in quota["rounds"][:number]:  # by the largest remainder, in whole numbers
        free = {stratum: size[stratum] - seats[stratum] for stratum in size}
        people, new = sum(free.values()), total - sum(seats.values())
        if new >= people:
            return dict(size)
        share = {stratum: divmod(new * free[stratum], people) for stratum in size}
        order = sorted(size, key=lambda s, share=share, free=free: (-share[s][1], -free[s], s.encode()))
        lucky = order[: new - sum(whole for whole, _ in share.values())]
        seats = {stratum: seats[stratum] + share[stratum][0] + (stratum in lucky) for stratum in size}
    return seats


def places(order, seats, alternates, removed):
    """Return the selected and the alternates of each stratum: the first of its order, without who was removed."""
    found = {}
    for stratum, people in order.items():
        line = [each for each in people[: seats[stratum] + alternates] if (stratum, each) not in removed]
        found[stratum] = line[: seats[stratum]], line[seats[stratum] :]
    return found


def replay(params, order, head, events):
    """Return the result after all removals and further rounds, as the proof has to state it."""
    quota, alternates, number, removed = params["quota"], params["alternates"], 1, set()
    size = {stratum: len(people) for stratum, people in order.items()}
    seats = seats_in_round(quota, size, number)
    for seq, event in enumerate(events, start=1):
        opens = event.get("type") == "open_round"
        check(event, OPENING if opens else REMOVAL)
        need(event["seq"] == seq, "事件有误")
        if opens:
            number += 1
            need(event["round"] == number <= len(quota["rounds"]), "只能依次启动承诺过的追加抽取")
            seats = seats_in_round(quota, size, number)
        else:
            selected, _ = places(order, seats, alternates, removed).get(event["stratum"], ((), ()))
            need(event["id"] in selected, "只能移除已抽中的人")
            removed.add((event["stratum"], event["id"]))
        head = sha256("nanchuan-draw/1/event", head, canonical(event))
    fixed, wanted, strata = quota["mode"] == "fixed", quota["rounds"][number - 1], {}
    wishes = dict(zip(size, wanted)) if fixed else seats
    for stratum, (selected, others) in places(order, seats, alternates, removed).items():
        strata[stratum] = {"eligible": size[stratum], "quota": seats[stratum], "selected": selected}
        strata[stratum].update(alternates=others, shortfall=wishes[stratum] - len(selected))
    unfilled = (sum(wanted) if fixed else wanted) - sum(len(each["selected"]) for each in strata.values())
    return {"round": number, "head": head, "strata": strata, "unfilled": unfilled}


def redraw(proof):
    """Draw again and return the seed; refuse a proof that states anything else."""
    check(proof, PROOF)
    params, numbers = proof["params"], proof["randomness"]
    check_terms(params)
    order = eligible_people(params, proof["pool"], proof["exclusions"])
    commit = sha256("nanchuan-draw/1/commit", canonical(params))
    need(commit == proof["commit"], "承诺校验值不符")
    need(len(numbers) == len(params["randomness"]), "随机数组数不对")
    seed = sha256("nanchuan-draw/1/seed", commit, *map(random_line, params["randomness"], numbers))
    for stratum, people in order.items():  # everybody's ticket is a hash, the smallest tickets are drawn
        tickets = {person: sha256("nanchuan-draw/1/ticket", seed, stratum, person) for person in people}
        people.sort(key=lambda person, tickets=tickets: (tickets[person], person.encode()))
    result = {"seed": seed, **replay(params, order, commit, proof["events"])}
    need(canonical(result) == canonical(proof["result"]), "结果与重新抽取的不一致")
    return seed


def unique_keys(pairs):
    need(len(dict(pairs)) == len(pairs), "有重复的键")
    return dict(pairs)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.reconfigure(errors="backslashreplace")  # a console without Chinese characters
    try:
        proof_text = Path(sys.argv[1]).read_text(encoding="utf-8")
        print("OK", redraw(json.loads(proof_text, object_pairs_hook=unique_keys)))
    except (OSError, ValueError, RecursionError) as error:
        print("FAIL", error)
        sys.exit(1)
