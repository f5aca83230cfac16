"""The ballot POST against a bare view that seals and writes by hand; the form's page against cached bytes."""

import json
import secrets
import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils import timezone
from nacl.public import PrivateKey, SealedBox

from bench.measure import interleaved, report
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.box_key.services.rows import frame_size_of
from evaluations.voting.services import admit, checked_mark
from nanchuan_eval.urls import urlpatterns as project_urls
from tests.factories import make_codes, make_open_round, raw_answers

BALLOTS = 150
CLAIM = "UPDATE evaluations_credential SET spend = %s WHERE issue = %s AND spend IS NULL"
INSERT = "INSERT INTO evaluations_ballotspool (id, round_id, channel, origin, sealed) VALUES (%s, %s, %s, %s, %s)"
_page = b""
_public, _size = PrivateKey.generate().public_key, 0


def bare_cast(request: HttpRequest) -> HttpResponse:
    """The least a ballot needs: parse the form, seal as many bytes as a row has, mark the code as used, store them."""
    vote = json.dumps(json.loads(request.POST["vote"])).encode()
    sealed = SealedBox(_public).encrypt(vote.ljust(_size, b"\0"))
    row = uuid.uuid4().hex if connection.vendor == "sqlite" else str(uuid.uuid4())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, [secrets.token_hex(32), request.POST["issue"]])
        cursor.execute(
            INSERT,
            [row, request.POST["round"], "targeted", "issued", sealed],
        )
    return HttpResponse("ok")


def cached_page(request: HttpRequest) -> HttpResponse:
    """The form's page, rendered beforehand."""
    return HttpResponse(_page)


urlpatterns = [path("bare/cast/", bare_cast), path("bare/page/", cached_page), *project_urls]


def run() -> None:
    """Print the ratios for 1 and for 105 rated sections and for the form's page."""
    now = timezone.now()
    round_ = make_open_round(sections=105, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    with override_settings(ROOT_URLCONF="bench.ballot_post"):
        for sections in (1, 105):
            _compare_cast(round_, sections)
        _compare_page(round_)


def _compare_cast(round_, sections: int) -> None:
    global _size  # noqa: PLW0603  the length of a row of this round
    client, ballot_form = Client(SERVER_NAME="localhost"), ballot_form_by_digest(round_.ballot_form_sha256)
    _size = frame_size_of(ballot_form, "targeted")
    raw = [RawLine(s.code, raw_answers()) for s in ballot_form.sections[:sections]]
    vote = validate_vote(ballot_form, "targeted", raw).as_text()
    admissions = iter([(code, admit(code=code, at=timezone.now())) for code in make_codes(round_, 2 * BALLOTS)])

    def bare() -> None:
        _, admission = next(admissions)
        fields = {"issue": admission.issue, "round": round_.pk, "vote": vote}
        assert client.post("/bare/cast/", fields).status_code == 200

    def ours() -> None:
        code, admission = next(admissions)
        carried = {"code": code, "admission": admission.token(), "checked": checked_mark(admission, vote, "")}
        fields = {**carried, "vote": vote, "comment": "", "digits": "1234"}
        assert client.post("/ballot/cast/", fields).status_code == 200

    floor, mine = interleaved(bare, ours, BALLOTS)
    report(f"ballot POST, {sections} section(s), {connection.vendor}", floor, mine, 1.5)


def _compare_page(round_) -> None:
    global _page  # noqa: PLW0603  the bytes that the floor view answers with
    client, code = Client(SERVER_NAME="localhost"), make_codes(round_)[0]
    _page = client.post("/ballot/", {"code": code}).content

    floor, ours = interleaved(lambda: client.get("/bare/page/"), lambda: client.get("/ballot/"), 300)
    report(f"ballot form GET, {connection.vendor}", floor, ours, 2)
    print(f"{'page of 105 sections':<44} {len(_page):,} bytes")
