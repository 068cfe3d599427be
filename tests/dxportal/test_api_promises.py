"""What the API promises: no release breaks a client of one before, and what goes says so first."""

import copy
import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from drf_spectacular.generators import SchemaGenerator

from dxportal.rest import promises
from dxportal.rest.compatibility import breaking_changes
from dxportal.rest.promises import API_VERSION, RECORDS, Deprecation, record_of
from tests.api import Caller
from tests.cast import Cast

OLD = datetime.date(2026, 4, 1)
LATER = datetime.date(2027, 10, 1)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def test_no_client_of_an_earlier_release_breaks(schema: dict[str, Any]) -> None:
    assert record_of(API_VERSION).exists(), "manage.py record_api"
    for record in promises.records():
        found = breaking_changes(json.loads(record.read_text()), schema)
        assert not found, f"Breaks clients of {record.name}:\n" + "\n".join(found)


def test_this_version_stands_in_the_schema_and_the_changelog(schema: dict[str, Any]) -> None:
    assert schema["info"]["version"] == API_VERSION
    assert f"## {API_VERSION}" in (RECORDS / "CHANGELOG.md").read_text()


def test_a_record_is_never_written_over() -> None:
    with pytest.raises(CommandError, match="raise the VERSION"):
        call_command("record_api")


# The checker


def example() -> dict[str, Any]:
    choice = {"type": "string", "enum": ["pdf", "xlsx"]}
    body = {
        "type": "object",
        "properties": {
            "plan": {"type": "integer", "minimum": 1},
            "format": choice,
            "note": {"type": ["string", "null"], "maxLength": 100},
            "rows": {
                "type": "array",
                "maxItems": 10,
                "items": {"$ref": "#/components/schemas/Row"},
            },
        },
        "required": ["plan"],
        "additionalProperties": False,
    }
    row = {"type": "object", "properties": {"value": {"type": "string"}}, "required": ["value"]}
    return {
        "paths": {
            "/jobs/": {
                "get": {
                    "parameters": [
                        {"in": "query", "name": "plan", "schema": {"type": "integer"}},
                        {"in": "query", "name": "format", "schema": choice},
                    ],
                    "responses": {
                        "200": {
                            "content": {
                                "json": {
                                    "schema": {
                                        "oneOf": [
                                            {"$ref": "#/components/schemas/Job"},
                                            {"type": "null"},
                                        ]
                                    }
                                }
                            }
                        }
                    },
                },
                "post": {
                    "requestBody": {"content": {"json": {"schema": body}}},
                    "responses": {
                        "201": {
                            "content": {"json": {"schema": {"$ref": "#/components/schemas/Job"}}}
                        },
                        "400": {},
                    },
                },
            }
        },
        "components": {
            "schemas": {
                "Row": row,
                "Job": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "integer"},
                        "format": choice,
                        "error": {"type": "string"},
                        "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
                        "parent": {"$ref": "#/components/schemas/Job"},
                    },
                    "required": ["id", "format"],
                },
            }
        },
    }


def body_of(new: dict[str, Any]) -> Any:
    return new["paths"]["/jobs/"]["post"]["requestBody"]["content"]["json"]["schema"]


def parameters_of(new: dict[str, Any]) -> Any:
    return new["paths"]["/jobs/"]["get"]["parameters"]


def job_of(new: dict[str, Any]) -> Any:
    return new["components"]["schemas"]["Job"]


