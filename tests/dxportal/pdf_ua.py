"""What PDF/UA-1 asks of a report and a program can see: `pdfua`, and what that does not look at.

Of `pdfua` (no Java, a part of what veraPDF checks) any finding counts. Besides: headings in order,
tables whose rows close and whose heads have a scope, content that hangs on the structure tree page
by page, links that lead somewhere, fonts that are there.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pikepdf
from pdfua import validate
from pikepdf import Array, Dictionary, Name

_HEADING = re.compile(r"/H([1-6])$")
_MARKED = re.compile(rb"/MCID (\d+)")


def problems_of(file: Path) -> list[str]:
    """Sentences; none of a file in which nothing is found."""
    found = [f"{one.rule_id}: {one.message}" for one in validate(str(file)).findings]
    with pikepdf.open(file) as pdf:
        elements = list(_below(pdf.Root.StructTreeRoot.K))
        for check in (_headings, _tables, _figures):
            found += check(elements)
        hanging = {element.objgen for element in elements}
        found += _content(pdf, hanging)
        for look in (_links, _fonts, _bookmarks):
            found += look(pdf)
    return found


def _kids(element: Dictionary) -> list[object]:
    kids = element.get(Name.K)
    if kids is None:
        return []
    return list(kids) if isinstance(kids, Array) else [kids]


def _below(kids: object) -> Iterator[Dictionary]:
    """All structure elements in the order in which they are read."""
    for kid in kids if isinstance(kids, Array) else [kids]:
        if isinstance(kid, Dictionary) and Name.S in kid:
            yield kid
            yield from _below(kid.get(Name.K, Array()))


def _headings(elements: list[Dictionary]) -> Iterator[str]:
    last = 0
    for element in elements:
        if match := _HEADING.match(str(element.S)):
            level = int(match[1])
            if level > last + 1:
                yield f"H{level} follows H{last}"
            if not _kids(element):
                yield f"an empty H{level}"
            if str(element.P.get(Name.S, "")) == str(element.S):
                yield f"H{level} within H{level}"
            last = level


def _tables(elements: list[Dictionary]) -> Iterator[str]:
    for table in elements:
        if Name.Table != table.S:
            continue
        rows = [one for one in _below(table.K) if one.S == Name.TR]
        groups: dict[tuple[int, int], list[Dictionary]] = {}
        for row in rows:
            groups.setdefault(row.P.objgen, []).append(row)
        widths = {width for group in groups.values() for width in _widths(group)}
        if len(widths) != 1:
            yield f"a table's rows have {sorted(widths)} columns"
        for cell in (one for one in _below(table.K) if one.S == Name.TH):
            if cell.A.get(Name.Scope) not in (Name.Row, Name.Column):
                yield "a head without scope"


def _widths(rows: list[Dictionary]) -> Iterator[int]:
    """How many columns each row fills, with the cells that reach down into it."""
    reaching: dict[int, int] = {}
    for index, row in enumerate(rows):
        width = reaching.pop(index, 0)
        for cell in _kids(row):
            attributes = cell.get(Name.A, Dictionary())
            columns = int(attributes.get(Name.ColSpan, 1))
            width += columns
            for below in range(1, int(attributes.get(Name.RowSpan, 1))):
                reaching[index + below] = reaching.get(index + below, 0) + columns
        yield width


def _figures(elements: list[Dictionary]) -> Iterator[str]:
    for figure in elements:
        if Name.Figure == figure.S and not str(figure.get(Name.Alt, "")).strip():
            yield "a figure without words"


def _content(pdf: pikepdf.Pdf, hanging: set[tuple[int, int]]) -> Iterator[str]:
    """Marked content and structure tree name each other, on every page."""
    numbers = pdf.Root.StructTreeRoot.ParentTree.Nums
    parents = {int(numbers[i]): numbers[i + 1] for i in range(0, len(numbers), 2)}
    if len(parents) * 2 != len(numbers):
        yield "two pages or links have the same number"
    for number, page in enumerate(pdf.pages, start=1):
        contents = page.obj.Contents
        streams = list(contents) if isinstance(contents, Array) else [contents]
        marked = sorted(
            int(mcid) for stream in streams for mcid in _MARKED.findall(stream.read_bytes())
        )
        elements = parents.get(int(page.obj.StructParents))
        if elements is None or marked != list(range(len(elements))):
            yield f"page {number}: its content is not that of the structure tree"
            continue
        for mcid in marked:
            element = elements[mcid]
            if mcid not in [int(kid) for kid in _kids(element) if not isinstance(kid, Dictionary)]:
                yield f"page {number}: its element does not know content {mcid}"
            if element.objgen not in hanging:
                yield f"page {number}: content {mcid} is outside of the structure tree"
            if element.Pg.objgen != page.obj.objgen:
                yield f"page {number}: content {mcid} belongs to another page"


def _links(pdf: pikepdf.Pdf) -> Iterator[str]:
    names = pdf.Root.Names.Dests.Names if Name.Names in pdf.Root else Array()
    places = {str(names[i]): names[i + 1] for i in range(0, len(names), 2)}
    pages = {page.obj.objgen for page in pdf.pages}
    for number, page in enumerate(pdf.pages, start=1):
        for link in page.obj.get(Name.Annots, ()):
            target = places.get(str(link.get(Name.Dest, "")))
            if target is None or target[0].objgen not in pages:
                yield f"page {number}: a link leads nowhere"
            if not str(link.get(Name.Contents, "")) or Name.StructParent not in link:
                yield f"page {number}: a link says nothing"


def _fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    for font in pdf.objects:
        is_font = isinstance(font, Dictionary) and font.get(Name.Subtype) == Name.CIDFontType2
        if is_font and Name.FontFile2 not in font.FontDescriptor:
            yield f"{font.BaseFont} is not embedded"


def _bookmarks(pdf: pikepdf.Pdf) -> Iterator[str]:
    with pdf.open_outline() as outline:
        if not outline.root:
            yield "no bookmarks"
