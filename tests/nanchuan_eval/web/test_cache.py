"""What server processes share: counts of all workers together, and nobody kept from anything while it is away."""

import logging

import environ
import pytest

from nanchuan_eval import checks
from nanchuan_eval.web.cache import SharedCache

NOWHERE = "unix:///nonexistent/redis.sock"


def test_a_memory_that_is_away_is_an_empty_one(caplog):
    cache = SharedCache(NOWHERE, {})

    with caplog.at_level(logging.WARNING):
        assert cache.get("count", 7) == 7
        assert cache.add("count", 0, 60) is False
        assert cache.incr("count") == 0
        assert cache.get_or_set("list", lambda: (1, 2), 60) == (1, 2)
        cache.set("a", 1)
        assert cache.delete("a") is False

    assert "共享缓存不可用" in caplog.text
    assert "count" not in caplog.text


@pytest.mark.django_db
def test_the_pages_answer_while_it_is_away(client, settings):
    settings.CACHES = {"default": {"BACKEND": "nanchuan_eval.web.cache.SharedCache", "LOCATION": NOWHERE}}

    assert client.post("/ballot/", {"code": "x"}).status_code == 400
    assert client.post("/receipt/", {"receipt": "7" * 20}).status_code == 200


@pytest.mark.parametrize(
    ("url", "workers", "faults"),
    [
        ("locmemcache://", 1, []),
        ("locmemcache://", 3, ["nanchuan.W001"]),
        ("rediscache:///run/nanchuan/redis.sock", 3, []),
    ],
)
def test_several_workers_without_a_shared_memory_are_warned_of(settings, url, workers, faults):
    settings.WORKERS = workers
    settings.CACHES = {"default": environ.Env.cache_url_config(url)}

    assert [fault.id for fault in checks.several_workers_count_together(None)] == faults
