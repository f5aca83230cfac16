"""Staff pages of codes: making, importing, voiding, replacing, recalling; codes are stored nowhere."""

import base64
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import batch_lines, counted_batches, replaceable
from evaluations.codes.services import issuing, voiding
from evaluations.codes.services.replacing import replace_approved
from evaluations.protocol.codes import issue_of
from evaluations.rounds.models import Round
from evaluations.rounds.queries import gather_readiness
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.method import Channel
from evaluations.verification.services import verify_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.evaluations.turnout.test_services import make_drawn, stratum_codes
from tests.factories import NOON, cast_ballots, log_steps, make_codes, make_open_round, make_round, make_user
from tests.pages import page_in

pytestmark = pytest.mark.django_db
FORM = {"channel": "targeted", "origin": "issued", "label": "信封"}


@pytest.fixture
def round_():
    return make_open_round(sections=2)


@pytest.fixture
def as_(client):
    def log_in(role):
        client.force_login(make_user(role))
        return client

    return log_in


def address(name, target):
    return reverse(f"admin:{name}", args=[target.pk])


def post(client, name, target, form=(), **more):
    return client.post(address(name, target), {**dict(form), **more}).content.decode()


def codes_on(page):
    """The codes in the file offered on a page."""
    file = base64.b64decode(re.search(r'href="data:text/csv;base64,([^"]+)"', page)[1]).decode("utf-8-sig")
    return [line.split(",")[1].replace("-", "") for line in file.splitlines()[1:]]


def upload(client, round_, content, **form):
    file = SimpleUploadedFile("issued.txt", content)
    return client.post(address("round-import-codes", round_), {**FORM, **form, "file": file})


class TestMaking:
    """Generating ballot codes (生成票号)."""

    def test_shows_the_batch_and_its_codes_once(self, as_, round_):
        answer = as_("clerk").post(address("round-codes", round_), {**FORM, "count": "3"})

        page, batch = answer.content.decode(), CodeBatch.objects.get()
        assert "no-store" in answer["Cache-Control"]
        assert batch.issued_sha256 in page
        codes = codes_on(page)
        assert sorted(issue_of(round_.key, code) for code in codes) == sorted(
            Credential.objects.values_list("issue", flat=True)
        )
        later = as_("clerk").get(address("papers", batch)).content.decode()
        assert not any(code in later.replace("-", "") for code in codes)

    def test_a_form_sent_twice_makes_one_batch(self, as_, round_):
        post(as_("clerk"), "round-codes", round_, FORM, count="3")

        assert "未重复生成" in post(as_("clerk"), "round-codes", round_, FORM, count="3")
        assert CodeBatch.objects.count() == 1

    def test_a_self_service_batch_yields_no_codes(self, as_, round_):
        page = post(as_("clerk"), "round-codes", round_, channel="other", origin="open", label="网上", count="0")

        assert "网上领票入口已开通" in page
        assert "data:text" not in page

    def test_more_than_were_drawn_is_refused_by_stratum(self, as_, round_):
        make_drawn(round_, "服务对象", people=3)
        make_drawn(round_, "市场主体", people=2)
        client = as_("clerk")

        page = post(client, "round-codes", round_, FORM, stratum="市场主体", count="3")
        assert "定向评议“市场主体”抽中2人，票号有3个，多1个，请作废多余票号。" in page
        assert "抽中5人，票号有6个" in post(client, "round-codes", round_, FORM, stratum="", count="6")
        assert "选择一个有效的选项" in post(client, "round-codes", round_, FORM, stratum="其他人", count="1")
        assert not CodeBatch.objects.exists()
        assert "data:text" in post(client, "round-codes", round_, FORM, stratum="市场主体", count="2")
        assert "还差3个" in client.get(address("round-batches", round_)).content.decode()

    def test_fewer_than_were_drawn_prevent_the_opening(self, round_):
        round_.state = RoundState.DRAWN
        round_.save()
        make_drawn(round_, "服务对象", people=3)
        stratum_codes(round_, "服务对象", 2)

        assert gather_readiness(round_, NOON).unfit_codes == (
            "定向评议“服务对象”抽中3人，票号有2个，缺1个，请补充生成。",
        )

    @pytest.mark.parametrize(("channel", "origin"), [("other", "newspaper"), ("sampled", "open")])
    def test_with_an_origin_the_channel_does_not_have_is_refused(self, as_, round_, channel, origin):
        page = post(as_("clerk"), "round-codes", round_, channel=channel, origin=origin, label="甲", count="2")

        assert "这种来源" in page
        assert not CodeBatch.objects.exists()

    def test_is_for_clerks_only_and_needs_a_frozen_roster(self, as_, round_):
        for role in ("chief", "commission", "auditor"):
            assert as_(role).post(address("round-codes", round_), {**FORM, "count": "1"}).status_code == 403
        assert "只能在名录锁定之后" in post(as_("clerk"), "round-codes", make_round(), FORM, count="1")
        assert not CodeBatch.objects.exists()


