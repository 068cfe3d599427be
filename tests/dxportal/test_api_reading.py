"""Reading: cursor pages while others write, chosen fields, expanded rows, whole lists at once."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.rest.shaping import expands_of
from dxportal.urls.api import RESOURCES
from kpi.models import Actual, Indicator
from tests.api import Caller, one_row_of_everything
from tests.cast import Cast, grow

NDJSON = {"Accept": "application/x-ndjson"}


@pytest.fixture
def viewer(cast: Cast) -> Caller:
    return Caller(cast.viewer)


def refused(response: Any) -> tuple[str, str]:
    assert response.status_code == 400, response.content.decode()
    (error,) = response.json()["errors"]
    return error["field"], error["message"]


def lines(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content.decode()
    content = b"".join(response.streaming_content).decode()
    assert content == "" or content.endswith("\n")
    return [json.loads(line) for line in content.splitlines()]


def table(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200, response.content.decode()
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


# Cursor pages


def test_no_row_is_missed_or_doubled_while_rows_are_written(cast: Cast, viewer: Caller) -> None:
    for number in range(40):
        cast.indicator(f"多{number:02}", name="同じ名前")
    there = set(Indicator.objects.visible_to(cast.viewer).values_list("pk", flat=True))
    seen: list[int] = []
    removed: set[int] = set()
    address = "indicators/?page_type=cursor&page_size=7"
    while address:
        page = viewer.get(address).json()
        seen += [row["id"] for row in page["results"]]
        # Behind the reader and before it: rows come, change their name and go.
        cast.indicator(f"新{len(seen)}", name="あ")
        Indicator.objects.filter(pk=seen[0]).update(name="ん")
        for pk in (seen[-1], seen[-1] + 3):
            gone = Indicator.objects.filter(pk=pk, key__startswith="多")
            removed |= set(gone.values_list("pk", flat=True))
            gone.delete()
        address = page["next"] and page["next"].removeprefix("http://testserver")
    assert len(seen) == len(set(seen))
    assert there - removed <= set(seen)


def test_a_cursor_goes_on_only_where_it_came_from(cast: Cast, viewer: Caller) -> None:
    grow(cast, 3)
    query = f"indicators/?plan={cast.plan.pk}&page_type=cursor&page_size=2"
    link = viewer.get(query).json()["next"]
    cursor = link.split("cursor=")[1].split("&")[0]
    assert viewer.get(f"indicators/?plan={cast.plan.pk}&cursor={cursor}").status_code == 200
    for other in ("indicators/?", "projects/?", f"indicators/?plan={cast.plan.pk}&q=a&"):
        field, message = refused(viewer.get(f"{other}cursor={cursor}"))
        assert field == "cursor" and "next" in message
    for wrong in ("1", "1:x", "%E3%81%82", cursor[:-1]):
        assert refused(viewer.get(f"indicators/?cursor={wrong}"))[0] == "cursor"
    more = "indicators/?page_type=cursor"
    assert refused(viewer.get(f"{more}&ordering=name"))[0] == "ordering"
    assert refused(viewer.get(f"{more}&page=2"))[0] == "page"
    assert refused(viewer.get("indicators/?page_type=offset"))[0] == "page_type"


# Fields and expanded rows


def test_only_the_fields_that_are_asked_for_are_given(cast: Cast, viewer: Caller) -> None:
    rows = viewer.rows("indicators/?fields=name,id&ordering=name")
    assert all(list(row) == ["id", "name"] for row in rows) and rows
    one = viewer.get(f"plans/{cast.plan.pk}/?fields=key").json()
    assert one == {"key": cast.plan.key}
    for names in ("id,password", "id,,name", "organization__name", "expanded"):
        field, message = refused(viewer.get(f"indicators/?fields={names}"))
        assert field == "fields" and "指定できるのは" in message
    assert refused(viewer.get("indicators/?fields=id,id"))[0] == "fields"


def test_rows_that_are_pointed_to_come_along(cast: Cast, viewer: Caller) -> None:
    (row,) = viewer.rows(
        f"actuals/?indicator={cast.indicators['来訪者'].pk}&fiscal_year=2024&expand=indicator"
    )
    at_home = viewer.get(f"indicators/{cast.indicators['来訪者'].pk}/").json()
    assert row["expanded"] == {"indicator": at_home}
    place = viewer.rows("placements/?fields=id&expand=plan,measure,project&page_size=1")[0]
    assert list(place) == ["id", "expanded"]
    assert sorted(place["expanded"]) == ["measure", "plan", "project"]
    top = viewer.get(f"measures/{cast.measures['観光'].pk}/?expand=department").json()
    assert top["expanded"] == {"department": None}


def test_what_is_not_declared_cannot_be_expanded(cast: Cast, viewer: Caller) -> None:
    for name in ("entered_by", "indicator__organization", "indicator.organization", "all", ""):
        response = viewer.get(f"actuals/?expand=indicator,{name}")
        field, message = refused(response)
        assert field == "expand" and message.endswith("指定できるのは indicator です。")
    assert refused(viewer.get("organizations/?expand=departments"))[0] == "expand"


def test_expanding_needs_no_more_queries_for_more_rows(cast: Cast, viewer: Caller) -> None:
    def needed() -> int:
        with CaptureQueriesContext(connection) as captured:
            viewer.rows("indicator-uses/?expand=plan,indicator,measure,project&page_size=1000")
        return len(captured)

    small = needed()
    grow(cast, 4)
    assert needed() == small


def test_everything_declared_can_be_expanded(cast: Cast, files: Path) -> None:
    rows = one_row_of_everything(cast)
    admin = Caller(cast.admin)
    for name, view in RESOURCES.items():
        names = list(expands_of(view))
        if not names:
            continue
        row = admin.get(f"{name}/{rows[name]}/?expand={','.join(names)}").json()
        for relation in names:
            there = row["expanded"][relation]
            assert (there and there["id"]) == row[relation], (name, relation)


# Whole lists at once


def test_every_list_comes_whole_as_lines_and_as_a_table(cast: Cast, files: Path) -> None:
    one_row_of_everything(cast)
    admin = Caller(cast.admin)
    for name in RESOURCES:
        rows = admin.rows(f"{name}/?page_size=1000")
        assert rows and lines(admin.get(f"{name}/", **NDJSON)) == rows, name
        cells = table(admin.get(f"{name}/", Accept="text/csv"))
        assert [row["id"] for row in cells] == [str(row["id"]) for row in rows], name
        assert list(cells[0]) == list(rows[0]), name


def test_a_whole_list_knows_the_same_filters_and_scope(cast: Cast, viewer: Caller) -> None:
    query = f"plan={cast.plan.pk}&fiscal_year=2024&ordering=-fiscal_year&fields=id,value"
    assert lines(viewer.get(f"actuals/?{query}&format=ndjson")) == viewer.rows(f"actuals/?{query}")
    outsider = Caller(cast.outsider)
    assert lines(outsider.get("actuals/?format=ndjson")) == outsider.rows("actuals/")
    assert lines(viewer.get("actuals/?format=ndjson&expand=indicator"))[0]["expanded"]["indicator"]
    for more in ("page=1", "page_size=10", "page_type=cursor", "cursor=x"):
        assert refused(viewer.get(f"actuals/?format=csv&{more}"))[0] == more.split("=")[0]
    assert refused(viewer.get("actuals/?format=csv&expand=indicator"))[0] == "expand"
    assert refused(viewer.get("actuals/?format=xml"))[0] == "format"
    nobody = Caller().get("actuals/?format=csv")
    assert nobody.status_code == 401 and not nobody.streaming


def test_cells_are_safe_and_keep_their_figures(cast: Cast, viewer: Caller) -> None:
    indicator = cast.indicator("危険", name="=HYPERLINK(1)")
    Actual.objects.create(
        indicator=indicator, fiscal_year=2024, value="-12.50", note="@SUM(1)\n2行目"
    )
    (row,) = table(viewer.get(f"actuals/?indicator={indicator.pk}&format=csv"))
    assert row["indicator_name"] == "'=HYPERLINK(1)"
    assert (row["value"], row["note"], row["numerator"]) == ("-12.5", "'@SUM(1) 2行目", "")
    assert json.loads(row["achievement"])["percent"] is None


def test_a_whole_list_needs_no_more_queries_for_more_rows(cast: Cast, viewer: Caller) -> None:
    def needed() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            count = len(lines(viewer.get("actuals/?format=ndjson")))
        return len(captured), count

    small, few = needed()
    grow(cast, 5)
    large, many = needed()
    assert (large, many > few) == (small, True)


def test_what_has_not_changed_is_not_sent_again(cast: Cast, viewer: Caller) -> None:
    for address in ("indicators/", f"projects/{cast.projects['観光1-1-7'].pk}/"):
        first = viewer.get(address)
        again = viewer.get(address, **{"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    # What a row shows of others counts too, though its own version stays.
    cast.projects["観光1-1-7"].aliases.all().delete()
    cast.projects["観光1-1-7"].aliases.create(name="別名")
    assert viewer.get(address, **{"If-None-Match": first["ETag"]}).status_code == 200
