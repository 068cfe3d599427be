"""One difference as pages and files show it, and all of a comparison."""

import difflib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db import models

# Japanese has no spaces: a run of one kind of character is the nearest thing to a word.
_WORDS = re.compile(
    r"[一-龠々〆ヶ]+|[ぁ-ん]+|[ァ-ヴー]+|[0-9０-９.,，．]+|[A-Za-zＡ-Ｚａ-ｚ]+|\s+|."
)


class Subject(models.TextChoices):
    """What a difference is about; the order is that of the page."""

    PLAN = "plan", "計画の期間・概要"
    LEVELS = "levels", "階層"
    MEASURES = "measures", "施策"
    PROJECTS = "projects", "事業の掲載"
    PERIODS = "periods", "始まるもの・終わるもの"
    MARKS = "marks", "年度評価"
    INDICATORS = "indicators", "指標の利用"
    TARGETS = "targets", "目標"
    ACTUALS = "actuals", "実績"
    BUDGETS = "budgets", "当初予算"
    DEFINITIONS = "definitions", "指標の定義"
    DEPARTMENTS = "departments", "所管課"
    SECTIONS = "sections", "計画の本文"
    OTHERS = "others", "期・用語・参考資料など"


class Change(models.TextChoices):
    ADDED = "added", "追加"
    DROPPED = "dropped", "廃止"
    RENAMED = "renamed", "名称変更"
    MOVED = "moved", "移動"
    REORDERED = "reordered", "並べ替え"
    REWORDED = "reworded", "文章の変更"
    CHANGED = "changed", "変更"
    STARTS = "starts", "開始"
    ENDS = "ends", "終了"
    BETTER = "better", "改善"
    WORSE = "worse", "悪化"


@dataclass(frozen=True)
class Piece:
    """Some words of two texts laid over each other: in both, or in one of them."""

    text: str
    is_removed: bool = False
    is_added: bool = False


@dataclass(frozen=True)
class Difference:
    """One thing that differs; `before` and `after` are as a reader sees them, empty for none."""

    subject: Subject
    change: Change
    what: str
    item: str = ""
    before: str = ""
    after: str = ""
    where: str = ""
    note: str = ""
    # The measures at which the two may be looked up.
    measure_before: int | None = None
    measure_after: int | None = None

    @cached_property
    def pieces(self) -> list[Piece]:
        """The words, laid over each other, of a text that was changed; else nothing.

        Two texts with less than half in common are easier to read beside each other.
        """
        if self.change not in (Change.RENAMED, Change.REWORDED) or not (self.before and self.after):
            return []
        pieces = laid_over(self.before, self.after)
        kept = sum(len(p.text) for p in pieces if not (p.is_removed or p.is_added))
        return pieces if kept * 2 >= min(len(self.before), len(self.after)) else []


@dataclass(frozen=True)
class Part:
    """The differences of one subject, and what there is to say of them together."""

    subject: Subject
    differences: list[Difference]
    note: str = ""

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many of each change, in the order of `Change`."""
        counted = Counter(difference.change for difference in self.differences)
        return [(change.label, counted[change]) for change in Change if counted[change]]


@dataclass(frozen=True)
class Comparison:
    """All differences in the order of the subjects, and within them as the plan reads."""

    differences: list[Difference]
    notes: dict[Subject, str] = field(default_factory=dict)
    # False for two plans that have no measure's key in common: there is nothing to compare by.
    shares_measures: bool = True

    def parts(self, only: str = "") -> list[Part]:
        """By subject; of `only` one subject where it names one."""
        found = []
        for subject in Subject:
            if only and only != subject:
                continue
            rows = [row for row in self.differences if row.subject == subject]
            note = self.notes.get(subject, "")
            if rows or note:
                found.append(Part(subject, rows, note))
        return found


def laid_over(before: str, after: str) -> list[Piece]:
    """The words of both texts in one row, by what was removed and what was added."""
    old, new = _WORDS.findall(_lines(before)), _WORDS.findall(_lines(after))
    pieces = []
    for op, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            pieces.append(Piece("".join(old[i:j])))
            continue
        if i < j:
            pieces.append(Piece("".join(old[i:j]), is_removed=True))
        if k < m:
            pieces.append(Piece("".join(new[k:m]), is_added=True))
    return pieces


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def moved_among(old: Sequence[Hashable], new: Sequence[Hashable]) -> set[Hashable]:
    """The fewest of those in both orders whose moving turns the old order into the new one."""
    rank = {key: index for index, key in enumerate(old)}
    common = [key for key in new if key in rank]
    ends: list[int] = []  # the least rank in which a rising row of each length can end
    row_ends: list[Hashable] = []
    before: dict[Hashable, Hashable | None] = {}
    for key in common:
        at = bisect_left(ends, rank[key])
        before[key] = row_ends[at - 1] if at else None
        ends[at : at + 1] = [rank[key]]
        row_ends[at : at + 1] = [key]
    stays = set()
    last = row_ends[-1] if row_ends else None
    while last is not None:
        stays.add(last)
        last = before[last]
    return set(common) - stays
