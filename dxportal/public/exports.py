"""The open data as files (see `dxportal.public.items`).

dataset = DATASETS["values"]
PublicExporter(dataset, public, 2024).file("csv", "cp932")
PublicExporter(dataset, public).json()
"""

import datetime
import io
import json
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone

from dxportal.public.catalogue import licence_of
from dxportal.public.items import ITEM_HEAD, Dataset, item_rows, leading_items
from dxportal.public.reading import PublicPlan
from plans.exports import Column, ExportedFile, Exporter
from plans.spreadsheets import save, write_table
from plans.streamed_workbook import StreamedWorkbook

FORMATS = ("csv", "xlsx", "json")
JSON_TYPE = "application/json"


class PublicExporter(Exporter):
    """A dataset of a plan, of all published years or of one."""

    identifier: ClassVar[str] = "public"

    def __init__(
        self, dataset: Dataset, public: PublicPlan, fiscal_year: int | None = None
    ) -> None:
        super().__init__(dataset.rows_of(public, fiscal_year))
        self.dataset, self.public, self.fiscal_year = dataset, public, fiscal_year
        self.items = (*leading_items(public), *dataset.items)
        self.title = dataset.title  # type: ignore[misc]  # of this dataset
        self.columns = tuple(Column(item.label, item.value) for item in self.items)  # type: ignore[misc]

    def file(self, file_format: str, encoding: str = "utf-8") -> ExportedFile:
        """The finished file. Raises `CannotEncode` where a character would be lost."""
        made = self.json() if file_format == "json" else super().file(file_format, encoding)
        year = f"_fy{self.fiscal_year}" if self.fiscal_year else ""
        name = f"{self.public.code}_{self.public.key}_{self.dataset.name}{year}.{file_format}"
        return ExportedFile(name, made.content_type, made.content)

    def json(self) -> ExportedFile:
        """The rows with what one needs to know to use them; numbers as exact as they are kept."""
        public = self.public
        content = {
            "title": f"{public.plan.name}　{self.dataset.title}",
            "description": self.dataset.about,
            "row": self.dataset.row_is,
            "organization_code": public.code,
            "fiscal_year": self.fiscal_year,
            "version": public.state.version,
            "modified": timezone.localtime(public.state.changed_at).isoformat(timespec="seconds"),
            "licence": licence_of(public.publication).url,
            "items": [
                dict(
                    zip(
                        ("number", "label", "name", "type", "unit", "codes", "description"),
                        row,
                        strict=True,
                    )
                )
                for row in item_rows(public, self.dataset)
            ],
            "rows": [
                {item.name: _json_value(item.value(row)) for item in self.items}
                for row in self.rows()
            ],
        }
        text = json.dumps(content, ensure_ascii=False, indent=1)
        return ExportedFile("", JSON_TYPE, text.encode())

    def _xlsx(self) -> bytes:
        public = self.public
        workbook = StreamedWorkbook()
        write_table(workbook, self.title, self.head(), self.cells())
        write_table(workbook, "項目定義書", ITEM_HEAD, item_rows(public, self.dataset))
        write_table(
            workbook, "このデータについて", ("項目", "内容"), about_rows(public, self.dataset)
        )
        content = io.BytesIO()
        save(workbook, content, public.state.changed_at)
        return content.getvalue()


class ItemExporter(Exporter):
    """The 項目定義書 of one dataset as a file."""

    identifier: ClassVar[str] = "items"

    def __init__(self, dataset: Dataset, public: PublicPlan) -> None:
        super().__init__(item_rows(public, dataset))
        self.title = f"{dataset.title}の項目定義書"  # type: ignore[misc]  # of this dataset
        self.columns = tuple(  # type: ignore[misc]
            Column(label, lambda row, index=index: row[index])
            for index, label in enumerate(ITEM_HEAD)
        )


def about_rows(public: PublicPlan, dataset: Dataset) -> list[tuple[str, str]]:
    """What one must know to use the data."""
    changed: datetime.datetime = timezone.localtime(public.state.changed_at)
    return [
        ("題名", f"{public.plan.name}　{dataset.title}"),
        ("説明", dataset.about),
        ("1行が表すもの", dataset.row_is),
        ("団体", f"{public.plan.organization.name}（{public.code}）"),
        ("利用条件", str(public.publication.get_licence_display())),
        ("利用条件のアドレス", licence_of(public.publication).url),
        ("問い合わせ先", public.publication.contact),
        ("データの版", public.state.version),
        ("最終更新", changed.isoformat(timespec="seconds")),
    ]


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        # A whole number stays one; another is written as text, so that no digit is lost.
        return int(value) if value == value.to_integral_value() else format(value, "f")
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)
