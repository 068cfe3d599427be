"""Text and requests that mean harm: markup in names, forms without a token, cookies in the clear.

Other doors are tested where they are: what nobody may see in `test_page_scope` and the permission
tables, uploads in `test_evidence`, `test_book_imports` and `test_entry_book_torture`, formulas in
`tests/plans/test_exports`, signing in and framing in `tests/accounts/test_views`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import User
from dxportal.models import Publication
from tests.cast import Cast
from tests.dxportal.test_page_scope import PAGES, addresses

# Ends an attribute and a tag; no page writes an <i> of its own.
MARKUP = "\"'><i>"
APPS = ("accounts", "plans", "projects", "kpi", "budgets")
# What the rows are found by.
KEPT = {"key", "code", "username", "password", "version", "kind", "direction", "aggregation"}
EDITING = ("editing:index", "editing:tree", "plans:revise", "plans:publish", "books:export")


@pytest.fixture
def hostile(cast: Cast) -> Cast:
    """The cast with markup in every text that somebody can write."""
    for model in apps.get_models():
        if model._meta.app_label not in APPS:
            continue
        texts = [
            field.name
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField)
            and not field.choices
            and field.name not in KEPT
            and (field.max_length or 1000) > len(MARKUP) + 5
        ]
        for row in model._base_manager.values("pk", *texts):
            marked = {name: f"{MARKUP}{row['pk']}" for name in texts if row[name]}
            if marked:
                model._base_manager.filter(pk=row["pk"]).update(**marked)
    return cast


def address(page: str, cast: Cast) -> str:
    return addresses(cast)[page] if page in PAGES else reverse(page, args=[cast.plan.pk])


@pytest.mark.parametrize("page", [*PAGES, *EDITING])
def test_markup_in_what_people_wrote_stays_text(
    hostile: Cast, sign_in: Callable[[User], Client], page: str
) -> None:
    response = sign_in(hostile.coordinator).get(address(page, hostile))
    html = response.content.decode()
    assert response.status_code == 200
    assert "<i>" not in html
    assert "&lt;i&gt;" in html


@pytest.mark.parametrize("page", ["", "measures/{measure}/", "indicators/{kpi}/", "text/"])
def test_markup_stays_text_before_citizens(hostile: Cast, page: str) -> None:
    Publication.objects.create(plan=hostile.plan)
    numbers = {"measure": hostile.measures["観光1"].pk, "kpi": hostile.indicators["立案数"].pk}
    response = Client().get(f"/public/{hostile.city.code}/dx/{page.format(**numbers)}")
    html = response.content.decode()
    assert response.status_code == 200
    assert "<i>" not in html and "&lt;i&gt;" in html


@pytest.mark.parametrize(
    "page", ["plans:create", "books:upload", "rounds:create", "accounts:change_password"]
)
def test_a_form_without_its_token_is_refused(cast: Cast, page: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.coordinator, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse(page)).status_code == 200
    response = client.post(reverse(page), {})
    assert response.status_code == 403
    assert "403_csrf.html" in [template.name for template in response.templates]


def test_behind_https_cookies_go_over_https_alone() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, django; django.setup(); from django.conf import settings as s;"
            "print(json.dumps([s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
            " s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.SECURE_HSTS_SECONDS > 0]))",
        ],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "dxportal.settings", "BEHIND_HTTPS": "on"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(told.stdout) == [True, True, True, "Lax", True]
