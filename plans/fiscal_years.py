"""Fiscal years (年度) and eras (元号): the one place that converts and formats them.

A fiscal year is an integer, 2024 for 1 April 2024 – 31 March 2025, Japan time. Era years follow
the government's practice of naming the fiscal year by the era of most of it: 2019 is 令和元年度.
"""

import datetime
import re
import unicodedata
from dataclasses import dataclass

from django.utils import timezone

FIRST_MONTH = 4


@dataclass(frozen=True)
class Era:
    name: str
    letter: str
    first_fiscal_year: int


ERAS = (Era("令和", "R", 2019), Era("平成", "H", 1989), Era("昭和", "S", 1926))
MIN_FISCAL_YEAR, MAX_FISCAL_YEAR = 1926, 2117

_ERA_YEAR = re.compile(r"(令和|平成|昭和|[RHS])\.?(元|\d{1,2})(?:年度?)?", re.IGNORECASE)
_WESTERN = re.compile(r"(?:FY)?(\d{4})(?:年度?)?", re.IGNORECASE)
_BOTH = re.compile(r"(.+?)\((\d{4})\)(年度?)?")


def fiscal_year_of(day: datetime.date) -> int:
    """The fiscal year in which a day (in Japan) lies."""
    return day.year if day.month >= FIRST_MONTH else day.year - 1


def current_fiscal_year() -> int:
    return fiscal_year_of(timezone.localdate())


def first_day(fiscal_year: int) -> datetime.date:
    return datetime.date(fiscal_year, FIRST_MONTH, 1)


def last_day(fiscal_year: int) -> datetime.date:
    return datetime.date(fiscal_year + 1, FIRST_MONTH, 1) - datetime.timedelta(days=1)


def era_of(fiscal_year: int) -> tuple[Era, int]:
    """The era and the year within it. Raises ValueError before 昭和元年 (1926)."""
    for era in ERAS:
        if fiscal_year >= era.first_fiscal_year:
            return era, fiscal_year - era.first_fiscal_year + 1
    raise ValueError(f"{fiscal_year}年度は昭和元年（1926年）より前です。")


def long_form(fiscal_year: int) -> str:
    """2024 → 令和6年度, 2019 → 令和元年度."""
    era, year = era_of(fiscal_year)
    return f"{era.name}{'元' if year == 1 else year}年度"


def short_form(fiscal_year: int) -> str:
    """2024 → R6."""
    era, year = era_of(fiscal_year)
    return f"{era.letter}{year}"


def both_form(fiscal_year: int) -> str:
    """2024 → 令和6（2024）年度."""
    return f"{long_form(fiscal_year).removesuffix('年度')}（{fiscal_year}）年度"


def parse(text: str) -> int:
    """Read R6 / 令和6年度 / 令和元年度 / 平成31年度 / 2024 / 令和6（2024）年度 in any width.

    Raises ValueError with a sentence for the person who typed it. An era year may run on past
    the era's end (平成31年度 is 2019): documents written before the change say so.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    if both := _BOTH.fullmatch(plain):
        era_year, western = parse(both[1]), int(both[2])
        if era_year != western:
            raise ValueError(f"「{text}」は元号と西暦が合いません（{both[1]}は{era_year}年度）。")
        return western
    if match := _WESTERN.fullmatch(plain):
        year = int(match[1])
    elif match := _ERA_YEAR.fullmatch(plain):
        year = _western_year(match[1].upper(), 1 if match[2] == "元" else int(match[2]), text)
    else:
        raise ValueError(f"「{text}」は年度として読めません。例：2024、R6、令和6年度")
    if not MIN_FISCAL_YEAR <= year <= MAX_FISCAL_YEAR:
        raise ValueError(f"「{text}」は扱える年度（1926～2117）の外です。")
    return year


def _western_year(era_text: str, year: int, text: str) -> int:
    era = next(era for era in ERAS if era_text in (era.name, era.letter))
    if year < 1:
        raise ValueError(f"「{text}」の年は1（元）から始まります。")
    return era.first_fiscal_year + year - 1
