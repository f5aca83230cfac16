"""The walk over the policy table: for every action its service, its address, objects in right and wrong states.

`right(w)` makes an object on which whoever may take the action succeeds, `foreign(w)` one of another unit or
another inspector (only for rows with an `o`), `wrong(w)` one in a state that forbids the action; `w` has the accounts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accountability.case_lifecycle.services import cases, corrections
from accountability.cases import services as cases_services
from accountability.evidence.services import evidence
from accountability.evidence_retention.services import destroy_inspections
from accountability.inspections.rules import InspectionState
from accountability.inspections.services import orders, plans, visits
from accountability.objections import services as objections
from accountability.objections.rules import Ground, ObjectionState, Outcome
from accountability.promotion_freezes import services as freezes
from accountability.rectifications.rules import ItemState, RectificationState
from accountability.rectifications.services import items as item_services
from accountability.rectifications.services import rectifications
from accountability.results import services as results
from accountability.talks.services import records as talks
from departments.reforms.services import rename_section
from departments.roster.services import import_roster
from evaluations.ballot_form.rules.votes import Origin
from evaluations.ballots import services as ballots
from evaluations.box_key.services import making
from evaluations.codes.services import issuing, voiding
from evaluations.draws.rules import RemovalReason
from evaluations.draws.services import ceremony, commitment, exports, removals, signing
from evaluations.lifecycle import services as lifecycle
from evaluations.paper_ballots import services as paper_ballots
from evaluations.personal_data.models import DataRequest, RequestState
from evaluations.personal_data.services import clients, people, record_corrections, requests
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services import lists, notices
from evaluations.publication import services as publication
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.rounds.services import edit_rulebook
from evaluations.sample_audit.services.comparison import explain_difference
from evaluations.sample_audit.services.drawing import plan_audit
from evaluations.scoring.method import Channel
from evaluations.sealing.rules import Permit
from evaluations.sealing.services import opening
from evaluations.sealing.services.permits import permit_opening
from evaluations.service_records.services.own import import_own
from evaluations.tally.rules.anomalies import Verdict
from evaluations.tally.services.anomalies import decide_flag
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.accounts.links import issue_link
from nanchuan_eval.audit_review import archive
from nanchuan_eval.audit_review import services as audit_review
from nanchuan_eval.profile.queries import newest_profile
from nanchuan_eval.profile_changes.services import change_profile
from nanchuan_eval.retention import services as retention
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.spreadsheets import Row, read_rows
from tests.departments.roster.files import roster
from tests.factories import make_key, throw
from tests.security import scenario as s

DO, SEE, PROPOSE = "do", "see", "propose"
ADMIN = "/admin/evaluations"


@dataclass(frozen=True)
class Url:
    """A page or a button: `path(object)` and what is posted (None = it is only read)."""

    path: Callable[[Any], str]
    data: Callable[[Any], Mapping[str, Any]] | None = None

    def ask(self, client: Any, target: Any) -> Any:
        """Send the request."""
        return client.post(self.path(target), self.data(target)) if self.data else client.get(self.path(target))


@dataclass(frozen=True)
class Line:
    """One action of the table where it lives."""

    action: str
    right: Callable[[Any], Any]
    service: Callable[..., Any] | None = None
    url: Url | None = None
    wrong: Callable[[Any], Any] | None = None
    foreign: Callable[[Any], Any] | None = None
    kind: str = DO
    at: datetime = s.NOON
    # Roles whose right the address does not serve: their own page is another line, or there is none (test_walk says).
    elsewhere: str = ""
    # The approver's own button in an office of one; where it takes two persons, the approvals page decides.
    alone: bool = False
    # Rows under the action's name where one person may do it, and where it takes two: what is drafted or asked for
    # may have a row of its own beside the proposal.
    traces: int = 1
    traces_of_two: int = 1

    def __str__(self) -> str:
        return self.action


def posts(path: str, **data: Any) -> Url:
    """A button at an address with the object's number in it."""
    return Url(lambda o: path.format(o=o), lambda o: data)


def reads(path: str) -> Url:
    """A page."""
    return Url(lambda o: path.format(o=o))


def typed(moment: datetime) -> str:
    """A moment as it is typed into a form."""
    return f"{moment + timedelta(hours=8):%Y-%m-%d %H:%M}"


def record_of(round_: Any) -> str:
    """The record of a new key for the round."""
    return make_key(round_).record.decode()


PEOPLE = [Row("名单", 1, ("身份类别", "姓名", "手机号")), Row("名单", 2, ("服务对象", "张三", "13900000001"))]
PEOPLE_CSV = "身份类别,姓名,手机号\n服务对象,张三,13900000001\n".encode()
TALK = s.late.talk_facts()
TALK_FORM = {**TALK, "held_at": typed(TALK["held_at"]).replace(" ", "T"), "is_signed": "on"}


