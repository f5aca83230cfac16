"""A round that calls indicators and levels otherwise shows its own words everywhere and none of the default."""

import json
import re
import subprocess
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from accountability.demo.citizens import FormReader
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.form import BallotForm
from evaluations.ballot_form.rules.form_file import read_form
from evaluations.codes.models import CodeBatch
from evaluations.paper_ballots.documents import ballot_files
from evaluations.rounds.models import Round
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.rounds.services import plan_round
from evaluations.scoring.questionnaire import DEFAULT, questionnaire_errors, questionnaire_of
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account, make_liaison, make_published_round
from tests.factories import NOON, make_codes, make_open_round, make_round, make_user, raw_answers

NAMES = ("冷漠", "拖延", "推责", "混乱", "索要")
QUESTIONS = (
    "对来办事的人不理不睬",
    "该办的事一拖再拖",
    "把事情推给别的科室",
    "办事没有章法",
    "向办事的人要好处费",
)
WORDS = {"0": "从不", "1": "偶尔", "2": "常见", "3": "普遍", "4": "一贯", "x": "说不清"}
OTHER = {
    "indicators": {
        key: {"name": name, "question": question}
        for key, name, question in zip(DEFAULT.names, NAMES, QUESTIONS, strict=True)
    },
    "level_words": WORDS,
}
# The default names are single characters of many words: they are looked for as a name stands, alone or in a row.
ALONE = "|".join(DEFAULT.labels)
OF_THE_DEFAULT = re.compile(
    rf"[“>|\n]({ALONE})[”<|\n]|({ALONE})、({ALONE})|轻微|较重|严重|“没有”|“不了解”|都没有|"
    + "|".join(DEFAULT.questions.values())
)


def check(text: str, *shown: str) -> None:
    """Compare a text with what it has to show; it shows nothing of the default."""
    assert [each for each in shown if each not in text] == []
    assert [found.group() for found in OF_THE_DEFAULT.finditer(text)] == []


@pytest.fixture
def voting():
    now = timezone.now()
    return make_open_round(
        sections=3, rulebook=OTHER, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1)
    )


@pytest.fixture
def published():
    return make_published_round(rulebook={**default_rulebook(), "sample_audit": False, **OTHER})


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_test_finds_what_it_looks_for():
    assert questionnaire_errors(OTHER) == []
    for text in ("“冷”", "<th>贪</th>", "冷、懒、推、乱、贪", "较重", "“没有”", "“不了解”", DEFAULT.questions["cold"]):
        assert OF_THE_DEFAULT.search(text)
    for text in ("推送通知", "没有科室上榜", "、".join(NAMES)):
        assert not OF_THE_DEFAULT.search(text)


@pytest.mark.django_db
class TestABallot:
    def phone(self, round_: Round) -> tuple[Client, dict[str, object], str]:
        client, (code,) = Client(), make_codes(round_)
        page_of = client.post("/ballot/", {"code": code}).content.decode()
        admission = FormReader(page_of).forms["/ballot/rate/"]["admission"][0]
        return client, {"code": code, "admission": admission, "comment": ""}, round_.sections.values_list("code")[0][0]

    def test_the_pages_ask_what_the_round_asks(self, voting):
        client, carried, section = self.phone(voting)
        given = {f"{section}.{key}": value for key, value in raw_answers("0").items()}
        chosen = {**carried, "section": [section]}

        check(client.post("/ballot/rate/", chosen).content.decode(), *NAMES, *QUESTIONS, "从不", "说不清", "其余都从不")
        reviewed = client.post("/ballot/review/", {**chosen, "shown": [section], **given}).content.decode()
        check(reviewed, *NAMES, "从不")

    def test_a_refusal_uses_the_words_of_the_round(self, voting):
        client, carried, section = self.phone(voting)
        given = {f"{section}.cold": "3", f"{section}.lazy": "0"}

        refused = client.post("/ballot/review/", {**carried, "section": [section], "shown": [section], **given})

        check(refused.content.decode(), "“冷漠”选了常见或普遍，请至少勾选一种具体表现。", "不清楚的请选“说不清”")

    def test_a_table_of_many_sections_does(self):
        now = timezone.now()
        times = {"opens_at": now - timedelta(days=1), "closes_at": now + timedelta(days=1)}
        client, carried, _ = self.phone(round_ := make_open_round(sections=13, rulebook=OTHER, **times))
        sections = list(round_.sections.values_list("code", flat=True))

        check(client.post("/ballot/rate/", {**carried, "section": sections}).content.decode(), *NAMES, *WORDS["x"])

    def test_the_script_takes_the_word_from_the_page(self):
        script = (Path(settings.BASE_DIR) / "static/js/ballot/pages.js").read_text()

        assert "项选为“${button.dataset.rest}”" in script

    def test_the_form_keeps_them_and_the_notary_prints_them(self, voting):
        stored = Round.objects.get().ballot_form
        form = ballot_form_by_digest(voting.ballot_form_sha256)

        assert form.questionnaire == questionnaire_of(OTHER)
        assert form.digest == voting.ballot_form_sha256
        assert read_form(json.loads(stored)) == form == BallotForm.from_json(stored)

    def test_a_form_with_the_default_is_as_before(self):
        form = BallotForm.from_json(make_open_round(sections=1).ballot_form)

        assert {"indicators", "level_words", "questionnaire"} & set(json.loads(form.to_json())) == set()

    def test_the_paper_ballot_does(self, voting, tmp_path):
        form = ballot_form_by_digest(voting.ballot_form_sha256)
        ((_, content),) = ballot_files(form, make_codes(voting), site="https://pingyi.example", closes="6月1日")
        (tmp_path / "ballot.pdf").write_bytes(content)
        told = subprocess.run(
            ["pdftotext", tmp_path / "ballot.pdf", "-"], capture_output=True, check=True, text=True
        ).stdout

        check(told, *NAMES, *QUESTIONS, "冷漠、拖延、推责、混乱、索要", "0 从不，1 偶尔", "选择“常见”或“普遍”的")

    def test_the_keying_page_does(self, voting, client):
        make_codes(voting)
        client.force_login(make_user("clerk"))

        told = page(client, f"/admin/evaluations/codebatch/{CodeBatch.objects.get().pk}/papers/key/")

        check(told, "冷漠、拖延、推责、混乱、索要", "“说不清”", "有“常见”或“普遍”的")


