"""Forms of the mappings by which a city's own tables are read, and the samples behind them."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from accounts.policy import Act, scope_of
from dxportal.models import ColumnMapping
from dxportal.planbook.meanings import (
    YEARLY,
    MappedColumn,
    Meaning,
    faults_of_columns,
    mapping_fault,
    meaning_choices,
    plain,
    suggest_columns,
)
from dxportal.planbook.reader import MAX_COLUMNS
from dxportal.planbook.tables import MAX_HEAD_ROWS, Head, Table, guess_head, heads_at, read_tables
from plans import fiscal_years
from plans.models import Plan

SAMPLE_ROWS = 20
SAMPLE_SHEETS = 20
EXAMPLES = 3
MOST_OF_A_CELL = 300
SALT = "dxportal.mapping_sample"
A_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Sample:
    """The first rows of a file that a mapping is made from; it goes to the page and comes back.

    It is signed and not stored: a city's table may hold what is not public yet.
    """

    plan_id: int
    tables: list[Table]

    @classmethod
    def of_upload(cls, plan: Plan, upload: UploadedFile) -> "Sample":
        """Raises PlanBookError for a file that is no table."""
        with tempfile.NamedTemporaryFile(suffix=Path(upload.name or "").suffix) as file:
            for chunk in upload.chunks():
                file.write(chunk)
            file.flush()
            tables = read_tables(Path(file.name), SAMPLE_ROWS)[:SAMPLE_SHEETS]
        for table in tables:
            table.rows = [[cell[:MOST_OF_A_CELL] for cell in row] for row in table.rows]
        return cls(plan.pk, [table for table in tables if any(map(any, table.rows))])

    def signed(self) -> str:
        kept = {"plan": self.plan_id, "tables": [[t.name, t.rows] for t in self.tables]}
        return signing.dumps(kept, salt=SALT, compress=True)

    @classmethod
    def of_signed(cls, text: str) -> "Sample":
        """Raises signing.BadSignature for what the portal did not make, or made long ago."""
        kept = signing.loads(text, salt=SALT, max_age=A_DAY)
        return cls(kept["plan"], [Table(name, rows) for name, rows in kept["tables"]])

    def table(self, name: str) -> Table:
        return next((table for table in self.tables if table.name == name), self.tables[0])


class SampleForm(forms.Form):
    """The table that a mapping is made from, and the plan whose values it holds."""

    plan = forms.ModelChoiceField(
        Plan.objects.none(),
        label="計画",
        empty_label=None,
        help_text="見出しの意味を推測するために使います。",
    )
    file = forms.FileField(
        label="表のファイル",
        help_text="Excel（.xlsx）かCSV（UTF-8、Shift_JIS）。内容は読み取るだけで、保存しません。",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].queryset = plans_managed_by(user)

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.BOOK_MAX_MEGABYTES * 1_000_000:
            raise forms.ValidationError(f"ファイルは{settings.BOOK_MAX_MEGABYTES}MBまでです。")
        return file


def plans_managed_by(user: Any) -> Any:
    organizations = scope_of(user).organizations.get(Act.MANAGE, frozenset())
    plans = Plan.objects.visible_to(user).filter(organization_id__in=organizations)
    return plans.select_related("organization")


class ColumnForm(forms.Form):
    """What one column means."""

    head = forms.CharField(label="見出し", max_length=MOST_OF_A_CELL)
    means = forms.ChoiceField(label="意味", choices=meaning_choices)
    fiscal_year = forms.CharField(
        label="年度",
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 8}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        text = cleaned.get("fiscal_year", "")
        cleaned["year"] = None
        # A year beside a column that has none is left over from another choice, and not kept.
        if text and Meaning(cleaned.get("means", "ignore").split(":")[0]) in YEARLY:
            try:
                cleaned["year"] = fiscal_years.parse(text)
            except ValueError as error:
                self.add_error("fiscal_year", str(error))
        return cleaned

    def column(self) -> MappedColumn:
        cleaned = self.cleaned_data
        column = MappedColumn(" ".join(cleaned["head"].split()))
        return column.with_choice(cleaned["means"], cleaned["year"])


class BaseColumnForms(forms.BaseFormSet):
    """All columns of a mapping; they must make sense together."""

    def columns(self) -> list[MappedColumn]:
        """The columns that were filled in: an added line that stayed empty is none."""
        return [f.column() for f in self.forms if f.cleaned_data.get("head")]

    def clean(self) -> None:
        if any(self.errors):
            return
        forms_filled = [f for f in self.forms if f.cleaned_data.get("head")]
        columns = self.columns()
        for index, (name, reason) in faults_of_columns(columns).items():
            forms_filled[index].add_error(name, reason)
        if reason := mapping_fault(columns):
            raise forms.ValidationError(reason)


ColumnForms = forms.formset_factory(
    ColumnForm, BaseColumnForms, extra=0, max_num=MAX_COLUMNS, absolute_max=MAX_COLUMNS
)


class MappingForm(forms.Form):
    """The mapping's name and where its head stands; its columns are a `ColumnForms`."""

    name = forms.CharField(
        label="名称", max_length=100, help_text="例：040 プロジェクト一覧（毎年7月）"
    )
    sheet_name = forms.CharField(
        label="シート名",
        max_length=100,
        required=False,
        help_text="空欄なら、はじめのシートを読みます。CSVでは使いません。",
    )
    header_row = forms.IntegerField(
        label="見出しが始まる行",
        min_value=1,
        max_value=SAMPLE_ROWS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    depth = forms.TypedChoiceField(
        label="見出しの行数",
        coerce=int,
        choices=[(n, f"{n}行") for n in range(1, MAX_HEAD_ROWS + 1)],
        required=False,
        empty_value=1,
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sample: Sample | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sample is None:
            del self.fields["depth"]
        elif len(sample.tables) > 1:
            names = [(table.name, table.name) for table in sample.tables]
            self.fields["sheet_name"] = forms.ChoiceField(label="シート", choices=names)

    def values(self, columns: Sequence[MappedColumn]) -> dict[str, Any]:
        """The mapping's fields as the person wants them."""
        cleaned = self.cleaned_data
        return {
            "name": cleaned["name"],
            "sheet_name": cleaned["sheet_name"],
            "header_row": cleaned["header_row"],
            "columns": [column.entry() for column in columns],
        }


@dataclass(frozen=True)
class ShownSample:
    """A sheet of the sample as the page shows it, with its head found."""

    table: Table
    head: Head

    @classmethod
    def at(cls, table: Table, first_row: int, depth: int) -> "ShownSample":
        return cls(table, Head(first_row, depth, heads_at(table.rows, first_row, depth)))

    @classmethod
    def guessed(cls, table: Table) -> "ShownSample":
        return cls.at(table, *guess_head(table))

    @property
    def heads(self) -> list[str]:
        return [name for name in self.head.names if name]

    def rows(self) -> Iterable[tuple[int, bool, list[str]]]:
        """The first rows with their numbers, and whether each belongs to the head."""
        width = max(map(len, self.table.rows), default=0)
        for number, cells in enumerate(self.table.rows[: self.head.last_row + 5], start=1):
            is_head = self.head.first_row <= number <= self.head.last_row
            yield number, is_head, cells + [""] * (width - len(cells))

    def examples(self) -> dict[str, list[str]]:
        """By head, the first values that stand below it."""
        found: dict[str, list[str]] = {}
        for index, name in enumerate(self.head.names):
            below = self.table.rows[self.head.last_row :]
            values = [row[index] for row in below if index < len(row) and row[index]]
            found[plain(name)] = list(dict.fromkeys(values))[:EXAMPLES]
        return found


def initial_columns(
    heads: Sequence[str], plan: Plan, known: Iterable[MappedColumn] = ()
) -> list[dict[str, str]]:
    """What the columns' fields begin with: what is known of a head already, else a suggestion."""
    by_head = {plain(column.head): column for column in known}
    suggested = suggest_columns(heads, plan)
    return [
        as_initial(by_head.get(plain(head), suggestion), head)
        for head, suggestion in zip(heads, suggested, strict=True)
    ]


def as_initial(column: MappedColumn, head: str = "") -> dict[str, str]:
    year = fiscal_years.short_form(column.fiscal_year) if column.fiscal_year else ""
    return {"head": head or column.head, "means": column.choice, "fiscal_year": year}


def columns_of(mapping: ColumnMapping) -> list[MappedColumn]:
    return [MappedColumn.of(entry) for entry in mapping.columns]


def differences(mine: Mapping[str, Any], theirs: ColumnMapping) -> list[tuple[str, str, str]]:
    """Where the two differ: a name, what the person typed, what is stored."""
    labels = {"name": "名称", "sheet_name": "シート名", "header_row": "見出しが始まる行"}
    found = [
        (label, str(mine[name]), str(getattr(theirs, name)))
        for name, label in labels.items()
        if mine[name] != getattr(theirs, name)
    ]
    my_columns = {e["head"]: MappedColumn.of(e).label for e in mine["columns"]}
    their_columns = {column.head: column.label for column in columns_of(theirs)}
    for head in {**my_columns, **their_columns}:
        said = my_columns.get(head, "（列がない）"), their_columns.get(head, "（列がない）")
        if said[0] != said[1]:
            found.append((f"列「{head}」", *said))
    return found
