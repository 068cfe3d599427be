"""Errors of the API as problem details (RFC 9457), with field, code, message and value.

In Japanese, or in English for who asks for it (`Accept-Language: en`; see `dxportal.rest.english`).
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.files import File
from django.core.signals import got_request_exception
from django.http import Http404, HttpResponse
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import APIView, set_rollback

from accounts.editing import Locked
from accounts.rest.bulk import BulkReportSerializer
from accounts.rest.errors import FieldErrorSerializer, flat_errors, plain_errors
from accounts.versions import StaleVersion
from dxportal.rest import english

logger = logging.getLogger("django.request")

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "/api/v1/problems/"

WITHOUT_CSRF = "サインインして書き込むには、X-CSRFToken ヘッダーに csrftoken の値が必要です。"


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its status, what it is called, and what a client should do about it."""

    status: int
    title: str
    remedy: str
    english_title: str
    english_remedy: str

    def words(self) -> tuple[str, str]:
        """Title and remedy in the language that the client asked for."""
        if english.is_wanted():
            return self.english_title, self.english_remedy
        return self.title, self.remedy


KINDS = {
    "invalid": Kind(
        400,
        "入力に誤りがあります",
        "`errors` に、項目・値・理由があります。すべて直してから送り直してください。何も保存さ"
        "れていません。",
        "What was sent is not valid",
        "`errors` has each field, value and reason. Mend them all and send it again. Nothing "
        "was stored.",
    ),
    "invalid-parameter": Kind(
        400,
        "パラメーターに誤りがあります",
        "`errors` に、パラメーター・値・理由があります。知らないパラメーターを黙って無視するこ"
        "とはありません。",
        "A parameter is not valid",
        "`errors` has each parameter, value and reason. Unknown parameters are never passed "
        "over in silence.",
    ),
    "malformed": Kind(
        400,
        "本文を読み取れません",
        "本文を正しいJSONにしてください。",
        "The body cannot be read",
        "Send valid JSON.",
    ),
    "not-authenticated": Kind(
        401,
        "認証が必要です",
        "`Authorization: Bearer トークン` を付けるか、ポータルにサインインしてください。",
        "Authentication is needed",
        "Send `Authorization: Bearer TOKEN`, or sign in to the portal.",
    ),
    "forbidden": Kind(
        403,
        "権限がありません",
        "役割またはトークンの範囲を管理者に確かめてください。",
        "You are not allowed to do this",
        "Ask an administrator about your role or the limits of the token.",
    ),
    "not-found": Kind(
        404,
        "見つかりません",
        "番号とアドレスを確かめてください。権限のない団体のものも見えません。",
        "There is no such thing",
        "Check number and address. What belongs to organizations in which you have no role "
        "cannot be seen.",
    ),
    "method-not-allowed": Kind(
        405,
        "この操作はできません",
        "`Allow` ヘッダーに、できる操作があります。",
        "This cannot be done here",
        "The header `Allow` has what can be done.",
    ),
    "not-acceptable": Kind(
        406,
        "この形式では返せません",
        "`Accept` を application/json にします。",
        "There is no such format",
        "Send `Accept: application/json`.",
    ),
    "conflict": Kind(
        409,
        "ほかの人が先に変更しました",
        "`current` がいまの値、`yours` が送られた値です。読み直し、どちらにするか決めて、"
        "`current.version` を付けて送り直してください。",
        "Somebody else changed it first",
        "`current` is what is stored, `yours` what was sent. Read it again, decide, and send "
        "it again with `current.version`.",
    ),
    "in-flight": Kind(
        409,
        "同じ書き込みを処理しています",
        "同じ `Idempotency-Key` の書き込みが終わっていません。`Retry-After` の秒数だけ待って送"
        "り直してください。終わっていれば、最初の応答が返ります。",
        "The same write is being done",
        "The write with this `Idempotency-Key` has not ended. Wait the seconds of "
        "`Retry-After` and send it again. If it has ended by then, its first answer is given "
        "again.",
    ),
    "gone": Kind(
        410,
        "もう残っていません",
        "新しい `position` を `changes/` で控えてから、すべてを読み直してください。",
        "It is not kept any more",
        "Take a new `position` from `changes/`, then read everything again.",
    ),
    "precondition-failed": Kind(
        412,
        "ほかの人が先に変更しました",
        "`If-Match` の版は古くなっています。`current` がいまの値、`yours` が送られた値です。ど"
        "ちらにするか決めて、いまの `ETag` を付けて送り直してください。",
        "Somebody else changed it first",
        "The version in `If-Match` is old. `current` is what is stored, `yours` what was sent. "
        "Decide, and send it again with the `ETag` of now.",
    ),
    "too-large": Kind(
        413,
        "本文が大きすぎます",
        "分けて送ってください。",
        "The body is too large",
        "Send it in parts.",
    ),
    "unsupported-media-type": Kind(
        415,
        "この形式は受け取れません",
        "`Content-Type` を application/json にします。",
        "This format cannot be taken",
        "Send `Content-Type: application/json`.",
    ),
    "key-reused": Kind(
        422,
        "別の書き込みに使われたキーです",
        "`Idempotency-Key` は書き込みごとに新しくしてください。同じキーで送り直せるのは、同じ内"
        "容だけです（24時間）。",
        "The key was used for another write",
        "Use a new `Idempotency-Key` for each write. Only the same content can be sent again "
        "under the same key (for 24 hours).",
    ),
    "rows-refused": Kind(
        422,
        "書き込めない行があります",
        "`results` に、行ごとの結果と断った理由があります。直してすべてを送り直すか、`mode` を"
        " `row_by_row` にしてください。何も保存されていません。",
        "Some rows cannot be written",
        "`results` has what would become of each row, and why it was refused. Mend them and "
        "send all again, or use `row_by_row` as `mode`. Nothing was stored.",
    ),
    "book-refused": Kind(
        422,
        "計画ブックを取り込めません",
        "`detail` に理由があります。`preview` で変更を確かめ直してください。"
        "何も保存されていません。",
        "The plan book cannot be taken over",
        "`detail` has the reason. Look at the changes in `preview` again. Nothing was stored.",
    ),
    "locked": Kind(
        423,
        "いまは変更できません",
        "年度照会が入力中でないか、提出・承認・確定されています。`detail` に理由があります。送"
        "り直しても同じなので、事務局に確かめてください。",
        "It cannot be changed now",
        "The round does not take entries, or the value is submitted, approved or final; "
        "`detail` says which. Sending it again changes nothing: ask the DX office.",
    ),
    "throttled": Kind(
        429,
        "呼び出しが多すぎます",
        "`Retry-After` の秒数だけ待ってください。",
        "Too many calls",
        "Wait the seconds of `Retry-After`.",
    ),
    "internal": Kind(
        500,
        "サーバーで問題が起きました",
        "記録に残しました。続くときは管理者に知らせてください。",
        "The server had a fault",
        "It was logged. If it goes on, tell the administrator.",
    ),
}
BY_STATUS = {kind.status: name for name, kind in reversed(KINDS.items())}


