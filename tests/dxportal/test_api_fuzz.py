"""Everything that the schema says, called with odd values by everybody (schemathesis).

Nobody ever gets a 500, a status that the schema does not have, an answer that is not as it says,
or a word of another city. What is generated follows the schema; where a number names a row, the
row of the cast is among the choices, so that calls get past "no such row".

The suite tries one example of each operation; by hand more:
    FUZZ_EXAMPLES=50 FUZZ_SEED=7 pytest tests/dxportal/test_api_fuzz.py
"""

import copy
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NotSet
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.audit import Actor
from accounts.tokens import Limits, issue_token
from tests.api import one_row_of_everything, undone
from tests.cast import LAST_YEAR, THIS_YEAR, Cast

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1"))
SEED = int(os.environ.get("FUZZ_SEED", "20261121"))
ROLES = ("editor", "approver", "coordinator", "viewer", "admin", "outsider")
# The last one asks for all fields, and is left out where the caller chose some.
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
NO_SUCH = 999_999
MAX_SHOWN = int(os.environ.get("FUZZ_SHOWN", "40"))
# What no outsider may read, unless it was sent: names of the city's own rows.
SECRETS = ("佐世保市", "スマートツーリズムの実現", "データを活用した事業立案数", "学習用端末の更新")


def named(cast: Cast, rows: dict[str, int]) -> dict[str, list[int]]:
    """By the name of a field or parameter, the numbers that are tried for it."""
    singular = {
        "measure": rows["measures"],
        "parent": rows["measures"],
        "project": rows["projects"],
        "indicator": rows["indicators"],
        "department": rows["departments"],
        "organization": cast.city.pk,
        "cycle": rows["cycles"],
        "item": rows["items"],
        "tag": rows["tags"],
        "level": rows["levels"],
        "phase": rows["phases"],
        "webhook": rows["webhooks"],
        "plan": cast.plan.pk,
    }
    return {
        **{name: [number, NO_SUCH] for name, number in singular.items()},
        "fiscal_year": [LAST_YEAR, THIS_YEAR],
        "fiscal_year__gte": [LAST_YEAR, THIS_YEAR],
        "fiscal_year__lte": [LAST_YEAR, THIS_YEAR],
        "version": [1, 2],
        "page": [1, 2],
    }


def narrowed(raw: dict[str, Any], cast: Cast, rows: dict[str, int]) -> dict[str, Any]:
    """The schema with the cast's numbers for what is sent; what is answered is as it was."""
    schema, numbers = copy.deepcopy(raw), named(cast, rows)
    for name, component in schema["components"]["schemas"].items():
        if name.endswith("Request"):
            for field, described in component.get("properties", {}).items():
                _narrow(described, numbers.get(field))
    for path, operations in schema["paths"].items():
        resource = path.removeprefix("/api/v1/").split("/")[0]
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                wanted = numbers.get(parameter["name"])
                if parameter["in"] == "path" and resource in rows:
                    wanted = [rows[resource], NO_SUCH]
                _narrow(parameter["schema"], wanted)
    schema.pop("webhooks", None)  # what receivers are sent, and nobody calls
    return schema


def _narrow(described: dict[str, Any], wanted: list[int] | None) -> None:
    kinds = described.get("type")
    if wanted and "integer" in ([kinds] if isinstance(kinds, str) else kinds or []):
        described["enum"] = [*wanted, *([None] if isinstance(kinds, list) else [])]


def cases(operation: Any) -> Iterator[Any]:
    """So many examples of an operation, the same for the same seed."""
    made: list[Any] = []

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(GenerationMode.POSITIVE))
    def generate(case: Any) -> None:
        made.append(case)

    generate()
    return iter(made)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The calls are made in the test's own transaction: its connection is kept, as for a Client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def test_everything_the_schema_says_holds_for_everybody(
    cast: Cast, files: Path, settings: Any, one_connection: None
) -> None:
    settings.API_CALLS_PER_MINUTE = settings.API_FAILURES_PER_MINUTE = 0
    rows = one_row_of_everything(cast)
    raw = SchemaGenerator().get_schema(request=None, public=True)
    schema = schemathesis.openapi.from_dict(narrowed(raw, cast, rows))
    schema.app = get_wsgi_application()
    loose = without_required(schema.raw_schema)
    headers = {
        who: {
            "Authorization": "Bearer "
            + issue_token(Actor.system(), cast.people[who], who, Limits("write"))[1]
        }
        for who in ROLES
    }
    headers["nobody"] = {}
    answers: Counter[int] = Counter()
    wrong = []
    random.seed(SEED)
    for found in schema.get_all_operations():
        for case in cases(found.ok()):
            for who in headers:
                with undone():
                    response = case.call(headers=headers[who])
                    answers[response.status_code] += 1
                    wrong += faults(case, who, response, loose)
    told = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))
    print(f"{sum(answers.values())} calls ({told})")  # noqa: T201  # shown by pytest -s
    shown = "\n".join(wrong[:MAX_SHOWN])
    assert not wrong, f"{len(wrong)} faults in {sum(answers.values())} calls:\n{shown}"
    # Enough of them got past the door.
    assert answers[200] > sum(answers.values()) / 10


def without_required(raw: dict[str, Any]) -> dict[str, Any]:
    """The answers' schema for who chose their fields: any of them may then be missing."""
    loose = copy.deepcopy(raw)
    for component in loose["components"]["schemas"].values():
        component.pop("required", None)
    return loose


def faults(case: Any, who: str, response: Any, loose: dict[str, Any]) -> Iterator[str]:
    body = "" if isinstance(case.body, NotSet) else f"{case.body!r:.300}"
    call = f"{who}: {case.method} {case.formatted_path} {case.query or ''} {body}"
    chose_fields = response.status_code == 200 and "fields" in (case.query or {})
    try:
        case.validate_response(response, checks=CHECKS[:-1] if chose_fields else CHECKS)
    except BaseException as failure:  # a group of them
        yield f"{call}\n    {describe(failure)}"
    if chose_fields and response.headers["content-type"][0].startswith("application/json"):
        told = loose["paths"][case.path][case.method.lower()]["responses"]["200"]["content"]
        found = {"components": loose["components"], **told["application/json"]["schema"]}
        for error in Draft202012Validator(found).iter_errors(response.json()):
            yield f"{call}\n    {error.message:.300}"
    if who in ("outsider", "nobody"):
        text = response.content.decode("utf-8", "replace")
        sent = f"{case.query} {case.body}"
        for secret in SECRETS:
            if secret in text and secret not in sent:
                yield f"{call}\n    tells {secret}"


def describe(failure: BaseException) -> str:
    inner = getattr(failure, "exceptions", [failure])
    return " | ".join(str(one).split("[")[0].replace("\n", " ")[:400] for one in inner)


@pytest.mark.skipif(EXAMPLES > 1, reason="only the suite's own run is the same every time")
def test_the_suite_s_examples_are_the_same_every_time(cast: Cast, files: Path) -> None:
    rows = one_row_of_everything(cast)
    raw = SchemaGenerator().get_schema(request=None, public=True)
    schema = schemathesis.openapi.from_dict(narrowed(raw, cast, rows))
    operation = schema["/api/v1/actuals/"]["POST"]
    first, second = (repr(next(cases(operation)).body) for _ in range(2))
    assert first == second
