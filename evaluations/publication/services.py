"""Publication (公示) and corrections: each version's content is fixed to the byte (rulebook R-E, R-J)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluations.publication.models import Publication, PublicationDecision, PublicationHold
from evaluations.publication.queries import annulled_since, closed_gate, gate_faults, note_of
from evaluations.publication.rules import SHORTEST_REASON, change_in_short, list_changes, without_annulled
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION, COUNTED, RoundState, Step
from evaluations.rounds.rules.rulebook import has_public_recount
from evaluations.rounds.services import begin, finish, lock_round
from evaluations.scoring.methodology import label_meanings
from evaluations.scoring.nc2.method import METHOD as METHOD_TWO
from evaluations.scoring.questionnaire import Questionnaire, questionnaire_of
from evaluations.scoring.wording import interval_sentence, nobody_apart, places_heading
from evaluations.tally.models import SectionResult, Tally
from evaluations.tally.rules.main_problems import is_greedy
from evaluations.turnout.queries import COLUMNS_EXPLAINED, disclosed_turnout, response_of
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

EDITABLE = frozenset({RoundState.COUNTED, RoundState.REVIEW})
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


def needs_assent(asked: Questionnaire) -> str:
    """Return the refusal of a wording that alleges misconduct to the office's clerk, who may not propose it."""
    starters = "、".join(role.label for role in policy.starters("publish.approve"))
    return (
        f"涉及“{asked.greedy}”的表述须经纪委监委同意，由{starters}在该科室的一科一档中提请。"
        f"请改写为不涉及“{asked.greedy}”的表述，或者请{starters}提请。"
    )


@transaction.atomic
def edit_problems(*, result_id: int, text: str, by: User, at: datetime) -> SectionResult:
    """Write a listed section's main problems (主要问题) in the office's words, before publication."""
    policy.check(by, "publish.draft")
    asked = questionnaire_of(SectionResult.objects.values_list("round__rulebook", flat=True).get(pk=result_id))
    if is_greedy(text, asked):
        raise RuleViolation(needs_assent(asked))
    return _write_problems(result_id, text, "publish.draft", by=by, at=at)


@transaction.atomic
def assent_problems(*, result_id: int, text: str, by: User, at: datetime) -> SectionResult:
    """Write main problems that allege misconduct; only the commission may (rulebook R-J)."""
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
def decide_publication(*, tally_id: int, reason: str, by: User, at: datetime) -> PublicationDecision:
    """Decide to publish a list although too few sections are ranked (公示决定); this always takes two persons."""
    policy.check_by_two(by, "publish.approve")
    tally = Tally.objects.select_related("round").get(pk=tally_id)
    lock_round(tally.round_id)
    refuse_undecidable(tally, reason)
    decision = PublicationDecision.objects.create(tally=tally, reason=reason.strip(), decided_at=at, decided_by=by)
    detail = {"step_label": "决定公示", "gate": closed_gate(tally), "result": tally.result_sha256}
    audit.record("publish.approve", decision, by=by, at=at, reason=decision.reason, detail=detail, wrote=[decision])
    return decision


def refuse_undecidable(tally: Tally, reason: str) -> None:
    """Refuse a decision that is not needed, is about an older count, or says too little."""
    round_ = tally.round
    if RoundState(round_.state) not in COUNTED or tally != round_.tally:
        raise RuleViolation("本轮已重新计票或者已作废，请按现行的计票结果重新提请。")
    if not gate_faults(round_):
        raise RuleViolation("本轮不需要作出公示决定。")
    if len(reason.strip()) < SHORTEST_REASON:
        raise RuleViolation(f"公示理由不得少于{SHORTEST_REASON}个字，理由随名单一并公布。")


@transaction.atomic
def correct_publication(*, round_id: int, correction: Correction, by: User, at: datetime) -> Publication:
    """Publish a corrected version (更正); the earlier ones stay public, marked as superseded.

    The caller ends the measures of withdrawn sections in the same transaction.
    """
    policy.check(by, "publish.correct")
    round_ = lock_round(round_id)
    refuse_uncorrectable(round_)
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
            "step_label": _correction_label(publication),
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
    results = list(SectionResult.objects.filter(round=round_).select_related("section", "round"))
    tally = round_.tally
    versions = list(round_.publications.order_by("version"))
    annulled = annulled_since(versions, is_correcting=True)
    earlier = [without_annulled(json.loads(each.content), annulled.get(each.version, ())) for each in versions]
    # A section removed before the first version was never named in public and is not named now. Whatever a recount
    # says since: the place that a section lost is the one of the last list that named it.
    last_places = {entry["code"]: entry["rank"] for old in earlier for entry in old["entries"]}
    named = [result for result in results if result.is_withdrawn and result.section.code in last_places]
    withdrawn = [_entry(result) | {"rank": last_places[result.section.code]} for result in named]
    taken_off = [result for result in results if result.is_withdrawn and result.data["listed"]]
    listed = [result for result in results if result.is_listed]
    content = {
        "round": _round_data(round_),
        "version": version,
        "reason": reason,
        "is_demo": round_.is_demo,
        "entries": [_entry(result) | _sureness(result) for result in listed],
        "withdrawn": withdrawn,
        "struck": sum(result.section.code not in last_places for result in taken_off),
        "vacant": sorted({each.rank for each in taken_off if each.rank} - {each.rank for each in listed}),
        "channels": disclosed_turnout(round_),
        "columns_explained": COLUMNS_EXPLAINED,
        "sections": len(results),
        "unranked": sum(result.rank is None for result in results),
        "closing_root": round_.closing_root,
        "result_sha256": tally.result_sha256,
        "rulebook_sha256": tally.rulebook_sha256,
        "draws": {draw.purpose: draw.seed for draw in round_.draws.exclude(seed="")},
        **(_method_two(round_, tally, results) if tally.cells else {}),
    }
    if not earlier:
        return content | {"response": response_of(round_)}
    # Fixed with the first version; lists published before there was such a table never get one.
    fixed = {"response": earlier[0]["response"]} if "response" in earlier[0] else {}
    return content | fixed | {"changes": list_changes(earlier[-1], content)}


