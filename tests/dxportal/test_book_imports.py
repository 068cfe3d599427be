"""A plan book both ways in the browser: out, in, previewed, chosen from, applied once, undone."""

import datetime
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import editing
from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Deletion, User
from dxportal.models import BookImport, ColumnMapping
from dxportal.planbook import imports
from dxportal.planbook.faults import PlanBookError
from dxportal.planbook.loader import load_plan
from dxportal.planbook.writer import write_plan
from kpi.models import Target
from plans.models import Measure, Plan, PlanSection
from projects.models import Milestone, Project
from tests.cast import Cast
from tests.dxportal.test_planbook_changes import SASEBO, SPOILED

Edit = Callable[[openpyxl.Workbook], None]
CHECKED, REFUSED, APPLIED = (
    BookImport.State.CHECKED,
    BookImport.State.REFUSED,
    BookImport.State.APPLIED,
)


@pytest.fixture
def client(cast: Cast, sign_in: Callable[[User], Client], files: Path) -> Client:
    return sign_in(cast.coordinator)


def exported(client: Client, plan: Plan, **query: str) -> bytes:
    answer = client.get(reverse("books:export", args=[plan.pk]), query or {"format": "xlsx"})
    assert answer.status_code == 200
    return answer.getvalue()


def edited(content: bytes, *edits: Edit) -> bytes:
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    for edit in edits:
        edit(workbook)
    saved = io.BytesIO()
    workbook.save(saved)
    return saved.getvalue()


def _head(sheet: Any) -> list[str]:
    return [cell.value for cell in sheet[1]]


def _row_of(sheet: Any, column: str, value: Any) -> int:
    index = _head(sheet).index(column) + 1
    return next(r for r in range(2, sheet.max_row + 1) if sheet.cell(r, index).value == value)


def cell(sheet: str, by: tuple[str, Any], column: str, value: Any) -> Edit:
    """Put a value into the row in which the column of `by` has its value."""

    def edit(workbook: openpyxl.Workbook) -> None:
        found = workbook[sheet]
        found.cell(_row_of(found, *by), _head(found).index(column) + 1).value = value

    return edit


def new_row(sheet: str, **cells: Any) -> Edit:
    return lambda workbook: workbook[sheet].append(
        [cells.get(name) for name in _head(workbook[sheet])]
    )


def no_row(sheet: str, by: tuple[str, Any]) -> Edit:
    return lambda workbook: workbook[sheet].delete_rows(_row_of(workbook[sheet], *by))


def upload(
    client: Client, content: bytes, plan: Plan | None, name: str = "計画.xlsx", **more: Any
) -> BookImport:
    organization = plan.organization_id if plan else more.pop("organization")
    data = {
        "organization": organization,
        "plan": plan.pk if plan else "",
        "file": SimpleUploadedFile(name, content),
    }
    answer = client.post(reverse("books:upload"), data | more)
    assert answer.status_code == 302, answer.context["form"].errors
    return BookImport.objects.get(pk=answer.url.rstrip("/").split("/")[-1])


def page(client: Client, book: BookImport) -> str:
    return client.get(reverse("books:preview", args=[book.pk])).content.decode()


def form_of(
    client: Client, book: BookImport, without: str = "", also: str = ""
) -> dict[str, list[str]]:
    """What the preview's form would send, with one box cleared and another one ticked."""
    html = page(client, book)
    boxes = re.findall(
        r'name="take" value="(\w+)"( checked)?><span>\S+?<span class="visually-hidden">（(.*?)）',
        html,
    )
    names = [label for _, _, label in boxes]
    assert all(wanted in names for wanted in (without, also) if wanted), names
    return {
        "plan_state": re.findall(r'name="plan_state" value="(\w+)"', html),
        "shown": re.findall(r'name="shown" value="(\w+)"', html),
        "take": [pk for pk, on, label in boxes if (on or label == also) and label != without],
    }


def apply(client: Client, book: BookImport, form: dict[str, list[str]] | None = None) -> Any:
    form = form if form is not None else form_of(client, book)
    answer = client.post(reverse("books:apply", args=[book.pk]), form, follow=True)
    book.refresh_from_db()
    return answer


