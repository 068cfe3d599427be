"""The Japanese names of a book's sheets and columns, as the models say them."""

from functools import cache

from dxportal.planbook.sheets import SHEETS


@cache
def sheet_label(name: str) -> str:
    """`values` is 目標値・実績値; a name that no sheet has is itself."""
    return "・".join(sheet.label for sheet in SHEETS if sheet.name == name) or name


@cache
def column_label(sheet_name: str, column_name: str) -> str:
    for sheet in SHEETS:
        for column in sheet.columns if sheet.name == sheet_name else ():
            if column.name == column_name:
                field = sheet.model._meta.get_field(column.field)
                return str(getattr(field, "verbose_name", column_name))
    return column_name
