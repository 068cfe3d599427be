"""The entry workbook over the API: taken, looked at, taken over, with what stands against it."""

import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from kpi.models import Actual
from plans.models import ReportingCycle
from tests.api import Caller
from tests.cast import THIS_YEAR, Cast, actual
from tests.dxportal.test_api_english import JAPANESE
from tests.dxportal.test_entry_book import Sheets, cycle  # noqa: F401  # a fixture


class Book(Sheets):
    """The workbook as the API gives it."""

    def __init__(self, caller: Caller, cycle: ReportingCycle) -> None:  # noqa: F811
        answer = caller.get(f"cycles/{cycle.pk}/entry-book/")
        assert answer.status_code == 200, answer.content
        self.content = b"".join(answer.streaming_content)
        self.open()

    def sent(self) -> dict[str, Any]:
        return {"file": SimpleUploadedFile("入力ブック.xlsx", self.saved().getvalue())}


def looked_at(caller: Caller, cycle: ReportingCycle, book: Book, **headers: str) -> Any:  # noqa: F811
    address = f"cycles/{cycle.pk}/entry-book/preview/"
    answer = caller.call("POST", address, book.sent(), **headers)
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def taken_over(caller: Caller, cycle: ReportingCycle, edits: str, **more: Any) -> Any:  # noqa: F811
    return caller.post(f"cycles/{cycle.pk}/entry-book/apply/", {"edits": edits, **more})


def value(cast: Cast, key: str) -> Any:
    found = Actual.objects.filter(indicator=cast.indicators[key], fiscal_year=THIS_YEAR).first()
    return found and found.value


@pytest.fixture
def editor(cast: Cast) -> Caller:
    return Caller(cast.editor)


def test_a_workbook_is_looked_at_and_taken_over_once(
    cast: Cast,
    cycle: ReportingCycle,  # noqa: F811
    editor: Caller,
) -> None:
    book = Book(editor, cycle)
    cell = book.set("実績値", "来訪者数", "実績値", "１９，５００")
    preview = looked_at(editor, cycle, book)
    (change,) = preview["changes"]
    assert (change["name"], change["is_conflict"], preview["faults"]) == ("来訪者数", False, [])
    assert (change["cells"][0]["cell"], change["cells"][0]["after"]) == (cell, "19500")
    assert value(cast, "来訪者") is None  # nothing is changed by a look
    answer = taken_over(editor, cycle, preview["edits"])
    assert (answer.status_code, answer.json()) == (200, {"changed": 1})
    assert value(cast, "来訪者") == 19500
    entry = AuditEntry.objects.get(action="actual.record")
    assert (entry.channel, entry.actor) == ("import", cast.editor)
    assert taken_over(editor, cycle, preview["edits"]).json() == {"changed": 0}
    assert AuditEntry.objects.filter(action="actual.record").count() == 1


def test_what_somebody_changed_meanwhile_stays_unless_it_is_named(
    cast: Cast,
    cycle: ReportingCycle,  # noqa: F811
    editor: Caller,
) -> None:
    book = Book(editor, cycle)
    book.set("実績値", "来訪者数", "実績値", "19,500")
    actual(cast.indicators["来訪者"], THIS_YEAR, 18000)
    preview = looked_at(editor, cycle, book)
    (change,) = preview["changes"]
    assert change["is_conflict"] and change["cells"][0]["before"] == "18000"
    assert taken_over(editor, cycle, preview["edits"]).json() == {"changed": 0}
    assert value(cast, "来訪者") == 18000
    Actual.objects.filter(value=18000).update(version=2)
    late = taken_over(editor, cycle, preview["edits"], mine=[change["item"]])
    assert late.status_code == 422 and late.json()["type"].endswith("/book-refused/")
    Actual.objects.filter(value=18000).update(version=1)
    mine = taken_over(editor, cycle, preview["edits"], mine=[change["item"]])
    assert mine.json() == {"changed": 1} and value(cast, "来訪者") == 19500


def test_faults_are_told_by_their_cells_in_either_language(
    cast: Cast,
    cycle: ReportingCycle,  # noqa: F811
    editor: Caller,
) -> None:
    book = Book(editor, cycle)
    cell = book.set("実績値", "来訪者数", "実績値", "約2万")
    for language in ("ja", "en"):
        told = looked_at(editor, cycle, book, **{"Accept-Language": language})
        (fault,) = told["faults"]
        assert (fault["sheet"], fault["cell"], fault["value"]) == ("実績値", cell, "約2万")
        in_japanese = JAPANESE.search(re.sub("約2万", "", fault["reason"]))
        assert bool(in_japanese) is (language == "ja"), fault
        assert told["edits"] == ""


def test_another_s_changes_and_other_files_are_refused(
    cast: Cast,
    cycle: ReportingCycle,  # noqa: F811
    editor: Caller,
) -> None:
    book = Book(editor, cycle)
    book.set("実績値", "来訪者数", "実績値", "19,500")
    edits = looked_at(editor, cycle, book)["edits"]
    assert taken_over(Caller(cast.coordinator), cycle, edits).status_code == 422
    file = {"file": io.BytesIO(b"PK no workbook")}
    answer = editor.post(f"cycles/{cycle.pk}/entry-book/preview/", file)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "file"
    assert Caller(cast.viewer).get(f"cycles/{cycle.pk}/entry-book/").status_code == 403
    assert value(cast, "来訪者") is None


def test_looking_takes_no_more_queries_for_more_rows(
    cast: Cast,
    cycle: ReportingCycle,  # noqa: F811
    editor: Caller,
) -> None:
    taken = []
    for cells in (("来訪者数",), ("来訪者数", "データを活用した事業立案数")):
        book = Book(editor, cycle)
        for name in cells:
            book.set("実績値", name, "実績値", "7")
        with CaptureQueriesContext(connection) as captured:
            assert len(looked_at(editor, cycle, book)["changes"]) == len(cells)
        taken.append(len(captured))
    assert taken[1] <= taken[0]
