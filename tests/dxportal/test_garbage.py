"""Cyclic garbage is collected after an answer, and the portal's own code is left out of it."""

import subprocess
import sys
import weakref

from dxportal.garbage import TIMES_BETWEEN, collect


class Row:
    other: "Row"


def test_what_a_page_leaves_behind_is_collected_after_it() -> None:
    row = Row()
    row.other = Row()
    row.other.other = row
    left = weakref.ref(row)
    del row
    assert left() is not None
    collect()
    assert left() is None


def test_what_outlived_a_page_is_collected_in_time() -> None:
    row = Row()
    row.other = row
    left = weakref.ref(row)
    collect()  # in the middle of another answer: it lives on
    del row
    collect()
    assert left() is not None
    for _ in range(TIMES_BETWEEN):
        collect()
    assert left() is None


def test_the_server_leaves_its_own_code_alone_and_collects_after_each_answer() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import gc, dxportal.wsgi as w\n"
            "from django.core.signals import request_finished as s\n"
            "print(gc.get_freeze_count() > 50_000, gc.get_threshold()[0] > 700,"
            " s.has_listeners(), w.collect in s._live_receivers(None)[0])",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.split() == ["True"] * 4
