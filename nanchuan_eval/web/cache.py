"""Cache shared by the server's processes (CACHE_URL), for rate limits and copies of data.

It holds nothing that cannot be lost, so an unreachable cache counts as an empty one: voting goes on.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def _or_nothing(method: Callable[..., Any], nothing: object) -> Callable[..., Any]:
    @wraps(method)
    def forgiving(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except RedisError as error:
            # Do not log the key: it may be a hash of a client's network.
            log.warning("共享缓存不可用：%s", type(error).__name__)
            return nothing

    return forgiving


class SharedCache(RedisCache):
    """Redis cache that may be unreachable."""

    add = _or_nothing(RedisCache.add, False)
    set = _or_nothing(RedisCache.set, None)
    incr = _or_nothing(RedisCache.incr, 0)
    delete = _or_nothing(RedisCache.delete, False)
    clear = _or_nothing(RedisCache.clear, False)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the cached value or the default."""
        return _or_nothing(super().get, default)(key, default, version)
