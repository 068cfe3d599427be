"""What a value looks like in a cell of a CSV file, in every download and in the API."""

import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

# What a spreadsheet program may take for a formula when a person edits the cell or saves as CSV.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(value: Any) -> str:
    """A value as one CSV cell: plain numbers, text that no spreadsheet takes for a formula.

    A line break would tear the record for simple readers, so it becomes a space.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    text = " ".join(str(value).splitlines())
    # A lone printed dash is no formula, and must stay what the document says.
    if text.startswith(FORMULA_STARTS) and text.strip("-－ ー"):
        return f"'{text}"
    return text
