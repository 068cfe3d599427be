"""The matrix of tags as CSV and xlsx, in long form."""

from collections.abc import Iterator

from plans.exports import Column, Exporter
from projects.tag_matrix import Cell, Row, TaggedProject, TagMatrix

CellRow = tuple[Row, Cell]
ProjectRow = tuple[Row, Cell, TaggedProject]

ELSEWHERE = "（表の施策以外）"


def cell_rows(matrix: TagMatrix) -> Iterator[CellRow]:
    """Every tag with every measure: a gap is a row with 0, and no missing row."""
    for row in matrix.rows:
        for cell in row.cells:
            yield row, cell
        if not row.elsewhere.is_empty:
            yield row, row.elsewhere


def project_rows(matrix: TagMatrix) -> Iterator[ProjectRow]:
    for row, cell in cell_rows(matrix):
        for entry in cell.projects:
            yield row, cell, entry


def _measure_columns() -> tuple[Column, ...]:
    return (
        Column("タグ体系", lambda row: str(row[0].tag.scheme), 24),
        Column("タグID", lambda row: row[0].tag.key, 24),
        Column("タグ", lambda row: row[0].tag.name, 36),
        Column("施策ID", lambda row: row[1].column.key if row[1].column else ""),
        Column("施策", lambda row: str(row[1].column) if row[1].column else ELSEWHERE, 40),
    )


class MatrixExporter(Exporter):
    """One row a tag and measure."""

    identifier = "tag_matrix"
    title = "タグと施策の対応表"
    columns = (
        *_measure_columns(),
        Column("施策に付与", lambda row: row[1].own),
        Column("ほかの階層の施策数", lambda row: len(row[1].measures)),
        Column("事業数", lambda row: len(row[1].found)),
    )


class MatrixProjectExporter(Exporter):
    """One row a tag, measure and project."""

    identifier = "tag_matrix_projects"
    title = "タグごとの事業"
    columns = (
        *_measure_columns(),
        Column("番号", lambda row: row[2].code),
        Column("事業ID", lambda row: row[2].project.key),
        Column("事業名", lambda row: row[2].name, 40),
        Column("該当する部分", lambda row: "、".join(row[2].parts), 30),
    )
