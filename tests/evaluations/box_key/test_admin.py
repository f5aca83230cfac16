"""The round's page about its box key: import and online making by two persons, cards lost and handed over."""

import json
import re
from base64 import b64decode

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from time_machine import travel

from evaluations.box_key.models import BoxCard, BoxKey
from evaluations.box_key.queries import supervisors_in_office
from evaluations.protocol.box_cards import Card, read_card
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from tests.factories import NOON, cast_ballots, make_codes, make_key, make_open_round, make_supervisors_key, make_user
from tests.once import once

pytestmark = pytest.mark.django_db


@travel(NOON, tick=False)
def _with_key():
    round_ = make_open_round(rulebook={"box_key": "supervisors"})
    make_supervisors_key(round_)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.DRAWN)
    return round_.pk


with_key = once(_with_key, "class")


@pytest.fixture
def round_(with_key, settings, time_machine):
    """A round whose key may be replaced; what follows takes two persons."""
    time_machine.move_to(NOON, tick=False)
    settings.TWO_PERSON_RULE = True
    return Round.objects.get(pk=with_key)


@pytest.fixture
def clerk():
    return make_user("clerk")


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def address(round_, name=""):
    return f"/admin/evaluations/round/{round_.pk}/box-key/{name}"


def upload(client, round_, record):
    return client.post(address(round_, "import/"), {"record": SimpleUploadedFile("box-key.json", record)}, follow=True)


