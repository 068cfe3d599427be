"""Finds the row of a plan that a row of a city's own table speaks of: exactly one, or a reason.

What is searched is the plan's own book as text, so that nothing here asks the database.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from dxportal.planbook.columns import Cells
from dxportal.planbook.meanings import MEASURE_NAMING, PROJECT_NAMING, MappedColumn, Meaning, plain
from dxportal.planbook.reader import Book

MOST_TOLD = 5


@dataclass(frozen=True)
class Named:
    """A filled cell of a column that names or checks the row."""

    column: MappedColumn
    text: str


class NotFound(Exception):
    """No row of the plan is meant, or more than one; the cell at fault and what was found."""

    def __init__(self, named: Named | None, reason: str) -> None:
        self.named, self.reason = named, reason
        super().__init__(reason)


@dataclass(frozen=True)
class Subject:
    """What a row speaks of, by the keys of the plan's book; all empty: only an indicator."""

    project: str = ""
    measure: str = ""
    placement: tuple[str, str, str] | None = None  # measure, project, code


class PlanIndex:
    """A plan's book, searchable by what people print."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def cells(self, sheet: str) -> Iterable[Cells]:
        return (row.cells for row in self.book.sheets.get(sheet, []))

    @cached_property
    def measures(self) -> dict[str, Cells]:
        return {cells["key"]: cells for cells in self.cells("measures")}

    @cached_property
    def projects(self) -> dict[str, Cells]:
        return {cells["key"]: cells for cells in self.cells("projects")}

    @cached_property
    def indicators(self) -> dict[str, Cells]:
        return {cells["key"]: cells for cells in self.cells("indicators")}

    @cached_property
    def departments(self) -> dict[str, Cells]:
        return {cells["key"]: cells for cells in self.cells("departments")}

    @cached_property
    def placements(self) -> list[Cells]:
        return list(self.cells("placements"))

    @cached_property
    def aliases(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for cells in self.cells("project_aliases"):
            found[cells["project"]].add(plain(cells["name"]))
        return found

    def find(self, named: Sequence[Named], names_projects: bool) -> Subject:
        """The project or measure that all the cells name together. Raises NotFound."""
        if names_projects:
            if not any(n.column.means in PROJECT_NAMING for n in named):
                raise NotFound(None, "事業の番号も事業名も空欄で、どの事業の行か分かりません。")
            return self._find_project(named)
        if any(n.column.means in MEASURE_NAMING for n in named):
            return Subject(measure=self._find_measure(named))
        return Subject()

    def _find_project(self, named: Sequence[Named]) -> Subject:
        found = self.placements
        order = [n for n in named if n.column.means in PROJECT_NAMING]
        order += [n for n in named if n.column.means in MEASURE_NAMING]
        for one in order:
            narrowed = [place for place in found if self._names_place(one, place)]
            if not narrowed:
                raise NotFound(one, self._why_none(one, found))
            found = narrowed
        if len({place["project"] for place in found}) > 1:
            raise NotFound(
                order[0],
                f"{self._told(found)}が当てはまり、1つに決まりません。"
                "区別できる列（事業名、施策など）も対応表で選んでください。",
            )
        place = next((p for p in found if p["is_primary"] == "1"), found[0])
        return Subject(
            place["project"], "", (place["measure"], place["project"], place.get("code", ""))
        )

    def _names_place(self, named: Named, place: Cells) -> bool:
        text = plain(named.text)
        match named.column.means:
            case Meaning.PROJECT_CODE:
                return text == plain(place.get("code", ""))
            case Meaning.PROJECT_NAME:
                project = self.projects[place["project"]]
                names = {plain(project["name"]), plain(place.get("name", "")) or None}
                return text in names | self.aliases[place["project"]]
        return any(self._names_measure(named, m) for m in self._line_of(place["measure"]))

    def _names_measure(self, named: Named, key: str) -> bool:
        measure = self.measures[key]
        fields = ("name", "short_name")
        if named.column.means is Meaning.MEASURE_CODE:
            fields = ("code", "key")
        return plain(named.text) in {plain(measure.get(name, "")) for name in fields}

    def _line_of(self, key: str) -> list[str]:
        """A measure and those above it."""
        line = []
        while key:
            line.append(key)
            key = self.measures[key].get("parent", "")
        return line

    def _find_measure(self, named: Sequence[Named]) -> str:
        """The last cell names the measure itself, those before it stand anywhere above it."""
        order = [n for n in named if n.column.means in MEASURE_NAMING]
        found = [key for key in self.measures if self._names_measure(order[-1], key)]
        if not found:
            raise NotFound(order[-1], f"この計画に「{order[-1].text}」という施策はありません。")
        for one in order[:-1]:
            narrowed = [
                key for key in found if any(self._names_measure(one, m) for m in self._line_of(key))
            ]
            if not narrowed:
                places = "、".join(self._place_name(key) for key in found[:MOST_TOLD])
                raise NotFound(
                    one, f"「{order[-1].text}」は「{one.text}」の下にありません（{places}）。"
                )
            found = narrowed
        if len(found) > 1:
            places = "、".join(self._place_name(key) for key in found[:MOST_TOLD])
            raise NotFound(
                order[-1], f"同じ名称の施策が{len(found)}つあり、1つに決まりません（{places}）。"
            )
        return found[0]

    def _place_name(self, key: str) -> str:
        return " ＞ ".join(self.measures[m]["name"] for m in reversed(self._line_of(key)))

    def _why_none(self, named: Named, found: list[Cells]) -> str:
        what = named.column.means
        if found is self.placements:
            kind = "番号" if what is Meaning.PROJECT_CODE else "名称"
            return f"この計画に、この{kind}の事業はありません。"
        return f"ほかの列が指す{self._told(found)}と合いません。"

    def _told(self, places: list[Cells]) -> str:
        """What was found, so that a person sees it: names with their numbers and places."""
        told = [
            f"「{place.get('code', '')} {self.projects[place['project']]['name']}」"
            f"（{self.measures[place['measure']]['name']}）"
            for place in places
        ]
        more = f"ほか{len(told) - MOST_TOLD}件" if len(told) > MOST_TOLD else ""
        return "、".join(told[:MOST_TOLD]) + more

    def indicator_of(self, subject: Subject, named: Named | None) -> str:
        """The key of the subject's one indicator (by name, where a column has it). NotFound."""
        uses = [use for use in self.cells("indicator_uses") if _is_used(use, subject)]
        keys = list(dict.fromkeys(use["indicator"] for use in uses))
        here = "この計画" if subject == Subject() else "この事業" if subject.project else "この施策"
        if not keys:
            raise NotFound(named, f"{here}に指標がありません。先に指標を登録してください。")
        names = "、".join(f"「{self.indicators[key]['name']}」" for key in keys[:MOST_TOLD])
        if named is not None:
            wanted = plain(named.text)
            found = [key for key in keys if plain(self.indicators[key]["name"]) == wanted]
            if not found:
                raise NotFound(named, f"{here}の指標ではありません（ある指標：{names}）。")
            keys = found
        if len(keys) > 1:
            raise NotFound(
                named,
                f"{here}には当てはまる指標が{len(keys)}つあり、1つに決まりません（{names}）。",
            )
        return keys[0]

    def departments_of(self, subject: Subject) -> list[str]:
        """The keys of the departments that are named for the subject."""
        if subject.project:
            rows = self.cells("project_departments")
            return [r["department"] for r in rows if r["project"] == subject.project]
        if subject.measure:
            key = self.measures[subject.measure].get("department", "")
            return [key] if key else []
        return []

    def department_named(self, name: str) -> str:
        """The key of the one department that is called so today. Raises ValueError."""
        found = [
            key
            for key, cells in self.departments.items()
            if plain(name) in (plain(cells["name"]), plain(key)) and not cells.get("valid_to")
        ]
        if len(found) != 1:
            problem = "登録されていません" if not found else "2つ以上あります"
            raise ValueError(f"「{name}」という名称の所属が{problem}。")
        return found[0]


def _is_used(use: Cells, subject: Subject) -> bool:
    if subject.project:
        return use.get("project") == subject.project
    return not subject.measure or use.get("measure") == subject.measure
