"""The list of reports: its queries do not grow with the reports on it."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from dxportal.models import ReportJob
from tests.cast import Cast


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
