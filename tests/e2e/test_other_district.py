"""Another district's site: no page, paper, workbook or message of its demonstration names the default's place."""

import re
import shutil
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.utils import timezone

from accountability.demo.output import write_files
from evaluations.draws.documents import letters_pdfs, text_message
from evaluations.draws.models import Draw
from evaluations.messages.pages import _sample
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules import rulebook
from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.profile.queries import assume_profile
from nanchuan_eval.profile_changes.files import read_district
from nanchuan_eval.profile_changes.services import INSTALLED, install_profile
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import term_of
from tests.e2e.other_district import everything, pdf_text, read
from tests.once import once
from tests.paths import ROOT
from tests.upgrade.scenario import BALLOTS, SEED, SmallStory, _story_day, small

pytestmark = [pytest.mark.django_db, pytest.mark.minutes, pytest.mark.pdftext]
EXAMPLE = ROOT / "deploy" / "example-district" / "profile.toml"
# Another place, or a body of a district (区) where a county (县) has its own.
FOREIGN = re.compile(r"南川|重庆|区纪委|区委组织|区政府|区评议办|区考核办|本区|全区")
DISTRICT = read_district(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE.parent)
KINDS = {".pdf": "application/pdf", ".xlsx": "spreadsheetml"}


def tell():
    """The demonstration with the example's profile and roster: a published round, a drawn one, a draft."""
    install_profile(profile=DISTRICT.profile, reason=INSTALLED, by=OPERATOR, at=timezone.now())
    today = timezone.localdate()
    with small(), patch.dict(rulebook.DEFAULTS, {"signing_codes": 8}):
        SmallStory(BALLOTS, SEED, today=today, roster=DISTRICT.roster).run()
        drawn = SmallStory(BALLOTS, SEED, today=_story_day(today), roster=DISTRICT.roster, is_told_up_to_the_draws=True)
        drawn.begin()
        drawn.settle_draft()


told = once(tell)


@pytest.fixture(autouse=True)
def its_profile(told):
    """Forget what a process of the default district would have read."""
    assume_profile(DISTRICT.profile.as_json())


def foreign(found):
    return {address: FOREIGN.findall(text)[:3] for address, text in found if FOREIGN.search(text)}


@pytest.mark.parametrize(
    ("username", "least"),
    [
        *(("", 60), ("clerk", 60), ("chief", 60), ("jiwei", 60), ("liaison", 5), ("inspector", 5)),
        *(("personnel", 5), ("sysadmin", 5), ("secadmin", 5), ("auditor", 20)),
    ],
)
def test_no_page_and_no_file_of_it_names_the_default_district(username, least):
    account = User.objects.get(username=username) if username else None
    found = list(everything(account))

    assert len(found) >= least
    assert any("云澜" in text for _, text in found)
    assert foreign(found) == {}


def test_nor_do_the_files_that_the_demonstration_writes(tmp_path):
    published = Round.objects.filter(publications__isnull=False).distinct().get()
    (tmp_path / "draws").mkdir()
    files = [Path(path) for path in write_files(published, tmp_path)]
    texts = [(path.name, read(KINDS.get(path.suffix, "text/plain"), path.read_bytes())) for path in files]

    assert len(texts) > 8
    assert any("云澜县最难办事科室群众评办公室" in text for _, text in texts)
    assert foreign(texts) == {}


def test_nor_do_messages_and_letters():
    draw = Draw.objects.filter(purpose=DrawPurpose.EVALUATORS).latest("pk")
    reply_by = term_of(timezone.localdate() + timedelta(days=1), 3, Holiday.objects.calendar())
    entries = list(draw.entries.filter(is_selected=True)[:2])
    (letters,) = letters_pdfs(draw, entries, url="https://p.example", reply_by=reply_by, at=timezone.now())
    texts = [
        ("通知短信", text_message(draw, reply_by)),
        ("票号短信", _sample(draw.round, "https://p.example")),
        ("通知书", pdf_text(letters)),
    ]

    assert [text.startswith("【云澜评议办】") for _, text in texts[:2]] == [True, True]
    assert foreign(texts) == {}


def test_each_round_has_the_districts_profile():
    names = {profile_of(round_).district for round_ in Round.objects.all()}

    assert names == {"云澜县"}
    assert shutil.which("pdftotext")
