"""The sections of which a report is made: what each is called, its options, its page template.

An office chooses and orders them (`dxportal.reports.design`); the PDF, the workbook and the Word
file walk the same list. A section may stand in a report once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from dxportal.reports import one_pages, sheets
from dxportal.reports.content import ReportContent
from dxportal.reports.design import Chosen

Context = Callable[[ReportContent, Chosen], dict[str, Any]]
# (class of the line, text, anchor); a line without an anchor is a heading of the lines below it.
Entry = tuple[str, str, str]


@dataclass(frozen=True)
class Option:
    """A choice within a section; the first value is the default."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]

    @property
    def default(self) -> str:
        return self.choices[0][0]


@dataclass(frozen=True)
class SectionKind:
    """One kind of section. `context` gives its template what is not in every one's context."""

    key: str
    label: str
    about: str
    options: tuple[Option, ...] = ()
    context: Context = lambda content, chosen: {}
    is_listed: bool = True  # in the table of contents

    @property
    def template(self) -> str:
        return f"reports/pdf/sections/{self.key}.html"

    def option(self, chosen: Chosen, name: str) -> str:
        """The value of an option: what was chosen, else its default."""
        option = next(option for option in self.options if option.name == name)
        return chosen.option(name, option.default)


PAPER = Option("paper", "用紙", (("a3", "A3横"), ("a4", "A4横")))
STAGE = Option("stage", "段階", (("initial", "当初予算"), ("settled", "決算"), ("request", "要求")))
TAGS = Option(
    "tags",
    "タグごとの合計",
    (("stated", "資料に合計があるもの"), ("all", "すべて"), ("none", "載せない")),
)
SHEETS_OF = Option("of", "個票の単位", (("project", "事業ごと"), ("measure", "施策ごと")))
SINCE = Option(
    "since", "載せる訂正", (("published", "前回の公表のあと"), ("all", "これまでのすべて"))
)


def _structure(content: ReportContent, chosen: Chosen) -> dict[str, Any]:
    return {"signs": sheets.signs_of(content)}


def _paper(content: ReportContent, chosen: Chosen) -> dict[str, Any]:
    return {"is_small": chosen.option("paper", "a3") == "a4"}


def _budget(content: ReportContent, chosen: Chosen) -> dict[str, Any]:
    part = sheets.budget_of(content, chosen.option("stage", "initial"))
    tags = chosen.option("tags", "stated")
    return {"budget": part, "tags": sheets.tags_shown(part, tags) if part else ()}


def _budget_sheet(content: ReportContent, chosen: Chosen) -> dict[str, Any]:
    part = sheets.budget_of(content, chosen.option("stage", "initial"))
    return {"overview": one_pages.budget_overview(part) if part else None}


def _roads(content: ReportContent, chosen: Chosen) -> dict[str, Any]:
    return {"roads": one_pages.roads_of(content)}


def _summary(content: ReportContent, chosen: Chosen) -> dict[str, Any]:
    return {"summary": sheets.summary_of(content)}


def _sheets(content: ReportContent, chosen: Chosen) -> dict[str, Any]:
    of = chosen.option("of", "project")
    if of == "measure":
        return {"measure_sheets": sheets.measure_sheets(content)}
    return {"project_sheets": sheets.project_sheets(content)}


def _errata(content: ReportContent, chosen: Chosen) -> dict[str, Any]:
    return {"errata": sheets.errata(content, chosen.option("since", "published"))}


