"""What stands in one cell of an uploaded entry workbook, as text, or why it cannot be taken."""

import datetime
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from dxportal.rounds.entry_book_sheets import tidy

# A number that Excel shows by its format says something else than its value alone.
_QUOTED = re.compile(r'"([^"]*)"')
_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
_SCALED = re.compile(r"[0#?],+(?![0#?,])")
_YEN = ("¥", "\\", "￥", "円")
# Digits that Excel keeps of a number.
_SIGNIFICANT = 15


def text_of(cell: Any) -> str:
    """The text of a cell. Raises ValueError with a Japanese reason where it has none.

    A number is what the sheet shows: 0.125 in the format 0.0% is "12.5%", 1500 as #,##0"円" is
    "1500円"; one that a format shows in thousands is refused.
    """
    value, kind = cell.value, cell.data_type if cell.value is not None else "n"
    if value is None:
        return ""
    if kind == "f":
        raise ValueError("数式は読み込めません。「値の貼り付け」で値にしてください。")
    if kind == "e":
        raise ValueError("エラーの値です。正しい値を入れてください。")
    if kind == "b" or isinstance(value, bool):
        raise ValueError("TRUE・FALSEは読み込めません。")
    if kind == "d" or isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        raise ValueError(
            "日付として入っています。セルの表示形式を「文字列」にして入れ直してください。"
        )
    if isinstance(value, int | float):
        return _as_shown(value, cell.number_format or "General")
    return tidy(str(value))


def told(cell: Any) -> str:
    """What stands in a cell that is refused, for the list of faults."""
    value = cell.value
    text = getattr(value, "text", value)  # an array formula
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        text = value.date()
    return "" if text is None else str(text)[:200]


def _as_shown(value: int | float, number_format: str) -> str:
    shown = number_format.partition(";")[0]
    literals = "".join(_QUOTED.findall(shown)) + "".join(_CURRENCY.findall(shown))
    bare = _CURRENCY.sub("", _QUOTED.sub("", shown))
    if _SCALED.search(bare):
        raise ValueError(
            "表示形式で千円などの単位に丸めて見せている数値です。見えているとおりの値を入れ直して"
            "ください。"
        )
    number = _exact(value)
    if "%" in bare:
        return f"{_short(number * 100):f}%"
    if any(sign in literals + bare for sign in _YEN):
        unit = next((word for word in ("百万円", "千円") if word in literals), "円")
        return f"{number:f}{unit}"
    return f"{number:f}{literals.strip()}"


def _exact(value: int | float) -> Decimal:
    """The digits that a person typed: a float has more, which say nothing."""
    try:
        number = Decimal(f"{value:.{_SIGNIFICANT}g}" if isinstance(value, float) else value)
        if not number.is_finite() or number.adjusted() > _SIGNIFICANT + 5:
            raise ValueError("数値の桁が多すぎます。")
    except InvalidOperation as error:
        raise ValueError("数値として読めません。") from error
    return _short(number)


def _short(number: Decimal) -> Decimal:
    """Without zeros at its end, and without an exponent."""
    whole = number.to_integral_value()
    return whole if number == whole else number.normalize()
