"""Publication (公示) and corrections: each version's content is fixed to the byte (rulebook R-E, R-J)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from evaluations.publication.models import Publication, PublicationHold
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION, RoundState, Step
from evaluations.rounds.services import begin, finish, lock_round
from evaluations.tally.models import SectionResult, Tally
from evaluations.tally.rules.main_problems import is_greedy
from evaluations.turnout.queries import disclosed_turnout
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

EDITABLE = frozenset({RoundState.COUNTED, RoundState.REVIEW})
NEEDS_ASSENT = "涉及“贪”的表述须经纪委监委同意：请在该科室的一科一档中提请。"
CORRECTABLE = frozenset({RoundState.PUBLISHED, RoundState.CLOSED})


@dataclass(frozen=True)
class Correction:
    """更正: the changes of a new version and their reason; sections by code.

    A withdrawn section (撤下) leaves the list and nobody moves up. `problems` replaces main problems. A correction
    may also just publish what a recount has changed.
    """

    reason: str
    withdrawn: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def edit_problems(*, result_id: int, text: str, by: User, at: datetime) -> SectionResult:
    """Write a listed section's main problems (主要问题) in the office's words, before publication."""
    policy.check(by, "publish.draft")
    if is_greedy(text):
        raise RuleViolation(NEEDS_ASSENT)
    return _write_problems(result_id, text, "publish.draft", by=by, at=at)


@transaction.atomic
def assent_problems(*, result_id: int, text: str, by: User, at: datetime) -> SectionResult:
    """Write main problems that allege 贪; only the commission may (rulebook R-J)."""
    policy.check(by, "publish.approve")
    return _write_problems(result_id, text, "publish.approve", by=by, at=at)


@transaction.atomic
def publish_list(*, round_id: int, by: User, at: datetime) -> Publication:
    """Publish the list and lock the round's result; the caller opens the cases in the same transaction."""
    round_ = begin(Step.PUBLISH, round_id=round_id, by=by, at=at)
    publication = _publish(round_, version=1, reason="", by=by, at=at)
    detail = {"content": publication.content_sha256, "fixed": _fixed(round_)}
    finish(Step.PUBLISH, round_, by=by, at=at, detail=detail)
    return _anchored(publication)


@transaction.atomic
def correct_publication(*, round_id: int, correction: Correction, by: User, at: datetime) -> Publication:
    """Publish a corrected version (更正); the earlier ones stay public, marked as superseded.

    The caller ends the measures of withdrawn sections in the same transaction.
    """
    policy.check(by, "publish.correct")
    round_ = lock_round(round_id)
    _refuse_bad_correction(round_, correction)
    _withdraw(round_, correction.withdrawn)
    _reword(round_, correction.problems)
    version = round_.publications.count() + 1
    publication = _publish(round_, version=version, reason=correction.reason.strip(), by=by, at=at)
    audit.record(
        "publish.correct",
        publication,
        by=by,
        at=at,
        reason=publication.reason,
        detail={
            "version": version,
            "content": publication.content_sha256,
            "withdrawn": list(correction.withdrawn),
            "fixed": _fixed(round_),
        },
    )
    return _anchored(publication)


def strike_unpublished(round_: Round, code: str) -> None:
    """Remove a section from an unpublished list (撤下); the caller locks the round and writes the audit row."""
    if RoundState(round_.state) not in EDITABLE:
        raise RuleViolation("名单已公示。需要修改的，请发布更正公示。")
    _withdraw(round_, (code,))


def _write_problems(result_id: int, text: str, action: str, *, by: User, at: datetime) -> SectionResult:
    result = SectionResult.objects.select_related("section").get(pk=result_id)
    round_ = lock_round(result.round_id)
    if RoundState(round_.state) not in EDITABLE or not result.is_listed:
        raise RuleViolation("只能在计票之后、公示之前填写上榜科室的主要问题。")
    if not text.strip():
        raise RuleViolation("主要问题不能为空。")
    result.main_problems = text.strip()
    result.save(update_fields=["main_problems"])
    detail = {"step_label": "填写主要问题", "fixed": fixed_digests(("problems", round_.pk))}
    audit.record(action, result, by=by, at=at, detail=detail)
    return result


