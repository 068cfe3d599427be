"""One font program for all parts of a PDF, where each part brought a subset of its own.

WeasyPrint keeps the numbers of the glyphs in a subset: one that stands in two parts has the same
number, outline and width in both. So the subsets of a font are put together glyph by glyph, and
every part refers to what comes out. What each says of its own characters stays as it is.
"""

import io
import struct
from array import array
from collections.abc import Iterator
from sys import byteorder

import pikepdf
from fontTools.ttLib.sfnt import SFNTReader, SFNTWriter
from pikepdf import Name

# What a PDF wants of a TrueType program whose glyphs are named by their numbers (ISO 32000-1, 9.9),
# with what some readers look for besides; vertical metrics and character maps are not among it.
_AS_THEY_ARE = ("OS/2", "cvt ", "fpgm", "gasp", "name", "post", "prep")


def programs_of(source: pikepdf.Pdf) -> Iterator[tuple[str, pikepdf.Object]]:
    """The TrueType programs of a file, with the names of their fonts."""
    for found in source.objects:
        is_font = isinstance(found, pikepdf.Dictionary) and found.get(Name.Type) == (
            Name.FontDescriptor
        )
        if is_font and Name.FontFile2 in found:
            yield str(found.FontName), found.FontFile2


class SharedFonts:
    """The union of each font's subsets, by the font's name."""

    def __init__(self) -> None:
        self._unions: dict[str, _Union] = {}

    def add(self, source: pikepdf.Pdf) -> None:
        for name, program in programs_of(source):
            data = program.read_bytes()
            self._unions.setdefault(name, _Union()).add(data)

    def programs(self) -> dict[str, bytes]:
        return {name: union.program() for name, union in self._unions.items()}


class _Union:
    def __init__(self) -> None:
        self._glyphs: dict[int, bytes] = {}
        self._metrics: dict[int, bytes] = {}  # advance and bearing
        self._newest: dict[str, bytes] = {}  # the other tables, of the subset with most glyphs
        self._count = 0
        self._last = b""

    def add(self, data: bytes) -> None:
        if data == self._last:  # the fonts of figures are so small that they are never cut
            return
        self._last = data
        reader = SFNTReader(io.BytesIO(data))
        tables = {tag: reader[tag] for tag in reader.keys()}  # noqa: SIM118  # no mapping
        count = struct.unpack(">H", tables["maxp"][4:6])[0]
        places = _numbers(tables["loca"], "I" if _is_long(tables) else "H")
        scale = 1 if _is_long(tables) else 2
        outlines, metrics = tables["glyf"], _metrics(tables, count)
        for glyph in range(count):
            begin, end = places[glyph], places[glyph + 1]
            if begin != end and glyph not in self._glyphs:
                self._glyphs[glyph] = outlines[begin * scale : end * scale]
            if metrics[glyph] != _NOTHING and glyph not in self._metrics:
                self._metrics[glyph] = metrics[glyph]
        if count > self._count:
            self._count, self._newest = count, tables

    def program(self) -> bytes:
        places, outlines = [0], bytearray()
        for glyph in range(self._count):
            outline = self._glyphs.get(glyph, b"")
            outlines += outline + b"\0" * (-len(outline) % 4)
            places.append(len(outlines))
        head, hhea = bytearray(self._newest["head"]), bytearray(self._newest["hhea"])
        struct.pack_into(">h", head, 50, 1)  # places are told in bytes
        struct.pack_into(">H", hhea, 34, self._count)  # each glyph has an advance of its own
        tables = {tag: self._newest[tag] for tag in _AS_THEY_ARE if tag in self._newest}
        tables |= {
            "head": bytes(head),
            "hhea": bytes(hhea),
            "maxp": self._newest["maxp"],
            "hmtx": b"".join(self._metrics.get(glyph, _NOTHING) for glyph in range(self._count)),
            "loca": struct.pack(f">{len(places)}I", *places),
            "glyf": bytes(outlines),
        }
        file = io.BytesIO()
        writer = SFNTWriter(file, len(tables))
        for tag in sorted(tables):
            writer[tag] = tables[tag]
        writer.close()
        return file.getvalue()


_NOTHING = bytes(4)


def _is_long(tables: dict[str, bytes]) -> bool:
    return struct.unpack(">h", tables["head"][50:52])[0] == 1


def _metrics(tables: dict[str, bytes], count: int) -> list[bytes]:
    """Of each glyph; those after the last one with an advance of its own share it."""
    full = struct.unpack(">H", tables["hhea"][34:36])[0]
    data = tables["hmtx"]
    found = [data[at : at + 4] for at in range(0, 4 * full, 4)]
    last = data[4 * full - 4 : 4 * full - 2]
    rest = range(4 * full, 4 * full + 2 * (count - full), 2)
    return found + [last + data[at : at + 2] for at in rest]


def _numbers(data: bytes, kind: str) -> array:
    numbers = array(kind, data)
    if byteorder == "little":
        numbers.byteswap()
    return numbers
