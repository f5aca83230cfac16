"""Making and importing ballot codes (票号): codes are returned once and stored only as hashes."""

import csv
import io
import itertools
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import (
    Kind,
    StratumLine,
    closed_counters,
    codes_by_kind,
    drawn_by_kind,
    lacking_codes,
    replaceable,
)
from evaluations.codes.rules.issuing import ORIGINS, code_faults, list_faults, section_code, too_few_bound
from evaluations.protocol.codes import ENTROPY_BYTES, encode_code, format_code, issue_of
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.rules.rulebook import ISSUED_CODES
from evaluations.rounds.services import lock_round
from evaluations.scoring.method import Channel
from evaluations.service_records.rules.frame import batch_min
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

BATCH_SIZE = 2000
# Leaves room for a number, or for “·补发”, in a label of sixty characters.
LONGEST_LABEL = 54
BEFORE_CLOSING = frozenset({RoundState.FROZEN, RoundState.DRAWN, RoundState.OPEN})


@dataclass(frozen=True)
class FormKind:
    """Channel, origin and stratum of a batch's ballot forms, and the batch's label."""

    channel: Channel
    origin: Origin
    label: str = ""
    stratum: str = ""


def new_code() -> str:
    """Return a fresh code of 100 random bits."""
    return encode_code(secrets.token_bytes(ENTROPY_BYTES))


def make_codes(count: int, round_key: str) -> tuple[list[str], list[str]]:
    """Return `count` codes in random order and the sorted list of I to publish; needs no database."""
    codes = [new_code() for _ in range(count)]
    return codes, sorted(issue_of(round_key, code) for code in codes)


def codes_csv(codes: Sequence[str]) -> bytes:
    """Return the secret file for the envelopes: number and code, readable in Excel."""
    text = io.StringIO()
    csv.writer(text).writerows([["序号", "票号"], *enumerate(map(format_code, codes), start=1)])
    return text.getvalue().encode("utf-8-sig")


def issued_list(issues: Sequence[str]) -> bytes:
    """Return the published list of a batch: the sorted I, one per line."""
    return "".join(f"{issue}\n" for issue in sorted(issues)).encode()


@transaction.atomic
def issue_batch(*, round_id: int, form: FormKind, count: int, by: User, at: datetime) -> tuple[CodeBatch, list[str]]:
    """Make a batch on the server; the codes are returned once, for the envelopes, and not stored."""
    round_ = _issuing_round(round_id, by)
    if count < 1:
        raise RuleViolation("票号数量至少为1。")
    codes, issues = make_codes(count, round_.key)
    batch = _batch(round_, form, issues)
    _record_batch(batch, {"codes": count, "sha256": batch.issued_sha256}, by=by, at=at)
    return batch, codes


@sensitive_variables()
@transaction.atomic
def issue_lacking(
    *, round_id: int, lines: Iterable[StratumLine], by: User, at: datetime
) -> list[tuple[CodeBatch, list[str]]]:
    """Make a batch of the codes that each of these strata lacks."""
    return make_lacking(_issuing_round(round_id, by), lines, by=by, at=at)


@sensitive_variables()
def make_lacking(
    round_: Round, lines: Iterable[StratumLine], *, most: Mapping[str, int] | None = None, by: User, at: datetime
) -> list[tuple[CodeBatch, list[str]]]:
    """Make them as a part of an act that has its own permission and transaction and has locked the round.

    `most` = stratum -> how many at most.
    """
    wanted = {(line.channel, line.stratum) for line in lines}
    lacking = [line for line in lacking_codes(round_) if (line.channel, line.stratum) in wanted]
    sections = {section.code: section for section in round_.sections.all()}
    counts = {line: line.lacking if most is None else min(line.lacking, most[line.stratum]) for line in lacking}
    return [_issue_line(round_, line, counts[line], sections, by=by, at=at) for line in lacking if counts[line]]


@sensitive_variables()
@transaction.atomic
def issue_together(
    *, round_id: int, counters: Iterable[Channel], by: User, at: datetime
) -> list[tuple[CodeBatch, list[str]]]:
    """Make the batches of all strata whose drawn people lack codes, and open these channels to visitors."""
    round_ = _issuing_round(round_id, by)
    lacking, closed, wanted = lacking_codes(round_), closed_counters(round_), set(counters)
    if not lacking and not wanted:
        raise RuleViolation("抽中人员的票号已经齐全，没有重复生成。需要另行生成的，请使用“单独生成一批”。")
    if wanted - set(closed):
        raise RuleViolation("所选渠道已经开通网上领票，未重复开通。请刷新页面后重新选择。")
    made = issue_lacking(round_id=round_id, lines=lacking, by=by, at=at)
    for channel in sorted(wanted):
        form = _named(round_, FormKind(channel, closed[channel]))
        made.append((open_self_service(round_id=round_id, form=form, by=by, at=at), []))
    return made


