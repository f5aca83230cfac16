"""Documents of a draw as PDF (承诺书、抽取记录表、通知书、签名码密封件), and the text of the SMS."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from textwrap import wrap
from typing import Any

from django.utils import timezone

from evaluations.draws.models import Draw, DrawEntry, SigningSheet
from evaluations.draws.queries.committed_rounds import seats_of
from evaluations.draws.queries.people import reference_of
from evaluations.draws.queries.strata import StratumLine, strata_of
from evaluations.draws.rules import DISCRETIONARY, event_label, lookup_address, most_discretionary
from evaluations.draws.services.ceremony import draw_head
from evaluations.protocol.codes import format_code
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.key_statement import document_mark
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.rounds.rules.rhythm import recently
from evaluations.scoring.questionnaire import questionnaire_of
from evaluations.service_records.queries.prelist import prelists
from nanchuan_eval.audit import services as audit
from nanchuan_eval.documents.rendering import qr_svg, render_pdf
from nanchuan_eval.workdays.queries import hint_of, with_hint_of
from nanchuan_eval.workdays.rules import Term, in_chinese

LETTERS_A_FILE = 100
HASH = re.compile(r"[0-9a-f]{64}")
LONGEST_LIST = 120  # tokens printed in the record; longer lists are only in the proof file
DUTY = {
    DrawPurpose.SUPERVISORS: (
        "监督员",
        "请您见证以后各项抽取和计票：到场看到全过程后，用签名码确认。签名码装在密封件里，到场时当面交给您，只有您本人知道，请勿交他人代用。",
    ),
    DrawPurpose.EVALUATORS: (
        "定向评议人员",
        "请您按“{indicators}”五项指标，对本评议期内办过事的科室进行评议。评议票另行寄发，可以用票号在手机上填写，"
        "或者填写纸质票寄回。",
    ),
    DrawPurpose.CLIENTS: (
        "办事群众评议人员",
        "您在本评议期内到下列科室办过事，每个科室分别抽取。请您对这些科室评议：每个科室一张评议票、一个票号，一张票只评这一个科室，"
        "票号另行发给您，用票号在手机上填写，或者填写纸质票寄回。评议票不记名，同一人的几张票之间没有联系。",
    ),
    DrawPurpose.ISSUED: (
        "抽样评议票发放对象",
        "请您对本评议期内办过事的科室评议。评议票另封寄发，一张票对应一个票号，用票号在手机上填写，或者填写纸质票寄回。",
    ),
}


def commitment_pdf(draw: Draw, *, url: str, at: datetime) -> bytes:
    """Return the 承诺书 of a committed draw."""
    params = json.loads(draw.params)
    strata = strata_of(draw, params)
    return render_pdf(
        "commitment",
        {
            **_head(draw, at),
            "facts": [*_facts(draw), ["候补", f"每类别{params['alternates']}名"], ["说明", _readable(params["note"])]],
            "commit": draw.commit,
            "pool_sha256": params["pool_sha256"],
            "pool_size": params["pool_size"],
            "exclusions_sha256": params["exclusions_sha256"],
            "excluded": draw.entries.exclude(exclusion="").count(),
            "strata": [[s.name, s.eligible, s.seats, s.empty] for s in strata],
            "sources": [
                [source["label"], source["n"], f"{source['min']}到{source['max']}", source["fallback"]]
                for source in params["randomness"]
            ],
            "witnesses": [*_witnesses(draw), "公证员", "评议办负责人"],
            "qr": qr_svg(url),
            "url": url,
        },
        at=at,
    )


def record_pdf(draw: Draw, *, at: datetime) -> bytes:
    """Return the 抽取记录表 of a completed draw."""
    params = json.loads(draw.params)
    strata = strata_of(draw, params)
    signatures = draw.signatures.select_related("supervisor__person")
    signed = [f"{s.supervisor.person.name}（{_time(s.at)}）" for s in signatures if s.supervisor.person]
    return render_pdf(
        "draw_record",
        {
            **_head(draw, at),
            "facts": [*_facts(draw), *_times(draw), ["规则", rule_text(params)], ["说明", _readable(params["note"])]],
            "commit": draw.commit,
            "seed": draw.seed,
            "head": draw_head(draw),
            "anchors": _anchors(draw),
            "sources": [
                [source["label"], issue or "—", " ".join(map(str, numbers))]
                for source, numbers, issue in zip(params["randomness"], draw.randomness, draw.issues, strict=True)
            ],
            "strata": _stratum_rows(draw, strata),
            **_events(draw),
            "signed": "、".join(signed) or "本次抽取无需监督员用签名码确认，由见证人签名如下。",
            "witnesses": [*_witnesses(draw), "公证员", "评议办负责人"],
            "tokens": _short_lists(strata),
        },
        at=at,
    )


def _anchors(draw: Draw) -> list[tuple[str, list[str]]]:
    """Return the audit log's anchors at the commitment and at the drawing, where there are any."""
    occasions = (("公布承诺", draw.committed_at), ("执行抽取", draw.drawn_at))
    lines = ((label, audit.anchor_line(at=at, occasion=label)) for label, at in occasions)
    return [(label, line) for label, line in lines if line]


