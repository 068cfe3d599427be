"""The administrator's pages of tokens and of the two logs."""

import csv
import datetime
import io
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from accounts.audit import Actor
from accounts.models import ApiCall, ApiToken, AuditEntry, User
from accounts.tokens import Limits, issue_token, revoke_token, rotate_token
from plans.services import change_cycle
from tests.api import Caller, service
from tests.cast import THIS_YEAR, Cast


@pytest.fixture
def admin(cast: Cast, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(cast.admin)


def day(days: int) -> str:
    return (timezone.localdate() + datetime.timedelta(days=days)).isoformat()


def secret_in(answer: object) -> str:
    return re.search(r'id="secret">([^<]+)<', answer.content.decode())[1]  # type: ignore[attr-defined,index]


def test_a_token_is_issued_and_its_secret_shown_once(cast: Cast, admin: Client) -> None:
    form = {
        "user": cast.editor.pk,
        "name": "RPA",
        "scope": "write",
        "plan_ids": [cast.plan.pk],
        "resources": ["actuals", "indicators"],
        "addresses": "127.0.0.1\n10.1.2.0/24",
        "expires_on": day(90),
    }
    answer = admin.post("/tokens/issue/", form)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    secret = secret_in(answer)
    token = ApiToken.objects.get()
    assert (token.plan_ids, token.resources) == ([cast.plan.pk], ["actuals", "indicators"])
    assert token.addresses == ["10.1.2.0/24", "127.0.0.1"]
    assert timezone.localtime(token.expires_at).isoformat().startswith(f"{day(90)}T23:59:59")
    caller = Caller(secret=secret)
    assert caller.get("actuals/").status_code == 200
    assert caller.get("projects/").status_code == 403
    for address in ("/tokens/", f"/tokens/{token.pk}/", f"/tokens/{token.pk}/change/", "/audit/"):
        page = admin.get(address).content.decode()
        assert secret not in page
        assert token.digest not in page
    shown = admin.get(f"/tokens/{token.pk}/").content.decode()
    for told in (str(cast.plan), "10.1.2.0/24", "読み取りと書き込み", "GET /api/v1/actuals/"):
        assert told in shown


def test_nothing_typed_is_lost_when_a_form_is_refused(cast: Cast, admin: Client) -> None:
    form = {
        "user": cast.editor.pk,
        "name": "RPA",
        "scope": "read",
        "addresses": "10.1.2.0/24\n10.1.2",
        "expires_on": day(-1),
    }
    answer = admin.post("/tokens/issue/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "今日以後の日付" in page
    answer = admin.post("/tokens/issue/", form | {"expires_on": day(1)})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "「10.1.2」はIPアドレスまたは範囲" in page
    assert 'value="RPA"' in page
    assert not ApiToken.objects.exists()
    # People and plans of another city are no choices.
    for odd in ({"user": cast.outsider.pk}, {"plan_ids": [cast.other_plan.pk]}):
        answer = admin.post("/tokens/issue/", form | {"addresses": "", "expires_on": day(1)} | odd)
        assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_limits_are_changed_for_a_secret_that_is_out(cast: Cast, admin: Client) -> None:
    token, secret = service(cast, "write")
    page = admin.get(f"/tokens/{token.pk}/change/").content.decode()
    assert f'value="{token.name}"' in page
    form = {"name": token.name, "scope": "read", "resources": ["plans"], "expires_on": day(30)}
    assert admin.post(f"/tokens/{token.pk}/change/", form).url == f"/tokens/{token.pk}/"
    caller = Caller(secret=secret)
    assert caller.get("plans/").status_code == 200
    assert caller.get("actuals/").status_code == 403
    entry = AuditEntry.objects.of(token).first()
    assert (entry.action, entry.before["scope"], entry.after["scope"]) == (
        "token.change",
        "write",
        "read",
    )
    assert "digest" not in entry.after
    revoke_token(Actor.system(), token)
    assert admin.post(f"/tokens/{token.pk}/change/", form).status_code == 422


def test_a_token_is_replaced_without_a_gap(cast: Cast, admin: Client) -> None:
    token, old_secret = service(cast, "write", addresses=["127.0.0.1"])
    answer = admin.post(f"/tokens/{token.pk}/rotate/", {"ends_on": day(7), "expires_on": day(300)})
    new_secret = secret_in(answer)
    new = ApiToken.objects.get(replaces=token)
    assert (new.scope, new.addresses, new.user) == ("write", ["127.0.0.1"], token.user)
    for secret in (old_secret, new_secret):
        assert Caller(secret=secret).get("plans/").status_code == 200
    assert "更新中（新旧とも使用可）" in admin.get("/tokens/").content.decode()
    token.refresh_from_db()
    assert timezone.localtime(token.expires_at).isoformat().startswith(day(7))
    # The chosen time is past: the old one ends by itself.
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    assert Caller(secret=old_secret).get("plans/").status_code == 401
    assert Caller(secret=new_secret).get("plans/").status_code == 200
    again = admin.post(f"/tokens/{token.pk}/rotate/", {"ends_on": day(7), "expires_on": day(9)})
    assert again.status_code == 422
    assert ApiToken.objects.count() == 2


def test_an_end_that_was_set_is_never_put_off_by_a_rotation(cast: Cast, admin: Client) -> None:
    soon = timezone.now() + datetime.timedelta(days=2)
    token, _ = issue_token(Actor.system(), cast.editor, "RPA", Limits(), soon)
    rotate_token(Actor.system(), token, soon + datetime.timedelta(days=30))
    token.refresh_from_db()
    assert token.expires_at == soon


def test_revoking_asks_first_and_keeps_the_reason(cast: Cast, admin: Client) -> None:
    token, secret = service(cast, "read")
    asked = admin.get(f"/tokens/{token.pk}/revoke/").content.decode()
    assert "元には戻せません" in asked
    assert Caller(secret=secret).get("plans/").status_code == 200
    admin.post(f"/tokens/{token.pk}/revoke/", {"reason": "担当の交代"})
    assert Caller(secret=secret).get("plans/").status_code == 401
    assert AuditEntry.objects.of(token).first().reason == "担当の交代"


def test_the_list_is_filtered_sorted_and_says_when_it_is_empty(cast: Cast, admin: Client) -> None:
    assert "トークンはまだありません" in admin.get("/tokens/").content.decode()
    for name, days in (("あとで", 300), ("もうすぐ", 5)):
        end = timezone.now() + datetime.timedelta(days=days)
        issue_token(Actor.system(), cast.editor, name, Limits(), end)
    revoke_token(Actor.system(), issue_token(Actor.system(), cast.editor, "終了済み")[0])
    issue_token(Actor.system(), cast.outsider, "他市")

    def names(query: str) -> list[str]:
        return re.findall(
            r'/tokens/\d+/">([^<]+)<', admin.get(f"/tokens/?{query}").content.decode()
        )

    assert set(names("")) == {"あとで", "もうすぐ", "終了済み"}
    assert names("state=ending") == ["もうすぐ"]
    assert names("state=ended") == ["終了済み"]
    assert names("state=active&ordering=expires_at") == ["もうすぐ", "あとで"]
    assert "条件に合うトークンはありません" in admin.get("/tokens/?q=zzz").content.decode()


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


@pytest.mark.parametrize("address", ["/tokens/", "/audit/", "/audit/calls/", "/api/v1/audit/"])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    cast: Cast, admin: Client, address: str
) -> None:
    def grow(number: int) -> None:
        user = User.objects.create(username=f"s{number}", organization=cast.city)
        limits = Limits(plan_ids=[cast.plan.pk], organization_ids=[])
        _, secret = issue_token(Actor.system(), user, f"t{number}", limits)
        Caller(secret=secret).get("plans/")

    grow(1)
    few = _queries(admin, address)
    for number in range(2, 8):
        grow(number)
    assert _queries(admin, address) == few


def test_the_audit_log_is_searched_and_saved(cast: Cast, admin: Client) -> None:
    token, secret = service(cast, "write")
    figure = {
        "indicator": cast.indicators["立案数"].pk,
        "fiscal_year": THIS_YEAR,
        "value": "7",
        "note": "=1+1",
    }
    assert Caller(secret=secret).post("actuals/", figure).status_code == 201
    page = admin.get(f"/audit/?token={token.pk}").content.decode()
    assert "actual.record" in page
    assert "token.issue" not in page
    assert "token.issue" in admin.get("/audit/?action=token.issue").content.decode()
    assert "条件に合う記録はありません" in admin.get(f"/audit/?until={day(-1)}").content.decode()
    assert "actual.record" in admin.get(f"/audit/?since={day(0)}&until={day(0)}").content.decode()
    saved = admin.get(f"/audit/?token={token.pk}&format=csv").content.decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(saved)))
    assert (row["操作"], row["トークンの番号"]) == ("actual.record", str(token.pk))
    assert '"note": "=1+1"' in row["変更後"]
    book = load_workbook(io.BytesIO(admin.get(f"/audit/?token={token.pk}&format=xlsx").content))
    assert book.active is not None
    assert [cell.value for cell in book.active[2]][8] == "actual.record"


