"""Letters are printed once; then no table holds their codes any more."""

import io
import subprocess

import pytest
from django.core.management import CommandError, call_command

from evaluations.messages.models import Message
from evaluations.messages.queries import waiting_letters
from evaluations.messages.rules.kinds import Failure, MessageState, Way
from evaluations.messages.services import letters as services
from evaluations.messages.services.gateways import Outcome
from evaluations.messages.services.letters import print_letters, requeue_failed
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.evaluations.messages.factories import deliver, drawn_round, send_all
from tests.factories import NOON, make_user

pytestmark = pytest.mark.django_db


def printed(round_, most=100, by="clerk"):
    return print_letters(round_id=round_.pk, most=most, by=make_user(by), at=NOON)


def text_of(pdf, tmp_path):
    path = tmp_path / "letters.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True).stdout.decode()


def test_a_letter_is_printed_once_in_parts_and_its_codes_are_erased():
    round_ = drawn_round(5)
    deliver(round_, letters_only=True)

    assert printed(round_, most=3).letters == 3
    assert printed(round_, most=3).letters == 2
    with pytest.raises(RuleViolation, match="没有待打印的信函"):
        printed(round_)
    assert set(Message.objects.values_list("state", "content")) == {(MessageState.SENT, None)}


@pytest.mark.pdftext
def test_a_letter_has_every_section_with_its_code(tmp_path):
    round_ = drawn_round(5, 5, both=1, client_letters=6)
    deliver(round_, letters_only=True)

    made = printed(round_)

    text = "".join(text_of(made.pdf, tmp_path).split())
    assert text.count("评议通知书") == made.letters == 11
    for section in round_.sections.all():
        assert text.count(str(section)) == 6
    assert "这2个科室分别" in text


def test_nothing_is_erased_if_the_file_cannot_be_made_or_kept(monkeypatch, tmp_path):
    round_ = drawn_round(5)
    deliver(round_, letters_only=True)
    monkeypatch.setattr(services, "letters_pdf", lambda *given, **named: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        printed(round_)
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.QUEUED}
    assert all(Message.objects.values_list("content", flat=True))


def test_the_command_prints_all_into_files_that_only_the_account_can_read(tmp_path, settings, time_machine):
    settings.LETTER_PART = 3
    time_machine.move_to(NOON)
    round_, said = drawn_round(5), io.StringIO()
    deliver(round_, letters_only=True)

    call_command("print_letters", round_.key, tmp_path / "letters", by=make_user("clerk").username, stdout=said)

    files = sorted((tmp_path / "letters").iterdir())
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600, 0o600]
    assert not Message.objects.exclude(content__isnull=True).exists()


def test_the_command_says_in_words_that_an_account_may_not(tmp_path, time_machine):
    time_machine.move_to(NOON)
    round_ = drawn_round(5)
    deliver(round_, letters_only=True)

    with pytest.raises(CommandError, match=r"您的角色没有.*的权限"):
        call_command("print_letters", round_.key, tmp_path / "letters", by=make_user("chief").username)
    assert waiting_letters(round_).count() == 5


def test_who_was_removed_gets_no_letter_and_the_code_is_kept_for_the_next():
    round_ = drawn_round(5)
    deliver(round_, letters_only=True)
    removed = Message.objects.first()
    entry = removed.entries.get().entry
    entry.is_selected = False
    entry.save()

    assert printed(round_).letters == 4
    removed.refresh_from_db()
    assert (removed.state, removed.failure) == (MessageState.FAILED, Failure.REMOVED)


class TestFailedMessages:
    @pytest.fixture
    def round_(self, monkeypatch, settings):
        settings.MESSAGE_RETRIES = 0
        round_ = drawn_round(5)
        deliver(round_)
        send_all(monkeypatch, Outcome(Failure.REFUSED))
        return round_

    def retry(self, round_, as_letters):
        return requeue_failed(round_id=round_.pk, as_letters=as_letters, by=make_user("clerk"), at=NOON)

    def test_are_tried_again(self, round_, monkeypatch):
        assert "5条短信重新排队" in self.retry(round_, False)
        assert len(send_all(monkeypatch, at=NOON.replace(minute=5))) == 5

    def test_become_letters_with_the_same_codes(self, round_):
        before = set(Message.objects.values_list("key", "content"))
        assert "5条短信改为信函" in self.retry(round_, True)
        assert {key for key, _ in before} == set(Message.objects.filter(way=Way.LETTER).values_list("key", flat=True))
        assert printed(round_).letters == 5

    def test_without_their_text_are_beyond_help(self, round_):
        Message.objects.update(content=None, failure=Failure.UNDELIVERED)

        with pytest.raises(RuleViolation, match="不能再发"):
            self.retry(round_, True)


def test_only_those_who_make_codes_may_print():
    round_ = drawn_round(5)
    deliver(round_, letters_only=True)

    with pytest.raises(policy.Denied):
        printed(round_, by="chief")
