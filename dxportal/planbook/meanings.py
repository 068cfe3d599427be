"""What a column of a city's own table may mean, and what its head suggests that it means.

A column is an entry of `ColumnMapping.columns`: its `head`, what it `means` (a `Meaning`), and
where the meaning needs it a `fiscal_year`, and for amounts a `stage`, a `number` and a `unit`.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from budgets.models import BudgetEntry
from plans import fiscal_years
from plans.models import Plan

Stage = BudgetEntry.Stage
YEN, THOUSAND_YEN = "円", "千円"


class Meaning(models.TextChoices):
    """What a column says. The first group finds the row, the second only checks it."""

    PROJECT_CODE = "project_code", "事業の番号（PID）"
    PROJECT_NAME = "project_name", "事業名"
    MEASURE_CODE = "measure_code", "施策の番号"
    MEASURE_NAME = "measure_name", "施策の名称（課題・基本施策など）"
    INDICATOR_NAME = "indicator_name", "指標名"
    DEPARTMENT_CHECK = "department_check", "所管課（照合する）"
    UNIT = "unit", "単位（照合する）"
    TARGET = "target", "目標値"
    ACTUAL = "actual", "実績値"
    SCHEDULE_PLANNED = "schedule_planned", "スケジュール（予定）"
    SCHEDULE_ACTUAL = "schedule_actual", "スケジュール（実績）"
    BUDGET = "budget", "予算額"
    NEW_NAME = "new_name", "名称（書き換える）"
    SUMMARY = "summary", "概要"
    DEPARTMENT = "department", "所管課（登録する）"
    LEADING = "leading", "リーディング（○か空欄）"
    TAGS = "tags", "タグの名称"
    IGNORE = "ignore", "取り込まない"


PROJECT_NAMING = frozenset({Meaning.PROJECT_CODE, Meaning.PROJECT_NAME})
MEASURE_NAMING = frozenset({Meaning.MEASURE_CODE, Meaning.MEASURE_NAME})
NAMING = PROJECT_NAMING | MEASURE_NAMING | {Meaning.INDICATOR_NAME}
CHECKING = frozenset({Meaning.DEPARTMENT_CHECK, Meaning.UNIT})
YEARLY = frozenset(
    {
        Meaning.TARGET,
        Meaning.ACTUAL,
        Meaning.SCHEDULE_PLANNED,
        Meaning.SCHEDULE_ACTUAL,
        Meaning.BUDGET,
    }
)
# Several columns may name a measure (分野, 課題, ステップ); everything else stands once.
MAY_REPEAT = MEASURE_NAMING | {Meaning.IGNORE, Meaning.DEPARTMENT_CHECK}
OF_PROJECTS = frozenset(
    {
        Meaning.SCHEDULE_PLANNED,
        Meaning.SCHEDULE_ACTUAL,
        Meaning.BUDGET,
        Meaning.LEADING,
    }
)


@dataclass(frozen=True)
class MappedColumn:
    """One column as the mapping keeps it."""

    head: str
    means: Meaning = Meaning.IGNORE
    fiscal_year: int | None = None
    stage: str = ""
    number: int = 0
    unit: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "MappedColumn":
        """Raises ValueError for a meaning that does not exist (any more)."""
        return cls(**{**entry, "means": Meaning(entry["means"])})

    def entry(self) -> dict[str, Any]:
        """The entry for `ColumnMapping.columns`, without what the meaning does not need."""
        kept: dict[str, Any] = {"head": self.head, "means": self.means.value}
        if self.means in YEARLY:
            kept["fiscal_year"] = self.fiscal_year
        if self.means is Meaning.BUDGET:
            kept |= {"stage": self.stage, "number": self.number, "unit": self.unit}
        return kept

    @property
    def choice(self) -> str:
        """The meaning as one value of a select; an amount with its stage and unit."""
        if self.means is Meaning.BUDGET:
            return f"{self.means.value}:{self.stage}:{self.number}:{self.unit}"
        return self.means.value

    def with_choice(self, choice: str, fiscal_year: int | None) -> "MappedColumn":
        """This column with a meaning chosen from `meaning_choices`."""
        name, *budget = choice.split(":")
        if not budget:
            return MappedColumn(self.head, Meaning(name), fiscal_year)
        stage, number, unit = budget
        return MappedColumn(self.head, Meaning(name), fiscal_year, stage, int(number), unit)

    @property
    def label(self) -> str:
        """What the column means, for people: 令和6年度 実績値."""
        year = f"{fiscal_years.long_form(self.fiscal_year)} " if self.fiscal_year else ""
        labels = {value: label for _, group in meaning_choices() for value, label in group}
        return f"{year}{labels.get(self.choice, self.means.label)}"


def meaning_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The meanings in groups, as a select offers them."""
    amounts = [
        (f"{Meaning.BUDGET.value}:{stage.value}:{number}:{unit}", f"{label}（{unit}）")
        for stage, number, label in _stages()
        for unit in (YEN, THOUSAND_YEN)
    ]
    writing = (Meaning.NEW_NAME, Meaning.SUMMARY, Meaning.DEPARTMENT, Meaning.LEADING, Meaning.TAGS)
    yearly = (
        Meaning.TARGET,
        Meaning.ACTUAL,
        Meaning.SCHEDULE_PLANNED,
        Meaning.SCHEDULE_ACTUAL,
    )
    return [
        ("使わない", _options([Meaning.IGNORE])),
        ("行を見分ける", _options(m for m in Meaning if m in NAMING)),
        ("照合する（書き換えない）", _options(m for m in Meaning if m in CHECKING)),
        ("年度ごとの値", _options(yearly)),
        ("年度ごとの予算・決算", amounts),
        ("事業・施策の内容", _options(writing)),
    ]