BEFORE_THE_LIST = [
    Line(
        "roster.view",
        right=lambda w: s.early.make_section(),
        kind=SEE,
        url=reads("/work/roster/"),
    ),
    Line(
        "roster.edit",
        right=lambda w: s.early.make_section(),
        wrong=lambda w: s.early.make_section(is_active=False),
        service=lambda o, by, at: rename_section(section_id=o.pk, name="便民科", on=at.date(), by=by, at=at),
        url=posts("/admin/departments/section/reform/rename/?ids={o.pk}", name="便民科", on="2026-03-02", confirm="1"),
    ),
    Line(
        "roster.import",
        right=lambda w: list(read_rows(roster(), "名录.xlsx")),
        wrong=lambda w: [],
        service=lambda o, by, at: import_roster(rows=o, by=by, at=at),
    ),
    Line(
        "roster.import",
        right=lambda w: None,
        url=Url(lambda o: "/admin/lists/roster/", lambda o: {"file": SimpleUploadedFile("名录.xlsx", roster())}),
        traces=0,
        traces_of_two=0,
    ),
    Line(
        "roster.freeze",
        right=lambda w: s.settled(),
        wrong=lambda w: s.open_round(),
        service=lambda o, by, at: lifecycle.freeze_round(round_id=o.pk, by=by, at=at),
        url=posts(ADMIN + "/round/{o.pk}/step/freeze/"),
    ),
    Line(
        "round.unfreeze",
        right=lambda w: s.frozen(),
        wrong=lambda w: s.open_round(),
        service=lambda o, by, at: lifecycle.unfreeze_round(round_id=o.pk, reason="名录有误", by=by, at=at),
        url=posts(ADMIN + "/round/{o.pk}/unfreeze/", reason="名录有误"),
    ),
    Line(
        "round.edit",
        right=lambda w: s.draft(),
        wrong=lambda w: s.open_round(),
        service=lambda o, by, at: edit_rulebook(round_id=o.pk, rulebook=o.rulebook, by=by, at=at),
        url=Url(lambda o: f"{ADMIN}/round/{o.pk}/rulebook/", s.rulebook_form),
    ),
    Line(
        "round.open",
        right=lambda w: s.ready_to_open(),
        wrong=lambda w: s.sealed(),
        service=lambda o, by, at: lifecycle.open_round(round_id=o.pk, by=by, at=at),
        url=posts(ADMIN + "/round/{o.pk}/step/open/"),
    ),
    Line(
        "round.close",
        right=lambda w: s.sealed(),
        kind=SEE,
        elsewhere="S",
        url=reads(ADMIN + "/round/{o.pk}/seal-record.pdf"),
    ),
    Line(
        "round.extend",
        right=lambda w: s.open_round(),
        wrong=lambda w: s.sealed(),
        service=lambda o, by, at: lifecycle.extend_round(
            round_id=o.pk, closes_at=at + timedelta(days=3), reason="汛情", by=by, at=at
        ),
        url=posts(ADMIN + "/round/{o.pk}/extend/", closes_at=typed(s.NOON + timedelta(days=3)), reason="汛情"),
    ),
    Line(
        "round.void",
        right=lambda w: s.open_round(),
        wrong=lambda w: s.in_state(RoundState.PUBLISHED)(),
        service=lambda o, by, at: lifecycle.void_round(round_id=o.pk, reason="名录有误", by=by, at=at),
        url=posts(ADMIN + "/round/{o.pk}/void/", reason="名录有误"),
    ),
    Line(
        "round.monitor",
        right=lambda w: s.open_round(),
        kind=SEE,
        elsewhere="S",
        url=reads(ADMIN + "/round/{o.pk}/monitor/"),
    ),
    Line("round.monitor", right=lambda w: s.open_round(), kind=SEE, url=reads("/work/monitor/")),
    Line(
        "pool.import",
        right=lambda w: s.early.make_round(state=RoundState.FROZEN),
        wrong=lambda w: s.open_round(),
        service=lambda o, by, at: lists.import_pool(round_id=o.pk, kind=PoolKind.EVALUATORS, rows=PEOPLE, by=by, at=at),
        url=Url(
            lambda o: f"/admin/lists/pool.evaluators/{o.key}/",
            lambda o: {"file": SimpleUploadedFile("名单.csv", PEOPLE_CSV)},
        ),
        traces=0,  # the upload is only a preview; what is confirmed is recorded
    ),
    Line(
        "pool.announce",
        right=lambda w: s.unannounced(),
        wrong=lambda w: s.pooled(),
        service=lambda o, by, at: notices.announce_pool(round_id=o.pk, kind=PoolKind.EVALUATORS, by=by, at=at),
        url=posts(ADMIN + "/poolentry/round/{o.pk}/evaluators/announce/"),
    ),
    Line("pool.view", right=lambda w: None, kind=SEE, url=reads(ADMIN + "/poolentry/")),
    Line(
        "pool.unmask",
        right=lambda w: s.person(s.pooled()),
        wrong=lambda w: s.purged(s.person(s.pooled())),
        service=lambda o, by, at: people.unmask_phone(entry_id=o.pk, reason="核对", by=by, at=at),
        url=posts(ADMIN + "/poolentry/{o.pk}/phone/", reason="核对"),
    ),
    Line(
        "pool.exclude",
        right=lambda w: s.person(s.pooled()),
        wrong=lambda w: s.person(s.committed().round),
        service=lambda o, by, at: lists.exclude_person(entry_id=o.pk, reason="conflict", note="亲属", by=by, at=at),
        url=posts(ADMIN + "/poolentry/{o.pk}/exclude/", reason="conflict", note="亲属"),
    ),
    Line(
        "pool.export",
        right=lambda w: s.committed(),
        service=lambda o, by, at: list(commitment.open_roster(draw_id=o.pk, by=by, at=at)),
        url=posts(ADMIN + "/draw/{o.pk}/roster/", reason="交公证"),
    ),
    Line(
        "pool.export",
        right=lambda w: s.pooled(),
        wrong=lambda w: s.draft(),
        service=lambda o, by, at: exports.export_pool(round_id=o.pk, kind=PoolKind.EVALUATORS, by=by, at=at),
        url=posts(ADMIN + "/poolentry/round/{o.pk}/export/", kind="evaluators", reason="核对"),
    ),
    Line(
        "privacy.handle",
        right=lambda w: s.person(s.pooled()),
        wrong=lambda w: s.drawn_person(),
        service=lambda o, by, at: people.erase_person(entry_id=o.pk, reason="本人申请", by=by, at=at),
        url=posts(ADMIN + "/poolentry/{o.pk}/erase/", reason="本人申请"),
    ),
    Line(
        "privacy.handle",
        right=lambda w: s.person_of_records(),
        wrong=lambda w: s.drawn_client(),
        service=lambda o, by, at: clients.erase_client(client_id=o.pk, reason="本人申请", by=by, at=at),
        url=Url(
            lambda o: f"{ADMIN}/datarequest/{DataRequest.objects.latest('pk').pk}/client/{o.pk}/erase/",
            lambda o: {"reason": "本人申请"},
        ),
    ),
    Line(
        "privacy.handle",
        right=lambda w: s.record_to_correct(),
        wrong=lambda w: s.drawn_record(),
        service=lambda o, by, at: record_corrections.correct_record(
            record_id=o.pk, changes={"name": "章三"}, reason="单位来函", by=by, at=at
        ),
        url=Url(
            lambda o: f"{ADMIN}/datarequest/record/correct/",
            lambda o: {"unit": o.unit_id, "number": o.number, "name": "章三", "reason": "单位来函"},
        ),
    ),
    Line(
        "records.deliver",
        right=lambda w: s.own_unit(),
        foreign=lambda w: s.own_unit("D02"),
        service=lambda o, by, at: import_own(
            unit=o,
            content=f"办件编号,科室,办结日期,姓名\n1,{o.sections.first().code},2026-03-01,张三\n".encode(),
            filename="办件.csv",
            is_trial=False,
            by=by,
            at=at,
        ),
    ),
    Line("retention.purge", right=lambda w: None, service=lambda o, by, at: retention.purge(by=by, at=at)),
    Line(
        "retention.purge",
        right=lambda w: s.person(s.pooled_over()).round,
        wrong=lambda w: s.pooled(),
        service=lambda o, by, at: people.purge_round(round_id=o.pk, reason="归档", by=by, at=at),
        url=posts("/work/retention/{o.key}/purge/", reason="归档"),
    ),
    Line(
        "comment.redact",
        right=lambda w: s.opinion(),
        service=lambda o, by, at: ballots.redact_comment(comment_id=o.pk, spans=[(0, 2)], by=by, at=at),
        url=posts(ADMIN + "/comment/{o.pk}/redact/", words="张三"),
    ),
    Line(
        "privacy.handle",
        right=lambda w: s.asked(),
        wrong=lambda w: s.answered(),
        service=lambda o, by, at: requests.answer_request(
            request_id=o.pk, state=RequestState.DONE, answer="已更正", by=by, at=at
        ),
    ),
    Line(
        "log.archive",
        right=lambda w: s.old_traces(),
        wrong=lambda w: date(2026, 3, 1),
        service=lambda o, by, at: archive.archive_log(until=o, by=by, at=at),
        url=Url(
            lambda o: "/admin/nanchuan_eval/auditentry/archive/",
            lambda o: {"until": o.isoformat(), "reason": "满六个月"},
        ),
    ),
    Line(
        "backup.restore",
        right=lambda w: s.backed_up(),
        kind=DO,
        url=posts("/admin/nanchuan_eval/backup/{o.pk}/restore/", reason="误操作"),
        traces=0,  # alone it does nothing: the restoring itself is a command
    ),
    Line(
        "profile.edit",
        right=lambda w: s.profile(),
        wrong=lambda w: newest_profile(),
        service=lambda o, by, at: change_profile(profile=o.as_json(), reason="搬迁", by=by, at=at),
        url=Url(
            lambda o: "/admin/profile/change/",
            lambda o: {**o.as_json(), "place_names": "\n".join(o.place_names), "reason": "搬迁"},
        ),
    ),
    Line(
        "draw.commit",
        right=lambda w: s.planned(),
        wrong=lambda w: s.committed().round,
        service=lambda o, by, at: commitment.commit_draw(round_id=o.pk, purpose=DrawPurpose.EVALUATORS, by=by, at=at),
        url=posts(ADMIN + "/draw/round/{o.pk}/commit/", purpose="evaluators"),
    ),
    Line(
        "draw.seed",
        right=lambda w: s.committed(),
        wrong=lambda w: s.published_draw(),
        service=lambda o, by, at: ceremony.enter_randomness(
            draw_id=o.pk, reading=ceremony.Reading(0, throw(o)[0], "2026061"), by=by, at=at
        ),
        url=Url(lambda o: f"{ADMIN}/draw/{o.pk}/ceremony/", s.reading_form),
        at=s.DAY_AFTER,
    ),
    Line(
        "draw.run",
        right=lambda w: s.read_out(),
        wrong=lambda w: s.committed(),
        service=lambda o, by, at: ceremony.run_draw(draw_id=o.pk, by=by, at=at),
        url=posts(ADMIN + "/draw/{o.pk}/act/run/"),
        at=s.DAY_AFTER,
    ),
    Line(
        "draw.redraw",
        right=lambda w: s.drawn_entry(s.published_draw()),
        wrong=lambda w: s.not_drawn_entry(s.published_draw()),
        service=lambda o, by, at: removals.remove_drawn(
            entry_id=o.pk, removal=removals.Removal(RemovalReason.REFUSED, "本人书面放弃", []), by=by, at=at
        ),
        url=posts(ADMIN + "/draw/entry/{o.pk}/remove/", reason="refused", explanation="本人书面放弃"),
        at=s.DAY_AFTER,
    ),
    Line(
        "draw.names",
        right=lambda w: s.published_draw(),
        kind=SEE,
        elsewhere="S",
        url=reads(ADMIN + "/draw/{o.pk}/people/"),
        at=s.DAY_AFTER,
    ),
    Line(
        "sign.issue",
        right=lambda w: s.supervisors_drawn(),
        wrong=lambda w: s.published_draw(),
        service=lambda o, by, at: signing.issue_signing_codes(draw_id=o.pk, by=by, at=at),
        url=posts(ADMIN + "/draw/{o.pk}/signing-codes/issue/"),
        at=s.DAY_AFTER,
    ),
    Line(
        "sign.issue",
        right=lambda w: s.sheet_handed().entry,
        wrong=lambda w: s.not_drawn_entry(s.published_draw()),
        service=lambda o, by, at: signing.reissue_signing_codes(entry_id=o.pk, reason="遗失", by=by, at=at),
        url=posts(ADMIN + "/draw/entry/{o.pk}/reissue/", reason="遗失"),
        at=s.DAY_AFTER,
    ),
    Line(
        "sign.seal",
        right=lambda w: s.sheet_permitted(),
        wrong=lambda w: s.sheet_handed(),
        service=lambda o, by, at: signing.seal_codes(sheet_id=o.pk, by=by, at=at),
        url=posts(ADMIN + "/draw/signing-sheet/{o.pk}/"),
        at=s.DAY_AFTER,
    ),
    Line(
        "sign.hand",
        right=lambda w: s.sheet_sealed(),
        wrong=lambda w: s.sheet_handed(),
        service=lambda o, by, at: signing.hand_over_codes(draw_id=o.entry.draw_id, sheet_ids=[o.pk], by=by, at=at),
        url=Url(lambda o: f"{ADMIN}/draw/{o.entry.draw_id}/signing-codes/hand/", lambda o: {"sheet": [o.pk]}),
        at=s.DAY_AFTER,
    ),
    Line("draw.delete", right=lambda w: s.committed(), url=posts(ADMIN + "/draw/{o.pk}/delete/", post="yes")),
    Line(
        "cred.print",
        right=lambda w: s.open_round(),
        wrong=lambda w: s.sealed(),
        service=lambda o, by, at: issuing.issue_batch(
            round_id=o.pk, form=issuing.FormKind(Channel.TARGETED, Origin.ISSUED), count=2, by=by, at=at
        ),
        url=posts(ADMIN + "/round/{o.pk}/codes/", channel="targeted", origin="issued", label="第一批", count="2"),
    ),
    Line(
        "cred.void",
        right=lambda w: s.batch(s.open_round()),
        wrong=lambda w: s.batch(s.open_round(), is_open=False),
        service=lambda o, by, at: voiding.recall_batch(batch_id=o.pk, reason="遗失", by=by, at=at),
    ),
    Line(
        "paper.entry",
        right=lambda w: s.batch(s.open_round()),
        wrong=lambda w: s.batch(s.sealed()),
        service=lambda o, by, at: paper_ballots.register_slips(batch_id=o.pk, typed=["0" * 20], by=by, at=at),
        url=posts(ADMIN + "/codebatch/{o.pk}/papers/count/", returned="0", spoiled="0", missing="1", confirmed="0/0/1"),
        kind=PROPOSE,
        at=s.CLOSED,
    ),
    Line(
        "paper.match",
        right=lambda w: s.miscounted(s.open_round()),
        wrong=lambda w: s.batch(s.sealed()),
        service=lambda o, by, at: paper_ballots.clear_imbalance(batch_id=o.pk, reason="已查清", by=by, at=at),
        url=posts(ADMIN + "/codebatch/{o.pk}/papers/clear/", reason="已查清"),
    ),
    Line(
        "ballot.invalid",
        right=lambda w: s.flagged(s.counted()),
        wrong=lambda w: s.flagged(s.counted(), decided=True),
        service=lambda o, by, at: decide_flag(flag_id=o.pk, verdict=Verdict.KEPT, reason="已核查", by=by, at=at),
        url=Url(
            lambda o: f"/commission/{o.round.key}/anomalies/",
            lambda o: {"flag": o.pk, "verdict": "kept", "reason": "已核查"},
        ),
        at=s.CLOSED,
    ),
    Line(
        "box.key",
        right=lambda w: s.supervised_and_drawn(),
        wrong=lambda w: s.sealed(),
        service=lambda o, by, at: making.adopt_key(round_id=o.pk, record=record_of(o), by=by, at=at),
        url=Url(
            lambda o: f"{ADMIN}/round/{o.pk}/box-key/import/",
            lambda o: {"record": SimpleUploadedFile("box-key.json", record_of(o).encode())},
        ),
    ),
    Line(
        "box.open",
        right=lambda w: s.open_round(),
        wrong=lambda w: s.sealed(),
        service=lambda o, by, at: opening.open_box(round_id=o.pk, typed=[], by=by, at=at),
        url=posts(ADMIN + "/round/{o.pk}/opening/"),
        at=s.CLOSED,
        traces=0,  # recorded as what it is, the closing of the box: round.close
    ),
    Line(
        "box.recover",
        right=lambda w: s.supervised(),
        wrong=lambda w: s.open_round(),
        service=lambda o, by, at: permit_opening(
            round_id=o.pk, permit=Permit.RECOVERY, reason="两张密钥卡遗失", by=by, at=at
        ),
        url=posts(ADMIN + "/round/{o.pk}/permit/recovery/", reason="两张密钥卡遗失"),
        at=s.CLOSED,
    ),
    Line("comment.view", right=lambda w: None, kind=SEE, url=reads(ADMIN + "/comment/")),
    Line(
        "tally.run",
        right=lambda w: s.sealed(),
        wrong=lambda w: s.open_round(),
        service=lambda o, by, at: tally_round(round_id=o.pk, by=by, at=at),
        url=posts(ADMIN + "/round/{o.pk}/step/count/"),
        at=s.CLOSED,
    ),
    Line(
        "audit.sample",
        right=lambda w: s.audited(),
        wrong=lambda w: s.open_round(),
        service=lambda o, by, at: plan_audit(round_id=o.pk, by=by, at=at),
        url=posts(ADMIN + "/round/{o.pk}/sample/plan/"),
        at=s.CLOSED,
    ),
    Line(
        "audit.explain",
        right=lambda w: s.sample_difference(),
        wrong=lambda w: s.sample_difference(explained_at=s.CLOSED),
        service=lambda o, by, at: explain_difference(row_id=o.pk, explanation="读票有误", by=by, at=at),
        url=posts(ADMIN + "/round/sample-ballot/{o.pk}/explain/", explanation="读票有误"),
        at=s.CLOSED,
    ),
    Line("tally.view", right=lambda w: None, kind=SEE, url=reads(ADMIN + "/sectionresult/")),
    Line(
        "tally.verify",
        right=lambda w: s.counted(),
        wrong=lambda w: s.sealed(),
        service=lambda o, by, at: results.export_count(round_id=o.pk, file=results.CountFile.RESULT, by=by, at=at),
        url=Url(lambda o: f"/commission/{o.key}/count/files/", lambda o: {"file": "result"}),
        at=s.CLOSED,
    ),
    Line(
        "tally.override",
        right=lambda w: s.result_of(s.counted()),
        url=posts(ADMIN + "/sectionresult/{o.pk}/delete/", post="yes"),
        at=s.CLOSED,
    ),
    Line(
        "publish.draft",
        right=lambda w: s.result_of(s.counted()),
        wrong=lambda w: s.result_of(s.counted(RoundState.PUBLISHED)),
        service=lambda o, by, at: publication.edit_problems(result_id=o.pk, text="电话无人接", by=by, at=at),
        url=posts(ADMIN + "/sectionresult/{o.pk}/change/", main_problems="电话无人接"),
        at=s.CLOSED,
    ),
    Line(
        "publish.announce",
        right=lambda w: s.ready_to_announce(),
        wrong=lambda w: s.sealed(),
        service=lambda o, by, at: lifecycle.announce_result(round_id=o.pk, by=by, at=at),
        url=posts(ADMIN + "/round/{o.pk}/step/announce/"),
        at=s.CLOSED,
    ),
    Line(
        "top10.view",
        right=lambda w: s.counted(),
        kind=SEE,
        url=Url(lambda o: f"/commission/{o.key}/"),
        at=s.CLOSED,
    ),
    Line(
        "top10.export",
        right=lambda w: s.counted(RoundState.PUBLISHED),
        wrong=lambda w: s.sealed(),
        service=lambda o, by, at: results.export_top10(round_id=o.pk, by=by, at=at),
        url=Url(lambda o: f"/commission/{o.key}/export/", lambda o: {}),
        at=s.CLOSED,
    ),
]

