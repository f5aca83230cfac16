"""Changing the profile takes two persons; rounds frozen before keep theirs; a logo carries pixels only."""

import io
from dataclasses import replace

import pytest
from django.urls import reverse
from PIL import Image, PngImagePlugin

from evaluations.lifecycle.services import freeze_round, unfreeze_round
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.services import plan_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import changed_facts, worded
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import OPERATOR, Denied
from nanchuan_eval.profile.models import Logo, ProfileVersion
from nanchuan_eval.profile.queries import current_profile, forget_profile, logo_faults, newest_profile
from nanchuan_eval.profile.rules.profile import DEFAULT
from nanchuan_eval.profile_changes.forms import ProfileForm
from nanchuan_eval.profile_changes.services import install_profile, propose_profile
from tests.factories import NOON, make_round, make_user

pytestmark = pytest.mark.django_db
OURS = replace(
    DEFAULT, district="云澜县", site_name="云澜群众评", office="云澜评议办公室", sign="云澜评议办", phone="010-12345678"
)


@pytest.fixture
def by_two(settings):
    settings.TWO_PERSON_RULE = True
    return make_user("sysadmin"), make_user("chief")


def picture(mode="RGB", size=(600, 300), kind="PNG", **more):
    file = io.BytesIO()
    Image.new(mode, size, "red" if mode != "P" else 3).save(file, kind, **more)
    file.seek(0)
    file.name = f"logo.{kind.lower()}"
    return file


def proposed(by, profile=OURS, upload=None, reason="机构调整"):
    return propose_profile(profile=profile, upload=upload, reason=reason, by=by, at=NOON)


def in_force(by_two, **given):
    approvals.approve(approval_id=proposed(by_two[0], **given).pk, by=by_two[1], at=NOON)


class TestTwoPersons:
    def test_one_proposes_another_approves_and_pages_say_so(self, by_two, client):
        system, chief = by_two
        approval = proposed(system)
        assert current_profile() == DEFAULT
        assert "网站名称：由“南川区最难办事科室群众评”改为“云澜群众评”" in approval.content["改动"]

        approvals.approve(approval_id=approval.pk, by=chief, at=NOON)

        assert current_profile() == newest_profile() == OURS
        page = client.get("/privacy/").content.decode()
        assert "云澜群众评</title>" in page
        assert "云澜评议办公室（区纪委监委机关内），联系电话010-12345678" in page
        labels = AuditEntry.objects.filter(action="profile.edit").values_list("detail__step_label", flat=True)
        assert "修改机构信息" in list(labels)
        assert list(changed_facts("nanchuan_eval.ProfileVersion")) == []

    def test_the_proposer_does_not_approve(self, by_two):
        system = by_two[0]
        with pytest.raises((RuleViolation, Denied)):
            approvals.approve(approval_id=proposed(system).pk, by=system, at=NOON)
        assert not ProfileVersion.objects.exists()

    def test_a_clerk_may_not_propose(self, by_two):
        with pytest.raises(Denied):
            proposed(make_user("clerk"))

    def test_one_change_waits_at_a_time(self, by_two):
        proposed(by_two[0])
        with pytest.raises(RuleViolation, match="已经提请"):
            proposed(by_two[0], replace(OURS, sign="另一签名"))

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"profile": DEFAULT}, "电话还没有填写"),
            ({"reason": " "}, "请填写修改的理由"),
            ({"profile": replace(OURS, logo="a" * 64)}, "徽标已不在系统中"),
        ],
    )
    def test_what_does_not_fit_is_not_even_proposed(self, by_two, given, told):
        with pytest.raises(RuleViolation, match=told):
            proposed(by_two[0], **given)
        assert not Approval.objects.exists()

    def test_without_a_change_there_is_nothing_to_propose(self, by_two):
        in_force(by_two)
        with pytest.raises(RuleViolation, match="没有改动"):
            proposed(by_two[0])

    def test_the_shell_installs_the_first_one_only(self):
        install_profile(profile=OURS, reason="安装", by=OPERATOR, at=NOON)
        assert current_profile() == OURS
        with pytest.raises(RuleViolation, match="已经审定过"):
            install_profile(profile=replace(OURS, sign="另一签名"), reason="安装", by=OPERATOR, at=NOON)


