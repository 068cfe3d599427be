"""A chart's SVG as PNG, with Pillow alone: the charts use a handful of shapes (kpi/charts.py)."""

import io
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

SCALE = 2
# Drawn larger and made smaller, for smooth edges.
OVERSAMPLE = 2
FONT = Path(settings.BASE_DIR, "static/vendor/bizudpgothic/BIZUDPGothic-Regular.ttf")
ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
SVG = "{http://www.w3.org/2000/svg}"
_STEP = re.compile(r"([MLH])([-\d.]+)(?: ([-\d.]+))?")

Point = tuple[float, float]


def png_of(svg: str) -> bytes:
    """The picture on white, twice as large as it is on a page."""
    root = ElementTree.fromstring(svg)  # noqa: S314  # the portal's own drawing
    factor = SCALE * OVERSAMPLE
    size = tuple(int(float(root.get(side, "0")) * factor) for side in ("width", "height"))
    image = Image.new("RGB", size, "#ffffff")  # type: ignore[arg-type]  # two of them
    pen = _Pen(ImageDraw.Draw(image), factor)
    for element in root:
        draw = getattr(pen, element.tag.removeprefix(SVG), None)
        if draw is not None:
            draw(element)
    content = io.BytesIO()
    image.resize((size[0] // OVERSAMPLE, size[1] // OVERSAMPLE), Image.Resampling.LANCZOS).save(
        content, "PNG", optimize=True
    )
    return content.getvalue()


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)


class _Pen:
    """Draws the shapes that charts are made of; one method an element."""

    def __init__(self, canvas: ImageDraw.ImageDraw, factor: float) -> None:
        self.canvas, self.factor = canvas, factor

    def _number(self, element: ElementTree.Element, name: str, default: str = "0") -> float:
        return float(element.get(name, default)) * self.factor

    def _width(self, element: ElementTree.Element) -> int:
        return max(1, round(self._number(element, "stroke-width", "1")))

    @staticmethod
    def _color(element: ElementTree.Element, name: str) -> str | None:
        color = element.get(name)
        return None if color in (None, "none") else color

    def rect(self, element: ElementTree.Element) -> None:
        x, y = self._number(element, "x"), self._number(element, "y")
        corner = (x + self._number(element, "width"), y + self._number(element, "height"))
        stroke = self._color(element, "stroke")
        width = self._width(element) if stroke else 0
        self.canvas.rectangle(((x, y), corner), self._color(element, "fill"), stroke, width)

    def line(self, element: ElementTree.Element) -> None:
        ends = [(self._number(element, f"x{i}"), self._number(element, f"y{i}")) for i in "12"]
        self.canvas.line(ends, self._color(element, "stroke"), self._width(element))

    def circle(self, element: ElementTree.Element) -> None:
        x, y, r = (self._number(element, name) for name in ("cx", "cy", "r"))
        self.canvas.ellipse(
            ((x - r, y - r), (x + r, y + r)),
            self._color(element, "fill"),
            self._color(element, "stroke"),
            self._width(element),
        )

    def text(self, element: ElementTree.Element) -> None:
        self.canvas.text(
            (self._number(element, "x"), self._number(element, "y")),
            element.text or "",
            self._color(element, "fill"),
            _font(self._number(element, "font-size", "11")),
            ANCHORS[element.get("text-anchor", "middle")],
        )

    def path(self, element: ElementTree.Element) -> None:
        dashes = [float(part) * self.factor for part in element.get("stroke-dasharray", "").split()]
        stroke, width = self._color(element, "stroke"), self._width(element)
        here: Point = (0, 0)
        for letter, x, y in _STEP.findall(element.get("d", "")):
            there = (float(x) * self.factor, float(y) * self.factor if y else here[1])
            if letter != "M":
                for piece in _pieces(here, there, dashes):
                    self.canvas.line(piece, stroke, width)
            here = there


def _pieces(start: Point, end: Point, dashes: list[float]) -> list[list[Point]]:
    """The parts of a line that are drawn: all of it, or its dashes."""
    length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    if not dashes or not length:
        return [[start, end]]

    def at(distance: float) -> Point:
        part = min(distance, length) / length
        return (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)

    dash, gap = dashes[0], dashes[-1]
    count = int(length // (dash + gap)) + 1
    return [[at(i * (dash + gap)), at(i * (dash + gap) + dash)] for i in range(count)]