@pytest.mark.parametrize(
    "query",
    [{"format": "xlsx"}, {"format": "zip"}, {"format": "zip", "encoding": "cp932"}],
    ids=["xlsx", "csv", "cp932"],
)
def test_what_nobody_edited_changes_nothing(
    cast: Cast, client: Client, query: dict[str, str]
) -> None:
    entries = AuditEntry.objects.count()
    book = upload(client, exported(client, cast.plan, **query), cast.plan)
    assert book.state == CHECKED
    assert "変更はありません" in page(client, book)
    assert AuditEntry.objects.count() == entries + 1  # that of the upload


def test_one_edited_cell_is_one_change_and_is_applied(cast: Cast, client: Client) -> None:
    content = edited(
        exported(client, cast.plan),
        cell("measures", ("key", "観光2"), "name", "発信の強化"),
    )
    book = upload(client, content, cast.plan)
    html = page(client, book)
    assert book.result["counts"] == {"ADDED": 0, "CHANGED": 1, "ABSENT": 0}
    assert re.search(r"<del>デジタルプロモーションの推進</del>.*<ins>発信の強化</ins>", html)
    assert Measure.objects.get(key="観光2").name == "デジタルプロモーションの推進"

    answer = apply(client, book)
    assert "計画ブックを取り込みました" in answer.content.decode()
    assert (book.state, book.result["done"]["updated"]) == (APPLIED, {"measures": 1})
    measure = Measure.objects.get(key="観光2")
    assert (measure.name, measure.version) == ("発信の強化", 2)
    entry = AuditEntry.objects.of(measure).first()
    assert (entry.channel, entry.actor) == (Channel.IMPORT, cast.coordinator)


def test_a_book_is_applied_once(cast: Cast, client: Client) -> None:
    content = edited(exported(client, cast.plan), new_row("projects", key="新", name="新事業"))
    book = upload(client, content, cast.plan)
    form = form_of(client, book)
    apply(client, book, form)
    entries = AuditEntry.objects.count()
    answer = apply(client, book, form)
    assert "すでに「取込済み」です" in answer.content.decode()
    assert AuditEntry.objects.count() == entries
    assert Project.objects.filter(key="新").count() == 1


def test_a_row_can_be_left_out(cast: Cast, client: Client) -> None:
    content = edited(
        exported(client, cast.plan),
        new_row("projects", key="新", name="新事業"),
        cell("measures", ("key", "観光2"), "name", "発信の強化"),
    )
    book = upload(client, content, cast.plan)
    apply(client, book, form_of(client, book, without="新事業"))
    assert not Project.objects.filter(key="新").exists()
    assert Measure.objects.get(key="観光2").name == "発信の強化"
    assert book.result["done"]["left_out"] == {"projects": 1}


def test_a_row_that_others_need_is_not_left_out_silently(cast: Cast, client: Client) -> None:
    content = edited(
        exported(client, cast.plan),
        new_row("projects", key="新", name="新事業"),
        new_row("placements", project="新", measure="観光2", code="観光2-9", is_primary=1),
        cell("measures", ("key", "観光2"), "name", "発信の強化"),
    )
    book = upload(client, content, cast.plan)
    form = form_of(client, book, without="新事業")
    answer = apply(client, book, form)
    assert answer.status_code == 422
    assert "取り込まないことにした行を使っています" in answer.content.decode()
    assert book.state == CHECKED
    assert Measure.objects.get(key="観光2").name != "発信の強化"
    placement = "観光2-9 新事業"
    form = form_of(client, book, without=placement)
    assert len(form["take"]) == 1  # the project's box is still cleared
    apply(client, book, form)
    assert book.state == APPLIED
    assert Measure.objects.get(key="観光2").name == "発信の強化"


def test_an_absent_row_stays_unless_it_is_chosen_and_can_be_put_back(
    cast: Cast, client: Client
) -> None:
    section = PlanSection.objects.get(plan=cast.plan)
    content = edited(exported(client, cast.plan), no_row("sections", ("key", "背景")))
    # A note of the glossary names the section, so its own row has to go along or be changed.
    content = edited(content, cell("term_notes", ("section", "背景"), "section", None))
    book = upload(client, content, cast.plan)
    assert "ブックになし" in page(client, book)
    form = form_of(client, book)
    assert len(form["take"]) < len(form["shown"])
    apply(client, book, form)
    assert PlanSection.objects.filter(pk=section.pk).exists()

    again = upload(client, content, cast.plan)
    apply(client, again, form_of(client, again, also=str(section)))
    assert again.result["done"]["deleted"] == {"sections": 1}
    assert not PlanSection.objects.filter(pk=section.pk).exists()
    deletion = Deletion.objects.get()
    assert (deletion.channel, deletion.deleted_by) == (Channel.IMPORT, cast.coordinator)
    editing.restore(Actor(cast.coordinator, Channel.PAGE), deletion)
    assert PlanSection.objects.get(pk=section.pk).title == section.title


