"""What a check of a book found, kept as a file beside the book until it is applied."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from dxportal.planbook.changes import Change, ChangeKind, digest_of
from dxportal.planbook.faults import Fault
from dxportal.planbook.sheets import SHEET_NAMES

KINDS = list(ChangeKind)


@dataclass
class Preview:
    """The changes that a book would make, by sheet; or the faults for which it makes none."""

    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def state(self) -> str:
        return digest_of(self.changes)

    def write(self, path: Path) -> None:
        ordered = sorted(
            self.changes,
            key=lambda c: (SHEET_NAMES.index(c.sheet), KINDS.index(c.kind), c.row or 0),
        )
        content = {
            "changes": [{**dataclasses.asdict(c), "kind": c.kind.name} for c in ordered],
            "faults": [dataclasses.asdict(fault) for fault in sorted(self.faults, key=_place)],
        }
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Preview":
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls([_change(found) for found in content["changes"]], _faults(content["faults"]))


def _place(fault: Fault) -> tuple[int, int]:
    """What concerns the whole book first, then sheet by sheet and row by row."""
    known = fault.sheet in SHEET_NAMES
    return SHEET_NAMES.index(fault.sheet) if known else -1, fault.row or 0


def _change(stored: dict) -> Change:
    fields = {name: (before, after) for name, (before, after) in stored["fields"].items()}
    return Change(**{**stored, "kind": ChangeKind[stored["kind"]], "fields": fields})


def _faults(stored: list[dict]) -> list[Fault]:
    return [Fault(**found) for found in stored]
