"""The publication gate of NC-2: refused below 4/5 of the sections, unless two persons decide and the list says so."""

import json
import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.publication.approvals import DECIDE
from evaluations.publication.documents import notice_document
from evaluations.publication.models import Publication, PublicationDecision
from evaluations.publication.services import Correction, correct_publication, publish_list
from evaluations.rounds.models import Round
from evaluations.tally.models import Tally
from evaluations.tally.services.tally import record_veto, recount_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.evaluations.tally.factories import BY_METHOD, LATER, SMALL, announce
from tests.factories import make_round, make_sealed_round, make_user
from tests.pages import compact

pytestmark = pytest.mark.django_db

DUE = LATER + timedelta(days=9)
REASON = "区委要求本月公布，且参加排名的科室办件量占全区八成以上。"
REFUSED = (
    "本轮3个科室中只有2个的有效评议达到排名要求，至少应有3个。多数或较多科室没有参加排名，前10位没有代表性，不能公示。"
    "请增补定向评议后重新计票；确需公示的，由纪委监委作出决定、写明理由，公示中同时注明。"
)
NOTE = (
    "说明：本轮3个科室中，2个有效评议足够，参加排名；1个样本不足，未参加排名。"
    "经2026年3月13日决定公示，理由：区委要求本月公布，且参加排名的科室办件量占全区八成以上。"
)


def thin_round(rulebook=SMALL):
    """A counted and announced round of three sections, one of which nobody has rated."""
    round_ = make_sealed_round(targeted=6, level="3", rulebook=rulebook)
    round_.ballots.first().ratings.model.objects.filter(section=round_.sections.last()).delete()
    announce(round_)
    return round_


def publish(round_):
    return publish_list(round_id=round_.pk, by=make_user("commission"), at=DUE)


def propose(round_, reason=REASON):
    return approvals.propose(DECIDE, round_.tally, by=make_user("chief"), at=DUE, reason=reason)


def decide(round_):
    return approvals.approve(approval_id=propose(round_).pk, by=make_user("commission"), at=DUE)


class TestRefusal:
    def test_too_few_ranked_sections_stop_the_publication(self):
        round_ = thin_round()

        with pytest.raises(RuleViolation) as refused:
            publish(round_)

        assert refused.value.reasons == (REFUSED,)
        assert not Publication.objects.exists()

    def test_the_page_shows_the_same_and_leads_the_chief_to_the_decision(self, client, settings):
        round_ = thin_round()
        settings.TWO_PERSON_RULE = True
        client.force_login(make_user("chief"))

        page = client.get(reverse("admin:evaluations_round_change", args=[round_.pk])).content.decode()
        step = client.get(reverse("accountability:commission-round", args=[round_.key])).content.decode()

        assert REFUSED in page
        assert REFUSED in step
        assert reverse("admin:round-decide", args=[round_.pk]) in page
        assert reverse("admin:round-decide", args=[round_.pk]) in step

    def test_nc_1_has_no_gate(self):
        assert publish(thin_round(BY_METHOD["NC-1"])).version == 1

    def test_the_share_is_the_rulebooks(self):
        assert publish(thin_round(SMALL | {"publish_share": "3/5"})).version == 1


