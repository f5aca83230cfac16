"""Staff pages of draws: permissions of each role, what is shown, what is printed."""

import io
import json
import re
import subprocess
import zipfile
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from evaluations.draws import documents as draws_documents
from evaluations.draws.models import Draw, PlannedDraw
from evaluations.draws.pages import ceremony as ceremony_pages
from evaluations.pools.models import PoolNotice, PoolObjection
from evaluations.pools.queries import contact_of
from evaluations.pools.rules.kinds import PoolKind
from evaluations.protocol.drawing import digest_of, person_token
from evaluations.rounds.rules.lifecycle import DrawStatus, RoundState
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.documents.rendering import qr_svg
from nanchuan_eval.workdays.models import CompleteYear
from nanchuan_eval.workdays.rules import Term
from tests.factories import NOON, commit, hold_draw, make_pool, make_round, make_user, run, throw
from tests.pages import page_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20, "signing_codes": 2})
    make_pool(round_)
    make_pool(round_, PoolKind.SUPERVISORS, groups={"人大代表": 6, "市民代表": 6})
    return round_


@pytest.fixture
def as_(client):
    def log_in(role):
        client.force_login(make_user(role))
        return client

    return log_in


def address(name, *args):
    return reverse(f"admin:{name}", args=args)


def text_of(pdf, tmp_path):
    (tmp_path / "out.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(tmp_path / "out.pdf"), "-"], capture_output=True, check=True)
    return re.sub(r"(?<=[一-鿿]) (?=[0-9])|(?<=[0-9]) (?=[一-鿿])", "", done.stdout.decode())


class TestTheCeremonyInABrowser:
    """Five steps, each by the role that may do it."""

    def test_goes_from_the_register_to_the_public_proof(self, round_, as_, client):
        now = timezone.now()
        plan = {
            "planned_at": (now + timedelta(days=2)).isoformat(),
            "place": "一楼大厅",
            "witnesses": "甲、乙、丙、丁",
        }
        as_("chief").post(address("draw-plan", round_.pk, "evaluators"), plan)
        assert PlannedDraw.objects.get().witness_names == ["甲", "乙", "丙", "丁"]
        client.post(address("draw-commit", round_.pk), {"purpose": ["evaluators"]})
        draw = Draw.objects.get()
        Draw.objects.update(committed_at=now - timedelta(days=2))
        PlannedDraw.objects.update(planned_at=now - timedelta(minutes=1))
        page = address("draw-ceremony", draw.pk)

        for _ in range(2):
            as_("clerk").post(
                page, {f"numbers{n}": "".join(map(str, throw(draw)[0][5 * n : 5 * n + 5])) for n in range(4)}
            )
        for _ in range(2):
            as_("clerk").post(page, {"numbers0": " ".join(map(str, throw(draw)[1])), "issue": "2026061"})
        chief = as_("chief")
        chief.post(address("draw-act", draw.pk, "run"))
        chief.post(address("draw-act", draw.pk, "run"))
        chief.post(address("draw-act", draw.pk, "publish"))

        draw.refresh_from_db()
        assert draw.status == DrawStatus.PUBLISHED
        assert AuditEntry.objects.filter(action="draw.run", result="ok").count() == 2
        assert client.get(reverse("draw-proof", args=[draw.draw_id])).status_code == 200

    def test_hides_the_first_reading_and_shows_a_mismatch(self, round_, as_):
        draw = commit(round_)
        Draw.objects.update(committed_at=timezone.now() - timedelta(days=2))
        PlannedDraw.objects.update(planned_at=timezone.now() - timedelta(days=1))
        page = address("draw-ceremony", draw.pk)

        as_("clerk").post(page, {"numbers0": "98765", "numbers1": "11111", "numbers2": "22222", "numbers3": "33333"})
        shown = as_("clerk").get(page).content.decode()
        assert "等待第二人独立录入" in shown
        assert "9 8 7 6 5" not in shown

        as_("clerk").post(page, {"numbers0": "98764", "numbers1": "11111", "numbers2": "22222", "numbers3": "33333"})
        shown = as_("clerk").get(page).content.decode()
        assert "两人录入不一致" in shown
        assert "9 8 7 6 5" in shown

    @pytest.mark.parametrize("typed", ["", "12", "abcde", "1234x", "123456"])
    def test_keeps_wrong_input_and_explains_it(self, round_, as_, typed):
        draw = commit(round_)
        Draw.objects.update(committed_at=timezone.now() - timedelta(days=2))
        PlannedDraw.objects.update(planned_at=timezone.now() - timedelta(days=1))

        answer = (
            as_("clerk")
            .post(
                address("draw-ceremony", draw.pk),
                {"numbers0": typed, "numbers1": "11111", "numbers2": "22222", "numbers3": "33333"},
            )
            .content.decode()
        )

        assert "errornote" in answer
        assert 'value="22222"' in answer
        assert not draw.readings.exists()

    def test_waits_for_the_announced_time(self, round_, as_):
        draw = commit(round_, at=timezone.now())

        assert "等待抽取时间" in as_("clerk").get(address("draw-ceremony", draw.pk)).content.decode()

    @pytest.mark.parametrize("role", ["sysadmin", "auditor", "personnel"])
    def test_is_refused_to_other_roles(self, round_, as_, role):
        draw = hold_draw(round_)

        for name in ("draw-ceremony", "draw-people", "draw-commitment"):
            assert as_(role).get(address(name, draw.pk)).status_code == 403, name

    def test_takes_a_fixed_number_of_queries(self, round_, as_):
        draw = run(commit(round_))
        client = as_("chief")

        page_in(client, address("draw-ceremony", draw.pk), queries=5, shows=draw.draw_id)
        page_in(client, address("draw-people", draw.pk), queries=8, shows="服务对象")


class TestDrawnPeople:
    """The page of drawn people: found by name, end of the phone, place or token, in pages."""

    @pytest.fixture
    def found(self, round_, as_, monkeypatch):
        monkeypatch.setattr(ceremony_pages, "PEOPLE_PER_PAGE", 2)
        draw, client = run(commit(round_)), as_("chief")

        def ask(**asked):
            return client.get(address("draw-people", draw.pk), asked).context["people"].entries

        return draw, ask

    def test_shows_one_page_and_leads_to_the_next(self, found):
        draw, ask = found
        everyone = list(draw.entries.exclude(place=None))

        assert [*ask(), *ask(page=2)] == everyone[:4]
        assert ask().paginator.count == len(everyone)

    def test_finds_a_person_by_name_phone_or_token(self, found):
        draw, ask = found
        entry = draw.entries.exclude(place=None).select_related("person").last()

        for typed in (entry.person.name, contact_of(entry.person)[-4:], entry.token[:12]):
            assert entry in ask(q=typed).paginator.object_list

    def test_narrows_to_a_stratum_and_a_state(self, found):
        draw, ask = found
        drawn = draw.entries.filter(is_selected=True)
        stratum = drawn.first().stratum

        assert set(ask(stratum=stratum, state="selected").paginator.object_list) == set(drawn.filter(stratum=stratum))

    def test_says_what_to_do_if_nobody_is_found(self, round_, as_):
        draw = run(commit(round_))

        shown = as_("chief").get(address("draw-people", draw.pk), {"q": "没有这个人", "page": "99"}).content.decode()

        assert "没有找到" in shown


class TestDocuments:
    @pytest.mark.pdftext
    def test_the_commitment_has_the_hashes_and_signature_lines(self, round_, as_, tmp_path):
        draw = commit(round_)

        text = text_of(as_("clerk").get(address("draw-commitment", draw.pk)).content, tmp_path)

        assert draw.commit[:8] in text
        assert json.loads(draw.params)["pool_sha256"][:8] in text
        assert all(word in text for word in ("抽取承诺书", "人大代表", "公证员", f"/draws/{draw.draw_id}/"))

    @pytest.mark.pdftext
    def test_the_record_has_numbers_seats_and_result(self, round_, as_, tmp_path):
        draw = hold_draw(round_)

        text = text_of(as_("clerk").get(address("draw-record", draw.pk)).content, tmp_path)

        assert "抽取记录表" in text
        assert draw.seed[:8] in text
        assert " ".join(map(str, draw.randomness[1]))[:20] in text
        assert json.loads(draw.result)["strata"]["服务对象"]["selected"][0] in text

    @pytest.mark.pdftext
    def test_a_letter_lets_only_its_reader_compute_their_token(self, round_, as_, tmp_path):
        draw = hold_draw(round_)
        entry = draw.entries.filter(is_selected=True).first()
        client = as_("clerk")

        response = client.post(
            address("draw-letters", draw.pk) + f"?entry={entry.pk}", {"form": "pdf", "reason": "寄发"}
        )
        text = text_of(response.content, tmp_path)

        printed = "".join(re.findall(r"\b[0-9a-f]{8}\b", text))
        assert f"{entry.person.name}/{entry.person.phone}" in text
        assert entry.salt in printed
        assert entry.token in printed
        assert person_token(entry.salt, f"{entry.person.name}/{entry.person.phone}") == entry.token
        assert text.count("抽中通知书") == 1
        told = "".join(text.split())
        assert "抽取结果公开后，用手机扫描" in told
        assert "评议办和封存名册的保管单位能够由匿名编号查到您" in told
        assert "任何人都无法由匿名编号" not in told

    def test_a_letters_code_leads_its_reader_to_the_answer(self, round_, as_, monkeypatch):
        printed = []
        monkeypatch.setattr(draws_documents, "render_pdf", lambda name, data, **_: printed.append(data) or b"%PDF")
        draw = hold_draw(round_)

        as_("clerk").post(address("draw-letters", draw.pk), {"form": "pdf", "reason": "寄发"})

        page = f"http://testserver/draws/{draw.draw_id}/"
        codes = {letter["token"]: letter["qr"] for letter in printed[0]["letters"]}
        drawn = draw.entries.filter(is_selected=True)
        assert len(codes) == 20
        assert codes == {e.token: qr_svg(f"{page}#{e.salt}.{e.token[:16]}") for e in drawn}
        assert printed[0]["url"] == page

    def test_letters_in_bulk_come_as_files_and_are_logged(self, round_, as_, monkeypatch):
        monkeypatch.setattr(draws_documents, "LETTERS_A_FILE", 15)
        draw = hold_draw(round_)

        content = as_("clerk").post(address("draw-letters", draw.pk), {"form": "pdf", "reason": "寄发"}).content

        assert [name[-7:] for name in zipfile.ZipFile(io.BytesIO(content)).namelist()] == ["001.pdf", "002.pdf"]
        logged = AuditEntry.objects.get(action="pool.unmask")
        assert (logged.reason, logged.detail["people"]) == ("寄发", 20)

    def test_the_sms_list_has_phones_and_no_secret(self, round_, as_):
        draw = hold_draw(round_)

        content = as_("clerk").post(address("draw-letters", draw.pk), {"form": "sms", "reason": "短信"}).content

        rows = list(load_workbook(io.BytesIO(content)).active.values)
        entry = draw.entries.filter(is_selected=True).first()
        cells = {str(cell) for row in rows for cell in row}
        assert entry.person.phone in cells
        assert not [cell for cell in cells if entry.salt in cell or entry.token in cell]

    def test_letters_need_a_reason_and_the_office(self, round_, as_):
        draw = hold_draw(round_)

        assert "请填写用途。" in as_("clerk").post(address("draw-letters", draw.pk), {"form": "pdf"}).content.decode()
        answer = as_("commission").post(address("draw-letters", draw.pk), {"form": "pdf", "reason": "看看"})
        assert answer.status_code == 403
        assert not AuditEntry.objects.filter(action="pool.unmask", result="ok").exists()

    @pytest.mark.pdftext
    def test_a_person_drawn_twice_gets_one_letter_and_two_ballots(self, round_, tmp_path):
        draw = hold_draw(round_)
        first, second = draw.entries.filter(is_selected=True, stratum="服务对象")[:2]
        second.person, second.token, second.salt, second.stratum = first.person, first.token, first.salt, "市场主体"

        term = Term(NOON.date(), date(2026, 3, 9))
        pdfs = draws_documents.letters_pdfs(draw, [first, second], url="https://a.cn/", reply_by=term, at=NOON)
        text = text_of(next(pdfs), tmp_path)

        assert text.count("抽中通知书") == 1
        assert "共2张评议票" in text

    @pytest.mark.pdftext
    def test_a_letter_says_that_its_day_is_not_sure(self, round_, tmp_path):
        CompleteYear.objects.all().delete()
        draw = hold_draw(round_)
        term = Term(NOON.date(), date(2026, 3, 9), is_stored=False)

        pdfs = draws_documents.letters_pdfs(
            draw, draw.entries.filter(is_selected=True)[:1], url="https://a.cn/", reply_by=term, at=NOON
        )
        text = "".join(text_of(next(pdfs), tmp_path).split())

        assert "请于2026年3月9日前（2026年节假日尚未确认录全，答复期限按周一至周五计算，可能有变）告知评议办" in text

    def test_the_roster_for_the_notary_has_the_committed_hash(self, round_, as_):
        draw = hold_draw(round_)

        content = as_("commission").post(address("draw-roster", draw.pk)).content

        digest = digest_of(content.splitlines(keepends=True))
        assert f"封存名册校验值{digest}" in json.loads(draw.params)["note"]
        assert as_("clerk").post(address("draw-roster", draw.pk)).status_code == 403


class TestPoolsAndPeople:
    def test_an_objection_is_recorded_and_answered(self, round_, as_):
        notice = PoolNotice.objects.filter(kind=PoolKind.EVALUATORS).get()
        PoolNotice.objects.update(objections_until=timezone.localdate())
        as_("clerk").post(address("pool-objection", notice.pk), {"content": "某人已迁走"})
        objection = PoolObjection.objects.get()

        as_("chief").post(address("pool-answer", objection.pk), {"answer": "已核实"})

        objection.refresh_from_db()
        assert objection.answer == "已核实"
        assert "某人已迁走" in as_("chief").get(address("round-pool", round_.pk)).content.decode()

    def test_a_pool_is_announced_by_a_button(self, round_, as_):
        PoolNotice.objects.all().delete()

        as_("chief").post(address("pool-announce", round_.pk, "evaluators"))

        assert PoolNotice.objects.get().people == 60

    def test_a_person_is_excluded_with_a_note(self, round_, as_):
        entry = round_.pool.first()

        as_("chief").post(address("pool-exclude", entry.pk), {"reason": "conflict", "note": "本人申报"})

        entry.refresh_from_db()
        assert entry.exclusion == "conflict"

    def test_a_drawn_person_is_replaced(self, round_, as_):
        draw = hold_draw(round_)
        entry = draw.entries.filter(is_selected=True).first()
        client = as_("chief")

        client.post(
            address("draw-remove", entry.pk), {"reason": "unreachable", "calls": "昨天", "explanation": "无人接"}
        )
        assert not draw.events.exists()
        client.post(
            address("draw-remove", entry.pk),
            {"reason": "unreachable", "calls": "2026-03-04 2026-03-04 2026-03-05", "explanation": "无人接听"},
        )

        assert draw.events.get().explanation == "无人接听"
        assert "无人接听" in client.get(address("draw-people", draw.pk)).content.decode()

    def test_an_objection_after_the_period_is_refused_with_a_message(self, round_, as_):
        notice = PoolNotice.objects.filter(kind=PoolKind.EVALUATORS).get()

        answer = as_("clerk").post(address("pool-objection", notice.pk), {"content": "迟了"}).content.decode()

        assert "异议期已过" in answer
        assert "迟了" in answer

    def test_abandoning_needs_a_public_reason(self, round_, as_):
        draw = commit(round_)

        as_("chief").post(address("draw-abandon", draw.pk), {"reason": "名单漏列"})

        draw.refresh_from_db()
        assert (draw.status, draw.abandon_reason) == (DrawStatus.ABANDONED, "名单漏列")


def test_the_page_of_the_round_links_to_every_draw(round_, as_):
    commit(round_)

    page = as_("chief").get(address("evaluations_round_change", round_.pk)).content.decode()

    assert "现场抽取" in page
    assert "尚未公告，不能公布承诺" in page