class TestTheRounds:
    @pytest.fixture(autouse=True)
    def alone(self, settings):
        settings.TWO_PERSON_RULE = False

    def test_a_frozen_round_keeps_the_profile_of_that_day(self, settings, monkeypatch):
        round_, clerk = make_round(), make_user("chief")
        monkeypatch.setattr("evaluations.rounds.services.require", lambda *_: None)
        freeze_round(round_id=round_.pk, by=clerk, at=NOON)
        install_profile(profile=OURS, reason="安装", by=OPERATOR, at=NOON)

        round_.refresh_from_db()
        assert (profile_of(round_), current_profile()) == (DEFAULT, OURS)
        assert list(changed_facts("profile")) == []
        Round.objects.filter(pk=round_.pk).update(profile=OURS.as_json())
        assert ["锁定的机构信息" in fault for fault in changed_facts("profile")] == [True]

    def test_an_unfrozen_round_shows_todays_again(self, monkeypatch):
        round_, chief = make_round(), make_user("chief")
        monkeypatch.setattr("evaluations.rounds.services.require", lambda *_: None)
        freeze_round(round_id=round_.pk, by=chief, at=NOON)
        install_profile(profile=OURS, reason="安装", by=OPERATOR, at=NOON)
        unfreeze_round(round_id=round_.pk, reason="名录有误", by=chief, at=NOON)

        round_.refresh_from_db()
        assert (round_.profile, profile_of(round_)) == ({}, OURS)
        assert list(changed_facts("profile")) == []

    @pytest.mark.parametrize(("phone", "kept"), [("", "010-12345678"), ("023-71400000", "023-71400000")])
    def test_a_new_round_begins_with_the_profiles_telephone(self, phone, kept):
        install_profile(profile=OURS, reason="安装", by=OPERATOR, at=NOON)
        round_ = make_round()
        draft = Round(
            **{name: getattr(round_, name) for name in ("name", "period_start", "period_end", "opens_at", "closes_at")},
            key="NEW",
            rulebook={**round_.rulebook, "office_phone": phone},
        )

        assert plan_round(round_=draft, by=make_user("chief"), at=NOON).rulebook["office_phone"] == kept