def said(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def approve(user=None):
    return approvals.approve(approval_id=Approval.objects.pending().get().pk, by=user or make_user("chief"), at=NOON)


class TestThePage:
    def test_it_shows_the_key_the_holders_and_what_may_be_done(self, round_, clerk):
        page = said(browser(clerk).get(address(round_)))

        assert round_.box_key[:8] in page
        assert BoxCard.objects.get(card="S1").holder.person.name in page
        for act in ("导入票箱密钥登记", "在线生成票箱密钥", "登记密钥卡遗失"):
            assert act in page
        assert "登记密钥卡移交" not in page  # before the vote a new key is made instead

    def test_the_names_for_the_offline_command_stand_in_the_order_of_the_cards(self, round_, clerk):
        page = browser(clerk).get(address(round_)).content.decode()

        names = [entry.person.name for entry in supervisors_in_office(round_)]
        assert "<pre>" + "\n".join(names) + "\n</pre>" in page
        file = re.search(r'href="data:text/plain;base64,([^"]+)"', page)[1]
        assert b64decode(file).decode().splitlines() == names

    @pytest.mark.parametrize("role", ["chief", "commission"])
    def test_who_approves_or_sees_is_offered_nothing_to_propose(self, round_, role):
        page = said(browser(make_user(role)).get(address(round_)))

        assert round_.box_key[:8] in page
        assert "导入票箱密钥登记" not in page

    def test_after_the_first_ballot_no_new_key_is_offered(self, round_, clerk):
        Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
        cast_ballots(round_, make_codes(round_))

        page = said(browser(clerk).get(address(round_)))
        assert "登记密钥卡移交" in page
        assert "导入票箱密钥登记" not in page
        assert "登记密钥卡遗失" in page

    def test_what_is_missing_is_said_with_what_can_still_be_done(self, round_, clerk):
        BoxCard.objects.filter(card="S2").update(lost_at=NOON)
        assert "密钥卡S2已报告遗失，请重新生成票箱密钥。" in said(browser(clerk).get(address(round_)))

        Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
        cast_ballots(round_, make_codes(round_))
        page = said(browser(clerk).get(address(round_)))
        assert "密钥卡S2已报告遗失，请核实其余密钥卡均已妥善保管" in page
        assert "重新生成" not in page

    @pytest.mark.parametrize("role", ["auditor", "sysadmin", "security", "supervisor", "liaison"])
    @pytest.mark.parametrize("name", ["import/", "online/", "lost/", "handover/"])
    def test_others_may_not_act(self, round_, role, name):
        assert browser(make_user(role)).post(address(round_, name), follow=True).status_code == 403


class TestTheImport:
    def test_one_proposes_another_approves_and_the_key_is_in_force(self, round_, clerk):
        key = make_key(round_)

        assert "已提请，经另一人审批后生效" in said(upload(browser(clerk), round_, key.record))
        assert Round.objects.get(pk=round_.pk).box_key == round_.box_key
        approve()

        assert Round.objects.get(pk=round_.pk).box_key == key.key_id
        assert BoxKey.objects.get(key_id=key.key_id).record == key.record.decode()

    def test_the_approver_reads_the_digests_and_no_name(self, round_, clerk):
        key = make_key(round_)
        upload(browser(clerk), round_, key.record)
        approval = Approval.objects.get()

        content = json.dumps(approval.content, ensure_ascii=False)
        assert key.key_id in content
        assert round_.box_key in content  # the key that becomes void
        assert not [entry for entry in supervisors_in_office(round_) if entry.person.name in content]
        page = said(browser(make_user("chief")).get(f"/approvals/{approval.pk}/"))
        assert key.key_id in page

    def test_the_proposer_cannot_approve(self, round_, clerk):
        upload(browser(clerk), round_, make_key(round_).record)

        with pytest.raises(RuleViolation, match="不得为同一人"):
            approve(make_user("chief", person_code=clerk.person_code))

    def test_a_supervisor_replaced_meanwhile_voids_the_proposal(self, round_, clerk):
        upload(browser(clerk), round_, make_key(round_).record)
        first, *_ = supervisors_in_office(round_)
        first.token = "0" * 64
        first.save()

        with pytest.raises(RuleViolation, match="内容已有改动"):
            approve()
        assert Round.objects.get(pk=round_.pk).box_key == round_.box_key

    def test_a_ballot_cast_meanwhile_refuses_the_approval(self, round_, clerk):
        upload(browser(clerk), round_, make_key(round_).record)
        Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
        cast_ballots(round_, make_codes(round_))

        with pytest.raises(RuleViolation, match="本轮已有评议票"):
            approve()
        assert Approval.objects.pending().count() == 1

    @pytest.mark.parametrize(
        ("content", "why"),
        [(b"\xff\xfe", "不是 box-key.json"), (b"x" * 20_001, "文件过大"), (b"{}", "不是票箱密钥登记"), (b"", "空")],
    )
    def test_another_file_is_refused_with_a_reason(self, round_, clerk, content, why):
        assert why in said(upload(browser(clerk), round_, content))
        assert not Approval.objects.exists()

    def test_no_file_at_all(self, round_, clerk):
        assert "请选择 box-key.json" in said(browser(clerk).post(address(round_, "import/"), {"sent": "1"}))


class TestOnline:
    @pytest.fixture
    def permitted(self, round_, clerk):
        client = browser(clerk)
        client.post(address(round_, "online/"), {"reason": "公证处没有设备"})
        approve()
        return client

    def cards_on(self, answer, round_):
        """The cards on the page, read as the opening reads them."""
        key = BoxKey.objects.get(replaced_at=None, round=round_)
        hashes = {card["card"]: card["share_sha256"] for card in json.loads(key.record)["cards"]}
        sheets = answer.context["sheets"]
        return [read_card("".join(sheet.groups), key.key_id, hashes) for sheet in sheets]

    def test_without_a_permit_it_is_proposed(self, round_, clerk):
        answer = browser(clerk).post(address(round_, "online/"), {"reason": "公证处没有设备"}, follow=True)

        assert "已提请" in said(answer)
        assert BoxKey.objects.count() == 1

    def test_opening_the_page_makes_nothing(self, round_, permitted):
        assert "全部到场" in said(permitted.get(address(round_, "online/")))
        assert BoxKey.objects.count() == 1

    def test_one_post_answers_with_all_cards_and_no_other_ever_does(self, round_, permitted):
        answer = permitted.post(address(round_, "online/"))

        assert answer["Cache-Control"] == "private, no-store"
        cards = self.cards_on(answer, round_)
        assert [card.label for card in cards if isinstance(card, Card)] == ["S1", "S2", "S3", "S4", "S5", "P6", "Q6"]
        assert BoxKey.objects.count() == 2
        again = permitted.post(address(round_, "online/"), {"reason": "再来一次"}, follow=True)
        assert "已提请" in said(again)  # the permit is used up: another has to be given
        assert BoxKey.objects.count() == 2

    def test_no_session_message_cache_or_row_holds_a_card(self, round_, permitted, monkeypatch):
        kept = []
        monkeypatch.setattr(cache, "set", lambda *given, **_: kept.append(repr(given)))
        answer = permitted.post(address(round_, "online/"))

        secrets = ["".join(sheet.groups) for sheet in answer.context["sheets"]]
        secrets += [group for sheet in answer.context["sheets"] for group in sheet.groups]
        sessions = "".join(str(each.get_decoded()) for each in Session.objects.all())
        stored = (
            f"{kept}{sessions}{answer.cookies}{list(BoxKey.objects.values_list())}{list(BoxCard.objects.values_list())}"
        )
        assert not [secret for secret in secrets if secret in stored]
        assert not [secret for secret in secrets if secret in repr(answer.context["sheets"])]

    def test_every_page_of_the_round_says_it_was_made_online(self, round_, permitted):
        permitted.post(address(round_, "online/"))

        for page in (f"/rounds/{round_.key}/box/", f"/rounds/{round_.key}/card/", address(round_)):
            assert "本轮票箱密钥为在线生成" in said(permitted.get(page)), page

    def test_another_clerk_cannot_use_the_permit(self, round_, permitted):
        answer = browser(make_user("clerk")).post(address(round_, "online/"))

        assert "sheets" not in (answer.context or {})
        assert BoxKey.objects.count() == 1

    def test_it_lapses_when_the_key_changes(self, round_, permitted, clerk):
        upload(permitted, round_, make_key(round_).record)
        approve()

        assert "内容已有改动" in said(permitted.post(address(round_, "online/")))


class TestCards:
    def test_a_loss_takes_two_and_is_public(self, round_, clerk):
        browser(clerk).post(address(round_, "lost/"), {"card": "S2", "reason": "家中失窃"})
        assert BoxCard.objects.get(card="S2").lost_at is None
        approve()

        assert BoxCard.objects.get(card="S2").lost_at == NOON
        assert "报告遗失" in said(Client().get(f"/rounds/{round_.key}/box/"))
        assert "家中失窃" not in said(Client().get(f"/rounds/{round_.key}/box/"))

    def test_a_handover_before_the_vote_is_not_even_proposed(self, round_, clerk):
        answer = browser(clerk).post(address(round_, "handover/"), {"card": "S2", "holder": "", "reason": "调离"})

        assert "应当重新生成票箱密钥" in said(answer)
        assert not Approval.objects.exists()

    def test_a_handover_takes_two(self, round_, clerk):
        Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
        browser(clerk).post(address(round_, "handover/"), {"card": "S2", "holder": "", "reason": "调离"})
        assert BoxCard.objects.get(card="S2").holder
        approve()

        assert BoxCard.objects.get(card="S2").holder is None
