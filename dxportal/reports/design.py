"""What goes into a report and in which order, and the office's own words on its cover.

A design is what a template (`ReportTemplate`) says at the moment at which a report is asked for;
a job keeps it as JSON (`Design.as_json`, `read_design`). Which sections there are is told in
`dxportal.reports.sections`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Chosen:
    """One section with its options, as (name, value) pairs that differ from the defaults."""

    section: str
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str, otherwise: str) -> str:
        return dict(self.options).get(name, otherwise)


@dataclass(frozen=True)
class CoverWords:
    """The office's own words; where one is empty, the cover says what the plan says."""

    title: str = ""
    subtitle: str = ""
    form_number: str = ""  # 様式番号
    document_number: str = ""  # 資料番号
    as_of: str = ""  # 時点
    foreword: str = ""

    def of_year(self, year_name: str) -> "CoverWords":
        """The words with the report's fiscal year (令和6年度) in the place of its sign."""
        said = {f.name: getattr(self, f.name).replace(YEAR_SIGN, year_name) for f in fields(self)}
        return CoverWords(**said)

    @property
    def numbers(self) -> str:
        """What stands in the top right corner of the cover."""
        return "　".join(text for text in (self.form_number, self.document_number) if text)


# The yearly report of a plan with projects, indicators and marks; what is built where nobody has
# chosen anything follows from the plan (`sections.usual_sections`).
DEFAULT_SECTIONS = tuple(
    Chosen(name)
    for name in ("cover", "contents", "structure", "roads", "areas", "projects", "totals")
)


# What kinds of reports cities print: from one of these a template may start.
SHAPES: dict[str, tuple[str, tuple[Chosen, ...]]] = {
    "yearly": ("年次報告書（標準）", DEFAULT_SECTIONS),
    "budget": (
        "予算のパッケージ",
        tuple(
            Chosen(name)
            for name in ("cover", "contents", "budget_sheet", "budget_by_measure", "notes")
        ),
    ),
    "plan": (
        "施策別の取組",
        tuple(Chosen(name) for name in ("cover", "contents", "structure", "measures_plain")),
    ),
    "council": (
        "議会・本部会議の短い版",
        tuple(Chosen(name) for name in ("cover", "summary", "totals")),
    ),
    "sheets": ("個票", (Chosen("sheets"),)),
    "errata": ("正誤表", (Chosen("errata"),)),
}
# In the office's own words it stands for the report's fiscal year, so that they hold next year.
YEAR_SIGN = "{年度}"


@dataclass(frozen=True)
class Design:
    sections: tuple[Chosen, ...] = ()  # none: those that suit the plan
    cover: CoverWords = field(default_factory=CoverWords)
    name: str = ""  # of the template

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sections": sections_as_json(self.sections),
            "cover": {f.name: getattr(self.cover, f.name) for f in fields(CoverWords)},
        }


def sections_as_json(sections: Iterable[Chosen]) -> list[dict[str, Any]]:
    return [{"section": row.section, "options": dict(row.options)} for row in sections]


def read_design(data: dict[str, Any]) -> Design:
    """The design that a job or template keeps; the default where it keeps none."""
    if not data.get("sections"):
        return Design(cover=_read_cover(data.get("cover") or {}), name=data.get("name", ""))
    sections = tuple(
        Chosen(row["section"], tuple(sorted((row.get("options") or {}).items())))
        for row in data["sections"]
    )
    return Design(sections, _read_cover(data.get("cover") or {}), data.get("name", ""))


def _read_cover(data: dict[str, Any]) -> CoverWords:
    known = {f.name for f in fields(CoverWords)}
    return CoverWords(**{name: str(text) for name, text in data.items() if name in known})