SECTIONS: tuple[SectionKind, ...] = (
    SectionKind("cover", "表紙", "表題、計画の期間、データの時点など。", is_listed=False),
    SectionKind("contents", "目次", "章の見出しとページ番号。", is_listed=False),
    SectionKind("summary", "要約", "議会・本部会議向けの1ページ。", context=_summary),
    SectionKind(
        "structure", "計画の組立て", "階層と数、記号の見方、施策の体系。", context=_structure
    ),
    SectionKind(
        "roads", "一枚概要", "1施策1枚：進捗・到達像・年度ごとの道のり（A4横）。", context=_roads
    ),
    SectionKind("areas", "施策ごとの進捗と評価", "総括・到達像・評価、事業の進捗、KPIのすべて。"),
    SectionKind("overviews", "総括と到達像", "施策ごとの総括・到達像・目標・評価だけ（A4縦）。"),
    SectionKind("steps", "進捗管理", "事業の予定・実績と活動指標だけ（A4横）。"),
    SectionKind("kpis", "KPI・成果指標", "KPIの予定・実績とグラフだけ（A4横）。"),
    SectionKind("projects", "事業の一覧", "事業・活動指標・スケジュール。", (PAPER,), _paper),
    SectionKind(
        "measures_plain", "施策別の取組", "現状と課題・取組内容・目指す状態・スケジュール。"
    ),
    SectionKind(
        "budget_sheet",
        "予算の一枚概要",
        "総額・重点・方針別の金額を1枚に（A4横）。",
        (STAGE,),
        _budget_sheet,
    ),
    SectionKind(
        "budget_by_measure", "基本方針別の予算", "事業と予算（千円）。", (STAGE, TAGS), _budget
    ),
    SectionKind(
        "sheets",
        "個票",
        "1件1ページの個票（A4縦）。指標も評価もない短いものは続けて載せます。",
        (SHEETS_OF,),
        _sheets,
    ),
    SectionKind("totals", "集計", "事業・指標の数、進捗の記号、KPIの達成。"),
    SectionKind("errata", "正誤表", "確定のあとに訂正した値。", (SINCE,), _errata),
    SectionKind("notes", "出典注記の一覧", "すべての章の出典注記をまとめたもの。"),
)
# Without any project in the plan, these say nothing and stand nowhere.
OF_PROJECTS = ("roads", "projects")
BY_KEY: Mapping[str, SectionKind] = {kind.key: kind for kind in SECTIONS}


def kinds_of(content: ReportContent) -> list[tuple[SectionKind, Chosen]]:
    """The sections of this report in their order; a kind that is not known is passed over."""
    chosen = content.design.sections or usual_sections(content)
    return [(BY_KEY[row.section], row) for row in chosen if row.section in BY_KEY]


def usual_sections(content: ReportContent) -> tuple[Chosen, ...]:
    """What is built where nobody has chosen: the sections in which the plan says something.

    A plan that only has texts, or a budget, makes no tables of progress that would stand empty.
    """
    keys = ["cover", "contents", "structure"]
    if content.budgets:
        keys += ["budget_sheet", "budget_by_measure"]
    if content.has_progress:
        keys += ["roads", "areas"]
    if not content.has_progress or _says_more_than_areas(content):
        keys.append("measures_plain")
    keys.append("projects")
    if content.has_progress:
        keys.append("totals")
    return tuple(Chosen(key) for key in keys)


def _says_more_than_areas(content: ReportContent) -> bool:
    """Whether a measure has texts or steps that the sections' own pages leave out."""
    told = {area.title for area in content.areas}
    return any(
        row.bars
        or row.references
        or row.footnotes
        or row.tags
        or (row.texts and row.title not in told)
        for row in content.plain
    )


def require_sections(sections: tuple[Chosen, ...]) -> None:
    """Raise ValidationError unless a report can be made of these sections."""
    if not sections:
        raise ValidationError("章を1つ以上入れてください。")
    seen: set[str] = set()
    for row in sections:
        kind = BY_KEY.get(row.section)
        if kind is None:
            raise ValidationError(f"「{row.section}」という章はありません。")
        if row.section in seen:
            raise ValidationError(f"「{kind.label}」が2回入っています。1つにしてください。")
        seen.add(row.section)
        allowed = {option.name: dict(option.choices) for option in kind.options}
        for name, value in row.options:
            if value not in allowed.get(name, {}):
                raise ValidationError(f"「{kind.label}」の選択肢に「{value}」はありません。")


def contents_of(content: ReportContent) -> list[Entry]:
    """The lines of the table of contents."""
    lines: list[Entry] = []
    for kind, _ in kinds_of(content):
        if kind.key == "areas":
            lines += _area_lines(content)
        elif kind.is_listed and (kind.key not in OF_PROJECTS or content.project_list):
            lines.append(("toc-chapter", kind.label, kind.key))
            lines += _parts_of(kind.key, content)
    return lines


def _parts_of(key: str, content: ReportContent) -> list[Entry]:
    """What of a chapter is listed below its own line."""
    if key == "measures_plain":
        return [
            ("toc-area" if row.depth == 0 else "toc-part", row.title, row.anchor)
            for row in content.plain
            if row.depth < 2
        ]
    return []


def _area_lines(content: ReportContent) -> list[Entry]:
    """The areas below their chapters: the nodes above them, or one chapter for all."""
    lines: list[Entry] = []
    chapter: str | None = None
    for area, name in zip(content.areas, content.chapters, strict=True):
        is_chapter = name == area.title
        if name != chapter and not is_chapter:
            lines.append(("toc-pillar", name, "" if area.pillar else area.anchor))
        chapter = name
        lines.append(("toc-pillar" if is_chapter else "toc-area", area.title, area.anchor))
    return lines