class ProblemSerializer(serializers.Serializer):
    """The shape of a problem, for the schema."""

    type = serializers.CharField(label="種類", help_text=f"{TYPE_PREFIX}… のアドレス。")
    title = serializers.CharField(label="見出し")
    status = serializers.IntegerField(label="状態コード")
    detail = serializers.CharField(label="説明")
    instance = serializers.CharField(label="呼び出し先")
    errors = FieldErrorSerializer(many=True, required=False, label="項目ごとの誤り")


class RowsRefusedSerializer(ProblemSerializer, BulkReportSerializer):
    """A problem of rows of a bulk call, with the report of all of them."""


class ConflictSerializer(ProblemSerializer):
    """A problem of two writers, with both values."""

    current = serializers.DictField(
        label="いまの値", help_text="だれが（`entered_by_name`）、いつ（`updated_at`）変更したか。"
    )
    yours = serializers.DictField(label="送られた値")


def problem_details(exc: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """REST framework's exception handler: every error, whatever raised it, in one shape."""
    request: Request = context["request"]
    set_rollback()
    if isinstance(exc, StaleVersion):
        return _conflict(exc, request, context["view"])
    exc = _as_api_exception(exc)
    if not isinstance(exc, exceptions.APIException):
        return _unexpected(exc, request)
    headers = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header
    if getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(exc.wait))
    found = list(flat_errors(exc.detail, _sent(exc, request)))
    is_about_fields = isinstance(exc, exceptions.ValidationError) or any(
        error["field"] is not None for error in found
    )
    return problem(
        request,
        _name_of(exc, request),
        _in_words(found),
        headers,
        errors=found if is_about_fields else None,
        **getattr(exc, "members", {}),
    )