AFTER_THE_COUNT = [
    Line(
        "publish.approve",
        right=lambda w: s.to_publish(),
        wrong=lambda w: s.to_publish(RoundState.COUNTED),
        service=lambda o, by, at: cases.publish_and_start(round_id=o.pk, by=by, at=at),
        url=Url(lambda o: f"/commission/{o.key}/publish/", lambda o: {}),
    ),
    Line(
        "publish.correct",
        right=lambda w: s.published_list(),
        wrong=lambda w: s.to_publish(),
        service=lambda o, by, at: corrections.correct_and_follow(
            round_id=o.pk,
            correction=publication.Correction("错字", problems={s.OWN_UNIT: "电话无人接听"}),
            by=by,
            at=at,
        ),
        url=Url(lambda o: f"/commission/{o.key}/correct/", s.correction_form),
    ),
    Line("rank.own", right=lambda w: None, kind=SEE, elsewhere="C H D O", url=reads("/unit/")),
    Line(
        "rank.full",
        right=lambda w: s.published_list(),
        wrong=lambda w: s.to_publish(),
        kind=SEE,
        url=reads("/personnel/places/{o.key}/"),
    ),
    Line(
        "acc.open",
        right=lambda w: s.measure(kind="removal_prompt"),
        wrong=lambda w: s.measure(kind="removal_prompt", state="done", done_on=date(2020, 7, 10), record="已办"),
        service=lambda o, by, at: cases_services.record_measure(
            measure_id=o.pk, done_on=at.date(), record="已研究", by=by, at=at
        ),
        url=posts("/admin/accountability/case/measures/{o.pk}/record/", done_on="2020-07-20", record="已研究"),
    ),
    Line(
        "acc.notice",
        right=lambda w: s.measure(kind="notice"),
        wrong=lambda w: s.measure(kind="notice", state="done", done_on=date(2020, 7, 10), record="已办"),
        service=lambda o, by, at: cases_services.record_measure(
            measure_id=o.pk, done_on=at.date(), record="已刊登", by=by, at=at
        ),
        url=posts("/admin/accountability/case/measures/{o.pk}/record/", done_on="2020-07-20", record="已刊登"),
    ),
    Line(
        "acc.talk.leader",
        right=lambda w: s.measure(kind="talk_leader"),
        wrong=lambda w: s.measure(kind="talk_leader", state="done", done_on=date(2020, 7, 10), record="已办"),
        service=lambda o, by, at: talks.write_talk(measure_id=o.pk, facts=TALK, by=by, at=at),
        url=posts("/work/talks/{o.pk}/write/", **TALK_FORM),
    ),
    Line(
        "acc.talk.head",
        right=lambda w: s.measure(),
        foreign=lambda w: s.measure(s.FOREIGN_UNIT),
        wrong=lambda w: s.measure(state="done", done_on=date(2020, 7, 10), record="已办"),
        service=lambda o, by, at: talks.write_talk(measure_id=o.pk, facts=TALK, by=by, at=at),
        url=posts("/work/talks/{o.pk}/write/", **TALK_FORM),
        kind=PROPOSE,
    ),
    Line(
        "acc.talk.head",
        right=lambda w: s.talk(state="filed"),
        wrong=lambda w: s.talk(),
        service=lambda o, by, at: talks.confirm_talk(talk_id=o.pk, by=by, at=at),
        url=posts("/work/talks/records/{o.pk}/confirm/"),
        alone=True,
    ),
    Line(
        "acc.hold.set",
        right=lambda w: s.measure(kind="freeze"),
        wrong=lambda w: s.measure(kind="freeze", state="done", done_on=date(2020, 7, 10), record="已办"),
        service=lambda o, by, at: cases_services.record_measure(
            measure_id=o.pk, done_on=at.date(), record="已登记", by=by, at=at
        ),
        url=posts("/admin/accountability/case/measures/{o.pk}/record/", done_on="2020-07-20", record="已登记"),
    ),
    Line(
        "acc.hold.lift",
        right=lambda w: s.held(ends_on=date(2020, 7, 15)),
        wrong=lambda w: s.held(ends_on=date(2020, 7, 15), lifted_on=date(2020, 7, 16), lift_reason="届满"),
        service=lambda o, by, at: freezes.lift_freeze(freeze_id=o.pk, on=at.date(), reason="届满", by=by, at=at),
        url=posts("/admin/accountability/case/freezes/{o.pk}/lift/", on="2020-07-20", reason="届满"),
    ),
    Line(
        "acc.assess",
        right=lambda w: s.measure(kind="assessment"),
        wrong=lambda w: s.measure(kind="assessment", state="done", done_on=date(2020, 7, 10), record="已办"),
        service=lambda o, by, at: cases_services.record_measure(
            measure_id=o.pk, done_on=at.date(), record="已记入", by=by, at=at
        ),
        url=posts("/admin/accountability/case/measures/{o.pk}/record/", done_on="2020-07-20", record="已记入"),
    ),
    Line(
        "acc.view",
        right=lambda w: s.measure(),
        foreign=lambda w: s.measure(s.FOREIGN_UNIT),
        kind=SEE,
        url=reads("/work/talks/{o.pk}/"),
    ),
    Line(
        "acc.close",
        right=lambda w: s.measure(state="done", done_on=date(2020, 7, 10), record="已办").case,
        wrong=lambda w: s.case(),
        service=lambda o, by, at: cases.close_case(case_id=o.pk, by=by, at=at),
        url=posts("/admin/accountability/case/{o.pk}/close/"),
    ),
    Line(
        "rect.plan",
        right=lambda w: s.rectification(state=RectificationState.AWAITED),
        foreign=lambda w: s.rectification(s.FOREIGN_UNIT, RectificationState.AWAITED),
        wrong=lambda w: s.rectification(),
        service=lambda o, by, at: rectifications.submit_plan(rectification_id=o.pk, opinion="同意", by=by, at=at),
        url=posts("/work/rectifications/{o.pk}/submit/", opinion="同意"),
    ),
    Line(
        "rect.return",
        right=lambda w: s.rectification(state=RectificationState.SUBMITTED),
        wrong=lambda w: s.rectification(),
        service=lambda o, by, at: rectifications.decide_plan(
            rectification_id=o.pk, accepted=True, note="", by=by, at=at
        ),
        url=posts("/work/rectifications/{o.pk}/decide/", accepted="1"),
    ),
    Line(
        "rect.report",
        right=lambda w: s.item(s.rectification()),
        foreign=lambda w: s.item(s.rectification(s.FOREIGN_UNIT)),
        wrong=lambda w: s.item(s.rectification(item=ItemState.CLOSED)),
        service=lambda o, by, at: item_services.report_progress(item_id=o.pk, text="已培训", by=by, at=at),
        url=posts("/work/items/{o.pk}/report/", text="已培训"),
    ),
    Line(
        "rect.extend",
        right=lambda w: s.item(s.rectification()),
        foreign=lambda w: s.item(s.rectification(s.FOREIGN_UNIT)),
        wrong=lambda w: s.item(s.rectification(item=ItemState.CLOSED)),
        service=lambda o, by, at: item_services.ask_extension(
            item_id=o.pk, due_on=date(2020, 9, 20), reason="招标", by=by, at=at
        ),
        url=posts("/work/items/{o.pk}/extend/", due_on="2020-09-20", reason="招标"),
        kind=PROPOSE,
        traces_of_two=2,
    ),
    Line(
        "rect.extend",
        right=lambda w: s.item(s.rectification(), wanted_due_on=date(2020, 9, 20), wanted_reason="招标"),
        wrong=lambda w: s.item(s.rectification()),
        service=lambda o, by, at: item_services.decide_extension(item_id=o.pk, granted=True, by=by, at=at),
        url=posts("/work/items/{o.pk}/grant/", granted="1"),
        alone=True,
    ),
    Line(
        "rect.view",
        right=lambda w: s.rectification(),
        foreign=lambda w: s.rectification(s.FOREIGN_UNIT),
        kind=SEE,
        elsewhere="I",
        url=reads("/work/rectifications/{o.pk}/"),
    ),
    Line(
        "rect.close",
        right=lambda w: s.item(s.passed()),
        wrong=lambda w: s.item(s.rectification(item=ItemState.FINISHED), finished_at=s.AFTER),
        service=lambda o, by, at: item_services.close_item(item_id=o.pk, verdict="已整改", by=by, at=at),
        url=posts("/work/items/{o.pk}/close/", verdict="已整改"),
    ),
    Line(
        "insp.plan",
        right=lambda w: s.case().result.round,
        wrong=lambda w: s.to_publish(),
        service=lambda o, by, at: plans.propose_plan(
            round_id=o.pk,
            facts=plans.PlanFacts("7月暗访", date(2020, 7, 20), date(2020, 7, 31), 0),
            by=by,
            at=at,
        ),
        url=Url(
            lambda o: f"/inspection/plans/propose/{o.key}/",
            lambda o: {"name": "7月", "starts_on": "2020-07-20", "ends_on": "2020-07-31", "drawn_sections": "0"},
        ),
        kind=PROPOSE,
        traces_of_two=2,
    ),
    Line(
        "insp.assign",
        right=lambda w: s.visit(state=InspectionState.PLANNED),
        wrong=lambda w: s.visit(state=InspectionState.SUBMITTED),
        service=lambda o, by, at: plans.assign_inspectors(
            inspection_id=o.pk, inspector_ids=s.inspector_ids(o), by=by, at=at
        ),
        url=Url(lambda o: f"/inspection/{o.pk}/assign/", lambda o: {"inspectors": s.inspector_ids(o)}),
    ),
    Line(
        "insp.plan.view",
        right=lambda w: s.visit([w["I"]]),
        foreign=lambda w: s.visit(),
        kind=SEE,
        url=reads("/inspection/{o.pk}/"),
    ),
    Line(
        "insp.record",
        right=lambda w: s.visit([w["I"]]),
        foreign=lambda w: s.visit(),
        wrong=lambda w: s.visit([w["I"]], InspectionState.SUBMITTED),
        service=lambda o, by, at: visits.save_record(inspection_id=o.pk, record=s.record(), by=by, at=at),
    ),
    Line(
        "insp.upload",
        right=lambda w: s.visit([w["I"]]),
        foreign=lambda w: s.visit(),
        wrong=lambda w: s.visit([w["I"]], InspectionState.SUBMITTED),
        service=lambda o, by, at: evidence.add_evidence(subject=o, upload=s.late.make_file(), by=by, at=at),
        url=Url(
            lambda o: f"/evidence/inspection/{o.pk}/add/",
            lambda o: {"upload_id": s.new_id(), "file": s.picture()},
        ),
    ),
    Line(
        "insp.evidence",
        right=lambda w: s.filmed(s.visit([w["I"]])),
        foreign=lambda w: s.filmed(s.visit()),
        kind=SEE,
        url=reads("/evidence/{o.pk}/"),
    ),
    Line(
        "insp.original",
        right=lambda w: s.filmed(s.visit()),
        service=lambda o, by, at: evidence.open_original(evidence_id=o.pk, reason="核查", by=by, at=at),
        url=posts("/evidence/{o.pk}/original/", reason="核查"),
    ),
    Line(
        "insp.delete",
        right=lambda w: s.long_filmed(),
        wrong=lambda w: s.filmed(s.visit()).inspection.plan.round,
        service=lambda o, by, at: destroy_inspections(round_id=o.pk, reason="期满", by=by, at=at),
        url=posts("/work/retention/{o.key}/destroy/", reason="期满"),
    ),
    Line(
        "insp.submit",
        right=lambda w: s.recorded(s.visit([w["I"]])),
        foreign=lambda w: s.recorded(s.visit()),
        wrong=lambda w: s.visit([w["I"]]),
        service=lambda o, by, at: visits.submit_record(inspection_id=o.pk, lead="", by=by, at=at),
        url=posts("/inspection/{o.pk}/submit/", lead=""),
    ),
    Line(
        "insp.approve",
        right=lambda w: s.recorded(s.visit(), until=InspectionState.SUBMITTED),
        wrong=lambda w: s.visit(),
        service=lambda o, by, at: visits.approve_record(inspection_id=o.pk, by=by, at=at),
        url=posts("/inspection/{o.pk}/approve/"),
    ),
    Line(
        "insp.notify",
        right=lambda w: s.recorded(s.visit(), until=InspectionState.APPROVED),
        wrong=lambda w: s.visit(),
        service=lambda o, by, at: orders.issue_order(
            inspection_id=o.pk, demand="整改", due_on=date(2020, 8, 10), by=by, at=at
        ),
        url=posts("/inspection/{o.pk}/order/", demand="整改", due_on="2020-08-10"),
    ),
    Line(
        "insp.notify",
        right=lambda w: s.order(),
        foreign=lambda w: s.order(s.FOREIGN_UNIT),
        kind=SEE,
        url=reads("/work/orders/{o.pk}/"),
        elsewhere="D",
    ),
    Line(
        "appeal.submit",
        right=lambda w: s.listed_section(),
        foreign=lambda w: s.listed_section(s.FOREIGN_UNIT),
        wrong=lambda w: s.listed_section(state=RoundState.COUNTED),
        service=lambda o, by, at: objections.file_objection(
            section_id=o.pk, ground=Ground.WRONG_SECTION, facts="不属于本科室", by=by, at=at
        ),
    ),
    Line(
        "appeal.submit",
        right=lambda w: s.rejected(),
        foreign=lambda w: s.rejected(s.FOREIGN_UNIT),
        wrong=lambda w: s.objection(),
        service=lambda o, by, at: objections.file_review(objection_id=o.pk, facts="请复核", by=by, at=at),
        url=posts("/work/objections/{o.pk}/review/", facts="请复核"),
    ),
    Line(
        "appeal.accept",
        right=lambda w: s.objection(),
        wrong=lambda w: s.objection(state=ObjectionState.ACCEPTED),
        service=lambda o, by, at: objections.accept_objection(objection_id=o.pk, by=by, at=at),
        url=posts("/work/objections/{o.pk}/accept/", ok="1"),
    ),
    Line(
        "appeal.decide",
        right=lambda w: s.objection(),
        wrong=lambda w: s.rejected(),
        service=lambda o, by, at: objections.decide_objection(
            objection_id=o.pk, decision=objections.Decision(Outcome.INADMISSIBLE, "不是事实问题"), by=by, at=at
        ),
        url=posts("/work/objections/{o.pk}/decide/", outcome="inadmissible", answer="不是事实问题"),
    ),
    Line(
        "appeal.view",
        right=lambda w: s.objection(),
        foreign=lambda w: s.objection(s.FOREIGN_UNIT),
        kind=SEE,
        url=reads("/work/objections/{o.pk}/"),
    ),
]