class TestDecision:
    def test_lets_the_list_be_published_with_the_note_everywhere_and_for_ever(self, client):
        round_ = thin_round()
        decide(round_)

        first = publish(round_)
        correction = Correction("经复核更正", problems={round_.sections.first().code: "推诿"})
        second = correct_publication(round_id=round_.pk, correction=correction, by=make_user("commission"), at=DUE)

        for publication in (first, second):
            assert json.loads(publication.content)["note"] == NOTE
            assert notice_document(publication)["note"] == NOTE
            notice = reverse("notice-html", args=[round_.key, publication.version])
            assert NOTE in client.get(notice).content.decode()
        assert NOTE in client.get(reverse("public-list", args=[round_.key])).content.decode()

    def test_is_noted_on_every_sheet_of_the_workbook(self):
        round_ = thin_round()
        decide(round_)

        sheets = load_workbook(BytesIO(top10_workbook(round_))).worksheets

        assert all(any(cell.value == NOTE for row in sheet["A1:A8"] for cell in row) for sheet in sheets)

    def test_is_in_the_log_with_its_reason(self):
        decide(thin_round())

        decision = PublicationDecision.objects.get()
        entry = AuditEntry.objects.get(object_type=decision._meta.label)
        assert (entry.action, entry.reason, entry.detail["gate"]["ranked"]) == ("publish.approve", REASON, 2)

    @pytest.mark.parametrize("is_on", [True, False])
    def test_always_takes_two_persons(self, settings, is_on):
        round_ = thin_round()
        settings.TWO_PERSON_RULE = is_on

        with pytest.raises(policy.NeedsApproval):
            approvals.action_named(DECIDE).perform(round_.tally, {"reason": REASON}, by=make_user("commission"), at=DUE)

        assert not PublicationDecision.objects.exists()

    def test_is_proposed_by_the_chief_on_a_page_of_its_own(self, client):
        round_ = thin_round()
        address = reverse("admin:round-decide", args=[round_.pk])
        client.force_login(make_user("chief"))

        asked = client.get(address).content.decode()
        refused = client.post(address, {"reason": "太短"}).content.decode()
        client.post(address, {"reason": REASON})

        assert REFUSED in compact(asked)
        assert "公示理由不得少于20个字" in refused
        assert Approval.objects.get().reason == REASON
        client.force_login(make_user("commission"))
        assert client.get(address).status_code == 403

    def test_is_not_proposed_where_the_list_may_be_published(self):
        round_ = make_sealed_round(targeted=6, rulebook=SMALL)
        announce(round_)

        with pytest.raises(RuleViolation, match="不需要"):
            propose(round_)

    def test_stands_after_a_recount_that_says_the_same_of_the_gate(self):
        round_ = thin_round()
        decide(round_)

        recount_round(Round.objects.get(pk=round_.pk), reason="复核", by=make_user("commission"), at=DUE)

        assert json.loads(publish(round_).content)["note"] == NOTE

    def test_falls_with_a_recount_that_changes_the_gate(self):
        round_ = thin_round()
        decide(round_)

        round_.ballots.first().ratings.model.objects.filter(section=round_.sections.first()).delete()
        recount_round(Round.objects.get(pk=round_.pk), reason="复核", by=make_user("commission"), at=DUE)

        with pytest.raises(RuleViolation, match="只有1个"):
            publish(round_)

    def test_a_proposal_about_an_older_count_is_refused(self):
        round_ = thin_round()
        approval = propose(round_)
        facts = {"decision": "南纪〔2020〕1号", "decided_on": LATER.date(), "facts": "查实"}
        record_veto(section_id=round_.sections.first().pk, by=make_user("commission"), at=DUE, **facts)

        with pytest.raises(RuleViolation, match="重新计票"):
            approvals.approve(approval_id=approval.pk, by=make_user("commission"), at=DUE)

        assert Tally.objects.count() == 2
        assert not PublicationDecision.objects.exists()


