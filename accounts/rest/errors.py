"""What was wrong with what was sent, as flat lists of field, code, message and value."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.utils.module_loading import import_string
from rest_framework import exceptions, serializers

from accounts.versions import StaleVersion

# What was sent is sent back so that it can be found; a long text only in its beginning.
MAX_VALUE_LENGTH = 200


class Sentence(serializers.CharField):
    """What is told to a person, in the client's language."""

    def to_representation(self, value: Any) -> str:
        return told(str(value))


class FieldErrorSerializer(serializers.Serializer):
    field = serializers.CharField(
        allow_null=True, label="項目", help_text="全体についての誤りではnull。"
    )
    code = serializers.CharField(
        label="理由の符号",
        help_text="言語によらない、理由の種類（required、invalid、stale など）。",
    )
    message = serializers.CharField(
        label="理由", help_text="`Accept-Language` の言語（ja、en）で書かれます。"
    )
    # Any JSON, so null as well: `allow_null` would say it a second time, as another alternative.
    value = serializers.JSONField(
        required=False, label="送られた値", help_text="送られたときだけ入ります。"
    )


def flat_errors(detail: Any, sent: Mapping[str, Any], path: str = "") -> Iterator[dict[str, Any]]:
    """REST framework's nested errors, flat: `targets.0.value`."""
    if isinstance(detail, Mapping):
        for name, below in detail.items():
            is_whole = name in (NON_FIELD_ERRORS, "non_field_errors", "detail")
            yield from flat_errors(below, sent, path if is_whole else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list | tuple):
        for place, below in enumerate(detail):
            is_nested = isinstance(below, Mapping | list)
            at = f"{path}.{place}".lstrip(".") if is_nested else path
            yield from flat_errors(below, sent, at)
    else:
        error: dict[str, Any] = {
            "field": path or None,
            "code": getattr(detail, "code", None) or "invalid",
            "message": told(str(detail)),
        }
        if path in sent:
            error["value"] = _shortened(sent[path])
        yield error


def errors_of(exc: Exception, sent: Any) -> list[dict[str, Any]]:
    """Why a service or a serializer refused what was sent."""
    said = sent if isinstance(sent, Mapping) else {}
    if isinstance(exc, exceptions.APIException):
        return list(flat_errors(exc.detail, said))
    if isinstance(exc, ModelValidationError):
        return list(flat_errors(plain_errors(exc), said))
    if isinstance(exc, StaleVersion):
        return list(flat_errors({"version": exceptions.ErrorDetail(str(exc), "stale")}, said))
    assert isinstance(exc, PermissionDenied)
    refusal = exceptions.ErrorDetail(str(exc) or "権限がありません。", "permission_denied")
    return list(flat_errors(refusal, said))


def plain_errors(exc: ModelValidationError) -> Any:
    """The messages as REST framework has them, each with its code."""
    if hasattr(exc, "error_dict"):
        return {name: _details(errors) for name, errors in exc.error_dict.items()}
    return _details(exc.error_list)


def _details(errors: Iterable[ModelValidationError]) -> list[exceptions.ErrorDetail]:
    return [
        exceptions.ErrorDetail(message, error.code or "invalid")
        for error in errors
        for message in error.messages
    ]


def told(sentence: str) -> str:
    """The sentence in the client's language; the floor above knows how it is said."""
    said: str = import_string(settings.API_SENTENCES)(sentence)
    return said


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_VALUE_LENGTH:
        return value[:MAX_VALUE_LENGTH] + "…"
    if isinstance(value, list | dict) and len(json.dumps(value, default=str)) > MAX_VALUE_LENGTH:
        return "（長いため省略）"
    return value