def _in_words(errors: list[dict[str, Any]]) -> str:
    """The first error, for who reads nothing but `detail`, and how many more there are."""
    if not errors:
        return ""
    first, others = errors[0], len(errors) - 1
    if english.is_wanted():
        name = "" if first["field"] is None else f"{first['field']}: "
        more = f" (and {others} more)" if others else ""
    else:
        name = "" if first["field"] is None else f"{first['field']}："
        more = f"（ほか{others}件）" if others else ""
    return f"{name}{first['message']}{more}"


def _as_api_exception(exc: Exception) -> Exception:
    if isinstance(exc, Locked):
        return _LockedNow("".join(exc.messages))
    if isinstance(exc, ModelValidationError):
        return exceptions.ValidationError(plain_errors(exc))
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied(*exc.args)
    if isinstance(exc, exceptions.ParseError):
        reason = str(exc.detail).removeprefix("JSON parse error - ")
        return exceptions.ParseError(f"本文をJSONとして読み取れません（{reason}）。")
    if isinstance(exc, exceptions.PermissionDenied) and str(exc.detail).startswith("CSRF"):
        return exceptions.PermissionDenied(WITHOUT_CSRF)
    return exc


class _LockedNow(exceptions.APIException):
    status_code = 423


def _name_of(exc: exceptions.APIException, request: Request) -> str:
    if hasattr(exc, "problem"):
        return str(exc.problem)
    if isinstance(exc, exceptions.ParseError):
        return "malformed"
    if exc.status_code == 400 and request.method in ("GET", "HEAD", "DELETE"):
        return "invalid-parameter"
    if exc.status_code == 400 and _codes(exc) == {"parameter"}:
        return "invalid-parameter"
    return BY_STATUS.get(exc.status_code, "invalid")


def _codes(exc: exceptions.APIException) -> set[str]:
    codes = exc.get_codes()
    if not isinstance(codes, dict):
        return set()
    # Of a list of rows, the codes stand one level deeper: of its fields, not of parameters.
    return {code for several in codes.values() for code in several if isinstance(code, str)}


def _sent(exc: exceptions.APIException, request: Request) -> dict[str, Any]:
    """What was sent, by name: parameters, and the body where it could be read."""
    sent: dict[str, Any] = {
        name: values[0] if len(values) == 1 else values
        for name, values in request.query_params.lists()
    }
    if isinstance(exc, exceptions.ParseError | exceptions.UnsupportedMediaType):
        return sent
    if request.method in ("POST", "PUT", "PATCH") and request.successful_authenticator:
        body = request.data
        if isinstance(body, Mapping):
            sent |= {str(name): _named(value) for name, value in body.items()}
    return sent


def _named(value: Any) -> Any:
    """A file goes back by its name."""
    return value.name if isinstance(value, File) else value


def _conflict(exc: StaleVersion, request: Request, view: Any) -> HttpResponse:
    """Both values, and who wrote the stored one when, so that a person can decide."""
    yours = {**request.query_params.dict(), **request.data} if request.method != "DELETE" else {}
    try:
        current = view.represent_current(exc.current)
    except exceptions.NotFound as gone:
        return problem(request, "not-found", english.said(str(gone.detail)))
    detail = f"{exc}（いまの版：{current['version']}）"
    name = "precondition-failed" if "If-Match" in request.headers else "conflict"
    return problem(request, name, english.said(detail), current=current, yours=yours)


def _unexpected(exc: Exception, request: Request) -> HttpResponse:
    """A fault of the portal: logged with its trace, told without it."""
    django_request = request._request
    got_request_exception.send(sender=APIView, request=django_request)
    logger.error(
        "Internal Server Error: %s",
        django_request.path,
        exc_info=exc,
        extra={"status_code": 500, "request": django_request},
    )
    return problem(request, "internal", "")


def problem(
    request: Request,
    name: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """The answer. Plain, so that it is the same whatever the endpoint would have rendered."""
    kind = KINDS[name]
    title, remedy = kind.words()
    body = {
        "type": TYPE_PREFIX + name + "/",
        "title": title,
        "status": kind.status,
        "detail": detail or remedy,
        "instance": request.path,
        **{name: value for name, value in members.items() if value is not None},
    }
    text = json.dumps(body, cls=JSONEncoder, ensure_ascii=False)
    # Half a surrogate pair that was sent goes back as the escape that JSON has for it.
    content = text.encode("utf-8", "backslashreplace")
    told = {"Content-Language": "en" if english.is_wanted() else "ja", **(headers or {})}
    return HttpResponse(content, status=kind.status, content_type=CONTENT_TYPE, headers=told)
