"""Writes a PDF object by object: what is in memory is where each object stands, and no more.

pikepdf holds every object of a file that it writes, which for a report of thousands of pages is
gigabytes. Here small objects go into compressed object streams and their places into a compressed
cross-reference stream (ISO 32000-1, 7.5.7 and 7.5.8).
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Callable
from typing import IO

import pikepdf

# Objects of one object stream; more of them are packed better, and unpacked later by a reader.
PACKED = 200
# A string, in which "1 0 R" would be text, or a reference.
_REFERENCE = re.compile(rb"\((?:[^\\()]|\\.)*\)|<[0-9A-Fa-f]+>|\b(\d+) 0 R\b", re.DOTALL)


def renumbered(body: bytes, number_of: Callable[[int], int]) -> bytes:
    """The text of an object with the numbers to which it refers changed."""

    def changed(found: re.Match[bytes]) -> bytes:
        return b"%d 0 R" % number_of(int(found[1])) if found[1] else found[0]

    return _REFERENCE.sub(changed, body)


class PdfFile:
    """A file that is written from its head to its end; objects are numbered before they come."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.position = file, 0
        self._digest = hashlib.md5(usedforsecurity=False)
        # Of each object by number: kind (0 free, 1 by itself, 2 packed), place or stream, index.
        self._places = bytearray(_place(0, 0, 65535))
        self._packed: list[tuple[int, bytes]] = []
        self._write(b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n")

    def number(self) -> int:
        """A number for an object that comes later."""
        self._places += _place(0, 0, 0)
        return len(self._places) // _PLACE.size - 1

    def add(self, number: int, body: bytes) -> None:
        self._packed.append((number, body))
        if len(self._packed) == PACKED:
            self._write_packed()

    def add_new(self, body: bytes) -> int:
        number = self.number()
        self.add(number, body)
        return number

    def add_stream(self, number: int, entries: bytes, data: bytes) -> None:
        """`entries` are those of its dictionary, but for the length of the data."""
        self._set_place(number, 1, self.position, 0)
        head = b"%d 0 obj\n<< %s /Length %d >>\nstream\n" % (number, entries, len(data))
        self._write(head + data + b"\nendstream\nendobj\n")

    def finish(self, root: int, info: int) -> None:
        if self._packed:
            self._write_packed()
        number, start = self.number(), self.position
        self._set_place(number, 1, start, 0)
        digest = self._digest.hexdigest().encode()
        entries = b"/Type /XRef /W [1 5 2] /Size %d /Root %d 0 R /Info %d 0 R" % (
            number + 1, root, info,
        )  # fmt: skip
        entries += b" /ID [<%s> <%s>] /Filter /FlateDecode" % (digest, digest)
        self.add_stream(number, entries, zlib.compress(self._places))
        self._write(b"startxref\n%d\n%%%%EOF\n" % start)

    def _write_packed(self) -> None:
        stream = self.number()
        heads, bodies, length = [], [], 0
        for index, (number, body) in enumerate(self._packed):
            self._set_place(number, 2, stream, index)
            heads.append(b"%d %d" % (number, length))
            bodies.append(body)
            length += len(body) + 1
        head = b" ".join(heads) + b"\n"
        entries = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (len(heads), len(head))
        self.add_stream(stream, entries, zlib.compress(head + b"\n".join(bodies)))
        self._packed.clear()

    def _set_place(self, number: int, kind: int, place: int, index: int) -> None:
        start = number * _PLACE.size
        self._places[start : start + _PLACE.size] = _place(kind, place, index)

    def _write(self, data: bytes) -> None:
        self.file.write(data)
        self._digest.update(data)
        self.position += len(data)


# Kind, place in five bytes (as one and four), index.
_PLACE = struct.Struct(">BBIH")


def _place(kind: int, place: int, index: int) -> bytes:
    return _PLACE.pack(kind, place >> 32, place & 0xFFFFFFFF, index)


class Copier:
    """Copies objects of another file, and all to which they refer, under new numbers.

    `known` gives objects that are not copied the numbers of others that stand for them.
    """

    def __init__(self, source: pikepdf.Pdf, target: PdfFile) -> None:
        self.source, self.target = source, target
        self.known: dict[int, int] = {}
        self._waiting: list[int] = []

    def stands_for(self, found: pikepdf.Object, number: int) -> None:
        self.known[found.objgen[0]] = number

    def number_of(self, own: int) -> int:
        number = self.known.get(own)
        if number is None:
            number = self.known[own] = self.target.number()
            self._waiting.append(own)
        return number

    def body(self, found: pikepdf.Object) -> bytes:
        """An object's text for the target; what it refers to is copied by `copy_waiting`."""
        return renumbered(found.unparse(resolved=True), self.number_of)

    def copy_waiting(self) -> None:
        """Copy all that was referred to, and what that refers to in turn."""
        while self._waiting:
            own = self._waiting.pop()
            found, number = self.source.get_object(own, 0), self.known[own]
            if isinstance(found, pikepdf.Stream):
                entries = found.stream_dict
                if pikepdf.Name.Length in entries:
                    del entries[pikepdf.Name.Length]
                body = renumbered(entries.unparse(), self.number_of)
                self.target.add_stream(number, body[2:-2].strip(), found.read_raw_bytes())
            else:
                self.target.add(number, self.body(found))
