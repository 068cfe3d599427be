"""Puts the parts of a PDF together: one document with its tags, links, bookmarks and numbers.

Joining files usually loses their tags: each has a structure tree of its own. Here the trees become
one, as if the document had been written at once (ISO 32000-1, 14.7): the elements hang on one
document element, and the tables that lead from the marked content of a page to its elements
(`ParentTree`) follow each other.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Pdf

from dxportal.reports.characters import Missing
from dxportal.reports.pdf_file import Copier, PdfFile
from dxportal.reports.pdf_fonts import SharedFonts, programs_of

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


def join(parts: Sequence[LaidOut], numbers: Sequence[Path], target: Path) -> dict[str, int]:
    """Write the parts as one file; the page of each place by its anchor.

    `numbers` are files with as many pages, which are laid over the report's. The same parts give
    the same bytes. One part is in memory at a time.
    """
    pages = [page for part in parts for page in part.pages]
    with target.open("wb") as file:
        Joined(PdfFile(file)).write(parts, pages, numbers)
    page_of: dict[str, int] = {}
    number_anchors(page_of, pages, 0)
    return page_of


class Joined:
    """One document of several, while it is written; what it holds are numbers of objects."""

    def __init__(self, file: PdfFile) -> None:
        self.file = file
        self.root, self.tree, self.document, self.all_pages = (file.number() for _ in range(4))
        self.pages: list[int] = []
        self.elements: list[int] = []  # the document's own, in their order
        self.parents: list[int] = []  # the table of parents: key, object, key, object …
        self.next_key = 0
        self.fonts: dict[str, int] = {}  # the programs by the fonts' names
        self.catalog = b""
        self.document_facts = b""
        self.info = 0

    def write(self, parts: Sequence[LaidOut], pages: Pages, numbers: Sequence[Path]) -> None:
        self._add_fonts([*numbers, *(part.path for part in parts)])
        overlays = [form for path in numbers for form in self._add_overlays(path)]
        for part in parts:
            with Pdf.open(part.path) as source:
                self._add(source, overlays[len(self.pages) :])
        if len(self.pages) != len(overlays):
            raise ValueError(f"{len(overlays)} numbers for {len(self.pages)} pages.")
        self.finish(pages)

    def _add_fonts(self, paths: Iterable[Path]) -> None:
        """The font programs, each once: every part has a subset of the same fonts."""
        shared = SharedFonts()
        for path in paths:
            with Pdf.open(path) as source:
                shared.add(source)
        for name, program in shared.programs().items():
            number = self.fonts[name] = self.file.number()
            entries = b"/Filter /FlateDecode /Length1 %d" % len(program)
            self.file.add_stream(number, entries, zlib.compress(program, 9))

    def _copier(self, source: Pdf) -> Copier:
        copier = Copier(source, self.file)
        for name, program in programs_of(source):
            copier.stands_for(program, self.fonts[name])
        return copier

    def _add_overlays(self, numbers: Path) -> list[int]:
        """The forms that are laid over the pages."""
        with Pdf.open(numbers) as source:
            copier = self._copier(source)
            forms = [source.make_indirect(page.as_form_xobject()) for page in source.pages]
            found = [copier.number_of(form.objgen[0]) for form in forms]
            copier.copy_waiting()
        return found

    def _add(self, source: Pdf, overlays: Sequence[int]) -> None:
        copier = self._copier(source)
        tree = source.Root.StructTreeRoot
        document = tree.K[0]
        copier.stands_for(source.Root.Pages, self.all_pages)
        copier.stands_for(tree, self.tree)
        copier.stands_for(document, self.document)
        if not self.pages:
            self._keep_facts(copier, document)
        for page, overlay in zip(source.pages, overlays, strict=False):
            number = len(self.pages) + 1
            _lay_over(source, copier, page, overlay, number)
            self.pages.append(copier.number_of(page.obj.objgen[0]))
        self._shift_keys(source)
        for key, elements in _entries(tree.ParentTree.Nums):
            self.parents += key + self.next_key, self.file.add_new(copier.body(elements))
        self.next_key = max([self.next_key - 1, *self.parents[-2:-1]]) + 1
        self.elements += (copier.number_of(element.objgen[0]) for element in document.K)
        copier.copy_waiting()

    def _keep_facts(self, copier: Copier, document: pikepdf.Object) -> None:
        """What the first part says of the whole: language, metadata, the document's element."""
        self.info = copier.number_of(copier.source.trailer.Info.objgen[0])
        kept = copier.source.Root
        for name in (Name.Outlines, Name.Names, Name.Pages, Name.StructTreeRoot):
            if name in kept:
                del kept[name]
        self.catalog = copier.body(kept)
        facts = {name: value for name, value in document.items() if name != "/K"}
        self.document_facts = copier.body(Dictionary(facts))

    def _shift_keys(self, source: Pdf) -> None:
        for page in source.pages:
            page.obj.StructParents += self.next_key
            for annotation in page.obj.get(Name.Annots, ()):
                if Name.StructParent in annotation:
                    annotation.StructParent += self.next_key

    def finish(self, pages: Pages) -> None:
        add = self.file.add
        kids = _references(self.pages)
        add(self.all_pages, b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(self.pages), kids))
        pairs = zip(self.parents[::2], self.parents[1::2], strict=True)
        entries = b" ".join(b"%d %d 0 R" % (key, elements) for key, elements in pairs)
        parents = self.file.add_new(b"<< /Nums [%s] >>" % entries)
        add(
            self.tree,
            b"<< /Type /StructTreeRoot /K [%d 0 R] /ParentTree %d 0 R /ParentTreeNextKey %d >>"
            % (self.document, parents, self.next_key),
        )
        elements = _references(self.elements)
        add(self.document, _with(self.document_facts, b"/K [%s]" % elements))
        more = [b"/Pages %d 0 R /StructTreeRoot %d 0 R" % (self.all_pages, self.tree)]
        if names := self._names(pages):
            more.append(b"/Names << /Dests %d 0 R >>" % names)
        if outlines := self._outlines(pages):
            more.append(b"/Outlines %d 0 R" % outlines)
        add(self.root, _with(self.catalog, b" ".join(more)))
        self.file.finish(self.root, self.info)

    def _names(self, pages: Pages) -> int | None:
        """The places to which links lead, by name and in the order that PDF wants."""
        places: dict[str, bytes] = {}
        for page, facts in zip(self.pages, pages, strict=True):
            for name, place in facts.anchors.items():
                places.setdefault(name, _place(page, place))
        if not places:
            return None
        entries = b" ".join(
            _string(name) + b" " + places[name] for name in sorted(places, key=str.encode)
        )
        return self.file.add_new(b"<< /Names [%s] >>" % entries)

    def _outlines(self, pages: Pages) -> int | None:
        """The bookmarks, which hang on each other by their levels."""
        top = _Bookmark(self.file.number())
        above = [(0, top)]
        for page, facts in zip(self.pages, pages, strict=True):
            for level, label, place in facts.bookmarks:
                item = _Bookmark(self.file.number(), label, _place(page, place))
                while above[-1][0] >= level:
                    above.pop()
                above[-1][1].below.append(item)
                above.append((level, item))
        if not top.below:
            return None
        self.file.add(top.number, b"<< /Type /Outlines %s >>" % top.children())
        self._add_bookmarks(top)
        return top.number

    def _add_bookmarks(self, parent: "_Bookmark") -> None:
        for index, item in enumerate(parent.below):
            said = [b"/Title %s /Dest %s" % (_string(item.label), item.place)]
            said.append(b"/Parent %d 0 R" % parent.number)
            if index:
                said.append(b"/Prev %d 0 R" % parent.below[index - 1].number)
            if index + 1 < len(parent.below):
                said.append(b"/Next %d 0 R" % parent.below[index + 1].number)
            if item.below:
                said.append(item.children())
            self.file.add(item.number, b"<< %s >>" % b" ".join(said))
            self._add_bookmarks(item)


