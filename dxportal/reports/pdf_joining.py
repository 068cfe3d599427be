"""Puts the parts of a PDF together: one document with its tags, links, bookmarks and numbers.

Joining files usually loses their tags: each has a structure tree of its own. Here the trees become
one, as if the document had been written at once (ISO 32000-1, 14.7): the elements hang on one
document element, and the tables that lead from the marked content of a page to its elements
(`ParentTree`) follow each other.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, OutlineItem, Pdf

from dxportal.reports.characters import Missing

_NUMBER = b"Q /Artifact <</Type /Pagination /Subtype /Footer>> BDC q /%s Do Q EMC"


@dataclass(frozen=True)
class Page:
    """A page's size and what it has to be found by; places in points from the lower left."""

    width: float
    height: float
    anchors: dict[str, tuple[float, float]]
    bookmarks: list[tuple[int, str, tuple[float, float]]]  # level, label, place


Pages = list[Page]


@dataclass(frozen=True)
class LaidOut:
    """A part that was laid out into a file of its own."""

    number: int
    path: Path
    pages: Pages
    opens_with_cover: bool = False
    missing: tuple[Missing, ...] = ()  # characters that the font lacks

    def as_json(self) -> dict[str, Any]:
        return {
            "pages": [asdict(page) for page in self.pages],
            "missing": [asdict(one) for one in self.missing],
        }


def read_laid_out(number: int, path: Path, data: dict[str, Any]) -> LaidOut:
    """What `LaidOut.as_json` wrote, with what is known besides."""
    pages = [Page(**page) for page in data["pages"]]
    return LaidOut(number, path, pages, missing=tuple(Missing(**one) for one in data["missing"]))


def number_anchors(page_of: dict[str, int], pages: Iterable[Page], before: int) -> None:
    """Note on which page each place stands; of two with one name the first counts."""
    for number, page in enumerate(pages, start=before + 1):
        for name in page.anchors:
            page_of.setdefault(name, number)


def join(parts: Sequence[LaidOut], numbers: Path, target: Path) -> dict[str, int]:
    """Write the parts as one file; the page of each place by its anchor.

    `numbers` is a file with as many pages, which are laid over the report's. The same parts give
    the same bytes.
    """
    pages = [page for part in parts for page in part.pages]
    with Pdf.open(parts[0].path) as joined, Pdf.open(numbers) as overlay:
        for name in (Name.Outlines, Name.Names):
            if name in joined.Root:
                del joined.Root[name]
        sources = [_append(joined, part.path) for part in parts[1:]]
        _lay_over(joined, overlay)
        _set_names(joined, pages)
        _set_bookmarks(joined, pages)
        joined.remove_unreferenced_resources()
        joined.save(
            target,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            recompress_flate=False,
        )
        for source in sources:
            source.close()
    page_of: dict[str, int] = {}
    number_anchors(page_of, pages, 0)
    return page_of


# Pages and their tags


def _append(joined: Pdf, path: Path) -> Pdf:
    """Append a part; its file must stay open until the joined one is written."""
    source = Pdf.open(path)
    count = len(joined.pages)
    with warnings.catch_warnings():
        # Places get their names when all parts are there.
        warnings.simplefilter("ignore", pikepdf.PageCopyWarning)
        joined.pages.extend(source.pages)
    tree = joined.copy_foreign(source.Root.StructTreeRoot)
    shift = _next_key(joined)
    for page in list(joined.pages)[count:]:
        page.obj.StructParents += shift
        for annotation in page.obj.get(Name.Annots, ()):
            if Name.StructParent in annotation:
                annotation.StructParent += shift
    own = joined.Root.StructTreeRoot
    for key, elements in _entries(tree.ParentTree.Nums):
        own.ParentTree.Nums.append(key + shift)
        own.ParentTree.Nums.append(elements)
    document = own.K[0]
    for element in tree.K[0].K:
        element.P = document
        document.K.append(element)
    return source


def _next_key(joined: Pdf) -> int:
    """The first number that no page and no link has in the table of parents."""
    return (
        max((key for key, _ in _entries(joined.Root.StructTreeRoot.ParentTree.Nums)), default=-1)
        + 1
    )


def _entries(numbers: Any) -> Iterator[tuple[int, Any]]:
    for index in range(0, len(numbers), 2):
        yield int(numbers[index]), numbers[index + 1]


# What leads to pages


def _lay_over(joined: Pdf, overlay: Pdf) -> None:
    """Put the numbers of the pages on them, as artifacts: a reader of the text passes over them."""
    for number, (page, above) in enumerate(zip(joined.pages, overlay.pages, strict=True), start=1):
        form = joined.copy_foreign(above.as_form_xobject())
        name = page.add_resource(form, Name.XObject, Name(f"/Number{number}"))
        page.contents_add(b"q", prepend=True)
        page.contents_add(_NUMBER % str(name)[1:].encode())


def _set_names(joined: Pdf, pages: Pages) -> None:
    """The places to which links lead, by name and in the order that PDF wants."""
    places: dict[str, Array] = {}
    for page, facts in zip(joined.pages, pages, strict=True):
        for name, (x, y) in facts.anchors.items():
            places.setdefault(name, Array([page.obj, Name.XYZ, x, y, 0]))
    names = Array()
    for name in sorted(places, key=str.encode):
        names.append(pikepdf.String(name))
        names.append(places[name])
    if names:
        joined.Root.Names = Dictionary(Dests=joined.make_indirect(Dictionary(Names=names)))


def _set_bookmarks(joined: Pdf, pages: Pages) -> None:
    with joined.open_outline() as outline:
        above: list[tuple[int, list[OutlineItem]]] = [(0, outline.root)]
        for page, facts in zip(joined.pages, pages, strict=True):
            for level, label, (x, y) in facts.bookmarks:
                item = OutlineItem(label, Array([page.obj, Name.XYZ, x, y, 0]))
                while above[-1][0] >= level:
                    above.pop()
                above[-1][1].append(item)
                above.append((level, item.children))
