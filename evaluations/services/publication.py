"""Publishing (公示): the list goes out once per version, its content fixed to the byte (rulebook R-E, R-J)."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from evaluations.models import Publication, Round, SectionResult
from evaluations.rules.rounds import RoundState, Step
from evaluations.services.round import begin, finish
from evaluations.turnout import turnout
from nanchuan_eval import audit, policy
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import User
from nanchuan_eval.rules.canonical import canonical_json, sha256_hex

EDITABLE = frozenset({RoundState.COUNTED, RoundState.REVIEW})


@transaction.atomic
def edit_problems(*, result_id: int, text: str, by: User, at: datetime) -> SectionResult:
    """Write a listed section's main problems (主要问题) in the office's words, before publication."""
    policy.check(by, "publish.draft")
    result = SectionResult.objects.select_for_update().select_related("section").get(pk=result_id)
    round_ = Round.objects.get(pk=result.round_id)
    if RoundState(round_.state) not in EDITABLE or not result.is_listed:
        raise RuleViolation("只能在计票之后、公示之前填写上榜科室的主要问题。")
    if not text.strip():
        raise RuleViolation("主要问题不能为空。")
    result.main_problems = text.strip()
    result.save(update_fields=["main_problems"])
    audit.record("publish.draft", result, by=by, at=at)
    return result


@transaction.atomic
def publish_list(*, round_id: int, by: User, at: datetime) -> Publication:
    """Publish the list and lock the round's result; accountability starts in the same transaction (its caller)."""
    round_ = begin(Step.PUBLISH, round_id=round_id, by=by, at=at)
    content = canonical_json(notice_content(round_, version=1))
    publication = Publication.objects.create(
        round=round_,
        version=1,
        published_at=at,
        approved_by=by,
        content=content.decode(),
        content_sha256=sha256_hex(content),
    )
    finish(Step.PUBLISH, round_, by=by, at=at, detail={"content": publication.content_sha256})
    return publication


def notice_content(round_: Round, *, version: int) -> dict[str, object]:
    """Return what the public sees: ranks, units, sections, main problems, turnout, digests; no score, no name."""
    results = SectionResult.objects.filter(round=round_).select_related("section")
    listed = [result for result in results if result.is_listed]
    return {
        "round": _round_facts(round_),
        "version": version,
        "is_demo": round_.is_demo,
        "entries": [
            {
                "rank": result.rank,
                "department": result.section.department_name,
                "section": result.section.name,
                "code": result.section.code,
                "problems": result.main_problems,
            }
            for result in listed
        ],
        "channels": turnout(round_),
        "sections": len(results),
        "unranked": sum(result.rank is None for result in results),
        "closing_root": round_.closing_root,
        "result_sha256": round_.tally.result_sha256,
        "rulebook_sha256": round_.tally.rulebook_sha256,
        "draws": {draw.purpose: draw.seed for draw in round_.draws.exclude(seed="")},
    }


def _round_facts(round_: Round) -> dict[str, str]:
    return {
        "key": round_.key,
        "name": round_.name,
        "period_start": round_.period_start.isoformat(),
        "period_end": round_.period_end.isoformat(),
        "opens_at": timezone.localtime(round_.opens_at).isoformat(),
        "closes_at": timezone.localtime(round_.closes_at).isoformat(),
    }
