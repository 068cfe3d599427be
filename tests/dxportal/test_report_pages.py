"""The pages of reports: queries do not grow with the list, and who is stuck is told the way out."""

import datetime
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from dxportal.models import ReportJob, ReportTemplate
from tests.cast import Cast
from tests.drawn import drawn


@pytest.mark.parametrize("more", [1, 25])
def test_the_number_of_queries_does_not_grow(
    cast: Cast,
    sign_in: Callable[[User], Client],
    django_assert_num_queries: DjangoAssertNumQueries,
    more: int,
) -> None:
    for _ in range(more):
        ReportJob.objects.create(
            plan=cast.plan,
            fiscal_year=2024,
            format="pdf",
            requested_by=cast.coordinator,
            state="cancelled",
        )
    client = sign_in(cast.coordinator)
    with django_assert_num_queries(11):
        page = client.get("/reports/")
    assert page.content.decode().count("取消") >= more


def test_a_report_that_failed_is_asked_for_again_as_it_was(
    cast: Cast, sign_in: Callable[[User], Client]
) -> None:
    template = ReportTemplate.objects.create(
        organization=cast.city, plan=cast.plan, name="議会用", sections=[{"section": "cover"}]
    )
    job = ReportJob.objects.create(
        plan=cast.plan, fiscal_year=2023, format="docx", requested_by=cast.coordinator,
        state="failed", error="止まりました", design={"name": "議会用"},
    )  # fmt: skip
    client = sign_in(cast.coordinator)
    page = client.get(f"/reports/{job.pk}/").content.decode()
    found = re.search(r'href="([^"]*)">もう一度作成する', page)
    assert found and "止まりました" in page
    form = drawn(client.get(found[1]).content.decode())
    selected = re.findall(r'<option value="(\d+)" selected', form)
    assert selected == [str(cast.plan.pk), "2023", str(template.pk)]
    assert re.findall(r'value="(\w+)"[^>]*checked', form) == ["docx"]
    # Another city's report begins nothing, nor does what is no number.
    other = ReportJob.objects.create(plan=cast.other_plan, fiscal_year=2023, format="docx")
    for again in (other.pk, "x", "²"):
        form = client.get("/reports/", {"again": again}).content.decode()
        assert re.findall(r'value="(\w+)"[^>]*checked', form) == ["pdf"]


def test_who_waits_long_is_told_whom_to_ask(cast: Cast, sign_in: Callable[[User], Client]) -> None:
    job = ReportJob.objects.create(
        plan=cast.plan, fiscal_year=2024, format="pdf", requested_by=cast.coordinator
    )
    client = sign_in(cast.coordinator)
    assert "ワーカー" not in client.get(f"/reports/{job.pk}/").content.decode()
    asked = timezone.now() - datetime.timedelta(minutes=6)
    ReportJob.objects.filter(pk=job.pk).update(created_at=asked)
    page = client.get(f"/reports/{job.pk}/").content.decode()
    assert "ワーカー" in page and f"作成番号{job.pk}" in page
