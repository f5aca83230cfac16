"""The memory that server processes share (CACHE_URL): counts of an hour and copies of what can be read again.

Nothing that must be right stands in it alone, so a memory that is away is an empty one: it keeps nobody from voting.
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
            # Not the key: it may be a hash of somebody's network.
            log.warning("共享缓存不可用：%s", type(error).__name__)
            return nothing

    return forgiving


class SharedCache(RedisCache):
    """Redis that may be away."""

    add = _or_nothing(RedisCache.add, False)
    set = _or_nothing(RedisCache.set, None)
    incr = _or_nothing(RedisCache.incr, 0)
    delete = _or_nothing(RedisCache.delete, False)
    clear = _or_nothing(RedisCache.clear, False)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return what is kept, or the default."""
        return _or_nothing(super().get, default)(key, default, version)
