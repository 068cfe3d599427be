"""Several processes of one machine at one PDF, for the command line; jobs have their own crew."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from dxportal.reports.content import ReportContent
from dxportal.reports.pdf import LAYOUT_FROM, LAYOUT_TO, Progress, lay_out_part
from dxportal.reports.pdf_joining import LaidOut
from dxportal.reports.pdf_parts import Part


class Pool:
    """A crew (`dxportal.reports.pdf.Crew`) of so many processes, which are made for one report."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def lay_out(
        self, content: ReportContent, parts: Sequence[Part], folder: Path, progress: Progress
    ) -> list[LaidOut]:
        total, done, made = sum(part.weight for part in parts), 0, []
        # Forked, the processes have the report without reading it again.
        with ProcessPoolExecutor(
            self.workers,
            multiprocessing.get_context("fork"),
            initializer=_keep,
            initargs=(content, parts, folder),
        ) as pool:
            waiting = {
                pool.submit(_lay_out, index): parts[index]
                for index in sorted(range(len(parts)), key=lambda index: -parts[index].weight)
            }
            for finished in as_completed(waiting):
                part = waiting[finished]
                made.append(finished.result())
                done += part.weight
                percent = LAYOUT_FROM + (LAYOUT_TO - LAYOUT_FROM) * done // total
                progress(part.title, percent)
        return sorted(made, key=lambda laid: laid.number)


_kept: tuple[ReportContent, Sequence[Part], Path]


def _keep(content: ReportContent, parts: Sequence[Part], folder: Path) -> None:
    """What a process of the pool works on."""
    global _kept
    _kept = content, parts, folder


def _lay_out(index: int) -> LaidOut:
    content, parts, folder = _kept
    part = parts[index]
    return lay_out_part(content, part, folder / f"{part.number}.part.pdf", lambda page: None)
