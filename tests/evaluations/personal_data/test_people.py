"""Personal data: encrypted at rest, shown in full only with a reason, erased after its retention period."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from evaluations.ballots.models import Comment
from evaluations.codes.services import visitors
from evaluations.draws.models import Draw, DrawEntry
from evaluations.lifecycle import services as lifecycle
from evaluations.personal_data.services import people, requests
from evaluations.pools.models import PoolEntry
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.models import Round, RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.privacy_notice import privacy_notice
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import decrypt, encrypt, keyed_hash, mask_phone
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.profile.rules.profile import DEFAULT
from nanchuan_eval.retention import services as retention
from nanchuan_eval.web.views import A_YEAR
from tests.factories import NOON, commit, make_manifestations, make_pool, make_round, make_section, make_user
from tests.paths import ROOT

pytestmark = pytest.mark.django_db
PHONE = "13912345678"


def make_person(round_=None, phone=PHONE, **fields):
    fields = {"kind": PoolKind.EVALUATORS, "stratum": "其他", "name": "赵钱孙", **fields}
    return PoolEntry.objects.create(round=round_ or make_round(), phone=phone, phone_hash=keyed_hash(phone), **fields)


def stored(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return str(cursor.fetchall())


def test_the_database_holds_no_phone_in_the_clear():
    entry = make_person()

    held = stored("evaluations_poolentry")
    assert PHONE not in held
    assert PHONE[-8:] not in held
    entry.refresh_from_db()
    assert entry.phone == PHONE


def test_equal_phones_look_different_and_are_found_by_their_keyed_hash():
    assert encrypt(PHONE) != encrypt(PHONE)
    make_person()
    assert PoolEntry.objects.get(phone_hash=keyed_hash(PHONE)).phone == PHONE
    with pytest.raises(Exception, match="Unsupported lookup"):
        PoolEntry.objects.filter(phone=PHONE).exists()


def test_without_the_key_nothing_can_be_decrypted(settings):
    sealed = encrypt(PHONE)
    settings.FIELD_KEY = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMDA="]
    with pytest.raises(ValueError, match="FIELD_KEY"):
        decrypt(sealed)


def test_a_new_first_key_still_decrypts_with_the_old_one(settings):
    sealed, digest = encrypt(PHONE), keyed_hash(PHONE)
    settings.FIELD_KEY = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMDA=", *settings.FIELD_KEY]
    assert decrypt(sealed) == PHONE
    assert keyed_hash(PHONE) == digest


@pytest.mark.parametrize(("phone", "shown"), [(PHONE, "139****5678"), ("12345", "****"), ("", "")])
def test_masking(phone, shown):
    assert mask_phone(phone) == shown


class TestUnmasking:
    """Clerks and chiefs see one phone in full; each access is logged with its reason."""

    def address(self, entry):
        return f"/admin/evaluations/poolentry/{entry.pk}/phone/"

    def test_the_list_shows_the_masked_phone(self, client):
        make_person()
        client.force_login(make_user("clerk"))
        page = client.get("/admin/evaluations/poolentry/").content.decode()
        assert "139****5678" in page
        assert PHONE not in page

    def test_with_a_reason_the_phone_is_shown_and_not_kept_by_the_browser(self, client):
        entry = make_person()
        client.force_login(make_user("clerk"))

        answer = client.post(self.address(entry), {"reason": "通知到场"})

        assert PHONE in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        logged = AuditEntry.objects.get(action="pool.unmask")
        assert (logged.reason, PHONE in str(logged.detail)) == ("通知到场", False)

    def test_without_a_reason_it_is_not_shown(self, client):
        entry = make_person()
        client.force_login(make_user("clerk"))
        assert PHONE not in client.post(self.address(entry), {"reason": ""}).content.decode()
        with pytest.raises(RuleViolation, match="理由"):
            people.unmask_phone(entry_id=entry.pk, reason=" ", by=make_user("clerk"), at=NOON)
        assert not AuditEntry.objects.exists()

    @pytest.mark.parametrize("role", ["commission", "personnel", "sysadmin", "security", "auditor"])
    def test_others_are_refused(self, client, role):
        entry = make_person()
        client.force_login(make_user(role))
        assert client.post(self.address(entry), {"reason": "x"}).status_code == 403
        with pytest.raises(policy.Denied):
            people.unmask_phone(entry_id=entry.pk, reason="x", by=make_user(role), at=NOON)


class TestRetention:
    """`manage.py purge` erases data past its retention period, and nothing else."""

    def ended(self, days, state=RoundState.PUBLISHED):
        round_ = make_round(state=state)
        RoundStep.objects.create(round=round_, state=state, at=NOON - timedelta(days=days))
        return round_

    def purge(self):
        return retention.purge(by=OPERATOR, at=NOON)

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize(("days", "left"), [(59, PHONE), (61, "")])
    def test_phones_sixty_days_after_publication(self, days, left):
        entry = make_person(self.ended(days))
        self.purge()
        entry.refresh_from_db()
        assert entry.phone == left

    @pytest.mark.django_db(transaction=True)
    def test_archiving_begins_no_new_period(self):
        round_ = self.ended(61)
        RoundStep.objects.create(round=round_, state=RoundState.CLOSED, at=NOON - timedelta(days=5))
        Round.objects.filter(pk=round_.pk).update(state=RoundState.CLOSED)
        entry = make_person(round_)

        self.purge()

        entry.refresh_from_db()
        assert entry.phone == ""

    def test_phones_of_a_round_under_way_stay(self):
        entry = make_person(make_round())
        assert self.purge() == {}
        entry.refresh_from_db()
        assert entry.phone == PHONE

    @pytest.mark.django_db(transaction=True)
    def test_comments_after_a_year(self):
        Comment.objects.create(round=self.ended(366), text="旧")
        Comment.objects.create(round=self.ended(364), text="新")
        self.purge()
        assert [comment.text for comment in Comment.objects.all()] == ["新"]

    @pytest.mark.django_db(transaction=True)
    def test_a_purge_is_logged_once_and_happens_once(self):
        make_person(self.ended(61))
        make_person(self.ended(61), phone="13900000001")
        assert self.purge() == {"名单库手机号": 2}
        assert self.purge() == {}
        assert AuditEntry.objects.get(action="retention.purge").detail == {"rows": {"名单库手机号": 2}}

    def test_a_dry_run_lists_and_erases_nothing(self, time_machine):
        time_machine.move_to(NOON)
        entry = make_person(self.ended(61))
        out = io.StringIO()
        call_command("purge", "--dry-run", stdout=out)
        entry.refresh_from_db()
        assert "名单库手机号（保存申诉期满后30日（公示后60日））：1条到期" in out.getvalue()
        assert entry.phone == PHONE

    @pytest.mark.django_db(transaction=True)
    def test_nothing_is_left_on_the_disk(self):
        entry = make_person(self.ended(61))
        held = stored("evaluations_poolentry")
        token = held[held.index("gAAAA") :][:60]
        self.purge()

        assert token not in stored("evaluations_poolentry")
        if connection.vendor == "sqlite":
            from pathlib import Path  # noqa: PLC0415

            path = Path(connection.settings_dict["NAME"])
            for file in (path, path.with_name(f"{path.name}-wal")):
                if file.exists():
                    assert token.encode() not in file.read_bytes()
        assert entry.pk


class TestTheNotice:
    """The privacy notice has the items of the law, is true, and each round keeps its version."""

    def test_it_has_the_items_of_the_law(self):
        items = privacy_notice(DEFAULT, "023-71400000")
        assert "023-71400000" in items[0].text
        for word in ("目的", "种类", "期限", "权利", "变更"):
            assert any(word in item.title for item in items)

    def test_its_figures_are_those_of_the_code(self):
        """Whoever changes how long something is kept changes the notice, with a new version."""
        text = "".join(item.text for item in privacy_notice(DEFAULT))
        assert (people.PHONES_KEPT.days, people.COMMENTS_KEPT.days) == (60, 365)
        assert "名单库手机号和抽取查询码公示后60日清除；评议意见、整改评价意见公示后1年清除" in text
        assert (requests.ANSWERS_KEPT.days, retention.ATTEMPTS_KEPT.days) == (365, 183)
        assert "个人信息申请答复后1年清除；登录失败记录183日后清除" in text
        assert (visitors.HOUR, A_YEAR) == (3600, 365 * 24 * 3600)
        assert text.count("只在内存中暂存网段的校验值1小时") == 2
        assert "审批记录中的意见和本人信息在审批办结1年后清除；工作人员的提醒邮箱在账号停用后清除" in text
        assert "群众建议、整改评价标记、见证人的职务和姓名长期保存" in text
        assert "公开的个人信息：抽取见证人的职务和姓名" in text
        assert "只记所选字号，保存1年" in text
        assert visitors.COOKIE_DAYS == 60
        assert "KEPT_DAYS = 60," in (ROOT / "static" / "js" / "ballot" / "kept.js").read_text(encoding="utf-8")
        assert "办件中的姓名、手机号、单位在使用该办件的轮次公示后60日清除" in text
        assert "提交后清除，未提交的60日后清除" in text
        assert "另一个记录本轮在本机领取的张数，60日后失效" in text

    def test_the_round_keeps_its_notice(self, client):
        make_manifestations()
        make_section()
        round_ = make_round(rulebook={"office_phone": "023-71400000"})
        lifecycle.freeze_round(round_id=round_.pk, by=make_user("chief"), at=NOON)
        round_.refresh_from_db()
        round_.privacy_notice["items"][0][1] = "当时的文字。"
        round_.save()

        assert "当时的文字。" in client.get(f"/privacy/{round_.key}/").content.decode()
        assert client.get("/privacy/").status_code == 200
        assert client.get("/privacy/none/").status_code == 404

    @pytest.mark.parametrize("is_demo", [True, False])
    def test_of_a_demonstration_is_marked_as_such(self, client, is_demo):
        round_ = make_round(is_demo=is_demo)
        for path in ("/privacy/", f"/privacy/{round_.key}/"):
            assert ("演示数据，非真实评议结果" in client.get(path).content.decode()) == is_demo


class TestDataSubjectRights:
    """Access and erasure on request; ballots belong to nobody."""

    def test_the_data_held_is_exported_and_the_audit_log_has_no_phone(self):
        make_person()
        out = io.StringIO()
        call_command("export_person", PHONE, stdout=out)
        assert PHONE in out.getvalue()
        assert "赵钱孙" in out.getvalue()
        assert PHONE not in str(AuditEntry.objects.get(action="privacy.handle").link)

    def test_the_phone_may_be_written_in_any_way(self):
        make_person()
        out = io.StringIO()
        call_command("export_person", f"+86 {PHONE[:3]}-{PHONE[3:7]} {PHONE[7:]}", stdout=out)
        assert "赵钱孙" in out.getvalue()

    def test_nothing_is_held_about_an_unknown_phone(self):
        with pytest.raises(CommandError, match="没有保存"):
            call_command("export_person", "13900009999")

    def test_erasing_takes_two_persons(self, client, settings):
        settings.TWO_PERSON_RULE = True
        entry = make_person()
        client.force_login(make_user("clerk"))
        client.post(f"/admin/evaluations/poolentry/{entry.pk}/erase/", {"reason": "本人申请"})
        entry.refresh_from_db()
        assert entry.phone == PHONE

        approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=NOON)

        entry.refresh_from_db()
        assert (entry.name, entry.unit, entry.phone) == (people.ERASED, "", "")
        assert people.held_about(PHONE) == []

    def test_a_drawn_person_is_erased_only_after_the_round(self):
        entry = make_person()
        draw = Draw.objects.create(
            round=entry.round, purpose="evaluators", draw_id="d1", params="{}", commit="0", committed_at=NOON
        )
        DrawEntry.objects.create(draw=draw, stratum="其他", token="t", person=entry, is_selected=True)
        with pytest.raises(RuleViolation, match="抽中"):
            people.erase_person(entry_id=entry.pk, reason="x", by=make_user("chief"), at=NOON)
        entry.refresh_from_db()
        assert entry.phone == PHONE


def test_early_erasure_of_a_pool_takes_two_persons_and_a_finished_round(client, settings):
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
    make_pool(round_)
    commit(round_)
    settings.TWO_PERSON_RULE = True
    with pytest.raises(RuleViolation, match="归档或作废"), policy.approved(people.PURGE):
        people.purge_round(round_id=round_.pk, reason="x", by=make_user("chief"), at=NOON)
    type(round_).objects.filter(pk=round_.pk).update(state=RoundState.VOID)
    client.force_login(make_user("clerk"))
    assert "提前清除" in client.get("/work/retention/").content.decode()
    client.post(f"/work/retention/{round_.key}/purge/", {"reason": "轮次作废"})
    approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=NOON)

    assert {person.phone for person in round_.pool.all()} == {""}
    assert not DrawEntry.objects.exclude(salt="").exists()
    assert AuditEntry.objects.get(detail__has_key="rows").reason == "轮次作废"
