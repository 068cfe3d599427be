"""Reads the cells of a city's own table as the cells that the plan's book would have.

Each function takes what is printed and what is stored, and gives the cells to change: none where
both say the same. What cannot be understood exactly raises ValueError with a sentence.
"""

import re
from decimal import Decimal

from dxportal.planbook.columns import Cells
from dxportal.planbook.meanings import THOUSAND_YEN, plain
from kpi.models import Target, ValueStatus
from kpi.numbers import ReadNumber, read_number
from projects.models import Stage

DASHES = frozenset("-−‐–—―ー－")
# Words in the place of a number, and what they mean. A dash is kept as it is printed.
STATUSES = {
    "集計中": ValueStatus.NOT_YET,
    "未集計": ValueStatus.NOT_YET,
    "該当なし": ValueStatus.NOT_APPLICABLE,
    "中止": ValueStatus.SUSPENDED,
}
STAGES = {
    "○": Stage.BUILD,
    "〇": Stage.BUILD,
    "◯": Stage.BUILD,
    "構築": Stage.BUILD,
    "⇒": Stage.OPERATE,
    "運用": Stage.OPERATE,
    "…": Stage.STUDY,
    "...": Stage.STUDY,
    "検討": Stage.STUDY,
}
# Printed in place of a stage: kept as they are.
PROGRESS_WORDS = ("実施済", "当年度実施", "今後予定")
YES = ("○", "〇", "◯", "●", "◎")
_COMPARED = re.compile(r"(.+?)(以上|以下|未満|超)")


def is_dash(text: str) -> bool:
    return plain(text) in DASHES


def says_the_same(text: str, stored: str) -> bool:
    return plain(text) == plain(stored)


def actual(text: str, indicator: Cells, stored: Cells) -> Cells:
    """Cells of an actual: a number, a status, or for a qualitative indicator a text."""
    if stored.get("text") and says_the_same(text, stored["text"]):
        return {}
    status = ValueStatus.UNSTATED if is_dash(text) else STATUSES.get(plain(text))
    if status is not None:
        if stored.get("status") == status:
            return {}
        kept = text if status is ValueStatus.UNSTATED else ""
        return _no_counts(stored) | {"value": "", "text": kept, "status": status.value}
    if indicator.get("is_qualitative") == "1":
        return {"value": "", "text": text, "status": ValueStatus.REPORTED.value}
    number = _number(text, indicator)
    if stored.get("value") and Decimal(stored["value"]) == number.value:
        return {}
    return _no_counts(stored) | {
        "value": _figure(number.value),
        "text": "" if text == format(number.value, "f") else text,
        "status": ValueStatus.REPORTED.value,
    }


def _no_counts(stored: Cells) -> Cells:
    """A rate that comes from two counts is not changed without them."""
    if stored.get("numerator") or stored.get("denominator"):
        raise ValueError("分子と分母から計算した値です。入力の画面で分子と分母を直してください。")
    return {}


def _number(text: str, indicator: Cells) -> ReadNumber:
    try:
        return read_number(text, indicator.get("unit", ""))
    except ValueError as error:
        hint = (
            "" if re.search(r"\d", plain(text)) else "文字で示す指標は「定性」と登録してください。"
        )
        raise ValueError(f"{error}{hint}") from error


def target(text: str, indicator: Cells, stored: Cells) -> Cells:
    """Cells of a target: a number, one to be reached or not exceeded, or a text (全庁展開)."""
    if stored.get("text") and says_the_same(text, stored["text"]):
        return {}
    comparison, printed = "", text
    if compared := _COMPARED.fullmatch(plain(text)):
        comparison = next(c.value for c in Target.Comparison if c.label == compared[2])
        printed = compared[1]
    try:
        number = read_number(printed, indicator.get("unit", ""))
    except ValueError:
        is_text = any(letter.isalpha() for letter in text) or is_dash(text)
        if re.search(r"\d", plain(text)) or not is_text:
            raise
        return {"value": "", "text": text, "comparison": ""}
    if (
        stored.get("value")
        and Decimal(stored["value"]) == number.value
        and stored.get("comparison", "") == comparison
    ):
        return {}
    is_plain = text == format(number.value, "f")
    return {
        "value": _figure(number.value),
        "text": "" if is_plain else text,
        "comparison": comparison,
    }


def schedule(text: str, column: str, stored: Cells) -> Cells:
    """Cells of a year's schedule; `column` is `planned` or `actual`."""
    printed = plain(text)
    if printed in PROGRESS_WORDS:
        return {} if says_the_same(text, stored.get("text", "")) else {"text": printed}
    if is_dash(text):
        if stored.get(column):
            raise ValueError("登録済みの段階は取込では消せません。事業の画面で直してください。")
        return {}
    stage = STAGES.get(text.strip()) or STAGES.get(printed)
    if stage is None:
        words = "、".join(PROGRESS_WORDS)
        raise ValueError(f"段階として読めません。使えるもの：○構築、⇒運用、…検討、{words}")
    return {} if stored.get(column) == stage else {column: stage.value}


def amount(text: str, unit: str, stored: Cells) -> Cells:
    """The amount in yen. One in thousands that is the stored one rounded or cut off is the same."""
    scale = 1000 if unit == THOUSAND_YEN else 1
    yen = read_number(text, unit, has_status=False).value * scale
    if yen != yen.to_integral_value():
        raise ValueError(f"「{text}」は1円未満の端数になります（単位：{unit}）。")
    if stored.get("amount"):
        known = Decimal(stored["amount"])
        # Cut off, or rounded half up.
        nearby = (known // scale, (known + Decimal(scale) / 2) // scale)
        if yen / scale in nearby or yen == known:
            return {}
    return {"amount": _figure(yen)}


def leading(text: str, stored: Cells) -> Cells:
    """Whether the project leads: a circle, or a dash for not."""
    if text.strip() in YES:
        wanted = "1"
    elif is_dash(text) or text.strip() in ("×", "✕"):
        wanted = "0"
    else:
        raise ValueError("○か空欄で入れてください。")
    return {} if stored.get("is_leading") == wanted else {"is_leading": wanted}


def prose(text: str, column: str, stored: Cells) -> Cells:
    """A text; one that differs only in where its lines break is the same."""
    return {} if says_the_same(text, stored.get(column, "")) else {column: text}


def names_in(text: str) -> list[str]:
    """Several names in one cell, as they are separated in print."""
    return [name.strip() for name in re.split(r"[、，,\n／/]", text) if name.strip()]


def _figure(value: Decimal) -> str:
    return format(value.normalize(), "f")