ACCOUNTS_AND_TRACE = [
    Line(
        "user.create",
        right=lambda w: s.early.make_user("clerk"),
        wrong=lambda w: w["SYS"],
        service=s.disable,
        url=Url(
            lambda o: f"/admin/nanchuan_eval/user/{o.pk}/change/",
            lambda o: {"username": o.username, "name": o.name, "person_code": o.person_code},
        ),
    ),
    Line(
        "role.grant",
        right=lambda w: s.clerk_who_may_join_a_unit(),
        wrong=lambda w: s.also("inspector"),
        service=lambda o, by, at: accounts.grant_role(account_id=o.pk, role="L", unit_code="D01", by=by, at=at),
        url=posts("/admin/nanchuan_eval/user/{o.pk}/grant/", role="L", unit_code="D01", reason="任联络员"),
    ),
    Line(
        "role.grant.admin",
        right=lambda w: s.early.make_user("clerk"),
        wrong=lambda w: s.also("chief"),
        service=lambda o, by, at: accounts.grant_role(account_id=o.pk, role="AUD", unit_code="", by=by, at=at),
        url=posts("/admin/nanchuan_eval/user/{o.pk}/grant/", role="AUD", reason="任审计员"),
    ),
    Line(
        "user.pwlink",
        right=lambda w: s.early.make_user("clerk"),
        wrong=lambda w: s.early.make_user("clerk", is_active=False),
        service=lambda o, by, at: issue_link(account_id=o.pk, by=by, at=at),
        url=posts("/admin/nanchuan_eval/user/{o.pk}/link/"),
    ),
    Line(
        "mfa.reset",
        right=lambda w: s.with_factor(),
        wrong=lambda w: w["SEC"],
        service=lambda o, by, at: second_factor.reset_factor(account_id=o.pk, by=by, at=at),
        url=posts("/admin/nanchuan_eval/user/{o.pk}/reset-factor/"),
    ),
    Line(
        "session.kill",
        right=lambda w: s.early.make_user("clerk"),
        service=lambda o, by, at: accounts.end_sessions(account_id=o.pk, by=by, at=at),
        url=posts("/admin/nanchuan_eval/user/{o.pk}/end-sessions/"),
    ),
    Line("policy.set", right=lambda w: None, kind=SEE, url=reads("/admin/policy/")),
    Line("sys.config", right=lambda w: None, kind=SEE, url=reads("/admin/doctor/")),
    Line("log.view", right=lambda w: None, kind=SEE, url=reads("/admin/nanchuan_eval/auditentry/")),
    Line(
        "log.export",
        right=lambda w: None,
        service=lambda o, by, at: audit_review.export_log(by=by, at=at),
        url=posts("/admin/nanchuan_eval/auditentry/export/"),
    ),
    Line(
        "log.verify",
        right=lambda w: None,
        service=lambda o, by, at: audit_review.verify_log(by=by, at=at),
        url=posts("/admin/nanchuan_eval/auditentry/verify/"),
    ),
    Line(
        "log.edit", right=lambda w: s.entry(), url=posts("/admin/nanchuan_eval/auditentry/{o.pk}/delete/", post="yes")
    ),
]

