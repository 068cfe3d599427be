"""What an office arranges for its work, over the API: templates, mappings, views, departments."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ApiToken, AuditEntry, Department, Handover, MailSetting, Notice
from accounts.tokens import Limits, issue_token
from dxportal.models import (
    ColumnMapping,
    DataVersion,
    ReportJob,
    ReportTemplate,
    SavedView,
    WebhookDelivery,
)
from kpi.models import Indicator
from plans.models import Plan
from tests.api import Caller, one_row_of_everything, service
from tests.cast import LAST_YEAR, Cast

SECTIONS = [{"section": "cover"}, {"section": "projects", "options": {"paper": "a4"}}]


@pytest.fixture
def office(cast: Cast) -> Caller:
    return Caller(cast.coordinator)


def made(response: Any) -> dict[str, Any]:
    assert response.status_code in (200, 201, 202), response.content.decode()
    said: dict[str, Any] = response.json()
    return said


# Report templates


def test_a_template_is_made_changed_copied_and_used(cast: Cast, office: Caller) -> None:
    new = {"organization": cast.city.pk, "name": "本部会議用", "sections": SECTIONS}
    row = made(office.post("report-templates/", {**new, "cover": {"title": "{年度} 報告"}}))
    assert [one["section"] for one in row["sections"]] == ["cover", "projects"]
    address = f"report-templates/{row['id']}/"
    changed = made(office.patch(address, {"cover": {"subtitle": "案"}, "version": 1}))
    assert (changed["cover"]["title"], changed["cover"]["subtitle"]) == ("{年度} 報告", "案")
    assert changed["sections"] == row["sections"]
    assert office.patch(address, {"name": "別", "version": 1}).status_code == 409
    copy = made(office.post(f"{address}copy/", {"name": "写し", "plan": cast.plan.pk}))
    assert (copy["sections"], copy["plan"]) == (row["sections"], cast.plan.pk)
    asked = {"plan": cast.plan.pk, "fiscal_year": LAST_YEAR, "format": "xlsx"}
    job = made(office.post("jobs/", {**asked, "template": row["id"]}))
    design = ReportJob.objects.get(pk=job["id"]).design
    assert [one["section"] for one in design["sections"]] == ["cover", "projects"]
    assert design["cover"]["title"] == "令和6年度 報告"
    gone = made(office.delete(f"{address}?version=2"))
    assert made(office.post(f"deletions/{gone['deletion']}/restore/", {}))
    assert ReportTemplate.objects.filter(pk=row["id"]).exists()


def test_a_template_that_cannot_be_is_refused_by_its_field(cast: Cast, office: Caller) -> None:
    new = {"organization": cast.city.pk, "name": "ひな形"}
    elsewhere = Plan.objects.create(
        organization=cast.other_city,
        key="x",
        name="x",
        first_fiscal_year=2024,
        last_fiscal_year=2027,
    )
    cast.coordinator.role_assignments.create(role="coordinator", organization=cast.other_city)
    for body, field in (
        ({"sections": [{"section": "cover"}, {"section": "cover"}]}, None),
        ({"sections": [{"section": "no_such"}]}, "sections.0.section"),
        ({"sections": [{"section": "projects", "options": {"paper": "a5"}}]}, None),
        ({"cover": {"titel": "x"}}, "cover.titel"),
        ({"plan": elsewhere.pk}, "plan"),
    ):
        answer = office.post("report-templates/", {**new, **body})
        assert answer.status_code == 400, body
        assert answer.json()["errors"][0]["field"] == field
    assert not ReportTemplate.objects.exists()
    other = ReportTemplate.objects.create(organization=cast.other_city, name="隣の市")
    asked = {"plan": cast.plan.pk, "fiscal_year": LAST_YEAR, "format": "pdf", "template": other.pk}
    assert office.post("jobs/", asked).json()["errors"][0]["field"] == "template"


# Column mappings


def test_a_mapping_is_made_and_changed(cast: Cast, office: Caller) -> None:
    columns = [
        {"head": "事業 名", "means": "project_name"},
        {
            "head": "R8当初",
            "means": "budget",
            "fiscal_year": 2026,
            "stage": "initial",
            "unit": "円",
        },
    ]
    new = {"organization": cast.city.pk, "name": "予算書", "columns": columns}
    row = made(office.post("column-mappings/", new))
    assert ColumnMapping.objects.get().columns[1]["number"] == 0
    changed = made(office.patch(f"column-mappings/{row['id']}/", {"header_row": 3, "version": 1}))
    assert (changed["header_row"], changed["columns"]) == (3, row["columns"])
    assert office.delete(f"column-mappings/{row['id']}/?version=1").status_code == 409
    assert made(office.delete(f"column-mappings/{row['id']}/?version=2"))["deletion"]


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ([{"head": "事業", "means": "project_name"}], "columns"),
        ([{"head": "R6", "means": "actual"}], "columns.0.fiscal_year"),
        ([{"head": "R6", "means": "budget", "fiscal_year": 2024}], "columns.0"),
        (
            [{"head": "指標", "means": "indicator_name"}, {"head": "指 標", "means": "summary"}],
            "columns.1.head",
        ),
        ([{"head": "指標", "means": "anything"}], "columns.0.means"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_by_its_column(
    cast: Cast, office: Caller, columns: list[dict[str, Any]], field: str
) -> None:
    body = {"organization": cast.city.pk, "name": "表", "columns": columns}
    answer = office.post("column-mappings/", body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


# One's own


def test_views_are_saved_once_and_changed_by_their_owner(cast: Cast) -> None:
    viewer, editor = Caller(cast.viewer), Caller(cast.editor)
    body = {"name": "事業", "path": "/projects/?q=DX", "is_shared": True}
    row = made(viewer.post("saved-views/", body))
    again = viewer.post("saved-views/", {**body, "path": "/projects/"})
    assert again.json()["errors"][0]["field"] == "name"
    assert SavedView.objects.get().path == "/projects/?q=DX"
    assert viewer.post("saved-views/", {"name": "外", "path": "//x.example/"}).status_code == 400
    assert editor.rows("saved-views/")[0]["is_own"] is False
    assert editor.patch(f"saved-views/{row['id']}/", {"is_shared": False}).status_code == 403
    changed = made(viewer.patch(f"saved-views/{row['id']}/", {"is_shared": False}))
    assert (changed["is_shared"], changed["mails_monthly"]) == (False, False)
    assert editor.rows("saved-views/") == []
    assert viewer.delete(f"saved-views/{row['id']}/").status_code == 204


def test_one_reads_one_s_own_notices_and_chooses_one_s_own_mails(cast: Cast) -> None:
    for person in (cast.viewer, cast.editor):
        for text in ("1", "2"):
            Notice.objects.create(
                user=person, organization=cast.city, kind="opened", text=text, path="/"
            )
    viewer = Caller(cast.viewer)
    rows = viewer.rows("notices/?is_read=false&kind=opened")
    assert len(rows) == 2
    of_another = cast.editor.notices.first().pk
    assert made(viewer.post("notices/read/", {"notices": [rows[0]["id"], of_another]})) == {
        "read": 1
    }
    assert made(viewer.post("notices/read/", {})) == {"read": 1}
    assert cast.editor.notices.filter(read_at__isnull=True).count() == 2
    assert made(viewer.get("notices/mail-settings/")) == {"wants_mail": True, "unwanted": []}
    assert not MailSetting.objects.exists()
    made(viewer.patch("notices/mail-settings/", {"unwanted": ["comment"]}))
    assert made(viewer.patch("notices/mail-settings/", {"wants_mail": False})) == {
        "wants_mail": False,
        "unwanted": ["comment"],
    }


# Departments


def split(cast: Cast, **more: Any) -> dict[str, Any]:
    """The tourism section goes on and hands a part to a new one."""
    old = cast.departments["観光課"].pk
    moves = [{"old": old, "successors": [{"department": old}, {"name": "物産課"}]}]
    return {"on": "2026-04-01", "moves": moves, **more}


def test_departments_are_reorganised_as_it_was_seen(cast: Cast, office: Caller) -> None:
    address = f"organizations/{cast.city.pk}/reorganize/"
    before = AuditEntry.objects.count()
    seen = made(office.post(address, split(cast, dry_run=True)))
    assert AuditEntry.objects.count() == before and not Handover.objects.exists()
    items = {(one["type"], one["id"]): one["to"] for one in seen["moves"][0]["items"]}
    visitors = ("kpi.indicator", cast.indicators["来訪者"].pk)
    assert items[visitors] == 0  # it stays
    chosen = [{"type": visitors[0], "id": visitors[1], "to": 1}]
    assert office.post(address, split(cast, items=chosen)).status_code == 400
    done = made(office.post(address, split(cast, items=chosen, seen=seen["seen"])))
    assert (done["handed_over"], done["dry_run"]) == (1, False)
    (new,) = done["created"]
    assert Indicator.objects.get(pk=visitors[1]).department_id == new
    assert Department.objects.get(pk=new).name == "物産課"
    late = office.post(address, split(cast, seen=seen["seen"]))
    assert late.status_code == 400


def test_what_changed_since_it_was_seen_stops_it(cast: Cast, office: Caller) -> None:
    address = f"organizations/{cast.city.pk}/reorganize/"
    seen = made(office.post(address, split(cast, dry_run=True)))["seen"]
    cast.indicator("新顔", department=cast.departments["観光課"])
    answer = office.call(
        "POST", address, split(cast, seen=seen), **{"Accept-Language": "en"}
    ).json()
    assert answer["errors"][0]["code"] == "changed"
    assert answer["detail"] == "What is handed over has changed since you looked. Look at it again."
    wrong = [{"type": "kpi.indicator", "id": 1, "to": 7}]
    refused = office.post(address, split(cast, items=wrong, dry_run=True)).json()
    assert refused["errors"][0]["field"] == "items.0"


# Tokens


def test_a_token_renews_itself_without_a_gap_and_gains_nothing(cast: Cast) -> None:
    token, secret = service(cast, "read", resources=["actuals"], plan_ids=[cast.plan.pk])
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() + timedelta(days=30))
    caller = Caller(secret=secret)
    assert made(caller.get("tokens/self/"))["resources"] == ["actuals"]
    refused = caller.call("POST", "tokens/self/rotate/", {}, **{"Idempotency-Key": "1"})
    assert refused.status_code == 400
    renewed = made(caller.post("tokens/self/rotate/", {}))
    successor = ApiToken.objects.get(pk=renewed["id"])
    assert (successor.resources, successor.plan_ids, successor.scope) == (
        ["actuals"],
        [cast.plan.pk],
        "read",
    )
    assert successor.expires_at <= timezone.now() + timedelta(days=30)
    token.refresh_from_db()
    assert timezone.now() < token.expires_at <= timezone.now() + timedelta(days=14)
    for known in (secret, renewed["secret"]):
        assert Caller(secret=known).get("actuals/").status_code == 200
    assert caller.post("tokens/self/rotate/", {}).status_code == 400  # once
    entry = AuditEntry.objects.filter(action="token.rotate").latest("pk")
    assert entry.token == token and renewed["secret"] not in str(entry.after)


# What pages do besides


def test_the_columns_of_a_table_are_suggested(cast: Cast, office: Caller) -> None:
    """What is suggested is what a mapping takes, once a person has looked at it."""
    table = "一覧\nPID,事業名,活動指標,R7目標,R7実績,担当課\n1-1,SNS,投稿数,12,13,観光課\n"
    file = SimpleUploadedFile("一覧.csv", table.encode())
    found = made(office.post("column-mappings/suggest/", {"plan": cast.plan.pk, "file": file}))
    means = {column["head"]: column["means"] for column in found["columns"]}
    assert found["header_row"] == 2
    assert means["PID"] == "project_code" and means["R7実績"] == "actual"
    by_head = {column["head"]: column for column in found["columns"]}
    assert by_head["R7目標"]["fiscal_year"] == 2025
    assert by_head["活動指標"]["examples"] == ["投稿数"]
    columns = [{n: v for n, v in column.items() if n != "examples"} for column in found["columns"]]
    new = {"organization": cast.city.pk, "name": "一覧", "header_row": found["header_row"]}
    made(office.post("column-mappings/", {**new, "columns": columns}))
    assert ColumnMapping.objects.get().name == "一覧"


def test_a_file_that_is_no_table_is_refused(cast: Cast, office: Caller) -> None:
    for content, sent in ((b"\xd0\xcf\x11\xe0", {}), (b"a,b\n1,2\n", {"sheet_name": "ない"})):
        body = {"plan": cast.plan.pk, "file": SimpleUploadedFile("x.xlsx", content), **sent}
        answer = office.post("column-mappings/suggest/", body)
        assert answer.status_code == 400, answer.content
        assert answer.json()["errors"][0]["field"] in ("file", "sheet_name")
    assert not ColumnMapping.objects.exists()


def test_a_token_ends_itself_and_an_administrator_any(cast: Cast) -> None:
    token, secret = service(cast, "read")
    lost = Caller(secret=secret)
    assert made(lost.post("tokens/self/revoke/", {"reason": "漏れた"}))["revoked_at"]
    assert lost.get("plans/").status_code == 401
    entry = AuditEntry.objects.get(action="token.revoke")
    assert (entry.object_id, entry.token_id, entry.reason) == (token.pk, token.pk, "漏れた")
    other, secret = service(cast, "write", "bi")
    admin = Caller(cast.admin)
    assert made(admin.post(f"tokens/{other.pk}/revoke/", {}))["revoked_at"]
    assert Caller(secret=secret).get("plans/").status_code == 401
    assert admin.post("tokens/self/revoke/", {}).status_code == 403  # comes without a token
    assert Caller(cast.outsider).post(f"tokens/{other.pk}/revoke/", {}).status_code == 404


def test_one_version_of_the_open_data_is_taken_back(cast: Cast, office: Caller) -> None:
    for name in ("1", "2"):
        DataVersion.objects.create(
            plan=cast.plan, name=name, fingerprint=name, sha256=name * 64, size=1
        )
    address = f"plans/{cast.plan.pk}"
    kept = made(office.get(f"{address}/data-versions/"))
    assert [row["name"] for row in kept] == ["2", "1"]
    back = {"data_version": "1", "reason": "個人名が含まれていたため"}
    assert made(office.post(f"{address}/withdraw-data/", back))["withdrawn_at"]
    assert office.post(f"{address}/withdraw-data/", back).status_code == 400
    assert (
        office.post(f"{address}/withdraw-data/", {**back, "data_version": "3"}).status_code == 404
    )
    kept = made(office.get(f"{address}/data-versions/"))
    assert [bool(row["withdrawn_at"]) for row in kept] == [False, True]


def test_all_that_did_not_arrive_is_sent_again(cast: Cast) -> None:
    rows = one_row_of_everything(cast)
    WebhookDelivery.objects.filter(pk=rows["webhook-deliveries"]).update(state="dead")
    address = f"webhooks/{rows['webhooks']}/replay-dead/"
    assert made(Caller(cast.admin).post(address, {})) == {"replayed": 1}
    assert made(Caller(cast.admin).post(address, {})) == {"replayed": 0}
    assert WebhookDelivery.objects.get(pk=rows["webhook-deliveries"]).state == "pending"


def test_a_reading_token_takes_a_plan_book_of_its_plan(cast: Cast) -> None:
    """Reading it changes nothing, so a token that only reads may, if its person may."""
    limits = Limits("read", plan_ids=[cast.plan.pk])
    secret = issue_token(Actor.system(), cast.coordinator, "控え", limits)[1]
    answer = Caller(secret=secret).get(f"plans/{cast.plan.pk}/book/")
    assert answer.status_code == 200 and b"".join(answer.streaming_content)[:2] == b"PK"
    assert (
        Caller(secret=service(cast, "read")[1]).get(f"plans/{cast.plan.pk}/book/").status_code
        == 403
    )
