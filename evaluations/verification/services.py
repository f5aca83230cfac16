"""Verification of a whole round (全程核验): everything that can be recomputed is recomputed.

Each check yields in Chinese what does not agree; nothing is changed.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import models
from django.db.models import Count, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Length

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballots.models import Ballot, BallotSpool, Rating
from evaluations.ballots.queries import sealed_votes
from evaluations.box_key.models import BoxKey, SetAsideBallot
from evaluations.box_key.queries import current_key
from evaluations.codes.models import CodeBatch, Credential
from evaluations.draws.models import Draw, DrawEntry, DrawSignature
from evaluations.draws.queries.proofs import proof_text
from evaluations.paper_ballots.models import PaperSheet
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from evaluations.protocol.codes import content_commitment, issue_hash
from evaluations.protocol.drawing import DrawError, commitment
from evaluations.protocol.merkle import merkle_root
from evaluations.protocol.proofs import verify_proof
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.rules.rulebook import default_rulebook, is_opened_by_supervisors, wants_sample_audit
from evaluations.rounds.rules.rulebook_errors import mistyped_settings
from evaluations.sample_audit.models import SampleAudit, SampleSignature
from evaluations.sample_audit.queries.audits import draw_faults
from evaluations.scoring.method import Channel
from evaluations.scoring.methods import recount
from evaluations.sealing.models import OpeningSignature
from evaluations.sealing.queries import closing_leaves, issued_lines, spent_lines
from evaluations.tally.files import ballots_csv, scoring_rulebook
from evaluations.tally.models import CountSignature, SectionResult, Tally
from evaluations.verification.queries import box_facts
from evaluations.verification.rules import opening_faults, record_faults
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry
from nanchuan_eval.audit.queries import archived_until, verify_chain, worded
from nanchuan_eval.core.canonical import sha256_hex

CHUNK = 5000
Check = Callable[[Round], Iterator[str]]


def verify_round(round_: Round) -> Iterator[tuple[str, list[str]]]:
    """Yield each check's name and its faults: none if all agrees, or if the round has not come that far."""
    for name, check in CHECKS.items():
        yield name, list(worded(partial(check, round_)))


def newest_sealed_round() -> Iterator[tuple[str, list[str]]]:
    """Yield the faults of the round that was sealed last, its audit log apart; nothing before the first (试恢复)."""
    round_ = Round.objects.exclude(closing_root="").order_by("-closes_at").first()
    if round_ is None:
        return
    checks = [check for check in CHECKS.values() if check is not _audit_log]
    yield f"“{round_.name}”", [fault for check in checks for fault in worded(partial(check, round_))]


def tally_faults() -> Iterator[str]:
    """Yield counts, result files and section results that differ from the audit log (for log.verify)."""
    counts = AuditEntry.objects.performed().filter(action="tally.run", object_type=Round._meta.label)
    recorded = {
        (entry.object_id, entry.detail.get("version", 1)): entry.detail["result"]
        for entry in counts.filter(detail__has_key="result")
    }
    newest: dict[int, Tally] = {}
    in_archives = archived_until()
    for tally in Tally.objects.select_related("round"):
        logged = recorded.get((str(tally.round_id), tally.version))
        if logged is None and in_archives and tally.at <= in_archives:
            logged = tally.result_sha256  # its audit row is archived
        if not logged == tally.result_sha256 == sha256_hex(tally.result.encode()):
            yield f"{tally.round}：结果文件与计票时记入日志的校验值不符。"
        newest[tally.round_id] = tally
    for tally in newest.values():
        yield from _changed_sections(tally)