class TestMakingTogether:
    """The batches of all strata drawn, and the counters of visitors, in one act."""

    @pytest.fixture
    def drawn(self, round_):
        make_drawn(round_, "服务对象", people=6)
        make_drawn(round_, "市场主体", people=2)
        return round_

    def test_every_stratum_gets_as_many_codes_as_people_were_drawn(self, as_, drawn):
        client = as_("clerk")
        asked = client.get(address("round-codes-together", drawn)).content.decode()
        answer = client.post(address("round-codes-together", drawn), {"counters": ["other"]})

        assert "将要生成" in asked
        made = {b.label: b.credentials.count() for b in CodeBatch.objects.filter(channel="targeted")}
        assert made == {"定向评议·服务对象": 6, "定向评议·市场主体": 2}
        assert CodeBatch.objects.filter(is_self_service=True).values_list("channel", flat=True).get() == "other"
        page = answer.content.decode()
        files = re.findall(r'href="data:text/csv;base64,([^"]+)"', page)
        codes = [
            line.split(",")[1] for file in files for line in base64.b64decode(file).decode("utf-8-sig").split()[1:]
        ]
        assert len(files) == 2
        assert {issue_of(drawn.key, code.replace("-", "")) for code in codes} == set(
            Credential.objects.values_list("issue", flat=True)
        )
        assert "no-store" in answer["Cache-Control"]
        assert page.count('name="part"') == 2
        assert len(re.findall(r'id="(id_\d+_site)"', page)) == 2
        assert AuditEntry.objects.filter(action="cred.print").count() == 3
        assert not gather_readiness(drawn, NOON).unfit_codes

    def test_only_what_lacks_is_made_and_a_form_sent_twice_makes_nothing(self, as_, drawn):
        stratum_codes(drawn, "服务对象", 4)
        client = as_("clerk")

        client.post(address("round-codes-together", drawn))
        assert "票号已经齐全，没有重复生成" in client.post(address("round-codes-together", drawn)).content.decode()
        assert "已经开通" not in post(client, "round-codes-together", drawn, counters=["other"])
        assert CodeBatch.objects.filter(is_self_service=True).count() == 1
        assert "选择一个有效的选项" in post(client, "round-codes-together", drawn, counters=["other"])
        assert Credential.objects.count() == 8
        assert CodeBatch.objects.filter(is_self_service=True).count() == 1

    def test_codes_without_a_stratum_leave_the_rest_to_single_batches(self, as_, drawn):
        stratum_codes(drawn, "", 4)

        page = post(as_("clerk"), "round-codes-together", drawn)

        assert "没有缺票号的抽中人员" in page
        assert Credential.objects.count() == 4

    def test_is_for_clerks_only_and_needs_a_frozen_roster(self, as_, drawn):
        for role in ("chief", "commission", "auditor"):
            assert as_(role).get(address("round-codes-together", drawn)).status_code == 403
        drawn.state = RoundState.SEALED
        drawn.save()
        assert "只能在名录锁定之后" in post(as_("clerk"), "round-codes-together", drawn)
        assert not CodeBatch.objects.exists()

    def test_a_channel_with_codes_is_not_ticked_beforehand(self, as_, drawn):
        make_codes(drawn, 1, channel=Channel.OTHER, origin=Origin.HALL)

        form = as_("clerk").get(address("round-codes-together", drawn)).context["form"]

        assert "other" in [value for value, _ in form.fields["counters"].choices]
        assert "other" not in form.initial["counters"]


