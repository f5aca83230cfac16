"""Staff pages of paper ballots and returns: what they accept, refuse, keep, and never show."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballots.models import BallotSpool
from evaluations.codes.models import CodeBatch, Credential
from evaluations.paper_ballots import services as paper_ballots
from evaluations.paper_ballots.models import PaperCount, PaperSheet
from evaluations.pools.models import PoolEntry
from tests.evaluations.turnout.test_services import make_drawn
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_user
from tests.pages import compact

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    return make_open_round(sections=3)


@pytest.fixture
def batch(round_):
    slip, *_ = make_codes(round_, 3)
    batch = CodeBatch.objects.get()
    paper_ballots.register_slips(batch_id=batch.pk, typed=[slip], by=make_user("clerk"), at=NOON)
    return batch


def page_of(batch, page=""):
    return f"/admin/evaluations/codebatch/{batch.pk}/papers/{page}"


def sheet(round_, keys="1", **changes):
    first = round_.sections.values_list("code", flat=True)[0]
    return {"number": "1", "kind": "valid", "reason": "", "comment": "", f"{first}.keys": keys, **changes}


def test_slips_are_registered_and_refused_lines_stay_in_the_field(client, round_):
    (code,) = make_codes(round_)
    client.force_login(make_user("clerk"))

    page = client.post(page_of(CodeBatch.objects.get(), "slips/"), {"codes": f"{code}\n12345"})

    assert page.status_code == 400
    assert "第1行“12345”：票号应为20位" in page.content.decode()
    assert "已登记票号联1张。下列1行未登记" in page.content.decode()
    assert page.context["form"]["codes"].value() == "12345"
    assert "no-store" in page["Cache-Control"]
    assert Credential.objects.exclude(spend=None).count() == 1


def test_a_sheet_is_keyed_by_two_and_the_second_does_not_see_the_first(client, round_, batch):
    client.force_login(make_user("clerk"))
    assert client.post(page_of(batch, "key/"), sheet(round_, "00120")).status_code == 302
    client.force_login(make_user("clerk"))

    assert 'value="00120"' not in client.get(page_of(batch, "key/")).content.decode()
    client.post(page_of(batch, "key/"), sheet(round_, "00120"))

    assert BallotSpool.objects.count() == 1
    assert PaperSheet.objects.get().kind == "valid"


def test_differences_are_shown_side_by_side_and_settled(client, round_, batch):
    for keys in ("00121", "00131"):
        client.force_login(make_user("clerk"))
        client.post(page_of(batch, "key/"), sheet(round_, keys))
    client.force_login(make_user("clerk"))
    address = page_of(batch, f"sheet/{PaperSheet.objects.get().pk}/")

    page = client.get(address).content.decode()
    assert "<td>00121</td><td>00131</td>" in compact(page)
    assert client.post(address, sheet(round_, "00131")).status_code == 302

    assert BallotSpool.objects.count() == 1


def test_differing_ticks_are_shown_as_keyed_and_in_words(client, round_, batch):
    name = f"{round_.sections.values_list('code', flat=True)[0]}.ticks"
    for ticks in ("1", "0"):
        client.force_login(make_user("clerk"))
        assert client.post(page_of(batch, "key/"), sheet(round_, "30000", **{name: ticks})).status_code == 302
    client.force_login(make_user("clerk"))
    signs = ballot_form_by_digest(round_.ballot_form_sha256).manifestations
    sign = next(sign.text for sign in signs if sign.indicator == "cold")

    page = client.get(page_of(batch, f"sheet/{PaperSheet.objects.get().pk}/")).content.decode()

    assert f"<td>30000　表象 1（{sign}）</td><td>30000</td>" in compact(page)
    assert '<th scope="row">1. ' in page


def test_settling_is_prefilled_with_the_agreed_fields_and_is_for_a_third_person(client, round_, batch, settings):
    settings.TWO_PERSON_RULE = True
    first, second = (make_user("clerk", person_code=f"N{number}") for number in (1, 2))
    code = round_.sections.values_list("code", flat=True)[1]
    for who, keys in ((first, "00121"), (second, "00131")):
        client.force_login(who)
        assert client.post(page_of(batch, "key/"), sheet(round_, keys, **{f"{code}.keys": "01x01"})).status_code == 302
    address = page_of(batch, f"sheet/{PaperSheet.objects.get().pk}/")
    assert "您录入过，由第三人核对" in client.get(page_of(batch)).content.decode()
    assert client.get(address).url == page_of(batch)
    client.force_login(make_user("clerk", person_code="N3"))
    assert "核对第1号票" in client.get(page_of(batch)).content.decode()

    page = client.get(address).content.decode()

    assert page.count('class="open"') == 1
    assert 'value="01x01"' in page
    assert 'value="00121"' not in page


def test_the_page_names_the_sheets_that_wait_for_a_second_keying(client, round_, batch, settings):
    settings.TWO_PERSON_RULE = True
    first = make_user("clerk", person_code="N1")
    client.force_login(first)
    client.post(page_of(batch, "key/"), sheet(round_))
    page = client.get(page_of(batch, "key/")).content.decode()
    assert "您已第一次录入的票：1号" in page
    withdraw = page_of(batch, f"sheet/{PaperSheet.objects.get().pk}/withdraw/")
    assert withdraw in page

    client.force_login(make_user("clerk", person_code="N2"))
    assert "待您第二次录入的票：1号" in client.get(page_of(batch, "key/")).content.decode()
    assert "只有录入的人" in client.post(withdraw, {"reason": "编号录错"}).content.decode()

    client.force_login(first)
    said = client.post(withdraw, {"reason": "编号录错"}, follow=True).content.decode()
    assert "第1号票的录入已撤回" in said
    assert not PaperSheet.objects.exists()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"keys": "001"}, "应为5位"),
        ({"keys": ""}, "请至少选择一个"),
        ({"number": "0"}, "票面编号"),
        ({"number": "x"}, "票面编号"),
        ({"kind": "other"}, "认定"),
        ({"kind": "invalid"}, "请清空各格和意见"),
        ({"kind": "blank", "keys": "", "comment": "写了意见"}, "请清空各格和意见"),
        ({"kind": "invalid", "keys": ""}, "须写明理由"),
        ({"kind": "spoiled", "keys": ""}, "须写明理由"),
        ({"kind": "blank", "keys": ""}, "须写明理由"),
        ({"comment": "长" * 600}, "意见最多500字"),
        ({"comment": "\ufffd"}, "无法识别的字符"),
    ],
)
def test_invalid_input_is_explained_and_stays_on_the_page(client, round_, batch, changes, text):
    client.force_login(make_user("clerk"))
    keys = changes.get("keys", "00120")
    fields = sheet(round_, keys, **{name: value for name, value in changes.items() if name != "keys"})

    page = client.post(page_of(batch, "key/"), fields)

    assert page.status_code == 400
    assert text in page.content.decode()
    assert f'value="{keys}"' in page.content.decode()
    assert not PaperSheet.objects.exists()


def test_a_count_that_does_not_balance_halts_only_when_confirmed_as_shown(client, round_, batch):
    client.force_login(make_user("clerk"))
    assert round_.closes_at.year == 2026  # the vote of the test round is over
    counted, address = {"returned": "1", "spoiled": "0", "missing": "0"}, page_of(batch, "count/")

    asked = client.post(address, counted)
    assert asked.status_code == 400
    assert "请先核对是不是填错" in asked.content.decode()
    assert "据此应为：纸质收回1，作废0，未收回2" in asked.content.decode()
    other = client.post(address, {**counted, "returned": "2", "confirmed": asked.context["form"].data["confirmed"]})
    assert other.status_code == 400
    assert not PaperCount.objects.exists()
    assert not CodeBatch.objects.filter(is_halted=True).exists()

    page = client.post(address, {**counted, "confirmed": asked.context["form"].data["confirmed"]}, follow=True)
    assert "合计1张" in page.content.decode()
    assert "暂停收票" in page.content.decode()


def test_a_batch_without_paper_ballots_shows_four_figures(client, round_):
    cast_ballots(round_, make_codes(round_, 9)[:6])
    client.force_login(make_user("clerk"))

    page = client.get(page_of(CodeBatch.objects.get())).content.decode()

    assert "由系统自动统计" in page
    assert '<td class="number">0</td><td class="number">0</td><td class="number">3</td></tr>' in compact(page)


@pytest.mark.parametrize("page", ["", "slips/", "key/", "count/", "clear/"])
def test_the_pages_are_for_the_office(client, batch, page):
    # The chief sees the batch to void and recall its codes, but does not key paper ballots.
    chief = 200 if page == "" else 403
    for role, status in (("clerk", 200), ("chief", chief), ("commission", 403), ("liaison", 302), ("auditor", 403)):
        client.force_login(make_user(role))
        assert client.get(page_of(batch, page)).status_code == status, role


class TestTheMonitoringPage:
    def test_shows_counts_to_those_who_may_see_them(self, client, round_):
        cast_ballots(round_, make_codes(round_, 7))
        for role, status in (("clerk", 200), ("chief", 200), ("commission", 200), ("auditor", 403)):
            client.force_login(make_user(role))
            assert client.get(f"/admin/evaluations/round/{round_.pk}/monitor/").status_code == status, role

    def test_downloads_the_reminder_list_and_logs_it(self, client, round_, time_machine):
        time_machine.move_to(NOON)
        make_drawn(round_, "服务对象", people=2)
        client.force_login(make_user("clerk"))
        address = f"/admin/evaluations/round/{round_.pk}/remind/"

        answer = client.post(address, {"stratum": "服务对象", "reason": "偏低"})

        assert answer["Content-Disposition"].startswith("attachment")
        assert answer.content.decode().count("1380000") == 2
        PoolEntry.objects.update(name="=1+1|cmd")
        assert "'=1+1|cmd," in client.post(address, {"stratum": "服务对象", "reason": "偏低"}).content.decode()
        assert client.post(address, {"stratum": "服务对象", "reason": ""}).status_code == 302
        assert client.get(address).status_code == 302


@pytest.mark.parametrize("role", ["clerk", "chief", "commission"])
def test_no_page_reads_a_vote_while_the_vote_is_open(client, round_, role):
    """No interim score for anyone: no query of any page touches the votes of an open round."""
    cast_ballots(round_, make_codes(round_, 6), level="3")
    batch = CodeBatch.objects.get()
    client.force_login(make_user(role))
    base = f"/admin/evaluations/round/{round_.pk}"
    pages = ["/", "/receipt/", "/list/", "/draws/", f"/rounds/{round_.key}/box/", "/ballot/", "/admin/", "/commission/"]
    pages += [f"{base}/change/", f"{base}/monitor/", "/admin/evaluations/codebatch/", page_of(batch)]

    with CaptureQueriesContext(connection) as queries:
        for page in pages:
            assert client.get(page).status_code < 500, page

    assert not [q["sql"] for q in queries if "evaluations_ballotspool" in q["sql"]]
    answers = [q["sql"] for q in queries if '"evaluations_rating"."cold"' in q["sql"] and "turnout" not in q["sql"]]
    assert not [sql for sql in answers if "SUM(" in sql or "AVG(" in sql]