def test_what_hangs_on_a_removed_row_is_never_removed_silently(cast: Cast, client: Client) -> None:
    measure = cast.measures["観光2"]
    step = Milestone.objects.create(measure=measure, position=1, label="R5", text="始める")
    for model in (cast.last_cycle, cast.open_cycle):
        model.delete()
    measure.reviews.all().delete()
    use = {"sheet": "indicator_uses", "by": ("measure", "観光2")}
    content = edited(
        exported(client, cast.plan), *[no_row(**use)] * 2, no_row("measures", ("key", "観光2"))
    )
    milestones = edited(content, lambda workbook: workbook.remove(workbook["milestones"]))
    book = upload(client, milestones, cast.plan)
    assert book.state == CHECKED, imports.preview_of(book).faults
    answer = apply(client, book, form_of(client, book, also=str(measure)))
    assert answer.status_code == 422
    assert "残すことにした" in answer.content.decode()
    assert Milestone.objects.filter(pk=step.pk).exists()


def test_records_are_never_removed_by_an_import(cast: Cast, client: Client) -> None:
    content = edited(exported(client, cast.plan), no_row("reviews", ("measure", "観光2")))
    book = upload(client, content, cast.plan)
    html = page(client, book)
    assert "記録のため、取込では削除できません" in html
    assert 'name="take"' not in html
    change = next(c for c in imports.preview_of(book).changes if c.sheet == "reviews")
    forged = {**form_of(client, book), "shown": [change.id], "take": [change.id]}
    apply(client, book, forged)
    assert cast.measures["観光2"].reviews.exists()