def letters_pdfs(
    draw: Draw, entries: Iterable[DrawEntry], *, url: str, reply_by: Term, at: datetime
) -> Iterator[bytes]:
    """Yield the 通知书 as files of a hundred letters."""
    role, duty = DUTY[DrawPurpose(draw.purpose)]
    names = dict(draw.round.sections.values_list("code", "name"))
    phone = draw.round.rulebook["office_phone"]
    common = {
        **_head(draw, at),
        "opening": f"在{draw.round.name}最难办事科室群众评中，您经公开随机抽取，被抽中为{role}。",
        "recently": recently(draw.round.rulebook),
        "what_to_do": duty.format(indicators=questionnaire_of(draw.round.rulebook).listed),
        "reply_by": in_chinese(reply_by.ends_on),
        "reply_hint": hint_of(reply_by, "答复期限"),
        "contact": f"（电话{phone}）" if phone else "",
        "url": url,
    }
    people = _by_person(entries)
    listed = _prelists(draw, people)
    waiting = iter(people)
    while batch := list(islice(waiting, LETTERS_A_FILE)):
        letters = [
            _letter(e, names, url) | {"first": _named(listed.get(e[0].person_id or 0, []), names)} for e in batch
        ]
        yield render_pdf("notice_letters", {**common, "letters": letters}, at=at, tagged=False)


def signing_sheet_pdf(sheet: SigningSheet, codes: Sequence[str], *, at: datetime) -> bytes:
    """Return the letter of one supervisor's codes, to be folded and sealed; the codes appear nowhere else."""
    entry = sheet.entry
    shown = {
        **_head(entry.draw, at),
        "name": entry.person.name if entry.person else entry.token[:8],
        "number": sheet.number,
        "codes": [format_code(code) for code in codes],
    }
    return render_pdf("signing_sheet", shown, at=at, tagged=False)


def text_message(draw: Draw, reply_by: Term) -> str:
    """Return the text of the SMS; salt and token are only in the letter."""
    until = with_hint_of(f"{reply_by.ends_on:%-m月%-d日}前", reply_by)
    role, _ = DUTY[DrawPurpose(draw.purpose)]
    phone = draw.round.rulebook["office_phone"]
    contact = f"致电{phone}" if phone else "与评议办联系"
    return (
        f"【{profile_of(draw.round).sign}】您在{draw.round.name}最难办事科室群众评中被随机抽中为{role}，通知书另行寄送。"
        f"不能参加的，请在{until}{contact}。{'（演示）' if draw.round.is_demo else ''}"
    )


def rule_text(params: Mapping[str, Any]) -> str:
    """Describe in Chinese how seats are allotted."""
    quota = params["quota"]
    totals = [total if isinstance(total, int) else sum(total) for total in quota["rounds"]]
    way = "各类别名额固定" if quota["mode"] == "fixed" else f"按各类别人数比例分配，每类别至少{quota['min']}名"
    later = "；预先承诺的追加抽取累计" + "、".join(f"{total}名" for total in totals[1:]) if totals[1:] else ""
    return f"共{totals[0]}名，{way}，按抽签值从小到大依次抽取{later}"


def _readable(note: str) -> str:
    """Return the note with its hashes in groups of eight, so that they can be wrapped."""
    return HASH.sub(lambda found: " ".join(wrap(found[0], 8)), note)


def _head(draw: Draw, at: datetime) -> dict[str, Any]:
    waived = "演示轮次：本次抽取未执行公布承诺至抽取的最短间隔。" if draw.lead_waived else ""
    return {
        "subtitle": f"{draw.round.name} {draw.get_purpose_display()}",
        "demo": document_mark(draw.round.rulebook, is_demo=draw.round.is_demo),
        "waived": waived,
        "office": profile_of(draw.round).office,
        "date": in_chinese(timezone.localtime(at).date()),
    }


