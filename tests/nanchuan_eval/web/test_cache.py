"""The shared cache: counts of all workers together, and normal service while it is unreachable."""

import logging

import environ
import pytest

from nanchuan_eval import checks
from nanchuan_eval.web.cache import SharedCache

NOWHERE = "unix:///nonexistent/redis.sock"


def test_an_unreachable_cache_counts_as_empty(caplog):
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
def test_pages_are_served_while_the_cache_is_unreachable(client, settings):
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
def test_several_workers_without_a_shared_cache_cause_a_warning(settings, url, workers, faults):
    settings.WORKERS = workers
    settings.CACHES = {"default": environ.Env.cache_url_config(url)}

    assert [fault.id for fault in checks.several_workers_count_together(None)] == faults
