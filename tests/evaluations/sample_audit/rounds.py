"""Counted rounds whose rulebook asks for the sample audit, with ballots on paper and online."""

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.queries import sealed_votes
from evaluations.codes.models import CodeBatch
from evaluations.draws.models import Draw, DrawEntry, SigningCode
from evaluations.paper_ballots import services as paper_ballots
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from evaluations.paper_ballots.services import SheetContent
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.sample_audit.services.comparison import compare_sheet
from evaluations.sample_audit.services.drawing import draw_ballots, plan_audit
from evaluations.scoring.method import Channel
from evaluations.sealing.services.opening import seal_round
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.permissions.policy import CLOCK
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_user, raw_answers

DICE = "31415926535897932384"
AUDITED = {"sample_audit": True, "min_lines": 2, "min_drawn_lines": 2, "list_length": 1}
CODES = [f"{letter}BCDEFGHJKMNPQRSTVWX" for letter in "ABC"]


def make_counted_round(*, online=3, on_paper=2, **rulebook):
    """A counted round with two sections, ballots cast online and sheets keyed twice."""
    round_ = make_open_round(sections=2, rulebook={**AUDITED, **rulebook})
    codes = make_codes(round_, online + on_paper, channel=Channel.TARGETED)
    batch = CodeBatch.objects.get()
    cast_ballots(round_, codes[:online])
    clerks = [make_user("clerk"), make_user("clerk")]
    if on_paper:
        paper_ballots.register_slips(batch_id=batch.pk, typed=codes[online:], by=clerks[0], at=NOON)
    for number in range(1, on_paper + 1):
        content = SheetContent(SheetKind.VALID, read(round_, "12"[number % 2], rest="1"))
        for clerk in clerks:
            paper_ballots.key_sheet(batch_id=batch.pk, number=number, content=content, by=clerk, at=NOON)
    counted = {"returned": on_paper, "spoiled": 0, "missing": 0}
    paper_ballots.record_count(batch_id=batch.pk, counted=counted, by=clerks[0], at=round_.closes_at)
    seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    tally_round(round_id=round_.pk, by=make_user("chief"), at=round_.closes_at)
    round_.refresh_from_db()
    return round_


def read(round_, level, rest=""):
    """What a sheet says that rates the first section at a level, and the others at `rest` or alike."""
    form = ballot_form_by_digest(round_.ballot_form_sha256)
    levels = [level, *[rest or level] * (len(form.sections) - 1)]
    lines = [RawLine(section.code, raw_answers(of)) for section, of in zip(form.sections, levels, strict=True)]
    return validate_vote(form, "targeted", lines, needs_ticks=False)


def planned(round_, by=None):
    return plan_audit(round_id=round_.pk, by=by or make_user("clerk"), at=NOON)


def drawn(round_, by=None):
    """The audit of the round after the draw."""
    clerk = by or make_user("clerk")
    planned(round_, clerk)
    return draw_ballots(round_id=round_.pk, dice=DICE, by=clerk, at=NOON)


def compared(round_, audit, by=None):
    """Every drawn sheet read as it was counted."""
    for row in audit.ballots.exclude(sheet=None):
        ((_, vote),) = sealed_votes(round_, [row.ballot_id])
        compare_sheet(row_id=row.pk, read=vote, by=by or make_user("clerk"), at=NOON)


def give_signing_codes(round_):
    """Three drawn supervisors with a signing code each."""
    draw = Draw.objects.create(
        round=round_, purpose=DrawPurpose.SUPERVISORS, draw_id="s", params="{}", commit="", committed_at=NOON
    )
    for number, code in enumerate(CODES):
        entry = DrawEntry.objects.create(draw=draw, stratum="市民", token=str(number), is_selected=True, place=number)
        SigningCode.objects.create(entry=entry, code_sha256=sha256_hex(code.encode()))


def differs(round_, row):
    """A drawn sheet that says something else than was counted."""
    return compare_sheet(row_id=row.pk, read=read(round_, "0").as_json(), by=make_user("clerk"), at=NOON)