class TestTheQueries:
    def test_a_process_reads_once_a_minute(self, django_assert_num_queries, monkeypatch):
        forget_profile()
        with django_assert_num_queries(1):
            assert [current_profile() for _ in range(3)] == [DEFAULT] * 3
        monkeypatch.setattr("nanchuan_eval.profile.queries.time.monotonic", lambda: float("1e12"))
        with django_assert_num_queries(1):
            current_profile()

    def test_what_is_frozen_is_read_from_the_database(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            newest_profile()

    def test_the_settings_of_an_older_installation_hold_until_a_version_is_approved(self, settings):
        settings.PROFILE = {"office": "甲区评议办"}
        assert current_profile().office == "甲区评议办"
        install_profile(profile=OURS, reason="安装", by=OPERATOR, at=NOON)
        assert current_profile().office == OURS.office


class TestTheLogo:
    def test_it_is_public_once_a_version_names_it(self, by_two, client):
        approval = proposed(by_two[0], upload=picture())
        address = reverse("site-logo", args=[approval.arguments["profile"]["logo"]])
        assert client.get(address).status_code == 404
        client.force_login(by_two[1])
        assert client.get(address)["Cache-Control"] == "private, no-store"
        assert address in client.get(reverse("profile")).content.decode()
        client.logout()

        approvals.approve(approval_id=approval.pk, by=by_two[1], at=NOON)

        served = client.get(address)
        assert (served.status_code, served["Content-Type"]) == (200, "image/png")
        assert "immutable" in served["Cache-Control"]
        assert f'src="{address}"' in client.get("/").content.decode()

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "LA"])
    def test_it_is_drawn_anew_and_small(self, by_two, mode):
        note = PngImagePlugin.PngInfo()
        note.add_text("GPS", "秘密的地点")
        digest = proposed(by_two[0], upload=picture(mode, pnginfo=note)).arguments["profile"]["logo"]
        stored = bytes(Logo.objects.get(sha256=digest).png)

        assert "秘密".encode() not in stored
        with Image.open(io.BytesIO(stored)) as drawn:
            assert (drawn.format, drawn.size, drawn.info) == ("PNG", (192, 96), {})

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG 等矢量图可能含有程序"),
            (b"%PDF-1.7", "须为 PNG"),
            (picture().getvalue()[:90], "损坏|须为 PNG"),
            (b"\x89PNG" + b"0" * 600_000, "不得超过512KB"),
            (picture("1", (5000, 5000)).getvalue(), "像素过大"),
        ],
    )
    def test_what_is_no_small_picture_is_refused(self, by_two, content, told):
        with pytest.raises(RuleViolation, match=told):
            proposed(by_two[0], upload=io.BytesIO(content))
        assert not Logo.objects.exists()

    def test_a_picture_changed_in_the_database_is_found(self, by_two):
        proposed(by_two[0], upload=picture())
        assert list(worded(logo_faults)) == []
        Logo.objects.update(png=b"x")
        assert len(list(worded(logo_faults))) == 1


class TestThePage:
    def test_a_refused_form_keeps_what_was_typed(self, by_two, client):
        client.force_login(by_two[0])
        form = {**DEFAULT.as_json(), "place_names": "区", "phone": "没有", "reason": "搬迁", "office": "甲办"}

        answer = client.post(reverse("profile-change"), form)

        assert answer.status_code == 400
        assert "不像电话号码" in answer.content.decode()
        assert 'value="甲办"' in answer.content.decode()

    def test_a_change_is_proposed_and_shown(self, by_two, client):
        client.force_login(by_two[0])
        form = {**OURS.as_json(), "place_names": "云澜县\n县", "reason": "机构调整", "upload": picture()}

        answer = client.post(reverse("profile-change"), form, follow=True)

        page = answer.content.decode()
        assert "已提请，经另一人审批后生效" in page
        assert "修改机构信息：云澜县" in page
        given = Approval.objects.get().arguments["profile"]
        assert (given["place_names"], len(given["logo"])) == (["云澜县", "县"], 64)

    def test_the_versions_tell_what_they_changed(self, by_two, client):
        in_force(by_two)
        in_force(by_two, profile=replace(OURS, sign="云评办"))
        client.force_login(by_two[0])

        page = client.get(reverse("profile")).content.decode()

        assert "短信签名：由“云澜评议办”改为“云评办”" in page
        assert "区县：云澜县" in page


def test_the_history_says_of_the_first_version_that_it_is_whole_and_of_later_ones_what_changed(client, by_two):
    in_force(by_two)
    in_force(by_two, profile=replace(OURS, phone="010-87654321"))
    client.force_login(by_two[0])

    page = client.get(reverse("profile")).content.decode()

    second, first = page.partition("修改记录")[2].split("首次保存的全部内容：")
    assert "评议办电话：由“010-12345678”改为“010-87654321”" in second
    assert "区县：云澜县" not in second
    assert "区县：云澜县" in first


def test_only_a_logo_that_there_is_can_be_done_without():
    assert "removes_logo" not in ProfileForm(None, None, profile=replace(OURS, logo="")).fields
    assert "removes_logo" in ProfileForm(None, None, profile=replace(OURS, logo="a" * 64)).fields
