"""What the API promises: its version, what will go and when, and the schema of each release.

What is to go is declared in DEPRECATIONS, nowhere else. From there come the headers `Deprecation`
(RFC 9745), `Sunset` (RFC 8594) and `Link` of every answer that it touches, and `deprecated` in the
schema.
"""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils.http import http_date

API_VERSION: str = settings.SPECTACULAR_SETTINGS["VERSION"]
RECORDS = Path(settings.BASE_DIR) / "docs" / "api"
# At least so long after it was declared, something that was deprecated still works.
NOTICE = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Deprecation:
    """A route (by its name, `api-budgets-list`), or one query parameter of it, that will go."""

    route: str
    since: datetime.date
    sunset: datetime.date
    # What to use instead, as an address or a page of the documentation.
    instead: str
    methods: tuple[str, ...] = ("GET", "POST", "PUT", "PATCH", "DELETE")
    parameter: str = ""

    def __post_init__(self) -> None:
        if self.sunset - self.since < NOTICE:
            raise ValueError(f"{self.route} has to work for {NOTICE.days} days after {self.since}.")

    def touches(self, request: HttpRequest) -> bool:
        match = request.resolver_match
        if match is None or match.view_name != self.route or request.method not in self.methods:
            return False
        return not self.parameter or self.parameter in request.GET


DEPRECATIONS: tuple[Deprecation, ...] = ()


class DeprecationHeaders:
    """Middleware: says of an answer that what was called will go, when, and what comes instead."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        touched = [declared for declared in DEPRECATIONS if declared.touches(request)]
        if touched:
            first = min(touched, key=lambda declared: declared.sunset)
            response["Deprecation"] = f"@{_seconds(first.since)}"
            response["Sunset"] = http_date(_seconds(first.sunset))
            response["Link"] = f'<{first.instead}>; rel="deprecation"'
        return response


def _seconds(day: datetime.date) -> int:
    midnight = datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)
    return int(midnight.timestamp())


def mark_deprecated(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Hook of the schema: `deprecated` on what DEPRECATIONS names."""
    for declared in DEPRECATIONS:
        for path, operations in result["paths"].items():
            for method, operation in operations.items():
                if _route_of(path) == declared.route and method.upper() in declared.methods:
                    _mark(operation, declared.parameter)
    return result


def _route_of(path: str) -> str:
    """The name of the route of a path in the schema, whatever stands for its parts."""
    return resolve(re.sub(r"\{\w+\}", "1", path)).view_name


def _mark(operation: dict[str, Any], parameter: str) -> None:
    if not parameter:
        operation["deprecated"] = True
    for described in operation.get("parameters", ()):
        if described["name"] == parameter:
            described["deprecated"] = True


def record_of(version: str) -> Path:
    """Where the schema of a release is kept; it never changes."""
    return RECORDS / f"openapi-{version}.json"


def records() -> list[Path]:
    """The schemas of all releases of this major version."""
    return sorted(RECORDS.glob(f"openapi-{API_VERSION.split('.')[0]}.*.json"))