def _method_two(round_: Round, tally: Tally, results: Sequence[SectionResult]) -> dict[str, object]:
    """Return what a list by NC-2 says besides, and how to read it; lists by NC-1 stay as they were."""
    rules, gate = round_.rulebook, json.loads(tally.result)["publication"]
    shown = {result.label for result in results if result.is_listed}
    counted = {result.label for result in results if result.data["listed"]}
    said = {
        "method": METHOD_TWO,
        "cells_sha256": tally.cells_sha256,
        "publication": gate,
        "note": note_of(tally),
        "places": places_heading(gate["ranked"], sum(result.rank is not None for result in results)),
        "margin": nobody_apart(counted, rules["list_length"], len(results)),
    }
    if not has_public_recount(rules):
        return said
    return said | {
        "interval": interval_sentence(rules["z"], len(results)),
        "labels": [[label, meaning] for label, meaning in label_meanings(rules, len(results)) if label in shown],
        "unranked_sections": [_named(result) for result in results if result.rank is None],
    }


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


def refuse_uncorrectable(round_: Round) -> None:
    """Refuse to correct a list that is not published, or that the gate holds back after a recount."""
    if RoundState(round_.state) not in CORRECTABLE:
        raise RuleViolation(f"本轮当前为“{RoundState(round_.state).label}”，已公示的名单方可更正。")
    if faults := gate_faults(round_):
        raise RuleViolation(*faults)


def proposed_changes(round_: Round, correction: Correction) -> list[dict[str, Any]]:
    """Return the rows that a correction would change, as the corrected list will name them."""
    before = json.loads(round_.publications.latest("version").content)
    after: dict[str, Any] = notice_content(round_, version=before["version"] + 1)
    off = [entry for entry in after["entries"] if entry["code"] in correction.withdrawn]
    kept = [entry for entry in after["entries"] if entry not in off]
    texts = {code: text.strip() for code, text in correction.problems.items()}
    reworded = [entry | {"problems": texts.get(entry["code"], entry["problems"])} for entry in kept]
    return list_changes(before, after | {"entries": reworded, "withdrawn": [*after["withdrawn"], *off]})


def refuse_unchanged(round_: Round, correction: Correction) -> None:
    """Refuse a correction that changes nothing: neither a row nor, after a recount, anything else that is published."""
    if correction.withdrawn or correction.problems:
        return
    before = json.loads(round_.publications.latest("version").content)
    after = notice_content(round_, version=before["version"], reason=before["reason"])
    # A later form of the content may say more than the version before: that alone is no change.
    if all(after.get(key) == value for key, value in before.items() if key != "changes"):
        raise RuleViolation("没有需要更正的内容。请勾选撤下的科室，或者改写主要问题。")


def _refuse_bad_correction(round_: Round, correction: Correction) -> None:
    if not correction.reason.strip():
        raise RuleViolation("请填写更正说明。")
    named = {*correction.withdrawn, *correction.problems}
    listed = set(round_.results.filter(is_listed=True).values_list("section__code", flat=True))
    if named - listed:
        raise RuleViolation(f"更正涉及的科室不在公示名单中：{'、'.join(sorted(named - listed))}。")
    if not all(text.strip() for text in correction.problems.values()):
        raise RuleViolation("主要问题不能为空。")


def _correction_label(publication: Publication) -> str:
    """Return the correction as the round's record names it, with the sections and what became of them."""
    changes = json.loads(publication.content)["changes"]
    named = [f"{each['department']}{each['section']}：{change_in_short(each)}" for each in changes]
    return f"更正公示（第{publication.version}版）：{'；'.join(named) or '名单各行没有变化'}"


def _withdraw(round_: Round, codes: tuple[str, ...]) -> None:
    round_.results.filter(section__code__in=codes).update(is_listed=False, is_withdrawn=True)


def _reword(round_: Round, problems: Mapping[str, str]) -> None:
    for code, text in problems.items():
        round_.results.filter(section__code=code).update(main_problems=text.strip())


def _entry(result: SectionResult) -> dict[str, object]:
    return {"rank": result.rank, **_named(result), "code": result.section.code, "problems": result.main_problems}


def _named(result: SectionResult) -> dict[str, object]:
    return {"department": result.section.department_name, "section": result.section.name}


def _sureness(result: SectionResult) -> dict[str, object]:
    """Return a section's label and interval where the count is public; otherwise places and problems are all."""
    if not has_public_recount(result.round.rulebook):
        return {}
    return {"label": result.label, "rank_low": result.data["rank_low"], "rank_high": result.data["rank_high"]}


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
    """Stop publication until `subject` (in Chinese) is decided, and other recounts; for the caller's locked round."""
    if RoundState(round_.state) not in BEFORE_PUBLICATION:
        raise RuleViolation("计票之后、公示之前方可提出待决事项。")
    return PublicationHold.objects.create(round=round_, subject=subject, placed_at=at)


def release_hold(hold: PublicationHold, *, at: datetime) -> PublicationHold:
    """Release a hold; for the caller's transaction and audit row."""
    if hold.released_at:
        raise RuleViolation(f"“{hold.subject}”已经办结。")
    hold.released_at = at
    hold.save(update_fields=["released_at"])
    return hold
