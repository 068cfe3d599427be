"""The schema says what the server does: it is valid, its words are there, answers fit it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from dxportal.rest.reference_schema import RECEIVER
from dxportal.urls.api import RESOURCES
from tests.api import ROOT, Caller, one_row_of_everything, service
from tests.cast import Cast, grow

READS = ("200", "201", "202", "204")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_schema_is_made_without_a_warning(tmp_path: Path) -> None:
    call_command(
        "spectacular", file=str(tmp_path / "schema.yaml"), validate=True, fail_on_warn=True
    )


def test_the_schema_is_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(schema).iter_errors()) == []


def test_the_schema_leaves_the_pages_filters_as_they_are(cast: Cast) -> None:
    """Asked for in English first, the names of choices stay those of the models."""
    client = Client()
    client.force_login(cast.coordinator)
    assert client.get("/api/v1/schema/", headers={"Accept-Language": "en"}).status_code == 200
    page = client.get("/plans/").content.decode()
    assert re.search(r'<label[^>]* for="id_status"[^>]*>\s*状態', page)
    assert "Status" not in page


def test_every_resource_is_described_in_japanese(schema: dict[str, Any]) -> None:
    tags = {tag["name"]: tag["description"] for tag in schema["tags"]}
    assert sorted(tags) == sorted(RESOURCES)
    for path, method, operation in operations(schema):
        for text in (operation["summary"], operation["description"]):
            assert any("ぁ" <= char <= "鿿" for char in text), (path, method)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                assert parameter["description"], (path, method, parameter["name"])


def test_every_operation_says_what_can_go_wrong(schema: dict[str, Any]) -> None:
    for path, method, operation in operations(schema):
        assert "401" in operation["responses"], path
        for status, response in operation["responses"].items():
            if status not in (*READS, "304"):
                assert list(response["content"]) == ["application/problem+json"], (path, method)


def test_the_parameters_in_the_schema_are_those_that_the_server_takes(
    schema: dict[str, Any], cast: Cast
) -> None:
    """Neither a filter that is not described nor one that is not there."""
    for name, viewset in RESOURCES.items():
        operation = schema["paths"][f"{ROOT}{name}/"]["get"]
        described = {
            parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"
        }
        view = viewset(action="list")
        assert described == view.known_parameters(), name


@pytest.fixture
def validator(schema: dict[str, Any]) -> Any:
    """`validator(path, response)` checks an answer against what the schema says of it."""

    def validate(path: str, response: Any) -> None:
        operation = schema["paths"][path][response.wsgi_request.method.lower()]
        described = operation["responses"][str(response.status_code)]["content"]
        content_type = response["Content-Type"].split(";")[0]
        found = {"components": schema["components"], **described[content_type]["schema"]}
        errors = list(Draft202012Validator(found).iter_errors(response.json()))
        assert errors == [], (path, [f"{list(e.path)}: {e.message}" for e in errors[:5]])

    return validate


@pytest.mark.parametrize("name", RESOURCES)
def test_answers_are_as_the_schema_says(cast: Cast, files: Path, validator: Any, name: str) -> None:
    rows = one_row_of_everything(cast)
    grow(cast, 2)
    caller = Caller(cast.admin)  # who sees every kind of row
    listed = caller.get(f"{name}/")
    assert listed.json()["results"]
    validator(f"{ROOT}{name}/", listed)
    validator(f"{ROOT}{name}/{{id}}/", caller.get(f"{name}/{rows[name]}/"))
    validator(f"{ROOT}{name}/", caller.get(f"{name}/?no_such=1"))
    validator(f"{ROOT}{name}/", caller.get(f"{name}/?page=99"))
    validator(f"{ROOT}{name}/{{id}}/", caller.get(f"{name}/999999/"))
    validator(f"{ROOT}{name}/", Caller().get(f"{name}/"))


def test_the_answers_to_writes_are_as_the_schema_says(
    cast: Cast, files: Path, validator: Any
) -> None:
    rows = one_row_of_everything(cast)
    writer = Caller(secret=service(cast, "write")[1])
    listed, one = f"{ROOT}actuals/", f"{ROOT}actuals/{{id}}/"
    figure = f"actuals/{rows['actuals']}/"
    new = {"indicator": cast.indicators["立案数"].pk, "fiscal_year": 2025, "value": "7"}
    validator(listed, writer.post("actuals/", new))  # 201
    validator(listed, writer.post("actuals/", new))  # 409
    validator(listed, writer.post("actuals/", {**new, "fiscal_year": 2024}))  # 423
    validator(listed, writer.post("actuals/", {**new, "indicator": 999_999}))  # 404
    validator(listed, writer.post("actuals/", {**new, "value": "多い"}))  # 409 before 400
    validator(listed, Caller(cast.viewer).post("actuals/", new))  # 403
    validator(listed, writer.call("POST", "actuals/", "{"))  # 400
    validator(one, writer.patch(figure, {"note": "確認済み", "version": 1}))
    validator(one, writer.patch(figure, {"note": "別の人", "version": 1}))
    validator(one, writer.delete(figure))
    validator(one, writer.delete(f"{figure}?version=1"))
    review = f"reviews/{rows['reviews']}/"
    validator(f"{ROOT}reviews/{{id}}/", writer.patch(review, {"mark": "behind", "version": 1}))
    asked = {"plan": cast.plan.pk, "fiscal_year": 2024, "format": "xlsx"}
    validator(f"{ROOT}jobs/", Caller(cast.coordinator).post("jobs/", asked))
    validator(f"{ROOT}jobs/", Caller(cast.viewer).post("jobs/", asked))


def test_the_answers_of_acts_and_bulk_calls_are_as_the_schema_says(
    cast: Cast, files: Path, validator: Any
) -> None:
    rows = one_row_of_everything(cast)
    writer = Caller(secret=service(cast, "write")[1])
    approver, coordinator = Caller(cast.approver), Caller(cast.coordinator)
    item, submitted = f"items/{rows['items']}/", f"items/{rows['submitted']}/"
    step = f"{ROOT}items/{{id}}/"
    validator(f"{step}submit/", writer.post(f"{item}submit/", {"version": 9}))  # 409
    late = writer.call("POST", f"{item}submit/", {}, **{"If-Match": '"9"'})
    validator(f"{step}submit/", late)  # 412
    validator(f"{step}submit/", writer.post(f"{item}submit/", {"version": 1}))
    validator(f"{step}return/", approver.post(f"{submitted}return/", {"version": 1}))  # 400
    validator(f"{step}approve/", approver.post(f"{submitted}approve/", {"version": 1}))
    many = {"step": "approve", "items": [{"id": 1, "version": 1}, {"id": 10**6, "version": 1}]}
    validator(f"{ROOT}items/bulk/", approver.post("items/bulk/", many))
    figures = [{"indicator_key": "苦情", "fiscal_year": 2025, "value": "1"}, {"value": 1.5}]
    body = {"organization": cast.city.pk, "rows": figures}
    bulk = f"{ROOT}actuals/bulk/"
    key = {"Idempotency-Key": "1"}
    validator(bulk, writer.call("POST", "actuals/bulk/", body, **key))  # 422 with the report
    other = {**body, "mode": "row_by_row"}
    validator(bulk, writer.call("POST", "actuals/bulk/", other, **key))  # 422 of the key
    validator(bulk, writer.post("actuals/bulk/", other))
    cycle = {"plan": cast.plan.pk, "fiscal_year": 2026}
    made = coordinator.post("cycles/", cycle)
    validator(f"{ROOT}cycles/", made)
    address = f"cycles/{made.json()['id']}/move/"
    validator(f"{ROOT}cycles/{{id}}/move/", coordinator.post(address, {"to": "open", "version": 1}))
    correction = {
        "plan": cast.plan.pk,
        "indicator": cast.indicators["立案数"].pk,
        "fiscal_year": 2024,
        "value": "9",
        "reason": "転記の誤り",
        "version": 1,
    }
    validator(f"{ROOT}corrections/", coordinator.post("corrections/", correction))
    validator(f"{ROOT}corrections/", coordinator.post("corrections/", correction))  # 409


def test_the_answers_to_edits_are_as_the_schema_says(
    cast: Cast, files: Path, validator: Any
) -> None:
    rows = one_row_of_everything(cast)
    coordinator = Caller(cast.coordinator)
    new = {"plan": cast.plan.pk, "name": "新しい指標", "tolerance": "1.5"}
    validator(f"{ROOT}indicators/", coordinator.post("indicators/", new))
    validator(f"{ROOT}indicators/", coordinator.post("indicators/", {**new, "tolerance": 1.5}))
    one = f"phases/{rows['phases']}/"
    renamed = {"name": "前期", "version": 1}
    validator(f"{ROOT}phases/{{id}}/", coordinator.patch(one, renamed))
    validator(f"{ROOT}phases/{{id}}/", coordinator.patch(one, renamed))  # 409
    validator(f"{ROOT}phases/{{id}}/", coordinator.delete(f"{one}?version=1"))  # 409
    validator(f"{ROOT}phases/{{id}}/", coordinator.delete(f"{one}?version=2"))
    deletion = f"deletions/{rows['deletions']}/restore/"
    validator(f"{ROOT}deletions/{{id}}/restore/", coordinator.post(deletion, {}))


def test_the_schema_comes_as_yaml_and_as_json(cast: Cast) -> None:
    caller = Caller(cast.viewer)
    address = reverse("api-schema")
    assert b"openapi: 3.1" in caller.get(address).content
    as_json = caller.get(address, Accept="application/vnd.oai.openapi+json")
    assert as_json.json()["info"]["title"] == "DX計画ポータル API"


def test_the_reference_draws_the_same_schema_in_older_words(
    cast: Cast, schema: dict[str, Any]
) -> None:
    drawn = Caller(cast.viewer).get(f"{reverse('api-docs')}?schema=").json()
    assert list(OpenAPIV30SpecValidator(drawn).iter_errors()) == []
    assert set(drawn["paths"]) - set(schema["paths"]) == {RECEIVER}
    assert set(drawn["components"]["schemas"]) == set(schema["components"]["schemas"])
    both = (one["components"]["schemas"]["Actual"] for one in (schema, drawn))
    actual, shown = (one["properties"] for one in both)
    assert list(actual) == list(shown)
    assert (actual["value"]["type"], shown["value"]["type"]) == (["string", "null"], "string")
    assert shown["value"]["nullable"] is True


def test_the_reference_page_has_nothing_inline_and_nothing_from_outside(cast: Cast) -> None:
    response = Caller(cast.viewer).get(reverse("api-docs"))
    html = response.content.decode()
    assert "swagger-ui-bundle.js" in html
    for forbidden in ("<style", "style=", "<script>", "http://", "https://"):
        assert forbidden not in html.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "unsafe-inline" not in response["Content-Security-Policy"]