@sensitive_variables()
def _issue_line(
    round_: Round, line: StratumLine, count: int, sections: Mapping[str, RoundSection], *, by: User, at: datetime
) -> tuple[CodeBatch, list[str]]:
    """Make what one stratum lacks: counting 500,000 drawn people once for each of 105 batches would take minutes."""
    section = _section_in(sections, line.stratum) if line.is_bound else None
    form = _named(round_, FormKind(line.channel, Origin.ISSUED, stratum=line.stratum))
    codes, issues = make_codes(count, round_.key)
    _refuse_unfit_form(round_, form)
    batch = _store(round_, form, issues, section=section)
    _record_batch(batch, {"codes": len(codes), "sha256": batch.issued_sha256}, by=by, at=at)
    return batch, codes


def _named(round_: Round, form: FormKind) -> FormKind:
    """Return the form with a label made of what it is, unique in the round."""
    label = f"{form.channel.label}·{form.stratum or form.origin.label}"[:LONGEST_LABEL]
    return replace(form, label=_own_label(round_, replace(form, label=label), is_fixed=False))


@transaction.atomic
def import_issued(*, round_id: int, form: FormKind, issues: Iterable[str], by: User, at: datetime) -> CodeBatch:
    """Import the list of I that the notary made offline (make_codes); all or nothing, errors name the lines."""
    round_ = _issuing_round(round_id, by)
    lines = [line.strip() for line in issues]
    faults = list_faults(lines)
    if faults:
        raise RuleViolation(*faults)
    wanted = sorted(filter(None, lines))
    _refuse_imported(round_, wanted)
    batch = _batch(round_, form, wanted)
    _record_batch(batch, {"codes": len(wanted), "sha256": batch.issued_sha256}, by=by, at=at)
    return batch


@transaction.atomic
def open_self_service(*, round_id: int, form: FormKind, by: User, at: datetime) -> CodeBatch:
    """Create a batch whose codes citizens claim on the public page (自助领票); not for the targeted channel."""
    round_ = _issuing_round(round_id, by)
    if form.channel == Channel.TARGETED:
        raise RuleViolation("定向评议的票号只能发给抽中人员，不能网上领取。")
    batch = _batch(round_, form, [], self_service=True)
    _record_batch(batch, {"self_service": True}, by=by, at=at)
    return batch


@transaction.atomic
def replace_codes(*, batch_id: int, count: int, by: User, at: datetime) -> tuple[CodeBatch, list[str]]:
    """Make new codes in place of void ones (补发), as a batch of the same kind with its own published list.

    Lists already published do not change: a void code stays in its list.
    """
    policy.check(by, "cred.print")
    asked = CodeBatch.objects.get(pk=batch_id)
    batch = CodeBatch.objects.select_related("section").get(pk=asked.replaces_id or asked.pk)
    round_ = _issuing_round(batch.round_id, by)
    left = replaceable(batch)
    if not 1 <= count <= left:
        raise RuleViolation(f"批次“{batch.label}”还可以补发{left}个票号：补发数不超过已作废、尚未补发的票号数。")
    codes, issues = make_codes(count, round_.key)
    form = FormKind(Channel(batch.channel), Origin(batch.origin), f"{batch.label[:LONGEST_LABEL]}·补发", batch.stratum)
    made = _batch(round_, form, issues, replaces=batch)
    detail = {"codes": count, "sha256": made.issued_sha256, "replaces": batch.pk}
    _record_batch(made, detail, by=by, at=at)
    return made, codes


def _issuing_round(round_id: int, by: User) -> Round:
    policy.check(by, "cred.print")
    round_ = lock_round(round_id)
    if RoundState(round_.state) not in BEFORE_CLOSING:
        raise RuleViolation("票号只能在名录锁定之后、封箱之前发放。")
    return round_


def _batch(
    round_: Round,
    form: FormKind,
    issues: list[str],
    *,
    self_service: bool = False,
    replaces: CodeBatch | None = None,
) -> CodeBatch:
    form = replace(form, label=_own_label(round_, form, is_fixed=replaces is None))
    _refuse_unfit_form(round_, form, self_service=self_service)
    section = replaces.section if replaces else _section_of(round_, form)
    if not self_service:
        _refuse_unfit_number(round_, form, len(issues), section, replaces)
    return _store(round_, form, issues, section=section, self_service=self_service, replaces=replaces)


