"""The pages on which an office makes a mapping for its own tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from dxportal.models import BookImport, ColumnMapping
from dxportal.planbook.changes import ChangeKind
from plans.models import Plan
from tests.cast import Cast
from tests.dxportal.test_column_mappings import HEADS, RATE, look, mapping_for, write_xlsx


def send_sample(client: Client, plan: Plan, path: Path, url: str) -> Any:
    with path.open("rb") as file:
        return client.post(url, {"plan": plan.pk, "file": file, "action": "sample"})


def as_posted(page: Any, **changes: Any) -> dict[str, Any]:
    """What a browser sends from the form as it was shown, but for `changes`."""
    form, columns = page.context["form"], page.context["columns"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {f.html_name: f.value() for f in columns.management_form}
    data |= {f"{f.prefix}-{n}": f[n].value() for f in columns for n in f.fields}
    if page.context["signed"]:
        data["sample"] = page.context["signed"]
    return data | changes


@pytest.fixture
def client(cast: Cast, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(cast.coordinator)


@pytest.fixture
def stored(cast: Cast) -> ColumnMapping:
    made = mapping_for(cast.plan, HEADS)
    made.save()
    return made


NEW = "/books/mappings/new/"


def test_a_mapping_is_made_from_a_sample(cast: Cast, client: Client, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", [["進捗管理表"], HEADS, [*RATE, 82, 80]])
    page = send_sample(client, cast.plan, path, NEW)
    assert page.status_code == 200
    assert ColumnMapping.objects.count() == 0
    assert "ＳＮＳデータの分析" in page.content.decode()
    saved = client.post(NEW, as_posted(page, name="進捗管理表"))
    assert saved.status_code == 302
    made = ColumnMapping.objects.get()
    assert (made.organization, made.name, made.header_row) == (cast.city, "進捗管理表", 2)
    assert made.columns[0] == {"head": "PID", "means": "project_code"}
    assert made.columns[5] == {"head": "R7実績", "means": "actual", "fiscal_year": 2025}
    assert AuditEntry.objects.filter(action="columnmapping.create").count() == 1
    assert look(cast.plan, path, made).changes[0].kind is ChangeKind.CHANGED


def test_the_head_is_read_again_where_the_person_says(
    cast: Cast, client: Client, tmp_path: Path
) -> None:
    rows = [["PID", "R7", ""], ["", "予定", "実績"], ["観光1-1-7", 82, 80]]
    page = send_sample(client, cast.plan, write_xlsx(tmp_path / "t.xlsx", rows), NEW)
    assert [f["head"].value() for f in page.context["columns"]] == ["PID", "R7 予定", "R7 実績"]
    data = as_posted(page, name="表", depth="1", reread="1")
    data["c-0-means"] = "project_name"
    again = client.post(NEW, data)
    assert [f["head"].value() for f in again.context["columns"]] == ["PID", "R7"]
    assert again.context["form"]["name"].value() == "表"
    # What the person chose is kept where the head is the same.
    assert again.context["columns"][0]["means"].value() == "project_name"
    assert ColumnMapping.objects.count() == 0


def test_a_mapping_that_makes_no_sense_is_refused_at_its_columns(
    cast: Cast, client: Client, tmp_path: Path
) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", [HEADS, [*RATE, 82, 80]])
    page = send_sample(client, cast.plan, path, NEW)
    data = as_posted(page, name="表")
    data |= {"c-4-fiscal_year": "", "c-5-means": "actual", "c-5-fiscal_year": "Ｒ七"}
    answer = client.post(NEW, data)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Ｒ七" in html
    assert answer.context["columns"][5].errors["fiscal_year"]
    data |= {"c-5-fiscal_year": "R7", "c-4-fiscal_year": "R7", "c-4-means": "actual"}
    answer = client.post(NEW, data)
    assert "列「R7目標」と同じ意味です" in answer.content.decode()
    data |= {f"c-{n}-means": "ignore" for n in range(4)}
    data |= {"c-4-means": "target"}
    assert "行を見分ける列" in client.post(NEW, data).content.decode()
    assert ColumnMapping.objects.count() == 0


def test_a_name_that_is_taken_is_told_at_the_name(
    cast: Cast, client: Client, stored: ColumnMapping, tmp_path: Path
) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", [HEADS, [*RATE, 82, 80]])
    page = send_sample(client, cast.plan, path, NEW)
    answer = client.post(NEW, as_posted(page, name=stored.name))
    assert answer.status_code == 422
    assert answer.context["form"].errors["name"] == ["同じ名称の対応表があります。"]


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0old", b"\xff\xfe\x00\x81", b"\n\n"])
def test_a_file_that_is_no_table_is_refused(
    cast: Cast, client: Client, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    page = send_sample(client, cast.plan, tmp_path / "t.csv", NEW)
    assert page.status_code == 422
    assert page.context["form"].errors["file"]


def test_a_sample_that_was_tampered_with_is_not_believed(
    cast: Cast, client: Client, tmp_path: Path
) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", [HEADS, [*RATE, 82, 80]])
    data = as_posted(send_sample(client, cast.plan, path, NEW), name="表")
    answer = client.post(NEW, data | {"sample": data["sample"] + "x"})
    assert answer.url == NEW
    assert ColumnMapping.objects.count() == 0


def test_a_stale_change_shows_both_and_lets_the_person_decide(
    client: Client, stored: ColumnMapping
) -> None:
    url = reverse("books:mapping", args=[stored.pk])
    data = as_posted(client.get(url), name="自分の名称")
    assert client.post(url, as_posted(client.get(url), name="相手の名称")).status_code == 302
    answer = client.post(url, data)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "自分の名称" in html
    assert "相手の名称" in html
    stored.refresh_from_db()
    assert stored.name == "相手の名称"
    assert client.post(url, as_posted(answer)).status_code == 302
    stored.refresh_from_db()
    assert (stored.name, stored.version) == ("自分の名称", 3)


def test_a_new_sample_adds_columns_and_keeps_what_was_chosen(
    cast: Cast, client: Client, stored: ColumnMapping, tmp_path: Path
) -> None:
    stored.columns[4]["means"] = "ignore"
    stored.save()
    url = reverse("books:mapping", args=[stored.pk])
    path = write_xlsx(tmp_path / "t.xlsx", [[*HEADS, "R8目標"], [*RATE, 82, 80, 83]])
    page = send_sample(client, cast.plan, path, url)
    assert client.post(url, as_posted(page)).status_code == 302
    stored.refresh_from_db()
    assert [c["means"] for c in stored.columns[4:]] == ["ignore", "actual", "target"]
    assert stored.name == "一覧"


def test_a_mapping_that_was_used_is_not_deleted(
    cast: Cast, client: Client, stored: ColumnMapping
) -> None:
    used = BookImport.objects.create(
        organization=cast.city,
        mapping=stored,
        file_name="t.xlsx",
        sha256="0" * 64,
        state=BookImport.State.CHECKED,
        uploaded_by=cast.coordinator,
    )
    url = reverse("books:mapping_delete", args=[stored.pk])
    answer = client.post(url, {"version": "1"}, follow=True)
    assert "使われているため削除できません" in answer.content.decode()
    used.delete()
    assert "先に変更しました" in client.post(url, {"version": "9"}, follow=True).content.decode()
    assert "を削除しました" in client.post(url, {"version": "1"}, follow=True).content.decode()
    assert ColumnMapping.objects.count() == 0


def test_the_list_costs_the_same_for_one_and_for_many(
    cast: Cast, client: Client, stored: ColumnMapping, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        assert "一覧" in client.get(reverse("books:mappings")).content.decode()
    for number in range(5):
        ColumnMapping.objects.create(organization=cast.city, name=f"表{number}")
    ColumnMapping.objects.create(organization=cast.other_city, name="他市の表")
    with django_assert_num_queries(len(few)):
        html = client.get(reverse("books:mappings")).content.decode()
    assert "表4" in html
    assert "他市の表" not in html