class TestAnOfflineList:
    """Importing a list issued offline (导入离线发放清单)."""

    def test_is_imported_byte_for_byte(self, as_, round_, client):
        _, issues = issuing.make_codes(5, round_.key)
        content = issuing.issued_list(issues)

        page = upload(as_("clerk"), round_, content).content.decode()

        batch = CodeBatch.objects.get()
        assert batch.issued_sha256 in page
        published = client.get(reverse("issued-list", args=[round_.key, batch.pk]))
        assert b"".join(published.streaming_content) == content

    def test_is_not_imported_twice(self, as_, round_):
        _, issues = issuing.make_codes(3, round_.key)
        client = as_("clerk")
        upload(client, round_, issuing.issued_list(issues))

        again = upload(client, round_, issuing.issued_list(issues), label="再来一次").content.decode()
        part = upload(client, round_, issuing.issued_list(issues[:1]), label="一部分").content.decode()

        assert "该清单已导入，即批次“信封”" in again
        assert "清单中的票号已经导入过" in part
        assert CodeBatch.objects.count() == 1

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"", "空文件"),
            (b"\n\n", "发放清单为空"),
            (b"a" * 64 + b"\n\nxyz\n" + b"a" * 64 + b"\n", "发放清单第3行不是64位校验值"),
            (b"a" * 64 + b"\n\nxyz\n" + b"a" * 64 + b"\n", "发放清单第4行和第1行重复"),
            ("序号,票号\n1,ABCD-EFGH-JKMN-PQRS-TVWX\n".encode(), "请上传同一目录的 issued.txt"),
            (b"\xff\xfe\x00", "不是文本文件"),
            (b"x\n" * 1000, "另有980行有误"),
        ],
    )
    def test_that_is_faulty_is_refused_by_line_without_quoting_it(self, as_, round_, content, text):
        page = upload(as_("clerk"), round_, content).content.decode()

        assert text in page
        assert "ABCD-EFGH" not in page
        assert not CodeBatch.objects.exists()