NEEDED = {"in": "query", "name": "organization", "required": True, "schema": {"type": "integer"}}
BREAKING: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("is gone", lambda new: new["paths"].pop("/jobs/")),
    ("GET /jobs/: is gone", lambda new: new["paths"]["/jobs/"].pop("get")),
    ("parameter plan (query) is gone", lambda new: parameters_of(new).pop(0)),
    ("parameter organization (query) is needed", lambda new: parameters_of(new).append(NEEDED)),
    ("parameter plan (query) is needed", lambda new: parameters_of(new)[0].update(required=True)),
    ("xlsx is not among", lambda new: parameters_of(new)[1].update(schema={"enum": ["pdf"]})),
    ("string instead of", lambda new: job_of(new)["properties"]["id"].update(type="string")),
    ("field format may be missing", lambda new: job_of(new)["required"].remove("format")),
    ("field error is gone", lambda new: job_of(new)["properties"].pop("error")),
    ("field id may be missing", lambda new: job_of(new)["required"].pop(0)),
    (
        "null instead of string",
        lambda new: job_of(new)["properties"]["error"].update(type=["string", "null"]),
    ),
    ("field format may be missing", lambda new: body_of(new)["required"].append("format")),
    ("field note is not taken", lambda new: body_of(new)["properties"].pop("note")),
    ("xlsx is not among", lambda new: body_of(new)["properties"]["format"]["enum"].pop()),
    ("null instead of", lambda new: body_of(new)["properties"]["note"].update(type="string")),
    ("maxLength 100", lambda new: body_of(new)["properties"]["note"].update(maxLength=50)),
    ("maxItems 10", lambda new: body_of(new)["properties"]["rows"].update(maxItems=5)),
    ("minimum 1", lambda new: body_of(new)["properties"]["plan"].update(minimum=2)),
    ("pattern none", lambda new: body_of(new)["properties"]["note"].update(pattern="^x")),
    ("answer 201 is gone", lambda new: new["paths"]["/jobs/"]["post"]["responses"].pop("201")),
    (
        "a body is needed",
        lambda new: new["paths"]["/jobs/"]["post"]["requestBody"].update(required=True),
    ),
    (
        "rows[]: field unit may be missing",
        lambda new: new["components"]["schemas"].update(
            Row={
                "type": "object",
                "properties": {"value": {"type": "string"}, "unit": {}},
                "required": ["value", "unit"],
            }
        ),
    ),
]


@pytest.mark.parametrize(("told", "change"), BREAKING)
def test_what_breaks_a_client_is_found(told: str, change: Callable[[dict[str, Any]], Any]) -> None:
    old, new = example(), copy.deepcopy(example())
    change(new)
    assert told in "\n".join(breaking_changes(old, new))


ADDITIONS: list[Callable[[dict[str, Any]], Any]] = [
    lambda new: None,
    lambda new: new["paths"].update({"/more/": {"get": {"responses": {}}}}),
    lambda new: parameters_of(new).append({**NEEDED, "required": False}),
    lambda new: job_of(new)["properties"].update(more={"type": "string"}),
    lambda new: job_of(new)["required"].append("error"),
    lambda new: body_of(new)["properties"].update(more={"type": "string"}),
    lambda new: body_of(new)["properties"]["note"].update(maxLength=200),
    lambda new: body_of(new)["properties"]["plan"].update(type="number"),
    lambda new: body_of(new)["required"].clear(),
    lambda new: parameters_of(new)[1].update(
        schema={"type": "string", "enum": ["pdf", "xlsx", "docx"]}
    ),
    lambda new: job_of(new)["properties"].update(
        format={"type": "string", "enum": ["pdf", "xlsx", "docx"]}
    ),
    lambda new: new["paths"]["/jobs/"]["post"]["responses"].pop("400"),
]


@pytest.mark.parametrize("change", ADDITIONS)
def test_an_addition_breaks_nobody(change: Callable[[dict[str, Any]], Any]) -> None:
    old, new = example(), copy.deepcopy(example())
    change(new)
    assert breaking_changes(old, new) == []


# What will go


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Callable[[Deprecation], None]:
    return lambda what: monkeypatch.setattr(promises, "DEPRECATIONS", (what,))


def test_what_will_go_says_so(
    cast: Cast, declared: Callable[[Deprecation], None], schema: dict[str, Any]
) -> None:
    declared(Deprecation("api-phases-list", OLD, LATER, "/api/v1/docs/#phases", methods=("GET",)))
    caller = Caller(cast.viewer)
    answer = caller.get("phases/")
    assert answer["Deprecation"] == "@1775001600"
    assert answer["Sunset"] == "Fri, 01 Oct 2027 00:00:00 GMT"
    assert answer["Link"] == '</api/v1/docs/#phases>; rel="deprecation"'
    assert "Deprecation" not in caller.get(f"phases/{cast.phase.pk}/")
    assert "Deprecation" not in caller.get("plans/")
    operations = promises.mark_deprecated(copy.deepcopy(schema), None)["paths"]
    assert operations["/api/v1/phases/"]["get"]["deprecated"] is True
    assert "deprecated" not in operations["/api/v1/phases/{id}/"]["get"]


def test_a_parameter_that_will_go_says_so_where_it_is_used(
    cast: Cast, declared: Callable[[Deprecation], None]
) -> None:
    declared(Deprecation("api-phases-list", OLD, LATER, "/api/v1/docs/", parameter="q"))
    assert "Sunset" in Caller(cast.viewer).get("phases/?q=R4")
    assert "Sunset" not in Caller(cast.viewer).get("phases/")


def test_nothing_goes_within_a_year() -> None:
    with pytest.raises(ValueError, match="365 days"):
        Deprecation("api-phases-list", OLD, OLD + datetime.timedelta(days=90), "/")
