"""Charts as PNG pictures, for files that cannot carry the SVG of kpi/charts.py.

Draws just those elements which the charts are made of: rect, line, path (M, L and H), circle and
text. An element that is not known raises ValueError: a picture never lacks a part in silence.
"""

import io
import math
import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

FONT = Path(settings.BASE_DIR) / "static" / "vendor" / "bizudpgothic" / "BIZUDPGothic-Regular.ttf"
SCALE = 3  # picture points for each unit of the SVG: about 290 to the inch in print
SMOOTHING = 2  # drawn larger by this and reduced, so that slanted lines have no stairs
COLORS = 32
_SVG = "{http://www.w3.org/2000/svg}"
_STEP = re.compile(r"([MLH])(-?[\d.]+)(?: (-?[\d.]+))?")

Point = tuple[float, float]


def png_of(svg: str) -> tuple[bytes, float, float]:
    """The picture of a chart's SVG, with its width and height in units of the SVG."""
    root = ElementTree.fromstring(svg)  # noqa: S314  # made by kpi.charts
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    canvas = _Canvas(width, height)
    for element in root:
        canvas.draw(element.tag.removeprefix(_SVG), element)
    return canvas.png(), width, height


@lru_cache(maxsize=8)
def _font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)


class _Canvas:
    def __init__(self, width: float, height: float) -> None:
        self.factor = SCALE * SMOOTHING
        size = (round(width * self.factor), round(height * self.factor))
        self.image = Image.new("RGB", size, "#ffffff")
        self.pen = ImageDraw.Draw(self.image)

    def draw(self, name: str, element: ElementTree.Element) -> None:
        if name in ("title", "desc"):
            return
        known = {
            "rect": self._rect,
            "line": self._line,
            "path": self._path,
            "circle": self._circle,
            "text": self._text,
        }
        if name not in known:
            raise ValueError(f"A chart has an element that is not known here: {name!r}.")
        known[name](element)

    def png(self) -> bytes:
        small = self.image.reduce(SMOOTHING)
        file = io.BytesIO()
        small.quantize(COLORS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        return file.getvalue()

    def _at(self, element: ElementTree.Element, *names: str) -> list[float]:
        return [float(element.get(name, "0")) * self.factor for name in names]

    def _pen_width(self, element: ElementTree.Element) -> int:
        return max(1, round(self._at(element, "stroke-width")[0]))

    def _rect(self, element: ElementTree.Element) -> None:
        x, y, width, height = self._at(element, "x", "y", "width", "height")
        stroke = element.get("stroke")
        self.pen.rectangle(
            (x, y, x + width, y + height),
            fill=element.get("fill"),
            outline=stroke,
            width=self._pen_width(element) if stroke else 0,
        )

    def _line(self, element: ElementTree.Element) -> None:
        ends = self._at(element, "x1", "y1", "x2", "y2")
        self.pen.line(ends, fill=element.get("stroke"), width=self._pen_width(element))

    def _circle(self, element: ElementTree.Element) -> None:
        x, y, radius = self._at(element, "cx", "cy", "r")
        self.pen.circle(
            (x, y),
            radius + self._pen_width(element) / 2,
            fill=element.get("fill"),
            outline=element.get("stroke"),
            width=self._pen_width(element),
        )

    def _path(self, element: ElementTree.Element) -> None:
        dashes = [float(part) * self.factor for part in element.get("stroke-dasharray", "").split()]
        width, color = self._pen_width(element), element.get("stroke")
        for points in self._strokes(element.get("d", "")):
            pieces = _dashed(points, *dashes) if dashes else [points]
            for piece in pieces:
                self.pen.line(piece, fill=color, width=width, joint="curve")

    def _strokes(self, steps: str) -> list[list[Point]]:
        """The path as one list of points for each time that the pen is put down."""
        if _STEP.sub("", steps):
            raise ValueError(f"A chart has a path that is not known here: {steps!r}.")
        strokes: list[list[Point]] = []
        for kind, first, second in _STEP.findall(steps):
            x = float(first) * self.factor
            if kind == "M":
                strokes.append([])
            y = strokes[-1][-1][1] if kind == "H" else float(second) * self.factor
            strokes[-1].append((x, y))
        return [stroke for stroke in strokes if len(stroke) > 1]

    def _text(self, element: ElementTree.Element) -> None:
        x, y, size = self._at(element, "x", "y", "font-size")
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[element.get("text-anchor", "start")]
        self.pen.text(
            (x, y), element.text or "", fill=element.get("fill"), font=_font(size), anchor=anchor
        )


def _dashed(points: list[Point], dash: float, gap: float) -> list[list[Point]]:
    """The pieces of a line that are drawn, the pattern going on around its corners."""
    pieces: list[list[Point]] = []
    is_drawn, left = True, dash
    piece = [points[0]]
    for start, end in pairwise(points):
        length, done = math.dist(start, end), 0.0
        while length - done > left:
            done += left
            part = done / length
            at = (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
            if is_drawn:
                pieces.append([*piece, at])
            is_drawn, piece = not is_drawn, [at]
            left = dash if is_drawn else gap
        left -= length - done
        piece.append(end)
    if is_drawn and len(piece) > 1:
        pieces.append(piece)
    return pieces