class TestVoiding:
    """Voiding and replacing ballot codes (作废、补发)."""

    @pytest.fixture(autouse=True)
    def two_persons(self, settings, round_):
        settings.TWO_PERSON_RULE = True

    def propose(self, client, batch, *codes, reason="退信"):
        return client.post(address("batch-void", batch), {"codes": "\n".join(codes), "reason": reason})

    def test_takes_two_persons_and_names_no_code(self, as_, round_):
        kept, gone = make_codes(round_, 2)
        batch = CodeBatch.objects.get()

        self.propose(as_("clerk"), batch, gone.lower())
        approval = Approval.objects.get()
        assert not Credential.objects.filter(is_void=True).exists()
        waiting = as_("chief").get(address("papers", batch)).content.decode()
        assert "等待另一人" in waiting
        approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)

        assert Credential.objects.get(is_void=True).issue == issue_of(round_.key, gone)
        kept_rows = str([list(model.objects.values()) for model in (Approval, AuditEntry)])
        assert gone not in kept_rows.upper()
        assert kept not in kept_rows.upper()

    def test_refuses_used_void_foreign_and_repeated_codes_by_line(self, as_, round_):
        used, good = make_codes(round_, 2)
        cast_ballots(round_, [used])

        page = self.propose(as_("clerk"), CodeBatch.objects.get(), good, used, "ABC", good).content.decode()

        assert "第2行：不是本批次的票号，或者已使用、已作废" in page
        assert "第3行：票号应为20位" in page
        assert "第4行和第1行是同一个票号" in page
        assert not Approval.objects.exists()

    def test_voids_nothing_if_one_code_was_used_meanwhile(self, as_, round_):
        first, second = make_codes(round_, 2)
        self.propose(as_("clerk"), CodeBatch.objects.get(), first, second)
        cast_ballots(round_, [first])

        with pytest.raises(RuleViolation, match="本次未作废任何票号"):
            approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=NOON)

        assert not Credential.objects.filter(is_void=True).exists()

    def test_allows_one_replacement_in_a_new_batch_and_keeps_the_published_list(self, as_, round_):
        codes = make_codes(round_, 8)
        batch = CodeBatch.objects.get()
        before = batch.issued_sha256
        with_chief = make_user("chief")
        self.propose(as_("clerk"), batch, codes[0])
        approvals.approve(approval_id=Approval.objects.get().pk, by=with_chief, at=NOON)
        client = as_("clerk")
        assert "补发1个票号" in client.get(address("papers", batch)).content.decode()

        (fresh,) = codes_on(post(client, "batch-replace", batch, count="1"))
        again = post(client, "batch-replace", batch, count="1")

        assert "还可以补发0个票号" in again
        made = CodeBatch.objects.get(replaces=batch)
        assert (made.channel, made.origin, made.stratum) == (batch.channel, batch.origin, batch.stratum)
        assert made.issued_sha256 == sha256_hex(f"{issue_of(round_.key, fresh)}\n".encode())
        batch.refresh_from_db()
        assert batch.issued_sha256 == before
        log_steps(round_)
        assert not any(faults for _, faults in verify_round(round_))
        cast_ballots(round_, [*codes[1:6], fresh])
        lines = batch_lines(counted_batches(round_))
        assert [(line.issued, line.void, line.returned) for line in lines] == [(8, 1, 6), (1, 0, "并入原批次")]
        assert client.get(address("papers", made)).url == address("papers", batch)
        assert "不单独公布，封箱后并入原批次公布" in client.get(address("papers", batch)).content.decode()

    def test_a_replacement_can_be_void_and_replaced_too(self, as_, round_):
        (code,) = make_codes(round_)
        batch = CodeBatch.objects.get()
        for number in range(2):
            self.propose(as_("clerk"), batch, code)
            approvals.approve(approval_id=Approval.objects.first().pk, by=make_user("chief"), at=NOON)
            (code,) = codes_on(post(as_("clerk"), "batch-replace", batch, count="1"))
            assert CodeBatch.objects.filter(replaces=batch).count() == number + 1
        assert replaceable(batch) == 0


class TestVoidingAndReplacing:
    """Voiding and replacing in one act (作废并补发): one proposal, one approval, one transaction."""

    @pytest.fixture(autouse=True)
    def two_persons(self, settings, round_):
        settings.TWO_PERSON_RULE = True

    def propose(self, client, batch, *codes):
        given = {"codes": "\n".join(codes), "reason": "退信", "replaces": "on"}
        return client.post(address("batch-void", batch), given)

    def approve(self):
        return approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=clock.now())

    def test_happens_at_once_when_the_proposer_performs_it_and_once(self, as_, round_):
        kept, gone = make_codes(round_, 2)
        batch = CodeBatch.objects.get()
        client = as_("clerk")
        self.propose(client, batch, gone)
        assert Approval.objects.get().content["补发"] == "1个票号"
        self.approve()
        assert not Credential.objects.filter(is_void=True).exists()
        assert "办理作废并补发（已同意1个）" in client.get(address("papers", batch)).content.decode()

        (fresh,) = codes_on(client.post(address("batch-replace", batch), {"go": "1"}).content.decode())

        assert Credential.objects.get(is_void=True).issue == issue_of(round_.key, gone)
        assert CodeBatch.objects.get(replaces=batch).credentials.get().issue == issue_of(round_.key, fresh)
        cast_ballots(round_, [kept, fresh])
        stored = str([list(model.objects.values()) for model in (Approval, AuditEntry)]).upper()
        assert not any(code in stored for code in (kept, gone, fresh))
        assert issue_of(round_.key, fresh).upper() not in stored, "nothing leads from the old code to the new one"
        again = client.post(address("batch-replace", batch), {"count": "1"}).content.decode()
        assert "还可以补发0个票号" in again

    def test_does_nothing_if_a_code_was_used_meanwhile(self, as_, round_):
        first, second = make_codes(round_, 2)
        batch = CodeBatch.objects.get()
        client = as_("clerk")
        self.propose(client, batch, first, second)
        self.approve()
        cast_ballots(round_, [first])

        page = client.post(address("batch-replace", batch), {"go": "1"}).content.decode()

        assert "本次未作废任何票号" in page
        assert not Credential.objects.filter(is_void=True).exists()
        assert CodeBatch.objects.count() == 1
        assert Approval.objects.get().spent_at is None

    def test_belongs_to_its_proposer(self, as_, round_):
        (code,) = make_codes(round_, 1)
        batch = CodeBatch.objects.get()
        self.propose(as_("clerk"), batch, code)
        self.approve()

        with pytest.raises(RuleViolation, match="须先提请"):
            replace_approved(batch_id=batch.pk, by=make_user("clerk", username="another"), at=clock.now())
        with pytest.raises(policy.Denied):
            replace_approved(batch_id=batch.pk, by=make_user("chief"), at=clock.now())
        assert not Credential.objects.filter(is_void=True).exists()

    def test_takes_two_persons_always(self, as_, round_, settings):
        settings.TWO_PERSON_RULE = False
        (code,) = make_codes(round_, 1)

        page = self.propose(as_("chief"), CodeBatch.objects.get(), code).content.decode()

        assert "没有启用双人审批，不能同时补发" in page
        assert not Credential.objects.filter(is_void=True).exists()