def _changed_sections(tally: Tally) -> Iterator[str]:
    counted = {row["section"]: row for row in json.loads(tally.result)["sections"]}
    for result in SectionResult.objects.filter(round_id=tally.round_id).select_related("section"):
        row = counted.get(result.section.code, {})
        listed = result.is_listed or result.is_withdrawn
        stored = (result.rank, listed, result.difficulty, result.vote_count, result.data)
        if not row or stored != (row["rank"], row["listed"], _index(row), row["vote_count"], row):
            yield f"{tally.round}：{result.section}的得分或位次与结果文件不符，被改动过。"


def _index(row: Mapping[str, Any]) -> Decimal | None:
    return None if row["difficulty"] is None else Decimal(row["difficulty"])


def log_faults() -> Iterator[str]:
    """Yield roots, lists, notices and signatures that differ from the audit log (for log.verify)."""
    done = AuditEntry.objects.performed()
    yield from _unlike_the_log(
        "封箱总校验值",
        {str(pk): root for pk, root in Round.objects.exclude(closing_root="").values_list("pk", "closing_root")},
        done.filter(action="round.close").values_list("object_id", "detail__root"),
    )
    yield from _unlike_the_log(
        "票号批次的发放清单校验值",
        {
            str(pk): sha256
            for pk, sha256 in CodeBatch.objects.exclude(issued_sha256="").values_list("pk", "issued_sha256")
        },
        done.filter(action="cred.print", object_type=CodeBatch._meta.label).values_list("object_id", "detail__sha256"),
    )
    notices = Publication.objects.values_list("round_id", "version", "content_sha256")
    yield from _unlike_the_log(
        "公示内容的校验值",
        {f"{round_id}第{version}版": sha256 for round_id, version, sha256 in notices},
        _logged_notices(),
    )
    anchors = set(AuditAnchor.objects.values_list("seq", "hash"))
    for publication in Publication.objects.exclude(anchor_seq=None).select_related("round"):
        if (publication.anchor_seq, publication.anchor_hash) not in anchors:
            yield f"{publication.round}第{publication.version}版公示的日志锚点在操作日志中不存在，被改动过。"
    yield from _signatures()


