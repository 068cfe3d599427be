"""What was wrong with what was sent, as flat lists of field, message and value."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from rest_framework import exceptions, serializers

# What was sent is sent back so that it can be found; a long text only in its beginning.
MAX_VALUE_LENGTH = 200


class FieldErrorSerializer(serializers.Serializer):
    field = serializers.CharField(
        allow_null=True, label="項目", help_text="全体についての誤りではnull。"
    )
    message = serializers.CharField(label="理由")
    value = serializers.JSONField(
        allow_null=True, required=False, label="送られた値", help_text="送られたときだけ入ります。"
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
        error: dict[str, Any] = {"field": path or None, "message": str(detail)}
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
    assert isinstance(exc, PermissionDenied)
    return list(flat_errors(str(exc) or "権限がありません。", said))


def plain_errors(exc: ModelValidationError) -> Any:
    if hasattr(exc, "error_dict"):
        return exc.message_dict
    return exc.messages


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_VALUE_LENGTH:
        return value[:MAX_VALUE_LENGTH] + "…"
    if isinstance(value, list | dict) and len(json.dumps(value, default=str)) > MAX_VALUE_LENGTH:
        return "（長いため省略）"
    return value