def test_thirty_faults_are_all_shown_and_nothing_is_changed(
    sign_in: Callable[[User], Client], files: Path, tmp_path: Path, cast: Cast
) -> None:
    Plan.objects.filter(organization=cast.city).update(key="old")
    plan = load_plan(Actor.system(), SASEBO).plan
    write_plan(plan, tmp_path / "book.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "book.xlsx")
    for sheet, row, column, value in SPOILED:
        found = workbook[sheet]
        found.cell(row, _head(found).index(column) + 1).value = value or None
    workbook.save(tmp_path / "spoiled.xlsx")
    client = sign_in(cast.coordinator)
    entries = AuditEntry.objects.count()
    book = upload(client, (tmp_path / "spoiled.xlsx").read_bytes(), plan)
    assert book.state == REFUSED
    html = page(client, book)
    faults = {(f.sheet, f.row, f.column) for f in imports.preview_of(book).faults}
    wanted = {spoiled[:3] for spoiled in SPOILED}
    assert len(wanted) == 30
    assert wanted <= faults
    assert html.count('<tr role="row">') == len(imports.preview_of(book).faults) + 1
    answer = client.get(reverse("books:preview", args=[book.pk]), {"format": "csv"})
    csv = answer.content.decode()
    assert all(",".join(map(str, place)) in csv for place in wanted)
    assert AuditEntry.objects.count() == entries + 1
    assert "誤りあり" in apply(client, book, {}).content.decode()
    assert AuditEntry.objects.count() == entries + 1


def test_a_book_of_another_city_or_plan_is_refused(
    cast: Cast, client: Client, sign_in: Callable[[User], Client]
) -> None:
    content = exported(sign_in(cast.outsider), cast.other_plan)
    book = upload(client, content, cast.plan)
    assert book.state == REFUSED
    assert "ほかの団体のブックは取り込めません" in page(client, book)
    # What else is wrong with it is told as well.
    book = upload(client, edited(content, cell("plan", ("key", "dx"), "name", None)), cast.plan)
    assert [fault.column for fault in imports.preview_of(book).faults] == ["code", "name"]
    other = Plan.objects.create(
        organization=cast.city,
        key="総合",
        name="総合計画",
        first_fiscal_year=2022,
        last_fiscal_year=2027,
    )
    book = upload(client, exported(client, cast.plan), other)
    assert "選んだ計画「総合計画」" in page(client, book)
    # And nobody may choose what is not theirs.
    answer = client.post(
        reverse("books:upload"),
        {"plan": cast.other_plan.pk, "organization": cast.other_city.pk, "file": io.BytesIO(b"x")},
    )
    assert {"plan", "organization"} <= set(answer.context["form"].errors)


def test_a_new_plan_comes_in_by_its_book(cast: Cast, client: Client) -> None:
    content = exported(client, cast.plan)
    book = upload(client, content, None, organization=cast.city.pk)
    assert "この識別子の計画はすでにあります" in page(client, book)
    content = edited(
        content, cell("plan", ("key", "dx"), "key", "dx2"), lambda w: w.remove(w["cycles"])
    )
    content = edited(content, lambda w: w.remove(w["reviews"]))
    book = upload(client, content, None, organization=cast.city.pk)
    assert "計画そのものの行のため、外せません" in page(client, book)
    apply(client, book)
    assert book.plan == Plan.objects.get(organization=cast.city, key="dx2")
    assert book.plan.measures.count() == cast.plan.measures.count()


def test_a_table_of_the_city_comes_in_by_its_mapping(cast: Cast, client: Client) -> None:
    mapping = ColumnMapping.objects.create(
        organization=cast.city,
        name="指標の一覧",
        columns=[
            {"head": "指標", "means": "indicator_name"},
            {"head": "R7実績", "means": "actual", "fiscal_year": 2025},
        ],
    )
    table = openpyxl.Workbook()
    for row in (["指標", "R7実績"], ["来訪者数", 20345]):
        table.active.append(row)
    content = io.BytesIO()
    table.save(content)
    data = {"organization": cast.city.pk, "mapping": mapping.pk}
    answer = client.post(
        reverse("books:upload"),
        {**data, "file": SimpleUploadedFile("表.xlsx", content.getvalue())},
    )
    assert "取込先の計画" in answer.context["form"].errors["plan"][0]
    book = upload(client, content.getvalue(), cast.plan, mapping=mapping.pk)
    assert "20345" in page(client, book)
    apply(client, book)
    assert cast.indicators["来訪者"].actuals.get(fiscal_year=2025).value == 20345


def test_a_plan_that_changed_in_between_is_shown_again(cast: Cast, client: Client) -> None:
    content = edited(
        exported(client, cast.plan), cell("measures", ("key", "観光2"), "name", "発信の強化")
    )
    book = upload(client, content, cast.plan)
    form = form_of(client, book)
    Measure.objects.filter(key="観光2").update(name="誰かが先に変えた")
    answer = apply(client, book, form)
    assert "計画が変わったため、取り込んでいません" in answer.content.decode()
    assert "<del>誰かが先に変えた</del>" in answer.content.decode()
    assert (book.state, Measure.objects.get(key="観光2").name) == (CHECKED, "誰かが先に変えた")
    apply(client, book)
    assert Measure.objects.get(key="観光2").name == "発信の強化"


def test_choices_of_one_page_are_kept_on_the_next(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dxportal.planbook.preview_pages.ROWS_ON_A_PAGE", 2)
    rows = [new_row("projects", key=f"新{n}", name=f"新事業{n}") for n in range(5)]
    book = upload(client, edited(exported(client, cast.plan), *rows), cast.plan)
    form = form_of(client, book, without="新事業1")
    answer = client.post(
        reverse("books:choose", args=[book.pk]), {**form, "page": "2"}, follow=True
    )
    assert "全3ページ中2ページ目" in answer.content.decode()
    choose = {**form, "shown": [], "take": [], "bulk": "projects:none", "here": "2"}
    client.post(reverse("books:choose", args=[book.pk]), choose)
    book.refresh_from_db()
    assert len(book.result["left_out"]) == 5
    client.post(reverse("books:choose", args=[book.pk]), {**choose, "bulk": "projects:all"})
    client.post(reverse("books:choose", args=[book.pk]), {**form, "page": "3"})
    apply(client, book)
    names = Project.objects.filter(key__startswith="新").values_list("name", flat=True)
    assert sorted(names) == ["新事業0", "新事業2", "新事業3", "新事業4"]


class TestLocks:
    def test_a_superseded_plan_takes_no_change_but_its_own_book(
        self, cast: Cast, client: Client
    ) -> None:
        Plan.objects.filter(pk=cast.plan.pk).update(status=Plan.Status.SUPERSEDED)
        content = exported(client, cast.plan)
        assert "変更はありません" in page(client, upload(client, content, cast.plan))
        changed = cell("measures", ("key", "観光2"), "name", "発信の強化")
        book = upload(client, edited(content, changed), cast.plan)
        assert book.state == REFUSED
        assert "旧版のため変更できません" in page(client, book)
        # What the book says of the plan's state does not open the lock.
        opening = cell("plan", ("key", "dx"), "status", "active")
        assert upload(client, edited(content, changed, opening), cast.plan).state == REFUSED
        gone = no_row("term_notes", ("section", "背景"))
        book = upload(client, edited(content, gone), cast.plan)
        absent = imports.preview_of(book).changes[0]
        answer = apply(client, book, {**form_of(client, book), "take": [absent.id]})
        assert "旧版のため変更できません" in answer.content.decode()
        # Its own row may say so by itself; from then on the others can be changed.
        apply(client, upload(client, edited(content, opening), cast.plan))
        assert upload(client, edited(content, changed, opening), cast.plan).state == CHECKED

    def test_a_superseded_plan_is_loaded_for_the_first_time(
        self, cast: Cast, tmp_path: Path
    ) -> None:
        Plan.objects.filter(pk=cast.plan.pk).update(status=Plan.Status.SUPERSEDED)
        for name in ("reviews", "cycles"):
            getattr(cast.plan, name).all().delete()
        write_plan(cast.plan, tmp_path / "book")
        plan_file = tmp_path / "book" / "plan.csv"
        plan_file.write_text(plan_file.read_text("utf-8-sig").replace("\ndx,", "\ndx-old,"))
        plan = load_plan(Actor(cast.coordinator, Channel.IMPORT), tmp_path / "book").plan
        assert (plan.key, plan.status) == ("dx-old", "superseded")
        assert plan.measures.count() == cast.plan.measures.count()

    @pytest.mark.parametrize("year", [2024, 2025])
    def test_the_target_of_a_settled_year_stays(
        self, cast: Cast, tmp_path: Path, year: int
    ) -> None:
        write_plan(cast.plan, tmp_path / "book")
        values = tmp_path / "book" / "values.csv"
        lines = values.read_text("utf-8-sig").splitlines()
        old = next(line for line in lines if line.startswith(f"立案数,{year},target,"))
        parts = old.split(",")
        parts[3] = "99"
        values.write_text("\n".join(lines).replace(old, ",".join(parts)), encoding="utf-8-sig")
        actor = Actor(cast.coordinator, Channel.IMPORT)
        target = Target.objects.get(indicator__key="立案数", fiscal_year=year)
        if year == 2025:  # its round is open
            load_plan(actor, tmp_path / "book")
            target.refresh_from_db()
            assert target.value == 99
        else:
            with pytest.raises(PlanBookError, match="確定した年度の目標値"):
                load_plan(actor, tmp_path / "book")


def _zip(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_csv", ".csv"), data)
    return content.getvalue()


class TestFilesFromOutside:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"hello", "Excelブック（.xlsx）でも、CSVのZIPファイルでもありません"),
            (b"\xd0\xcf\x11\xe0" + b"x" * 600, "パスワード付き、または古い形式"),
            (_zip(**{"xl__vbaProject.bin": b"x"}), "マクロを含むブック"),
            (_zip(plan_csv=b"a" * 60_000_001), "展開後のCSVの大きさ"),
            (b"x" * 1_000_001, "ファイルは1MBまでです"),
            (b"", "ファイルの中身が空です"),
        ],
        ids=["text", "old", "macro", "bomb", "size", "empty"],
    )
    def test_a_file_that_is_no_book_is_refused_at_its_field(
        self,
        cast: Cast,
        client: Client,
        files: Path,
        settings: LazySettings,
        content: bytes,
        reason: str,
    ) -> None:
        settings.BOOK_MAX_MEGABYTES = 1
        answer = client.post(
            reverse("books:upload"),
            {
                "organization": cast.city.pk,
                "plan": cast.plan.pk,
                "file": SimpleUploadedFile("a.xlsx", content),
            },
        )
        assert answer.status_code == 422
        assert reason in answer.context["form"].errors["file"][0]
        assert not BookImport.objects.exists()
        assert not list(files.rglob("book*"))

    @pytest.mark.parametrize(
        "content", [_zip(other=b"x"), _zip(plan_csv=b"\xff\xff"), _zip(xl=b"x")]
    )
    def test_a_broken_book_says_why(self, cast: Cast, client: Client, content: bytes) -> None:
        book = upload(client, content, cast.plan)
        assert book.state == REFUSED
        assert imports.preview_of(book).faults

    def test_a_zip_may_hold_its_files_in_a_folder(self, cast: Cast, client: Client) -> None:
        with zipfile.ZipFile(io.BytesIO(exported(client, cast.plan, format="zip"))) as archive:
            members = {f"計画__{name}": archive.read(name) for name in archive.namelist()}
        content = _zip(**members, **{"__MACOSX__._plan_csv": b"\x00"})
        book = upload(client, content, cast.plan, name="計画.zip")
        assert "変更はありません" in page(client, book)