class TestPublicPages:
    def test_the_list_says_how_sure_it_is(self, client):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL | {"list_length": 2})
        announce(round_)
        publish(round_)

        page = compact(client.get(reverse("public-list", args=[round_.key])).content.decode())

        assert "在3个参加排名的科室中" in page
        assert "本轮前2名与其后科室差距不明显。" in page
        assert page.count("位次区间是本科室在全部3个科室中的位置") == 1
        assert "第1至第3位" in page
        assert "“误差范围内”：位次区间超出前2位" in page
        assert not {"difficulty", "drawn_deviation", "p_top"} & set(
            json.loads(round_.publications.get().content)["entries"][0]
        )

    def test_a_section_clearly_apart_was_so_after_it_is_withdrawn(self, client):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL | {"list_length": 2})
        announce(round_)
        first = round_.results.first()
        round_.results.filter(pk=first.pk).update(label="明确")
        publish(round_)
        correction = Correction("经复核更正", withdrawn=(first.section.code,))
        second = correct_publication(round_id=round_.pk, correction=correction, by=make_user("commission"), at=DUE)
        client.force_login(make_user("commission"))

        assert json.loads(second.content)["margin"] == ""
        for address in ("public-list", "accountability:commission-round"):
            assert "差距不明显" not in client.get(reverse(address, args=[round_.key])).content.decode()

    def test_a_corrected_list_tells_no_number_of_sections_that_it_does_not_name(self, client):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL | {"list_length": 2})
        announce(round_)
        publish(round_)
        correction = Correction("经复核更正", withdrawn=(round_.sections.first().code,))
        correct_publication(round_id=round_.pk, correction=correction, by=make_user("commission"), at=DUE)

        page = compact(client.get(reverse("public-list", args=[round_.key])).content.decode())
        notice = client.get(reverse("notice-html", args=[round_.key, 2])).content.decode()

        for text in (page, notice):
            assert f"<h1>关于{round_.name}最难办事科室群众评结果的公示</h1>" in text
            assert not re.search("前[0-9]+位科室", text)

    def test_a_list_whose_sections_are_all_withdrawn_says_so_and_names_them(self, client):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL | {"list_length": 1})
        announce(round_)
        publish(round_)
        sections = round_.sections.all()
        correction = Correction("经复核更正", withdrawn=tuple(section.code for section in sections))
        correct_publication(round_id=round_.pk, correction=correction, by=make_user("commission"), at=DUE)
        client.force_login(make_user("commission"))

        public = [reverse("public-list", args=[round_.key]), reverse("notice-html", args=[round_.key, 2])]
        pages = [compact(client.get(address).content.decode()) for address in public]
        commission = client.get(reverse("accountability:commission-round", args=[round_.key])).content.decode()

        for page in (*pages, commission):
            assert "上榜科室均已撤下。" in page
            assert "没有科室参加排名" not in page
            assert "认真整改" not in page
        for page in pages:
            assert all(f"{section.name}（原第1位）" in page for section in sections)

    def test_a_list_without_any_ranked_section_asks_nobody_to_mend(self, client):
        round_ = make_sealed_round(targeted=6, rulebook=SMALL | {"min_lines": 100})
        announce(round_)
        decide(round_)
        publish(round_)

        for address, args in (("public-list", [round_.key]), ("notice-html", [round_.key, 1])):
            page = client.get(reverse(address, args=args)).content.decode()
            assert "没有科室参加排名" in page
            assert "认真整改" not in page

    def test_the_newspapers_text_prints_the_digests_of_the_pdf(self, client):
        round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)
        announce(round_)
        digests = notice_document(publish(round_))["digests"]

        page = client.get(reverse("notice-html", args=[round_.key, 1])).content.decode()

        assert [name.split()[-1] for name, _ in digests][:3] == ["rulebook.json", "cells.json", "result.json"]
        assert all(f"{name}：{digest}" in page for name, digest in digests)

    def test_places_tell_of_a_vetoed_section_that_is_not_ranked(self, client):
        round_ = thin_round(SMALL | {"publish_share": "1/2"})
        facts = {"decision": "南纪〔2020〕1号", "decided_on": LATER.date(), "facts": "查实"}
        record_veto(section_id=round_.sections.last().pk, by=make_user("commission"), at=DUE, **facts)
        round_ = Round.objects.get(pk=round_.pk)
        round_.results.filter(main_problems="").update(main_problems="推诿")

        places = json.loads(publish(round_).content)["places"]

        assert places == "在2个参加排名的科室中（另有1个样本不足、经一票否决列在最前）"

    def test_sections_without_enough_lines_are_named_where_anybody_can_count_again(self, client):
        round_ = thin_round(SMALL | {"publish_share": "1/2"})
        publish(round_)

        content = json.loads(round_.publications.get().content)

        (unranked,) = content["unranked_sections"]
        assert unranked["section"] == round_.sections.last().name
        assert "样本不足、没有位次的1个科室" in client.get(reverse("public-list", args=[round_.key])).content.decode()

    def test_otherwise_the_list_is_places_and_problems_only(self):
        round_ = thin_round(SMALL | {"publish_share": "1/2", "public_recount": False})

        content = json.loads(publish(round_).content)

        assert not {"unranked_sections", "interval", "labels"} & set(content)
        assert not {"label", "rank_low", "rank_high"} & set(content["entries"][0])

    def test_a_list_by_nc_1_stays_as_it_was(self, client):
        round_ = thin_round(BY_METHOD["NC-1"])
        publish(round_)

        page = client.get(reverse("public-list", args=[round_.key])).content.decode()

        assert "位次区间" not in page
        assert notice_document(round_.publications.get())["columns"] == ["位次", "单位", "科室", "主要问题"]

    def test_anybody_can_read_how_a_round_counts_and_how_the_next_one_will(self, client):
        round_ = make_sealed_round(rulebook=SMALL | {"list_length": 7})

        of_round = compact(client.get(reverse("scoring-of-round", args=[round_.key])).content.decode())
        default = compact(client.get(reverse("scoring")).content.decode())

        assert "区间全部在前7位以内的标“明确”" in of_round
        assert "在全部3个科室中的位置" in of_round
        assert "区间全部在前10位以内的标“明确”" in default
        assert "在全部参评科室中的位置" in default

    def test_the_rules_of_a_draft_are_nobodys_business(self, client):
        draft = make_round()

        assert client.get(reverse("scoring-of-round", args=[draft.key])).status_code == 404