@pytest.mark.django_db
class TestPublicPages:
    @pytest.mark.parametrize("address", ["/", "/how/", "/scoring/", "/scoring/{key}/"])
    def test_they_tell_of_the_round(self, voting, client, address):
        told = page(client, address.format(key=voting.key))

        check(told, *(["冷漠、拖延、推责、混乱、索要"] if "scoring" not in address else ["冷漠选“从不”"]), "“说不清”")

    def test_method_one_does(self, client):
        rulebook = {**default_rulebook("NC-1"), **OTHER}
        round_ = make_open_round(rulebook=rulebook)

        check(page(client, f"/scoring/{round_.key}/"), "冷漠、拖延、推责、混乱、索要权重相同", "“常见”以上")


@pytest.mark.django_db
class TestResults:
    ADDRESSES = ("/commission/{}/", "/commission/{}/pictures/", "/commission/{}/sections/D01-01/")

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_the_commissions_pages_do(self, published, client, address):
        client.force_login(make_account(Role.COMMISSION))

        check(page(client, address.format(published.key)), *NAMES)

    def test_a_units_page_does(self, published, client):
        client.force_login(make_liaison("D01"))

        check(page(client, "/unit/"), *NAMES)

    def test_the_workbook_does(self, published, client):
        client.force_login(make_account(Role.COMMISSION))
        content = client.post(f"/commission/{published.key}/export/")
        book = load_workbook(BytesIO(b"".join(content) if content.streaming else content.content))
        cells = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value)

        check(f"\n{cells}\n", *NAMES, "冷漠、拖延、推责、混乱、索要五项得分")

    def test_the_list_does(self, published, client):
        check(page(client, "/list/"))


@pytest.mark.django_db
class TestTheRulebook:
    def test_the_page_has_a_field_for_each_and_names_the_weights(self, client):
        round_ = make_round(rulebook=OTHER)
        client.force_login(make_user("clerk"))

        told = page(client, f"/admin/evaluations/round/{round_.pk}/rulebook/")

        assert [each for each in (*NAMES, *QUESTIONS, "第一项指标（冷漠）权重") if each not in told] == []

    def test_a_new_round_starts_with_those_of_the_round_before(self):
        make_open_round(rulebook=OTHER)
        draft = Round(
            key="2021H1",
            name="2021年上半年",
            period_start="2021-01-01",
            period_end="2021-06-30",
            opens_at=NOON + timedelta(days=400),
            closes_at=NOON + timedelta(days=420),
        )

        plan_round(round_=draft, by=make_user("chief"), at=NOON)

        assert questionnaire_of(Round.objects.get(key="2021H1").rulebook) == questionnaire_of(OTHER)


# Where the default stands; migrations keep what they wrote, the demonstration's opinions and the signs are data.
DEFAULT_STANDS_IN = {"evaluations/scoring/questionnaire.py"}
# An inspector's own scale (严重程度 of what was found), which no citizen answers on.
OTHER_SCALE = {
    "accountability/inspections/rules.py": "轻微|较重|严重",
    "accountability/inspections/models.py": "严重程度",
}
LITERAL = re.compile(
    rf"[\"'“（、，：]({ALONE})[\"'”、，：]|冷懒推乱贪|轻微|较重|严重|“没有”|[\"'“]不了解[\"'”]|其余都没有"
)


def test_no_code_names_an_indicator_or_level_but_the_default():
    root = Path(settings.BASE_DIR)
    packages = ("nanchuan_eval", "departments", "evaluations", "accountability", "templates", "static")
    files = (path for package in packages for path in (root / package).rglob("*") if path.is_file())
    found = []
    for path in files:
        name = path.relative_to(root).as_posix()
        if path.suffix not in {".py", ".html", ".js", ".typ", ".css"} or "/migrations/" in name:
            continue
        text = path.read_text()
        allowed = OTHER_SCALE.get(name)
        text = re.sub(allowed, "", text) if allowed else text
        if name not in DEFAULT_STANDS_IN and (hit := LITERAL.search(text)):
            found.append(f"{name}: {text[max(0, hit.start() - 20) : hit.end() + 20]}")

    assert found == []