def test_a_discarded_book_leaves_no_file(
    cast: Cast, client: Client, files: Path, django_capture_on_commit_callbacks: Any
) -> None:
    book = upload(client, exported(client, cast.plan), cast.plan)
    assert len(list(files.rglob("book*.*"))) == 2
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("books:discard", args=[book.pk]))
    book.refresh_from_db()
    assert (book.state, bool(book.file)) == (BookImport.State.DISCARDED, False)
    assert not list(files.rglob("book*.*"))
    assert "すでに「取りやめ」です" in apply(client, book, {}).content.decode()


def test_files_are_kept_for_thirty_days(
    cast: Cast, client: Client, files: Path, django_capture_on_commit_callbacks: Any
) -> None:
    waiting, applied, new = (
        upload(client, exported(client, cast.plan), cast.plan) for _ in range(3)
    )
    apply(client, applied, {"plan_state": [applied.plan_state]})
    old = timezone.now() - datetime.timedelta(days=31)
    BookImport.objects.exclude(pk=new.pk).update(uploaded_at=old)
    with django_capture_on_commit_callbacks(execute=True):
        assert imports.clear_old_books() == 2
    states = [BookImport.objects.get(pk=book.pk).state for book in (waiting, applied, new)]
    assert states == ["discarded", "applied", "checked"]
    assert len(list(files.rglob("book*.*"))) == 2
    assert "取りやめました" in page(client, waiting)