def _options(meanings: Iterable[Meaning]) -> list[tuple[str, str]]:
    return [(meaning.value, meaning.label) for meaning in meanings]


def _stages() -> list[tuple[Stage, int, str]]:
    stages: list[tuple[Stage, int, str]] = []
    for stage in Stage:
        if stage is Stage.SUPPLEMENTARY:
            stages += [(stage, number, f"補正第{number}号") for number in range(1, 7)]
        elif stage in (Stage.REQUEST, Stage.INITIAL):
            stages.append((stage, 0, f"{stage.label}予算"))
        else:
            stages.append((stage, 0, f"{stage.label}額"))
    return stages


def column_faults(columns: Sequence[MappedColumn]) -> dict[int, str]:
    """What is wrong with single columns of a mapping, by their index."""
    faults: dict[int, str] = {}
    seen: dict[tuple[str, int | None], str] = {}
    names_projects = any(column.means in PROJECT_NAMING for column in columns)
    for index, column in enumerate(columns):
        same = seen.setdefault((column.choice, column.fiscal_year), column.head)
        if column.means in YEARLY and column.fiscal_year is None:
            faults[index] = "年度を入れてください。"
        elif column.means not in MAY_REPEAT and same != column.head:
            faults[index] = f"列「{same}」と同じ意味です。どちらかを変えてください。"
        elif column.means in OF_PROJECTS and not names_projects:
            faults[index] = "事業の値です。事業の番号か事業名の列も選んでください。"
    return faults


def faults_of_columns(columns: Sequence[MappedColumn]) -> dict[int, tuple[str, str]]:
    """As above with the field at fault, and heads that stand there twice."""
    faults = {
        place: ("fiscal_year" if "年度を" in reason else "means", reason)
        for place, reason in column_faults(columns).items()
    }
    heads = [plain(column.head) for column in columns]
    for place, head in enumerate(heads):
        if head in heads[:place]:
            faults.setdefault(place, ("head", "同じ見出しの列が2つあります。"))
    return faults


def mapping_fault(columns: Sequence[MappedColumn]) -> str:
    """What is wrong with a mapping as a whole; "" if nothing is."""
    meanings = {column.means for column in columns}
    if not meanings & NAMING:
        return (
            "行を見分ける列（事業の番号、事業名、施策の名称、指標名など）を1つ以上選んでください。"
        )
    if not meanings - NAMING - CHECKING - {Meaning.IGNORE}:
        return "取り込む値の列（目標値、実績値、スケジュールなど）を1つ以上選んでください。"
    return ""


def plain(text: str) -> str:
    """A text as it is compared: in one width and without any space or line break."""
    return "".join(unicodedata.normalize("NFKC", text).split())


_YEAR = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:令和|平成|昭和|[RHS])\.?(?:元|\d{1,2})|(?:FY)?(?:19|20)\d{2})(?!\d)(?:年度|年)?",
    re.IGNORECASE,
)
_RANGE = re.compile(r"[~〜～\-‐–−ー―]")


def year_of(head: str) -> tuple[int | None, str]:
    """The one fiscal year that a head names, and the rest of the head.

    R3, Ｒ３実績, 令和3年度目標, 2021年度, R3(2021) name one; R4～R9, 令和4～9年度 and a head whose
    era and Western year disagree name none.
    """
    text = plain(head)
    found = list(_YEAR.finditer(text))
    years = set()
    for token in found:
        if _RANGE.match(text[token.end() : token.end() + 1] or " "):
            return None, text
        try:
            years.add(fiscal_years.parse(token[0]))
        except ValueError:
            return None, text
    if len(years) != 1:
        return None, text
    rest = re.sub(r"\(\)|\(年度\)", "", _YEAR.sub("", text))
    return years.pop(), rest.removeprefix("年度")