@dataclass
class _Bookmark:
    number: int
    label: str = ""
    place: bytes = b""
    below: list["_Bookmark"] = field(default_factory=list)

    @property
    def count(self) -> int:
        """All below it, which a reader sees unfolded."""
        return sum(1 + item.count for item in self.below)

    def children(self) -> bytes:
        ends = self.below[0].number, self.below[-1].number, self.count
        return b"/First %d 0 R /Last %d 0 R /Count %d" % ends


def _lay_over(source: Pdf, copier: Copier, page: pikepdf.Page, overlay: int, number: int) -> None:
    """Put a page's number on it, as an artifact: a reader of the text passes over it."""
    form = source.make_stream(b"")
    copier.stands_for(form, overlay)
    name = page.add_resource(form, Name.XObject, Name(f"/Number{number}"))
    page.contents_add(b"q", prepend=True)
    page.contents_add(_NUMBER % str(name)[1:].encode())


def _entries(numbers: Any) -> Iterator[tuple[int, Any]]:
    for index in range(0, len(numbers), 2):
        yield int(numbers[index]), numbers[index + 1]


def _references(numbers: Iterable[int]) -> bytes:
    return b" ".join(b"%d 0 R" % number for number in numbers)


def _with(body: bytes, more: bytes) -> bytes:
    """A dictionary with further entries."""
    return body.removesuffix(b">>") + more + b" >>"


def _place(page: int, place: tuple[float, float]) -> bytes:
    x, y = (format(number, ".3f").encode() for number in place)
    return b"[%d 0 R /XYZ %s %s 0]" % (page, x, y)


def _string(text: str) -> bytes:
    return pikepdf.String(text).unparse()
