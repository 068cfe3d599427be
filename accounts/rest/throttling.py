"""How often a token may call, and how often an address may come with a wrong one.

Calls are counted by the minute in the cache that all processes share (`settings.CACHES`): Redis
where it is served, files under a lock where it is embedded. A cache that is away stops nobody.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.files import locks
from django.http import HttpRequest, HttpResponseBase
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled

from accounts.models import ApiToken

logger = logging.getLogger(__name__)
WINDOW = 60


@dataclass(frozen=True)
class Quota:
    """What is left of a minute's calls. `policy` is its name in the headers."""

    policy: str
    limit: int
    used: int
    seconds_left: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


class TooMany(Throttled):
    """The minute's calls are used up; `wait` is the seconds until the next one."""

    extra_detail_singular = extra_detail_plural = ""

    def __init__(self, quota: Quota) -> None:
        told = f"1分に{quota.limit}回までです。{quota.seconds_left}秒後に送り直してください。"
        super().__init__(detail=told)
        self.wait = quota.seconds_left


def count_call(request: HttpRequest, token: ApiToken) -> None:
    """Count one call of a token. Raises TooMany when the minute's calls are used up."""
    # By its hash: a number could be that of another token in another database.
    _count(request, "token", token.digest, settings.API_CALLS_PER_MINUTE)


def count_failure(request: HttpRequest, address: str | None) -> None:
    """Count one call without a valid token. Raises TooMany for an address that only guesses."""
    _count(request, "failures", address or "unknown", settings.API_FAILURES_PER_MINUTE)


def tell(request: HttpRequest, response: HttpResponseBase) -> None:
    """Say in the headers of draft-ietf-httpapi-ratelimit-headers what is left."""
    quota: Quota | None = getattr(request, "quota", None)
    if quota is None:
        return
    response["RateLimit-Policy"] = f'"{quota.policy}";q={quota.limit};w={WINDOW}'
    response["RateLimit"] = f'"{quota.policy}";r={quota.left};t={quota.seconds_left}'


def _count(request: HttpRequest, policy: str, who: str, limit: int) -> None:
    if not limit:
        return
    now = time.time()
    minute = int(now // WINDOW)
    try:
        used = _next(f"calls:{policy}:{who}:{minute}")
    except (RedisError, OSError):
        logger.exception("Calls are not counted: the cache is away.")
        return
    quota = Quota(policy, limit, used, WINDOW - int(now % WINDOW))
    request.quota = quota  # type: ignore[attr-defined]  # for `tell`
    if quota.is_exceeded:
        raise TooMany(quota)


def _next(key: str) -> int:
    try:
        return int(cache.incr(key))
    except ValueError:
        # The first of this minute; or another process was quicker, and it is the second.
        return 1 if cache.add(key, 1, timeout=2 * WINDOW) else int(cache.incr(key))


class CountingFileCache(FileBasedCache):
    """Django's cache in files, in which processes that count at once do not lose a count."""

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        Path(self._dir).mkdir(parents=True, exist_ok=True)
        with Path(self._dir, "counting.lock").open("a") as lock:
            locks.lock(lock, locks.LOCK_EX)
            # Not `super().incr`, which would keep the count for the cache's own time.
            count = self.get(key, version=version)
            if count is None:
                raise ValueError(f"Key '{key}' not found")
            self.set(key, count + delta, timeout=2 * WINDOW, version=version)
        return int(count + delta)

    def add(self, key: str, value: Any, timeout: Any = WINDOW, version: int | None = None) -> bool:
        Path(self._dir).mkdir(parents=True, exist_ok=True)
        with Path(self._dir, "counting.lock").open("a") as lock:
            locks.lock(lock, locks.LOCK_EX)
            return super().add(key, value, timeout=timeout, version=version)
