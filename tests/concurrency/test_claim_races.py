"""Claims sent at once, on connections of their own: one device gets one code."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from evaluations.codes.models import Credential
from evaluations.scoring.method import Channel
from tests.factories import make_open_round, make_self_service

CLAIM = "/ballot/claim/"
THREADS = 8


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("held", [0, 1])
def test_a_device_that_claims_many_times_at_once_gets_one_code(held):
    """`held` codes were claimed before; every tab asks for the one after them."""
    cache.clear()
    now = timezone.now()
    round_ = make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    for channel in (Channel.SAMPLED, Channel.OTHER):
        make_self_service(round_, channel)
    phone = Client()
    phone.post(CLAIM)  # keeps the cookie
    for _ in range(held):
        phone.post(CLAIM)
    start = Barrier(THREADS)

    def press(_):
        tab = Client()
        tab.cookies = phone.cookies.copy()
        start.wait()
        try:
            answer = tab.post(CLAIM, {"after": str(held)})
            return answer.status_code, tab.get(CLAIM).context["code"]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(press, range(THREADS)))

    assert {status for status, _ in answers} == {302}
    assert len({code for _, code in answers}) == 1
    assert Credential.objects.count() == held + 1