def _facts(draw: Draw) -> list[list[str]]:
    rows = [["抽取编号", draw.draw_id]]
    if draw.planned:
        rows += [
            ["抽取时间", _time(draw.planned.planned_at)],
            ["抽取地点", draw.planned.place],
            ["见证人", draw.planned.witnesses],
        ]
    return [*rows, ["承诺公布时间", _time(draw.committed_at)]]


def _times(draw: Draw) -> list[list[str]]:
    moments = (("随机数确定", draw.seeded_at), ("抽取", draw.drawn_at), ("公开证明", draw.published_at))
    rows = [[label, _time(at)] for label, at in moments if at]
    return [*rows, ["经办人", draw.drawn_by.name if draw.drawn_by else "—"]]


def _witnesses(draw: Draw) -> list[str]:
    return draw.planned.witness_names if draw.planned else []


def _stratum_rows(draw: Draw, strata: Sequence[StratumLine]) -> list[list[Any]]:
    pool: dict[str, int] = {}
    for name in draw.entries.order_by().values_list("stratum", flat=True).iterator():
        pool[name] = pool.get(name, 0) + 1
    return [[s.name, pool[s.name], s.eligible, s.seats, len(s.selected), len(s.alternates)] for s in strata]


def _events(draw: Draw) -> dict[str, Any]:
    bodies = [json.loads(body) for body in draw.events.values_list("body", flat=True)]
    used = sum(body.get("reason") in DISCRETIONARY for body in bodies)
    most = most_discretionary(seats_of(draw), draw.round.rulebook["removal_percent"])
    return {
        "events": [[b["seq"], b["at"][:16].replace("T", " "), event_label(b), b.get("id", "")[:12]] for b in bodies],
        "removals": f"因失联、回避、不符合条件移除{used}人，上限{most}人。",
    }


def _short_lists(strata: Sequence[StratumLine]) -> list[list[Any]]:
    if sum(len(stratum.selected) for stratum in strata) > LONGEST_LIST:
        return []
    return [[stratum.name, stratum.selected] for stratum in strata]


def _by_person(entries: Iterable[DrawEntry]) -> list[list[DrawEntry]]:
    """Group entries by person: several entries mean one letter and several ballots."""
    found: dict[int | str, list[DrawEntry]] = {}
    for entry in entries:
        # A client has a token for each section, anybody else one for all.
        found.setdefault(entry.client_id or entry.token, []).append(entry)
    return list(found.values())


def _letter(drawn: Sequence[DrawEntry], names: Mapping[str, str], url: str) -> dict[str, Any]:
    entry = drawn[0]
    if entry.drawn is None:
        raise ValueError("a letter goes to a person")
    codes = entry.person.dealt_with.split() if entry.person else ()
    return {
        "name": entry.drawn.name,
        "reference": reference_of(entry.drawn),
        "salt": entry.salt,
        "token": entry.token,
        "qr": qr_svg(lookup_address(url, entry.salt, entry.token)),
        "standing": "；".join(f"{each.stratum}，第{each.place}位" for each in drawn)
        + (f"（共{len(drawn)}张评议票）" if len(drawn) > 1 else ""),
        "sections": _named(codes, names),
        "chances": _chances(drawn, url) if entry.client and len(drawn) > 1 else [],
    }


def _prelists(draw: Draw, people: Iterable[Sequence[DrawEntry]]) -> dict[int, list[str]]:
    """Return person -> sections of their service records; clients have a ballot for each of theirs anyway."""
    if draw.purpose != DrawPurpose.EVALUATORS:
        return {}
    return prelists(draw.round, [drawn[0].person for drawn in people if drawn[0].person])


def _named(codes: Iterable[str], names: Mapping[str, str]) -> str:
    return "、".join(f"{names[code]}（{code}）" for code in codes if code in names)


def _chances(drawn: Sequence[DrawEntry], url: str) -> list[dict[str, str]]:
    """Return the sections for which a client is drawn, each with the salt, token and code that prove it."""
    return [
        {
            "standing": f"{entry.stratum}，第{entry.place}位",
            "salt": entry.salt,
            "token": entry.token,
            "qr": qr_svg(lookup_address(url, entry.salt, entry.token)),
        }
        for entry in drawn
    ]


def _time(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y年%-m月%-d日 %H:%M}"