def _unlike_the_log(what: str, stored: Mapping[str, str], rows: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Yield what is stored otherwise than logged, or no longer; rows in an archive are not compared."""
    logged = {key: digest for key, digest in rows if digest}
    for key, digest in logged.items():
        if stored.get(key) != digest:
            yield f"{what}（编号{key}）与操作日志所记的不符，被改动或删除过。"
    if archived_until() is None:
        for key in stored.keys() - logged.keys():
            yield f"{what}（编号{key}）在操作日志中没有记录，是另行加入的。"


def _logged_notices() -> Iterator[tuple[str, str]]:
    rows = AuditEntry.objects.performed().filter(detail__has_key="content")
    for row in rows.filter(action="publish.approve", object_type=Round._meta.label).order_by("seq"):
        yield f"{row.object_id}第1版", row.detail["content"]
    rounds = dict(Publication.objects.values_list("pk", "round_id"))
    for row in rows.filter(action="publish.correct").order_by("seq"):
        yield f"{rounds.get(int(row.object_id), '')}第{row.detail['version']}版", row.detail["content"]


def _signatures() -> Iterator[str]:
    """Yield the supervisors' signatures that were removed, added or moved since they were logged."""
    rows = AuditEntry.objects.performed().filter(detail__has_key="entry")
    counts = CountSignature.objects.values_list("tally__round_id", "tally__version", "supervisor_id", "at")
    signed = {(str(r), version, entry): at for r, version, entry, at in counts}
    logged = {
        (row.object_id, row.detail["version"], row.detail["entry"]): row.at for row in rows.filter(action="tally.run")
    }
    yield from _unlike_signatures("计票记录", signed, logged)
    draws = DrawSignature.objects.values_list("draw_id", "supervisor_id", "at")
    signed_draws = {(str(draw), entry): at for draw, entry, at in draws}
    logged_draws = {(row.object_id, row.detail["entry"]): row.at for row in rows.filter(action="draw.run")}
    yield from _unlike_signatures("抽取", signed_draws, logged_draws)
    opened = OpeningSignature.objects.values_list("round_id", "supervisor_id", "at")
    signed_openings = {(str(round_), entry): at for round_, entry, at in opened}
    logged_openings = {(row.object_id, row.detail["entry"]): row.at for row in rows.filter(action="box.open")}
    yield from _unlike_signatures("开箱记录", signed_openings, logged_openings)
    compared = SampleSignature.objects.values_list("audit_id", "supervisor_id", "at")
    signed_samples = {(str(audit), entry): at for audit, entry, at in compared}
    logged_samples = {(row.object_id, row.detail["entry"]): row.at for row in rows.filter(action="audit.sample")}
    yield from _unlike_signatures("抽样核对记录", signed_samples, logged_samples)


def _unlike_signatures(what: str, signed: Mapping[Any, datetime], logged: Mapping[Any, datetime]) -> Iterator[str]:
    changed = [key for key, at in logged.items() if signed.get(key) != at]
    added = signed.keys() - logged.keys() if archived_until() is None else ()
    for key in [*changed, *added]:
        yield f"监督员在{what}上的签名（{'，'.join(map(str, key))}）与操作日志不符，被改动、增补或删除过。"


def _roster(round_: Round) -> Iterator[str]:
    yield from mistyped_settings({**default_rulebook(round_.rulebook["method"]), **round_.rulebook})
    if not round_.ballot_form:
        return
    if sha256_hex(round_.ballot_form.encode()) != round_.ballot_form_sha256:
        yield "评议表与其校验值不符。"
    elif (
        set(round_.sections.values_list("code", flat=True))
        != ballot_form_by_digest(round_.ballot_form_sha256).section_codes
    ):
        yield "参评科室与锁定的评议表不符。"


def _draws(round_: Round) -> Iterator[str]:
    for draw in round_.draws.all():
        if commitment(json.loads(draw.params)) != draw.commit:
            yield f"“{draw.draw_id}”的参数与承诺校验值不符。"
        if draw.result:
            yield from _proof(draw)


def _proof(draw: Draw) -> Iterator[str]:
    try:
        proof = json.loads("".join(proof_text(draw)))
        seed = verify_proof(proof)
    except (DrawError, ValueError) as fault:
        yield f"“{draw.draw_id}”的证明不成立：{fault}"
        return
    if seed != draw.seed or proof["commit"] != draw.commit:
        yield f"“{draw.draw_id}”的证明与登记的种子或承诺不符。"


def _codes(round_: Round) -> Iterator[str]:
    for batch in round_.batches.exclude(issued_sha256=""):
        if sha256_hex(b"".join(issued_lines(round_, batch.pk))) != batch.issued_sha256:
            yield f"票号批次“{batch}”的发放清单与其校验值不符。"
    used = Credential.objects.filter(batch__round=round_, spend__isnull=False).values_list("issue", "spend")
    wrong = sum(issue_hash(str(spend)) != issue for issue, spend in used.iterator(chunk_size=CHUNK))
    if wrong:
        yield f"有{wrong}个使用校验值不能由发放校验值证实。"
    in_force = round_.box_keys.filter(replaced_at=None).values_list("key_id", flat=True)
    if list(in_force) != [key_id for key_id in [round_.box_key] if key_id]:
        yield "本轮使用的票箱密钥与密钥登记不符。"
    if round_.state == RoundState.OPEN:
        yield from _unlike_waiting(round_)


def _unlike_waiting(round_: Round) -> Iterator[str]:
    """Yield a difference between used codes and waiting ballots; one statement, as ballots keep coming in."""
    used = Credential.objects.filter(batch__round=OuterRef("pk"), spend__isnull=False, is_on_paper=False)
    keyed = PaperSheet.objects.filter(batch__round=OuterRef("pk"), kind=SheetKind.VALID)
    counts = [_count_of(rows) for rows in (used, keyed, BallotSpool.objects.filter(round=OuterRef("pk")))]
    online, on_paper, waiting = Round.objects.filter(pk=round_.pk).values_list(*counts).get()
    if online + on_paper != waiting:
        yield f"已使用的票号{online}个、已录入的纸质票{on_paper}张，与待封箱的{waiting}张票不符。"


def _count_of(rows: models.QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().annotate(one=Value(1)).values("one").annotate(times=Count("*")).values("times")
    return Coalesce(Subquery(counted), 0)


def _box(round_: Round) -> Iterator[str]:
    if not round_.closing_root:
        return
    leaves = list(closing_leaves(round_))
    if merkle_root(leaves) != round_.closing_root:
        yield "封箱清单与总校验值不符。"
    yield from _recorded_lists(round_)
    spent = Credential.objects.filter(batch__round=round_, spend__isnull=False).count()
    if len(leaves) > spent:
        yield f"票箱有{len(leaves)}张票，使用过的票号只有{spent}个。"
    altered = [_is_altered(ballot, vote) for ballot, vote in sealed_votes(round_)]
    if any(altered):
        yield f"有{sum(altered)}张票的内容与封箱时的内容校验值不符。"
    if len(altered) != len(leaves):
        yield f"票箱有{len(leaves)}张票，其中有评议内容的只有{len(altered)}张。"
    ratings = Rating.objects.filter(ballot__round=round_)
    strange = ratings.exclude(round=round_, channel=F("ballot__channel"), is_counted=F("ballot__is_counted")).count()
    if strange:
        yield f"有{strange}行评议的轮次、渠道或者是否计票与所在的票不符。"
    yield from _counted_sample(round_)


def _counted_sample(round_: Round) -> Iterator[str]:
    """Compare which sampled ballots count with the draw, or with the places where all count without one."""
    sampled = Ballot.objects.filter(round=round_, channel=Channel.SAMPLED)
    drawn = DrawEntry.objects.filter(draw__in=round_.draws.standing().filter(purpose=DrawPurpose.COUNTED))
    places = round_.rulebook["counted_sampled_ballots"]
    if drawn.exists():
        stray = sampled.filter(is_counted=True).exclude(receipt__in=drawn.filter(is_selected=True).values("token"))
        if number := stray.count():
            yield f"有{number}张没有抽中的抽样评议票计了票。"
    elif (number := sampled.filter(is_counted=True).count()) > places:
        yield f"抽样评议票{number}张没有抽取就计了票，超过规则规定的{places}张。"


def _recorded_lists(round_: Round) -> Iterator[str]:
    """Compare the whole lists, also the lines that are not published one by one, with the sealing record."""
    record = json.loads(round_.closing or "{}")
    for name, what, lines in (
        ("issued", "发放的票号", issued_lines(round_)),
        ("spent", "用过的票号", spent_lines(round_)),
    ):
        whole = list(lines)
        if record.get(name) != {"count": len(whole), "sha256": sha256_hex(b"".join(whole))}:
            yield f"{what}与封箱记录所列的个数或校验值不符。"


def _is_altered(ballot: Ballot, vote: Mapping[str, object]) -> bool:
    return content_commitment(ballot.receipt, ballot.nonce, vote) != ballot.commitment


def _box_key(round_: Round) -> Iterator[str]:
    """The key's record and trace, what its opening tells, and that nothing which opens ballots is left."""
    key = current_key(round_)
    if key is not None:
        yield from record_faults(round_.key, key.key_id, key.record, key.record_sha256)
        yield from _unlogged_key(round_, key)
    closing = json.loads(round_.closing) if round_.closing else {}
    if "opening" not in closing:
        return
    yield from opening_faults(closing, json.loads(key.record) if key else {}, box_facts(round_))
    if (
        BoxKey.objects.filter(round=round_)
        .annotate(kept=Length("row_key") + Length("seed"))
        .filter(kept__gt=0)
        .exists()
    ):
        yield "开箱之后，票箱密钥的种子或者写入验证密钥尚未清空。"
    if BallotSpool.objects.filter(round=round_).exists():
        yield "开箱之后，还有待封箱的评议票，是另行加入的。"


def _unlogged_key(round_: Round, key: BoxKey) -> Iterator[str]:
    """Yield that the key is not the one whose record was logged when it was put in force."""
    rows = AuditEntry.objects.performed().filter(object_type=Round._meta.label, object_id=str(round_.pk))
    row = rows.filter(detail__has_key="record_sha256").order_by("seq").last()
    logged = (row.detail["key_id"], row.detail["record_sha256"]) if row else None
    is_known = logged == (key.key_id, key.record_sha256)
    # Of a key made when its round opened the log holds the digest as a fixed fact.
    if not is_known and (logged or (is_opened_by_supervisors(round_.rulebook) and archived_until() is None)):
        yield "票箱密钥与操作日志所记的不符，被更换过。"


def _sample(round_: Round) -> Iterator[str]:
    """The draws of the sample audits, and that every sheet leads to a ballot of its own."""
    for audit in SampleAudit.objects.filter(tally__round=round_):
        yield from draw_faults(round_, audit)
    if round_.closing_root and wants_sample_audit(round_.rulebook):
        yield from _unlinked_sheets(round_)


def _unlinked_sheets(round_: Round) -> Iterator[str]:
    keyed = PaperSheet.objects.filter(batch__round=round_, kind=SheetKind.VALID)
    named = [sheet.receipt for sheet in keyed.only("receipt").iterator()]
    known = set(round_.ballots.values_list("receipt", flat=True)) & set(named)
    lost = len(named) - len(known) - SetAsideBallot.objects.filter(round=round_).count()
    if lost > 0:
        yield f"有{lost}张正票找不到对应的评议票，或者几张正票对应同一张评议票。"


def _count(round_: Round) -> Iterator[str]:
    for tally in round_.tallies.all():
        stored = {
            tally.result: tally.result_sha256,
            tally.rulebook: tally.rulebook_sha256,
            tally.cells: tally.cells_sha256,
        }
        if any(digest != (sha256_hex(text.encode()) if text else "") for text, digest in stored.items()):
            yield f"第{tally.version}版计票结果与其校验值不符。"
    newest = round_.tallies.last()
    if newest is None:
        return
    if newest.rulebook.encode() != scoring_rulebook(round_):
        yield "计票所用的规则与本轮锁定的规则不符。"
    files = recount(ballots_csv(round_), json.loads(newest.rulebook))
    if newest.result.encode() != files.result:
        yield "重新计票的结果与存档结果不符。"
    if newest.cells.encode() != (files.cells or b""):
        yield "重新计算的公开数据（cells.json）与存档的不符。"


def _publications(round_: Round) -> Iterator[str]:
    counts = set(round_.tallies.values_list("rulebook_sha256", "result_sha256", "cells_sha256"))
    for publication in round_.publications.all():
        if sha256_hex(publication.content.encode()) != publication.content_sha256:
            yield f"第{publication.version}版公示与其校验值不符。"
        content = json.loads(publication.content)
        named = (content["rulebook_sha256"], content["result_sha256"], content.get("cells_sha256", ""))
        if named not in counts:
            yield f"第{publication.version}版公示所载规则、结果和数据文件的校验值，不是任何一次计票的。"


def _audit_log(_: Round) -> Iterator[str]:
    yield from verify_chain()


CHECKS: Mapping[str, Check] = {
    "名录和评议表": _roster,
    "抽取证明": _draws,
    "票号清单": _codes,
    "票箱": _box,
    "票箱密钥": _box_key,
    "计票": _count,
    "抽样核对": _sample,
    "公示": _publications,
    "操作日志": _audit_log,
}
