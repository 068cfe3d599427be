"""Reading figures as people write them: each is understood exactly, or refused with the reason."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

MINUS_SIGNS = "-−‐–ー－▲△"
SCALES = {"億": 100_000_000, "万": 10_000, "千": 1_000, "百万": 1_000_000}
NOT_NUMBERS = {
    "集計中": "まだ数値がないときは、値の状態で「未集計」を選んでください。",
    "未集計": "まだ数値がないときは、値の状態で「未集計」を選んでください。",
    "該当なし": "該当しないときは、値の状態で「該当なし」を選んでください。",
    "なし": "該当しないときは「該当なし」、0のときは 0 と入れてください。",
    "-": "数値がないときは、値の状態（該当なし・未集計など）を選んでください。",
}
# Where no 値の状態 stands beside the figure: targets, amounts of money.
NOT_NUMBERS_WITHOUT_STATUS = {
    **dict.fromkeys(
        ("集計中", "未集計"),
        "まだ数値がないときは空欄のままにし、事情はコメントに書いてください。",
    ),
    **dict.fromkeys(
        ("該当なし", "なし"), "該当しないときは空欄のまま、0のときは 0 と入れてください。"
    ),
    "-": "数値がないときは、空欄のままにしてください。",
}

_PLAIN = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_SCALED = re.compile(r"((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(億|百万|万|千)?")
_MONEY = re.compile(r"(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:億|百万|万|千)?)+円")


@dataclass(frozen=True)
class ReadNumber:
    """A figure and how it was understood, to be shown before it is saved."""

    value: Decimal
    understood: str


def read_number(text: str, unit: str = "", *, has_status: bool = True) -> ReadNumber:
    """Read a figure typed or pasted, of this unit.

    Full width, thousands commas, ▲/△ for minus, a trailing unit or %, and amounts such as
    23億2,559万4千円 (in units of 円, 千円 or 百万円) are understood.
    Raises ValueError with a Japanese sentence that says what to do instead: to choose a 値の状態,
    unless there is none (`has_status`).
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain in NOT_NUMBERS or plain in MINUS_SIGNS:
        advice = NOT_NUMBERS if has_status else NOT_NUMBERS_WITHOUT_STATUS
        raise ValueError(f"「{text}」は数値ではありません。{advice.get(plain, advice['-'])}")
    if plain.startswith(("約", "およそ", "※")):
        raise ValueError(
            f"「{text}」は正確な値として読めません。数値だけを入れ、補足はコメントに書いてください。"
        )
    negative = plain[:1] in MINUS_SIGNS and len(plain) > 1
    value = _read_unsigned(plain[1:].strip() if negative else plain, unit, text)
    value = -value if negative else value
    return ReadNumber(value, f"{value:,f}{unit}")


def _read_unsigned(plain: str, unit: str, text: str) -> Decimal:
    if plain.endswith("円") and _MONEY.fullmatch(plain):
        return _read_money(plain, unit, text)
    wanted = unicodedata.normalize("NFKC", unit)
    if wanted and plain.endswith(wanted):
        plain = plain.removesuffix(wanted).strip()
    elif plain.endswith("%"):
        raise ValueError(f"「{text}」は％ですが、ここの単位は「{unit or 'なし'}」です。")
    if not _PLAIN.fullmatch(plain):
        raise ValueError(f"「{text}」は数値として読めません。例：1,234　12.5　▲3")
    return Decimal(plain.replace(",", ""))


def _read_money(plain: str, unit: str, text: str) -> Decimal:
    per_unit = {"円": 1, "千円": 1_000, "百万円": 1_000_000}.get(unit)
    if per_unit is None:
        raise ValueError(f"「{text}」は金額ですが、ここの単位は「{unit or 'なし'}」です。")
    total, last_scale = Decimal(0), None
    for number, scale_name in _SCALED.findall(plain.removesuffix("円")):
        scale = SCALES.get(scale_name, 1)
        if last_scale is not None and scale >= last_scale:
            raise ValueError(f"「{text}」は金額として読めません。例：23億2,559万4千円")
        total += Decimal(number.replace(",", "")) * scale
        last_scale = scale
    return total / per_unit