def test_an_entry_that_tells_a_relation_by_its_names_can_be_shown(
    cast: Cast, admin: Client
) -> None:
    """As a round does with the levels that it asks about."""
    assert cast.open_cycle is not None
    change_cycle(
        Actor.system(), cast.open_cycle, {}, cast.open_cycle.version, [cast.levels["area"]]
    )
    assert cast.levels["area"].name in admin.get("/audit/?action=cycle.change").content.decode()


def test_the_log_of_calls_is_filtered_and_saved(cast: Cast, admin: Client) -> None:
    token, secret = service(cast, "read")
    caller = Caller(secret=secret)
    caller.get("plans/")
    caller.post("tags/", {})
    Caller(secret="dxp_wrong").get("levels/")
    page = admin.get("/audit/calls/").content.decode()
    for told in ("GET /api/v1/plans/", "POST /api/v1/tags/", "（サインインなし）", "127.0.0.1"):
        assert told in page
    refused = admin.get(f"/audit/calls/?outcome=refused&token={token.pk}").content.decode()
    assert "POST /api/v1/tags/" in refused
    assert "GET /api/v1/plans/" not in refused
    saved = admin.get("/audit/calls/?format=csv&is_change=true").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(saved)))
    assert [(row["呼び出し先"], row["状態コード"]) for row in rows] == [("api/v1/tags/", "403")]


def test_another_citys_logs_and_tokens_are_not_there(cast: Cast, admin: Client) -> None:
    token, secret = issue_token(Actor.system(), cast.outsider, "他市の連携")
    Caller(secret=secret).get("plans/")
    assert ApiCall.objects.filter(token=token).exists()
    for address in ("/tokens/", "/audit/", "/audit/calls/"):
        assert "他市の連携" not in admin.get(address).content.decode()
    assert admin.get(f"/tokens/{token.pk}/").status_code == 404
    assert admin.post(f"/tokens/{token.pk}/rotate/", {"ends_on": day(1)}).status_code == 404
    own = {row["organization"] for row in Caller(cast.admin).rows("audit/")}
    assert own <= {cast.city.pk}