LINES = [
    *BEFORE_THE_LIST,
    *[Line(**{**vars(line), "at": s.AFTER}) for line in AFTER_THE_COUNT],
    *ACCOUNTS_AND_TRACE,
]

# Actions without a place of their own, each with the reason; whatever is neither here nor above turns a test red.
CITIZENS = "a public page: it asks for a code, not for an account (TestCitizens)"
NOWHERE = {
    "notice.view": CITIZENS,
    "receipt.check": CITIZENS,
    "opinion.submit": CITIZENS,
    "top10.public": CITIZENS,
    "draw.proof": CITIZENS,
    "ballot.open": CITIZENS,
    "ballot.submit": CITIZENS,
    "ballot.change": CITIZENS,
    "session.own": "every account's own page (TestEverybodysOwn)",
    "log.own": "every account's own page (TestEverybodysOwn)",
    "insp.identity": "a part of the visit's page (TestWhoInspects)",
    "privacy.request": CITIZENS.replace("TestCitizens", "test_data_requests"),
    "round.interim": "no query exists (test_lines_without_a_page)",
    "cred.secret": "codes are not stored (test_planted_secrets)",
    "ballot.raw": "no page shows one ballot (test_lines_without_a_page)",
    "ballot.edit": "no page (test_lines_without_a_page)",
    "tally.tiebreak": "the method NC-1 leaves no tie (rulebook: ties share a rank)",
    "backup.make": "not inside a transaction (tests/nanchuan_eval/backups/test_admin.py)",
    "log.alert": "missing: the auditor filters the trace (log.view); SEC has no list of alarms yet",
}
