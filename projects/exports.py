"""Projects as CSV and xlsx: one row a project, a placement, or a year of a schedule."""

from typing import Any

from plans import fiscal_years
from plans.exports import Column, Exporter
from projects.models import Placement, ScheduleEntry, Stage


def _primary(placements: list[Placement]) -> Placement | None:
    return next((place for place in placements if place.is_primary), None)


def _main_measure(row: Any) -> str | None:
    place = _primary(row.placements)
    return str(place.measure) if place else None


class ProjectExporter(Exporter):
    """One row a project, however often it is placed."""

    identifier = "projects"
    title = "事業一覧"
    columns = (
        Column("団体コード", lambda row: row.project.organization.code),
        Column("団体", lambda row: row.project.organization.name),
        Column("事業ID", lambda row: row.project.key),
        Column("番号", lambda row: "、".join(p.code for p in row.placements if p.code)),
        Column("事業名", lambda row: row.project.name, 40),
        Column("別名", lambda row: "、".join(a.name for a in row.project.aliases.all()), 20),
        Column("所管課", lambda row: row.project.department_names, 24),
        Column("主たる掲載", _main_measure, 32),
        Column("掲載数", lambda row: len(row.placements)),
        Column("リーディング", lambda row: row.is_leading),
        Column("タグ", lambda row: "、".join(tag.name for tag in row.project.tags.all()), 24),
        Column("開始年度", lambda row: row.project.first_fiscal_year),
        Column("終了年度", lambda row: row.project.last_fiscal_year),
        Column("概要", lambda row: row.project.summary, 60),
        Column("出典注記", lambda row: row.project.source_note, 40),
    )


class PlacementExporter(Exporter):
    """One row a place, 再掲 included."""

    identifier = "placements"
    title = "事業の掲載一覧"
    columns = (
        Column("計画", lambda place: place.plan.name, 32),
        Column("施策ID", lambda place: place.measure.key, 20),
        Column("施策", lambda place: str(place.measure), 40),
        Column("番号", lambda place: place.code),
        Column("事業ID", lambda place: place.project.key),
        Column("事業名", lambda place: place.project.name, 40),
        Column("再掲", lambda place: place.is_repeat),
        Column("リーディング", lambda place: place.is_leading),
        Column("出典注記", lambda place: place.source_note, 40),
    )


class ScheduleExporter(Exporter):
    """One row a project and fiscal year."""

    identifier = "schedule"
    title = "事業スケジュール"
    columns = (
        Column("事業ID", lambda entry: entry.project.key),
        Column("事業名", lambda entry: entry.project.name, 40),
        Column("年度", lambda entry: entry.fiscal_year),
        Column("年度（和暦）", lambda entry: fiscal_years.long_form(entry.fiscal_year)),
        Column("予定", lambda entry: _stage(entry, entry.planned)),
        Column("実績", lambda entry: _stage(entry, entry.actual)),
        Column("表記", lambda entry: entry.text, 24),
        Column("出典注記", lambda entry: entry.source_note, 40),
    )


def _stage(entry: ScheduleEntry, stage: str) -> str:
    return str(Stage(stage).label) if stage else ""
