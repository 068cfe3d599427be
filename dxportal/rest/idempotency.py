"""Writes that a system sends again: done once, and answered again with the first answer.

A key is claimed in a row that is committed first; what the write does and its answer are then
committed together, with the row held. So a worker that dies leaves neither: whoever sends the
write again takes it up. Two at the same moment are one that works and one that is told to wait.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files import File
from django.db import OperationalError, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from accounts.models import ApiToken
from dxportal.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT_FOR = timedelta(hours=24)
KEPT_HEADERS = ("Content-Type", "Location", "ETag")


class StillWorking(APIException):
    """The same write is being done at this moment."""

    status_code = 409
    problem = "in-flight"
    wait = 1
    default_detail = (
        "同じ Idempotency-Key の書き込みを処理しています。少し待って送り直してください。"
    )


class KeyOfAnother(APIException):
    """The key was used for another write."""

    status_code = 422
    problem = "key-reused"
    default_detail = "この Idempotency-Key は、別の内容の書き込みに使われました。"


def once(view: Any, request: Request, handler: Callable[[], Any]) -> Any:
    """The handler's answer, or the one that it gave when it was first asked.

    An answer that tells of a fault of the portal is not kept: the write can be sent again.
    """
    digest = _digest(request)
    claim, _ = IdempotencyKey.objects.get_or_create(
        user=request.user, key=_key_of(request), defaults={"request_digest": digest}
    )
    if claim.request_digest != digest:
        raise KeyOfAnother()
    if claim.status is not None:
        return _again(claim)
    with transaction.atomic():
        held = _hold(claim.pk)
        if held.status is not None:
            return _again(held)
        response = _answer(view, request, handler)
        if response.status_code < 500:
            _keep(held, response)
    return response


def clear_old_keys() -> int:
    """Forget keys that were first sent a day ago; how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    return deleted


def _key_of(request: Request) -> str:
    key = request.headers[HEADER].strip()
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        raise ValidationError({HEADER: "空白のない半角英数記号で、1〜200文字にしてください。"})
    return key


def _digest(request: Request) -> str:
    """What makes two writes the same: method, address, version and body, and what may be seen.

    Two tokens of a user may be limited differently, and an answer given again is an answer.
    """
    token = request.auth if isinstance(request.auth, ApiToken) else None
    said = [
        token and [token.scope, token.organization_ids, token.plan_ids, token.resources],
        request.method,
        request.get_full_path(),
        request.headers.get("If-Match", ""),
        request.data,
    ]
    text = json.dumps(said, sort_keys=True, default=_as_text)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _as_text(value: Any) -> str:
    """A file by what is in it: another one of the same name is another write."""
    if isinstance(value, File):
        digest = hashlib.sha256()
        for chunk in value.chunks():
            digest.update(chunk)
        value.seek(0)
        return digest.hexdigest()
    return str(value)


def _hold(pk: int) -> IdempotencyKey:
    try:
        return IdempotencyKey.objects.select_for_update(nowait=True).get(pk=pk)
    except OperationalError as error:
        raise StillWorking() from error


def _answer(view: Any, request: Request, handler: Callable[[], Any]) -> Any:
    try:
        with transaction.atomic():
            response = handler()
    except Exception as error:
        response = view.handle_exception(error)
    response = view.finalize_response(request, response)
    return response.render() if hasattr(response, "render") else response


def _keep(held: IdempotencyKey, response: Any) -> None:
    held.status = response.status_code
    held.headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    held.body = response.content.decode()
    held.save(update_fields=["status", "headers", "body"])


def _again(held: IdempotencyKey) -> HttpResponse:
    headers = {**held.headers, REPLAYED: "true"}
    return HttpResponse(held.body.encode(), status=held.status, headers=headers)
