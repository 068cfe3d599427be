"""The log of API calls: one row a call, written when the answer is ready, and cleared in time."""

import datetime
import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.addresses import client_address
from accounts.models import ApiCall, User
from accounts.rest import throttling

logger = logging.getLogger(__name__)
PREFIX = "/api/"
READING = ("GET", "HEAD", "OPTIONS")


class ApiCalls:
    """Middleware: logs every call of the API, whoever made it, and tells how many are left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        at, started = timezone.now(), time.perf_counter()
        response = self.get_response(request)
        milliseconds = round((time.perf_counter() - started) * 1000)
        throttling.tell(request, response)
        call = call_of(request, response.status_code)
        call.at, call.milliseconds = at, milliseconds
        try:
            call.save(force_insert=True)
        except DatabaseError:
            # What the caller asked for is done and said; that it is not logged, the log must say.
            logger.exception("An API call could not be logged: %s", call)
        return response


def call_of(request: HttpRequest, status: int) -> ApiCall:
    """What is kept of a call; nothing of its body, its query or its headers."""
    token = getattr(request, "token", None)
    user = token.user if token is not None else request.user
    account = user if isinstance(user, User) else None
    match = request.resolver_match
    number = match.kwargs.get("pk") if match is not None else None
    is_number = isinstance(number, int) and 0 < number < 2**63
    return ApiCall(
        token=token,
        user=account,
        organization_id=account.organization_id if account is not None else None,
        method=(request.method or "")[:10],
        route=match.route[:200] if match is not None else PREFIX,
        object_id=number if is_number else None,
        status=status,
        address=client_address(request),
        is_change=request.method not in READING,
    )


def clear_old_calls() -> int:
    """Forget calls whose time is over: reading ones and writing ones; how many."""
    now = timezone.now()
    cleared = 0
    for is_change, days in (
        (False, settings.API_READS_KEPT_DAYS),
        (True, settings.API_CHANGES_KEPT_DAYS),
    ):
        before = now - datetime.timedelta(days=days)
        rows = ApiCall.objects.filter(is_change=is_change, at__lt=before)
        cleared += rows._raw_delete(rows.db)
    return cleared
