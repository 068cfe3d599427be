"""Fixtures for every test: the cast, and browsers that are signed in as one of them."""

import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import LazySettings
from django.db import connection, connections
from django.db.backends.utils import CursorWrapper
from django.test import Client, TransactionTestCase

from accounts.models import User
from tests.cast import Cast
from tests.cast_again import cast_again
from tests.emptying import empty_database

# A loaded machine is slow now and then, which no property of the portal forbids.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,
    ],
)
hypothesis.settings.load_profile("suite")

DATABASE = connections.settings["default"]
# A connection that a server's thread keeps open would keep the tests' database from being dropped.
DATABASE["CONN_MAX_AGE"] = 0
if connection.vendor == "postgresql":
    # Nobody misses a test's rows after a power cut: no commit waits for the disk.
    DATABASE["OPTIONS"]["options"] += " -c synchronous_commit=off"

TransactionTestCase._fixture_teardown = empty_database
# How long the end of the run waits for requests that are under way (seconds).
PATIENCE = 20


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what is made once for their module run in one process: it is made once."""
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("xdist_group") is None:
            used = item._fixtureinfo.name2fixturedefs.values()
            shared = [found[-1] for found in used if found[-1].scope == "module"]
            if any(fixture.func.__module__ == item.module.__name__ for fixture in shared):
                item.add_marker(pytest.mark.xdist_group(item.module.__name__))


@pytest.fixture(autouse=True)
def _light_settings(settings: LazySettings) -> None:
    """Static files without a manifest, passwords that take no time, and calls without a limit."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.API_CALLS_PER_MINUTE = settings.API_FAILURES_PER_MINUTE = 0
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Transactional tests empty SQLite's tables by DELETE, which the audit log's guard refuses."""
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER IF EXISTS audit_no_delete")
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            _wait_for_the_last_requests(cursor)


def _wait_for_the_last_requests(cursor: CursorWrapper) -> None:
    """A live server may still answer what a browser asked before it was closed.

    PostgreSQL drops no database that somebody else is connected to; who stays too long is named.
    """
    ends = time.monotonic() + PATIENCE
    while True:
        cursor.execute(
            "SELECT state, query FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        others = cursor.fetchall()
        if not others:
            return
        if time.monotonic() > ends:
            warnings.warn(f"Still connected to the tests' database: {others}", stacklevel=1)
            return
        time.sleep(0.1)


@pytest.fixture
def cast(db: None) -> Cast:
    return cast_again()


@pytest.fixture
def files(settings: LazySettings, tmp_path: Path) -> Path:
    """Where this test's report files are kept, and nothing else."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    return tmp_path


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """A client that is signed in as this user: `sign_in(cast.editor).get("/")`."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in