def notice_content(round_: Round, *, version: int, reason: str = "") -> dict[str, object]:
    """Return the public content: ranks, units, sections, main problems, turnout, digests; no score, no name."""
    results = list(SectionResult.objects.filter(round=round_).select_related("section"))
    tally = round_.tally
    # A section removed before the first version was never named in public and is not named now.
    published = {entry["code"] for old in round_.publications.all() for entry in json.loads(old.content)["entries"]}
    withdrawn = [result for result in results if result.is_withdrawn]
    return {
        "round": _round_data(round_),
        "version": version,
        "reason": reason,
        "is_demo": round_.is_demo,
        "entries": [_entry(result) for result in results if result.is_listed],
        "withdrawn": [_entry(result) for result in withdrawn if result.section.code in published],
        "struck": sum(result.data["listed"] and result.section.code not in published for result in withdrawn),
        "channels": disclosed_turnout(round_),
        "sections": len(results),
        "unranked": sum(result.rank is None for result in results),
        "closing_root": round_.closing_root,
        "result_sha256": tally.result_sha256,
        "rulebook_sha256": tally.rulebook_sha256,
        **_recount_facts(tally),
        "draws": {draw.purpose: draw.seed for draw in round_.draws.exclude(seed="")},
    }


def _recount_facts(tally: Tally) -> dict[str, object]:
    """Return what a recount from the public files is compared with; NC-1 has no such files."""
    if not tally.cells:
        return {}
    return {"cells_sha256": tally.cells_sha256, "publication": json.loads(tally.result)["publication"]}


def _publish(round_: Round, *, version: int, reason: str, by: User, at: datetime) -> Publication:
    content = canonical_json(notice_content(round_, version=version, reason=reason))
    return Publication.objects.create(
        round=round_,
        version=version,
        reason=reason,
        published_at=at,
        approved_by=by,
        content=content.decode(),
        content_sha256=sha256_hex(content),
    )


def _fixed(round_: Round) -> dict[str, str]:
    return fixed_digests(("publications", round_.pk), ("problems", round_.pk))


def _anchored(publication: Publication) -> Publication:
    """Store the newest anchor of the audit log beside the content; the anchored row holds the content's digest."""
    anchor = audit.newest_anchor()
    if anchor:
        publication.anchor_seq, publication.anchor_hash = anchor.seq, anchor.hash
        publication.save(update_fields=["anchor_seq", "anchor_hash"])
    return publication


def _refuse_bad_correction(round_: Round, correction: Correction) -> None:
    if RoundState(round_.state) not in CORRECTABLE:
        raise RuleViolation("只有已公示的名单才能更正。")
    if not correction.reason.strip():
        raise RuleViolation("请填写更正说明。")
    named = {*correction.withdrawn, *correction.problems}
    listed = set(round_.results.filter(is_listed=True).values_list("section__code", flat=True))
    if named - listed:
        raise RuleViolation(f"更正涉及的科室不在公示名单中：{'、'.join(sorted(named - listed))}。")
    if not all(text.strip() for text in correction.problems.values()):
        raise RuleViolation("主要问题不能为空。")


def _withdraw(round_: Round, codes: tuple[str, ...]) -> None:
    round_.results.filter(section__code__in=codes).update(is_listed=False, is_withdrawn=True)


def _reword(round_: Round, problems: Mapping[str, str]) -> None:
    for code, text in problems.items():
        round_.results.filter(section__code=code).update(main_problems=text.strip())


def _entry(result: SectionResult) -> dict[str, object]:
    return {
        "rank": result.rank,
        "department": result.section.department_name,
        "section": result.section.name,
        "code": result.section.code,
        "problems": result.main_problems,
    }


def _round_data(round_: Round) -> dict[str, str]:
    return {
        "key": round_.key,
        "name": round_.name,
        "period_start": round_.period_start.isoformat(),
        "period_end": round_.period_end.isoformat(),
        "opens_at": timezone.localtime(round_.opens_at).isoformat(),
        "closes_at": timezone.localtime(round_.closes_at).isoformat(),
    }


def place_hold(round_: Round, subject: str, *, at: datetime) -> PublicationHold:
    """Stop publication and recounts until `subject` (in Chinese) is decided; for the caller's locked round."""
    if RoundState(round_.state) not in BEFORE_PUBLICATION:
        raise RuleViolation("只有计票之后、公示之前才能提出待决事项。")
    return PublicationHold.objects.create(round=round_, subject=subject, placed_at=at)


def release_hold(hold: PublicationHold, *, at: datetime) -> PublicationHold:
    """Release a hold; for the caller's transaction and audit row."""
    if hold.released_at:
        raise RuleViolation(f"“{hold.subject}”已经办结。")
    hold.released_at = at
    hold.save(update_fields=["released_at"])
    return hold
