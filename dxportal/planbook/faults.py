"""What is wrong with a plan book, cell by cell."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault: where it is, what stands there, and why it cannot be read."""

    sheet: str
    row: int | None
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        place = f"シート「{self.sheet}」" if self.sheet else "計画ブック"
        if self.row is not None:
            place += f" {self.row}行目"
        if self.column:
            place += f" 列「{self.column}」"
        value = f" 値「{self.value}」" if self.value else ""
        return f"{place}{value}：{self.reason}"


class PlanBookError(Exception):
    """The book cannot be loaded. Nothing was changed; `faults` lists every reason."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
