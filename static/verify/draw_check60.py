#!/usr/bin/env python3
"""Recheck a draw of protocol nanchuan-draw/1 with nothing but Python: python3 draw_check60.py PROOF.json
自行核验一次抽取：只使用标准库，与抽取程序分别编写。一致的输出 OK 和抽取种子，不一致的输出 FAIL 和原因。"""

import hashlib
import json
import sys
import unicodedata

PARAMS = "alternates draw_id exclusions_sha256 format note pool_sha256 pool_size purpose quota randomness strata".split()
SOURCE = "fallback label max min n order".split()
EVENTS = {"remove": "at id reason seq stratum type".split(), "open_round": "at round seq type".split()}
ABSENT, REMOVED = "conflict ineligible already_selected declared_absence", "refused conflict unreachable ineligible"

def need(truth, why):
    if not truth:
        raise ValueError(why)

def H(*lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()

def J(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

def bad(text, kinds):  # 文字须为NFC形式，不含控制字符
    return unicodedata.normalize("NFC", text) != text or any(unicodedata.category(c) in kinds for c in text)

def plain(value):  # 只允许对象、列表、文字和0到2的53次方减1的整数
    if isinstance(value, (dict, list)):
        inner = value if isinstance(value, list) else [*value, *value.values()]
        return all(plain(item) for item in inner)
    return not bad(value, ("Cc", "Cs")) if isinstance(value, str) else type(value) is int and 0 <= value < 2**53

def name(text):
    need(0 < len(text) <= 200 and text == text.strip() and not bad(text, ("Cc", "Cs", "Zl", "Zp")), f"名称不合规定：{text!r}")
    return text.encode()

def digest(rows, width):  # 名单文件、回避文件：逐行排序后的指纹
    lines = sorted(b"\t".join(map(name, row)) + b"\n" for row in rows)
    need(len(set(lines)) == len(lines) and all(len(row) == width for row in rows), "行有重复或不完整")
    return hashlib.sha256(b"".join(lines)).hexdigest()

def numbers(source, given):  # 一组随机数，写成一行
    low, high, rising = source["min"], source["max"], source["order"] == "sorted"
    need(sorted(source) == SOURCE and source["order"] in ("drawn", "sorted") and 1 <= source["n"] == len(given), "随机数个数不对")
    need(name(source["label"]) and name(source["fallback"]) and all(low <= n <= high for n in given), "随机数超出范围")
    need(not rising or given == sorted(set(given)) and source["n"] <= high - low + 1, "彩票号码应从小到大且不重复")
    return ",".join(map(str, given))

def seats(quota, size, k):  # 第k轮各类别的名额
    if quota["mode"] == "fixed":
        return {s: min(n, size[s]) for s, n in zip(size, quota["rounds"][k - 1], strict=True)}
    got = {s: min(quota["min"], size[s]) for s in size}
    need(quota["mode"] == "proportional" and sum(got.values()) <= quota["rounds"][0], "名额有误")
    for total in quota["rounds"][:k]:
        free, room = {s: size[s] - got[s] for s in size}, total - sum(got.values())
        whole = sum(free.values())
        share = {s: divmod(room * free[s], whole) if room < whole else (free[s], 0) for s in size}
        spare = room - sum(base for base, _ in share.values()) if room < whole else 0
        order = sorted(size, key=lambda s: (-share[s][1], -free[s], s.encode()))
        got = {s: got[s] + share[s][0] + (s in order[:spare]) for s in size}
    return got

def redraw(proof):
    need(sorted(proof) == "commit events exclusions params pool randomness result".split(), "证明的项目不对")
    need(all(plain(proof[key]) for key in proof if key != "result"), "文字或数字不合规定")
    p, out = proof["params"], {(s, i) for s, i, _ in proof["exclusions"]}
    strata, rounds, fixed = p["strata"], p["quota"]["rounds"], p["quota"]["mode"] == "fixed"
    need(sorted(p) == PARAMS and p["format"] == "nanchuan-draw/1" and name(p["draw_id"]) and name(p["purpose"]), "参数有误")
    need(sorted(p["quota"]) == (["mode", "rounds"] if fixed else ["min", "mode", "rounds"]) and rounds, "名额有误")
    need([name(s) for s in strata] == sorted({s.encode() for s in strata}) and plain([p["alternates"]]), "类别有误")
    table = rounds if fixed else [[total] for total in rounds]
    need(all(len(row) == (len(strata) if fixed else 1) for row in table), "名额与类别不对应")
    need(all(a <= b for row, then in zip(table, table[1:]) for a, b in zip(row, then)), "名额不能减少")
    need(digest(proof["pool"], 2) == p["pool_sha256"] and len(proof["pool"]) == p["pool_size"], "名单与承诺不符")
    need(digest(proof["exclusions"], 3) == p["exclusions_sha256"], "回避名单与承诺不符")
    need(len(out) == len(proof["exclusions"]) and out <= {tuple(row) for row in proof["pool"]}, "回避名单有误")
    need(all(why in ABSENT.split() for _, _, why in proof["exclusions"]), "回避原因有误")
    head = commit = H("nanchuan-draw/1/commit", J(p))
    need(commit == proof["commit"], "承诺校验值不符")
    need(len(p["randomness"]) == len(proof["randomness"]) > 0, "随机数组数不对")
    seed = H("nanchuan-draw/1/seed", commit, *map(numbers, p["randomness"], proof["randomness"]))
    line = {s: [] for s in strata}
    for s, i in proof["pool"]:
        if (s, i) not in out:
            line[s].append((H("nanchuan-draw/1/ticket", seed, s, i), i.encode(), i))  # 票：小的在前
    order = {s: [i for _, _, i in sorted(line[s])] for s in strata}
    size, gone, k = {s: len(order[s]) for s in strata}, set(), 1
    def lined(s):  # 名额加候补之内、没有被移除的人
        return [i for i in order[s][: seats(p["quota"], size, k)[s] + p["alternates"]] if (s, i) not in gone]
    for number, event in enumerate(proof["events"], 1):
        need(sorted(event) == EVENTS[event["type"]] and event["seq"] == number and isinstance(event["at"], str), "事件有误")
        if event["type"] == "open_round":
            k += 1
            need(event["round"] == k <= len(rounds), "只能依次开启承诺过的轮次")
        else:
            s, i = event["stratum"], event["id"]
            need(event["reason"] in REMOVED.split() and i in lined(s)[: seats(p["quota"], size, k)[s]], "只能移除已抽中的人")
            gone.add((s, i))
        head = H("nanchuan-draw/1/event", head, J(event))
    quota, result = seats(p["quota"], size, k), {"seed": seed, "round": k, "head": head, "strata": {}}
    want = dict(zip(strata, rounds[k - 1])) if fixed else quota
    for s in strata:
        drawn, others = lined(s)[: quota[s]], lined(s)[quota[s] :]
        result["strata"][s] = {"eligible": size[s], "quota": quota[s], "selected": drawn, "alternates": others, "shortfall": want[s] - len(drawn)}
    missing = sum(each["shortfall"] for each in result["strata"].values())
    result["unfilled"] = missing + (0 if fixed else rounds[k - 1] - sum(quota.values()))
    need(J(result) == J(proof["result"]), "结果与重新抽取的不一致")
    return seed

def once(pairs):
    need(len(dict(pairs)) == len(pairs), "有重复的键")
    return dict(pairs)

if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            print("OK", redraw(json.load(file, object_pairs_hook=once)))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        sys.exit(print("FAIL", error) or 1)
