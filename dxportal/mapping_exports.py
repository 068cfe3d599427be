"""The tables of correspondence and the shared projects as CSV and xlsx."""

from collections.abc import Iterable, Iterator

from plans.exports import Column, Exporter
from plans.mapping import MappedRow
from projects.models import Placement
from projects.shared_projects import InPlan, SharedProject


def difference(row: MappedRow) -> str:
    if row.is_renamed:
        return "名称変更"
    return "表記の違い" if row.is_respelled else ""


class MappingExporter(Exporter):
    """One row a correspondence."""

    identifier = "mapping"
    title = "対応表"
    columns = (
        Column("対応表", lambda row: row.row.table, 32),
        Column("順", lambda row: row.row.position),
        Column("相手の計画ID", lambda row: row.row.other_plan, 24),
        Column("相手の計画", lambda row: str(row.other_plan) if row.other_plan else "", 32),
        Column("相手の施策ID", lambda row: row.row.other_measure),
        Column("相手の表記", lambda row: row.row.theirs, 40),
        Column("本計画での表記", lambda row: row.row.ours, 40),
        Column("本計画の施策ID", lambda row: row.row.measure.key if row.row.measure else ""),
        Column("名称の違い", difference),
        Column("注記", lambda row: row.row.note, 40),
        Column("出典注記", lambda row: row.row.source_note, 40),
    )


SharedRow = tuple[SharedProject, InPlan, Placement]


def shared_rows(shared: Iterable[SharedProject]) -> Iterator[SharedRow]:
    for project in shared:
        for entry in [project.here, *project.others]:
            for place in entry.places:
                yield project, entry, place


class SharedProjectExporter(Exporter):
    """One row a place of a project that stands in several plans."""

    identifier = "shared_projects"
    title = "複数の計画に掲載された事業"
    columns = (
        Column("事業ID", lambda row: row[0].project.key),
        Column("事業名", lambda row: row[0].project.name, 40),
        Column("計画", lambda row: str(row[1].plan), 32),
        Column("計画での名称", lambda row: row[2].title, 40),
        Column("番号", lambda row: row[2].code),
        Column("施策ID", lambda row: row[2].measure.key),
        Column("施策", lambda row: str(row[2].measure), 40),
        Column("再掲", lambda row: row[2].is_repeat),
        Column("所管課", lambda row: row[1].departments, 30),
    )
