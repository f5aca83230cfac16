"""Whether the stored count is the one of which the trace says that it was made (log.verify)."""

import json
from collections.abc import Iterator
from decimal import Decimal

from evaluations.models import Round, SectionResult, Tally
from nanchuan_eval.models import AuditEntry
from nanchuan_eval.rules.canonical import sha256_hex


def tally_faults() -> Iterator[str]:
    """Yield in Chinese where a count, its file or a section's figures differ from what was counted."""
    recorded = {
        (entry.object_id, entry.detail.get("version", 1)): entry.detail.get("result")
        for entry in AuditEntry.objects.filter(action="tally.run", result="ok", object_type=Round._meta.label)
    }
    newest: dict[int, Tally] = {}
    for tally in Tally.objects.select_related("round"):
        traced = recorded.get((str(tally.round_id), tally.version))
        if not traced == tally.result_sha256 == sha256_hex(tally.result.encode()):
            yield f"{tally.round}：结果文件与计票时记入日志的指纹不符。"
        newest[tally.round_id] = tally
    for tally in newest.values():
        yield from _changed_sections(tally)


def _changed_sections(tally: Tally) -> Iterator[str]:
    counted = {row["section"]: row for row in json.loads(tally.result)["sections"]}
    for result in SectionResult.objects.filter(round_id=tally.round_id).select_related("section"):
        row = counted.get(result.section.code, {})
        listed = result.is_listed or result.is_withdrawn
        stored = (result.rank, listed, result.difficulty, result.vote_count, result.data)
        if not row or stored != (row["rank"], row["listed"], Decimal(row["difficulty"]), row["vote_count"], row):
            yield f"{tally.round}：{result.section}的得分或位次与结果文件不符，被改动过。"
