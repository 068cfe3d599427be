"""What a dataset of the open data is: its items are defined once for all formats.

Rules of machine readability (level 3): one table, names in row 1, one value a cell, empty is not
zero, numbers without commas or units, Western years beside the era's, the 全国地方公共団体コード in
each row, no meaning by colour. Headings are Japanese; JSON has the items' English names.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dxportal.public.reading import PublicPlan


@dataclass(frozen=True)
class Item:
    """One item (項目) of a dataset, as the 項目定義書 has it."""

    name: str
    label: str
    kind: str
    about: str
    value: Callable[[Any], Any]
    unit: str = ""
    codes: str = ""


@dataclass(frozen=True)
class Dataset:
    """A kind of data: what a row is, its items, and how its rows are read."""

    name: str
    title: str
    about: str
    row_is: str
    items: tuple[Item, ...]
    rows: Callable[[PublicPlan], Iterator[Any]]
    by_year: bool = False

    def rows_of(self, public: PublicPlan, fiscal_year: int | None) -> Iterator[Any]:
        for row in self.rows(public):
            if fiscal_year is None or row.fiscal_year == fiscal_year:
                yield row


TEXT, NUMBER, YEAR, FLAG = "文字列", "数値", "整数（西暦の年度）", "真偽（1：はい、0：いいえ）"


@dataclass(frozen=True)
class Row:
    """A row of the public plan with what its columns need beside it."""

    thing: Any
    fiscal_year: int = 0
    more: Any = None


def joined(names: list[str]) -> str:
    return "、".join(names)


def field_of(name: str) -> Callable[[Row], Any]:
    return lambda row: getattr(row.thing, name)


def leading_items(public: PublicPlan) -> tuple[Item, ...]:
    """Whose data a row is; the first items of every dataset."""
    plan = public.plan
    return (
        Item(
            "organization_code",
            "全国地方公共団体コード",
            TEXT,
            "検査数字を含む6桁。",
            lambda r: plan.organization.code,
        ),
        Item(
            "organization", "団体名", TEXT, "地方公共団体の名称。", lambda r: plan.organization.name
        ),
        Item("plan_id", "計画ID", TEXT, "団体の中で計画を見分ける文字。", lambda r: plan.key),
        Item("plan", "計画名", TEXT, "計画の名称。", lambda r: plan.name),
    )


ITEM_HEAD = ("番号", "項目名", "項目名（英字）", "データ型", "単位", "取りうる値", "説明")


def item_rows(public: PublicPlan, dataset: Dataset) -> list[tuple[Any, ...]]:
    """The 項目定義書 of a dataset, a row an item."""
    return [
        (number, item.label, item.name, item.kind, item.unit, item.codes, item.about)
        for number, item in enumerate([*leading_items(public), *dataset.items], start=1)
    ]