def _store(
    round_: Round,
    form: FormKind,
    issues: list[str],
    *,
    section: RoundSection | None = None,
    self_service: bool = False,
    replaces: CodeBatch | None = None,
) -> CodeBatch:
    batch = CodeBatch.objects.create(
        round=round_,
        channel=form.channel,
        origin=form.origin,
        label=form.label,
        is_self_service=self_service,
        stratum=form.stratum,
        section=section,
        issued_sha256="" if self_service else sha256_hex(issued_list(issues)),
        replaces=replaces,
    )
    Credential.objects.bulk_create([Credential(issue=issue, batch=batch) for issue in issues], batch_size=BATCH_SIZE)
    return batch


def _refuse_unfit_form(round_: Round, form: FormKind, *, self_service: bool = False) -> None:
    closed_channel = form.channel == Channel.TARGETED or (
        form.channel == Channel.SAMPLED and round_.rulebook["sampled_forms"] == ISSUED_CODES
    )
    if closed_channel and (self_service or form.origin != Origin.ISSUED):
        raise RuleViolation(f"按本轮规则，{form.channel.label}只能使用“发放票号”。")
    if form.origin not in ORIGINS[form.channel]:
        raise RuleViolation(f"{form.channel.label}没有“{form.origin.label}”这种来源。")


def _section_of(round_: Round, form: FormKind) -> RoundSection | None:
    """Return the section to which the codes are bound: always if its clients were drawn in this stratum, else never."""
    if form.channel != Channel.TARGETED or not form.stratum:
        return None
    drawn = round_.draws.standing().filter(purpose=DrawPurpose.CLIENTS)
    if not drawn.filter(entries__stratum=form.stratum, entries__is_selected=True).exists():
        return None
    return _section_in({section.code: section for section in round_.sections.all()}, form.stratum)


def _section_in(sections: Mapping[str, RoundSection], stratum: str) -> RoundSection:
    """Return the section of a stratum of clients, whose name begins with its code."""
    section = sections.get(section_code(stratum))
    if section is None:
        raise RuleViolation(f"“{stratum}”不在本轮名录中，不能发放只评这个科室的票号。")
    return section


def _record_batch(batch: CodeBatch, detail: Mapping[str, object], *, by: User, at: datetime) -> None:
    fixed = fixed_digests(("voids", batch.round_id))
    audit.record("cred.print", batch, by=by, at=at, detail={**detail, "fixed": fixed}, wrote=[batch])


def _own_label(round_: Round, form: FormKind, *, is_fixed: bool) -> str:
    """Return a label unique in the round; refuses a typed label that exists, as the form was probably sent twice."""
    typed = form.label.strip()
    wanted = typed or f"{form.channel.label}·{form.origin.label}"
    taken = set(round_.batches.filter(label__startswith=wanted).values_list("label", flat=True))
    if typed and is_fixed and wanted in taken:
        raise RuleViolation(f"本轮已有名为“{wanted}”的批次，未重复生成。需要另行生成的，请更换批次名称。")
    names = (wanted if number == 1 else f"{wanted}{number}" for number in itertools.count(1))
    return next(name for name in names if name not in taken)


def _refuse_unfit_number(
    round_: Round, form: FormKind, more: int, section: RoundSection | None, replaces: CodeBatch | None
) -> None:
    """Refuse more codes than people drawn, once there was a draw, and so few of a section that they hide nobody."""
    kind = Kind(form.channel, is_bound=section is not None)
    drawn, codes = drawn_by_kind(round_).get(kind, {}), codes_by_kind(round_).get(kind, {})
    wanted = {**codes, form.stratum: codes.get(form.stratum, 0) + more}
    faults = code_faults(form.channel.label, drawn, wanted, is_complete=False)
    if section and not replaces:
        faults += filter(None, [too_few_bound(form.stratum, wanted[form.stratum], batch_min(round_.rulebook))])
    if faults:
        raise RuleViolation(*faults)


def _refuse_imported(round_: Round, issues: Sequence[str]) -> None:
    known = round_.batches.filter(issued_sha256=sha256_hex(issued_list(issues))).first()
    if known:
        raise RuleViolation(f"该清单已导入，即批次“{known.label}”，不能重复导入。")
    for start in range(0, len(issues), BATCH_SIZE):
        if Credential.objects.filter(issue__in=issues[start : start + BATCH_SIZE]).exists():
            raise RuleViolation("清单中的票号已经导入过。")