def test_what_cp932_cannot_carry_is_listed_instead_of_lost(cast: Cast, client: Client) -> None:
    Measure.objects.filter(key="観光2").update(name="𠮷野の発信")
    url = reverse("books:export", args=[cast.plan.pk])
    answer = client.get(url, {"format": "zip", "encoding": "cp932"})
    assert answer.status_code == 422
    assert "measures の name" in answer.content.decode()
    assert client.get(url, {"format": "docx"}).status_code == 404
    assert client.get(url, {"format": "zip"}).status_code == 200


def test_the_list_takes_the_same_queries_for_many_books(cast: Cast, client: Client) -> None:
    def queries_with(count: int) -> int:
        BookImport.objects.bulk_create(
            BookImport(
                organization=cast.city,
                plan=cast.plan,
                file_name=f"{n}.xlsx",
                state="checked",
                uploaded_by=cast.coordinator,
            )
            for n in range(count)
        )
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("books:list"))
        return len(queries)

    assert queries_with(2) == queries_with(20)


def test_the_plan_leads_to_its_book(
    cast: Cast, client: Client, sign_in: Callable[[User], Client]
) -> None:
    link = reverse("books:export", args=[cast.plan.pk])
    assert link in client.get(reverse("plans:tree", args=[cast.plan.pk])).content.decode()
    assert reverse("books:list") in client.get(reverse("plans:list")).content.decode()
    viewer = sign_in(cast.viewer)
    assert link not in viewer.get(reverse("plans:tree", args=[cast.plan.pk])).content.decode()
    assert reverse("books:list") not in viewer.get(reverse("plans:list")).content.decode()