_UNNAMED = (
    (r"リーディング", Meaning.LEADING),
    (r"単位", Meaning.UNIT),
    (r"(施策|方針|課題|目標).*(番号|コード|no\.?)$", Meaning.MEASURE_CODE),
    (r"pid|(事業|プロジェクト|整理)?(番号|コード|id|no\.?)$", Meaning.PROJECT_CODE),
    (r"所管|担当|主体部局|部局|課室|実施課", Meaning.DEPARTMENT_CHECK),
    (r"指標|項目|kpi", Meaning.INDICATOR_NAME),
    (r"概要|内容", Meaning.SUMMARY),
    (r"タグ|重点取組", Meaning.TAGS),
    (r"(事業|プロジェクト|取組)(の)?(名称?)?$", Meaning.PROJECT_NAME),
    (r"(施策|方針|課題|ステップ|分野)(の)?(名称?)?$", Meaning.MEASURE_NAME),
)
_AMOUNTS = (
    (r"要求", Stage.REQUEST),
    (r"補正", Stage.SUPPLEMENTARY),
    (r"決算見込", Stage.FORECAST),
    (r"決算", Stage.SETTLED),
    (r"流用|予備費", Stage.TRANSFER),
    (r"繰越", Stage.CARRYOVER),
    (r"当初|予算", Stage.INITIAL),
)


def suggest_columns(heads: Sequence[str], plan: Plan | None = None) -> list[MappedColumn]:
    """What each column most likely means, for a person to check; what is unclear is ignored.

    A year that stands alone is a target; where the table repeats the year later it is taken for
    the schedule, as in a list with 活動指標 R3 R3実績 … and then 実施年度 R4 R5 ….
    """
    levels = {plain(level.name) for level in plan.levels.all()} if plan else set()
    suggested: list[MappedColumn] = []
    seen: set[tuple[str, int | None]] = set()
    for head in heads:
        column = _suggest(head, levels)
        if column.means is Meaning.TARGET and (column.choice, column.fiscal_year) in seen:
            column = MappedColumn(head, Meaning.SCHEDULE_PLANNED, column.fiscal_year)
        repeats = (column.choice, column.fiscal_year) in seen
        if repeats and column.means not in MAY_REPEAT:
            column = MappedColumn(head)
        seen.add((column.choice, column.fiscal_year))
        suggested.append(column)
    return suggested


def _suggest(head: str, levels: set[str]) -> MappedColumn:
    year, rest = year_of(head)
    if year is not None:
        return _suggest_yearly(head, year, re.sub(r"〔\d+〕$", "", rest))
    text = plain(head).lower()
    if text in {level.lower() for level in levels if level}:
        return MappedColumn(head, Meaning.MEASURE_NAME)
    for pattern, meaning in _UNNAMED:
        if re.search(pattern, text):
            return MappedColumn(head, meaning)
    return MappedColumn(head)


def _suggest_yearly(head: str, year: int, rest: str) -> MappedColumn:
    is_done = "実績" in rest
    if re.search(r"スケジュール|実施年度|工程|段階", rest):
        meaning = Meaning.SCHEDULE_ACTUAL if is_done else Meaning.SCHEDULE_PLANNED
        return MappedColumn(head, meaning, year)
    for pattern, stage in _AMOUNTS:
        if re.search(pattern, rest):
            return _suggest_amount(head, year, rest, stage)
    if "見込" in rest or "評価" in rest:
        return MappedColumn(head)
    if is_done:
        return MappedColumn(head, Meaning.ACTUAL, year)
    if not rest or re.search(r"目標|予定|計画|指標", rest):
        return MappedColumn(head, Meaning.TARGET, year)
    return MappedColumn(head)


def _suggest_amount(head: str, year: int, rest: str, stage: Stage) -> MappedColumn:
    """An amount is only suggested where its unit is printed: a wrong guess is a thousandfold."""
    unit = next((unit for unit in (THOUSAND_YEN, YEN) if unit in rest), "")
    number = re.search(r"補正.*?([1-6])号", rest)
    if not unit or "百万円" in rest or (stage is Stage.SUPPLEMENTARY and not number):
        return MappedColumn(head)
    return MappedColumn(
        head, Meaning.BUDGET, year, stage.value, int(number[1]) if number else 0, unit
    )