class TestRecalling:
    """Stopping a batch (停用批次)."""

    def test_takes_two_persons_and_invalidates_the_unused_codes(self, as_, round_, settings):
        settings.TWO_PERSON_RULE = True
        make_codes(round_)
        batch = CodeBatch.objects.get()

        as_("clerk").post(address("batch-recall", batch), {"reason": "印刷厂遗失"})
        approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=NOON)

        batch.refresh_from_db()
        assert not batch.is_open
        assert "已停用" in as_("chief").get(address("round-batches", round_)).content.decode()

    def test_is_refused_once_the_box_is_sealed(self, round_):
        (code,) = make_codes(round_)
        batch, chief = CodeBatch.objects.get(), make_user("chief")
        round_.state = RoundState.SEALED
        round_.save()

        with pytest.raises(RuleViolation, match="封箱后不能作废票号、停用批次"):
            voiding.recall_batch(batch_id=batch.pk, reason="x", by=chief, at=NOON)
        issues = [issue_of(round_.key, code)]
        with pytest.raises(RuleViolation, match="封箱后不能作废票号、停用批次"):
            voiding.void_codes(batch_id=batch.pk, issues=issues, reason="x", by=chief, at=NOON)

    @pytest.mark.parametrize("name", ["batch-recall", "batch-void"])
    def test_is_not_even_proposed_once_the_box_is_sealed(self, as_, round_, settings, name):
        settings.TWO_PERSON_RULE = True
        (code,) = make_codes(round_)
        Round.objects.update(state=RoundState.SEALED)

        where, form = address(name, CodeBatch.objects.get()), {"codes": code, "reason": "退信"}

        assert "封箱后不能作废票号" in as_("clerk").post(where, form, follow=True).content.decode()
        assert not Approval.objects.exists()


class TestTheList:
    """The list of batches (票号批次)."""

    def test_hides_small_returns_and_figures_that_reveal_them(self, round_):
        cast_ballots(round_, make_codes(round_, 10)[:7])
        cast_ballots(round_, make_codes(round_, 10)[:2])

        assert [line.returned for line in batch_lines(counted_batches(round_))] == ["不单独公布", "不单独公布"]

    def test_redirects_from_the_change_list_to_the_page_of_the_batch(self, as_, round_):
        make_codes(round_)
        batch = CodeBatch.objects.get()

        answer = as_("clerk").get(reverse("admin:evaluations_codebatch_change", args=[batch.pk]))

        assert answer.url == address("papers", batch)

    def test_takes_a_constant_number_of_queries(self, as_, round_):
        for _ in range(6):
            make_codes(round_, 2)
        client, batch = as_("clerk"), CodeBatch.objects.first()

        page_in(client, address("round-batches", round_), queries=6, shows=batch.label)
        page_in(client, address("papers", batch), queries=10, shows=batch.label)
