"""Charts: one description, drawn the same on a page and on paper, with its numbers as rows.

    chart = indicator_chart(indicator, years_of(indicator, plan.fiscal_years))
    chart.svg()     the picture as inline SVG, or None where there is no figure to draw
    chart.rows()    the same numbers as text, for the table that stands beside it

The SVG is made on the server with presentation attributes and classes alone: no script and no
inline style, so it passes the pages' content security policy and WeasyPrint alike. What tells the
series apart is form before colour: targets are dashed with hollow points, actuals solid with
filled ones. Classes: chart, chart-axis, chart-grid, chart-zero, chart-target, chart-actual,
chart-label, chart-year (the band behind the year in question), chart-bar.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from kpi.achievement import format_number
from kpi.models import Indicator
from kpi.series import YearValues
from plans import fiscal_years

TARGET_COLOR, ACTUAL_COLOR = "#595959", "#0017c1"
INK, GRID_COLOR, BAND_COLOR = "#1a1a1a", "#d0d0d0", "#eef2fb"
FONT_SIZE = 11
PHONE = 340  # as wide as a phone shows (static/css/charts.css)
MAX_TICKS = 5
NICE_STEPS = tuple(Decimal(step) for step in ("1", "2", "2.5", "5", "10"))
# A range that is narrower than this part of its largest value is drawn without the zero.
NARROW = Decimal("0.25")


@dataclass(frozen=True)
class Series:
    """One line: a number or None (no figure: a gap, never a zero) for each of the chart's years.

    `texts` is what a reader is shown for each year, also where there is no number.
    """

    label: str
    kind: Literal["target", "actual"]
    values: tuple[Decimal | None, ...]
    texts: tuple[str, ...]

    @property
    def has_numbers(self) -> bool:
        return any(value is not None for value in self.values)


@dataclass(frozen=True)
class ChartRow:
    """One year's line of the table beside the chart."""

    fiscal_year: int
    label: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """What a line chart over fiscal years shows."""

    title: str
    unit: str
    years: tuple[int, ...]
    series: tuple[Series, ...]
    current_year: int | None = None
    minus: str = "-"  # △ on paper

    @property
    def numbers(self) -> list[Decimal]:
        return [value for line in self.series for value in line.values if value is not None]

    @property
    def head(self) -> list[str]:
        """The column names of `rows`, the unit beside each series."""
        unit = f"（{self.unit}）" if self.unit else ""
        return ["年度", *(f"{line.label}{unit}" for line in self.series)]

    def rows(self) -> list[ChartRow]:
        return [
            ChartRow(year, fiscal_years.short_form(year), tuple(s.texts[i] for s in self.series))
            for i, year in enumerate(self.years)
        ]

    def signed(self, text: str) -> str:
        """A figure with the chart's own sign for minus; a "-" that is no sign stays."""
        return text.replace("-", self.minus) if text[1:2].isdigit() else text

    @property
    def description(self) -> str:
        """The chart in words, for who cannot see it."""
        parts = []
        for line in self.series:
            said = [
                f"{fiscal_years.long_form(year)} {self.signed(text)}"
                for year, text in zip(self.years, line.texts, strict=True)
                if text
            ]
            parts.append(f"{line.label}：{'、'.join(said) or '記載なし'}。")
        unit = f"単位は{self.unit}。" if self.unit else ""
        return unit + "".join(parts)

    def svg(self, width: int = 480, height: int = 220, font: str = "") -> SafeString | None:
        """The picture; None where no series has a number.

        On a page the text takes the page's font; WeasyPrint wants it named in `font`.
        """
        if not self.numbers:
            return None
        return _LinePicture(self, width, height).draw(font)

    def narrow_svg(self) -> SafeString | None:
        """The picture for a phone, where letters stay as large."""
        return self.svg(PHONE)


def indicator_chart(
    indicator: Indicator,
    values: Sequence[YearValues],
    current_year: int | None = None,
    minus: str = "-",
) -> Chart:
    """An indicator's targets and actuals over the years of `values`.

    `current_year` gets a band behind it; `minus` is the sign of negative figures (△ on paper).
    """
    return Chart(
        title=indicator.name,
        unit=indicator.unit,
        years=tuple(row.fiscal_year for row in values),
        series=(
            Series(
                "予定・目標",
                "target",
                tuple(row.target.value if row.target else None for row in values),
                tuple(row.target_text for row in values),
            ),
            Series(
                "実績",
                "actual",
                tuple(
                    row.actual.value if row.actual and row.actual.has_number else None
                    for row in values
                ),
                tuple(row.actual_text for row in values),
            ),
        ),
        current_year=current_year,
        minus=minus,
    )


@dataclass(frozen=True)
class Axis:
    """A value axis: its ticks at round numbers, all values between the first and the last."""

    ticks: tuple[Decimal, ...]

    @property
    def low(self) -> Decimal:
        return self.ticks[0]

    @property
    def high(self) -> Decimal:
        return self.ticks[-1]

    @property
    def decimals(self) -> int:
        exponents = [tick.normalize().as_tuple().exponent for tick in self.ticks]
        return max(0, *(-e for e in exponents if isinstance(e, int)))

    def label(self, tick: Decimal) -> str:
        return format_number(tick, self.decimals)


def axis_for(numbers: Sequence[Decimal], max_ticks: int = MAX_TICKS) -> Axis:
    """An axis with at most `max_ticks` steps; it starts at zero unless the range is narrow."""
    low, high = min(numbers), max(numbers)
    largest = max(abs(low), abs(high))
    if high == low or high - low > largest * NARROW:
        low, high = min(low, Decimal(0)), max(high, Decimal(0))
    if high == low:  # all zero
        high = low + 1
    step = _nice_step((high - low) / max_ticks)
    if step < 1 and all(number == number.to_integral_value() for number in numbers):
        step = Decimal(1)  # counts have no halves
    first = (low / step).to_integral_value(ROUND_FLOOR)
    if low != 0 and first * step == low:
        first -= 1  # room for the figure below a point that would lie on the axis
    last = (high / step).to_integral_value(ROUND_CEILING)
    return Axis(tuple((first + i) * step for i in range(int(last - first) + 1)))


def _nice_step(least: Decimal) -> Decimal:
    """The smallest of 1, 2, 2.5, 5 × a power of ten that is not below `least`."""
    power = Decimal(1).scaleb(least.adjusted())
    return next(step * power for step in NICE_STEPS if step * power >= least)


def text_width(text: str, size: float) -> float:
    """A good guess at the width of a text: full-width signs are one em, others 0.6."""
    return size * sum(1.0 if ord(sign) > 0x2E7F else 0.6 for sign in text)


def _number(value: float) -> str:
    """A coordinate to a tenth of a unit, the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")


@dataclass
class Picture:
    """Collects SVG elements, every text and attribute escaped."""

    parts: list[str] = field(default_factory=list)

    def add(self, name: str, text: str | None = None, **attributes: str | float) -> None:
        said = "".join(
            f' {key.rstrip("_").replace("_", "-")}="{self._value(value)}"'
            for key, value in attributes.items()
        )
        self.parts.append(
            f"<{name}{said}/>" if text is None else f"<{name}{said}>{escape(text)}</{name}>"
        )

    @staticmethod
    def _value(value: str | float) -> str:
        return escape(value) if isinstance(value, str) else _number(value)

    def text(self, x: float, y: float, text: str, anchor: str = "middle", **more: str) -> None:
        attributes: dict[str, str | float] = {
            "class_": "chart-label",
            "fill": INK,
            "font_size": str(FONT_SIZE),
            "text_anchor": anchor,
            "stroke": "none",
            **more,
        }
        self.add("text", text, x=x, y=y, **attributes)

    def finish(
        self, width: int, height: int, title: str, description: str, font: str
    ) -> SafeString:
        family = f' font-family="{escape(font)}"' if font else ""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img"{family} '
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
            f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        )
        # Every text and attribute above went through escape().
        return mark_safe(head + "".join(self.parts) + "</svg>")


class _LinePicture(Picture):
    TOP, BOTTOM, RIGHT = 34, 24, 14

    def __init__(self, chart: Chart, width: int, height: int) -> None:
        super().__init__()
        self.chart, self.width, self.height = chart, width, height
        self.axis = axis_for(chart.numbers)
        labels = [self.axis.label(tick) for tick in self.axis.ticks]
        self.left = max(28.0, max(text_width(label, FONT_SIZE) for label in labels) + 10)
        self.step = (width - self.left - self.RIGHT) / len(chart.years)

    def x(self, index: int) -> float:
        return self.left + self.step * (index + 0.5)

    def y(self, value: Decimal) -> float:
        part = (value - self.axis.low) / (self.axis.high - self.axis.low)
        return self.height - self.BOTTOM - float(part) * (self.height - self.TOP - self.BOTTOM)

    def draw(self, font: str) -> SafeString:
        self._band()
        self._axes()
        self._legend()
        for line in self.chart.series:
            self._line(line)
        self._value_labels()
        title = f"{self.chart.title}のグラフ"
        return self.finish(self.width, self.height, title, self.chart.description, font)

    def _band(self) -> None:
        if self.chart.current_year in self.chart.years:
            index = self.chart.years.index(self.chart.current_year)
            self.add(
                "rect",
                class_="chart-year",
                x=self.left + self.step * index,
                y=float(self.TOP - 6),
                width=self.step,
                height=float(self.height - self.TOP - self.BOTTOM + 6),
                fill=BAND_COLOR,
            )

    def _axes(self) -> None:
        right = self.width - self.RIGHT
        for tick in self.axis.ticks:
            y = self.y(tick)
            is_base = tick == 0 or tick == self.axis.low
            self.add(
                "line",
                class_="chart-zero" if is_base else "chart-grid",
                x1=self.left,
                y1=y,
                x2=float(right),
                y2=y,
                stroke=INK if is_base else GRID_COLOR,
                stroke_width="1" if is_base else "0.5",
            )
            label = self.chart.signed(self.axis.label(tick))
            self.text(self.left - 5, y + 4, label, "end", class_="chart-axis")
        for index, year in enumerate(self.chart.years):
            label = fiscal_years.short_form(year)
            self.text(self.x(index), self.height - 7, label, class_="chart-axis")

    def _legend(self) -> None:
        """The unit at the left, the series at the right; and a word where the axis is cut."""
        unit = f"単位：{self.chart.unit}" if self.chart.unit else ""
        if self.axis.low > 0 or self.axis.high < 0:
            unit += "　縦軸は0から始まりません" if unit else "縦軸は0から始まりません"
        if unit:
            self.text(4, 13, unit, "start")
        x = float(self.width - self.RIGHT)
        for line in reversed([line for line in self.chart.series if line.has_numbers]):
            x -= text_width(line.label, FONT_SIZE)
            self.text(x, 13, line.label, "start")
            x -= 32
            self._stroke(line, f"M{_number(x)} 9H{_number(x + 26)}")
            self._point(line, x + 13, 9)
            x -= 14

    def _line(self, line: Series) -> None:
        """Joins only years that follow each other: a year without a figure is a gap."""
        path, pen_down = [], False
        for index, value in enumerate(line.values):
            if value is not None:
                point = f"{_number(self.x(index))} {_number(self.y(value))}"
                path.append(f"{'L' if pen_down else 'M'}{point}")
            pen_down = value is not None
        if any(part.startswith("L") for part in path):
            self._stroke(line, "".join(path))
        for index, value in enumerate(line.values):
            if value is not None:
                self._point(line, self.x(index), self.y(value))

    def _stroke(self, line: Series, path: str) -> None:
        is_target = line.kind == "target"
        dashes: dict[str, str | float] = {"stroke_dasharray": "5 3"} if is_target else {}
        self.add(
            "path",
            class_=f"chart-{line.kind}",
            d=path,
            fill="none",
            stroke=TARGET_COLOR if is_target else ACTUAL_COLOR,
            stroke_width="1.5" if is_target else "2",
            **dashes,
        )

    def _point(self, line: Series, x: float, y: float) -> None:
        is_target = line.kind == "target"
        self.add(
            "circle",
            class_=f"chart-{line.kind}",
            cx=x,
            cy=y,
            r="3.5",
            fill="#ffffff" if is_target else ACTUAL_COLOR,
            stroke=TARGET_COLOR if is_target else ACTUAL_COLOR,
            stroke_width="1.5",
        )

    def _value_labels(self) -> None:
        """The figures at their points, the higher one of a year above and the lower below."""
        shown = [
            (index, line, value)
            for line in self.chart.series
            for index, value in enumerate(line.values)
            if value is not None
        ]
        size = self._label_size([line.texts[index] for index, line, _ in shown])
        if size is None:
            return  # so many or so long that they would run into each other; the table has them
        for index, line, value in shown:
            others = [s.values[index] for s in self.chart.series if s is not line]
            rivals = [other for other in others if other is not None]
            below = any(value < o or (value == o and line.kind == "target") for o in rivals)
            y = self.y(value) + (size + 5 if below else -7)
            # At the foot of the picture there is no room below: the year's name stands there.
            if y > self.height - self.BOTTOM - 1:
                if any(abs(self.y(value) - self.y(rival)) < size + 6 for rival in rivals):
                    continue
                y = self.y(value) - 7
            self.text(
                self.x(index),
                y,
                self.chart.signed(line.texts[index]),
                font_size=_number(size),
                fill=TARGET_COLOR if line.kind == "target" else ACTUAL_COLOR,
            )

    def _label_size(self, texts: Iterable[str]) -> float | None:
        widest = max(text_width(text, 1) for text in texts)
        for size in (FONT_SIZE - 1, FONT_SIZE - 2, FONT_SIZE - 3):
            if widest * size <= self.step - 3:
                return size
        return None


@dataclass(frozen=True)
class Segment:
    """One part of every bar: its name and its shade, from 0 (white) to 3 (darkest)."""

    label: str
    shade: int


SHADES = ("#ffffff", "#c5d7fb", "#7096f8", "#0031d8")
SHADE_INKS = (INK, INK, INK, "#ffffff")


@dataclass(frozen=True)
class BarRow:
    label: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Bars:
    """Horizontal bars of counts stacked by segment (marks by area, completeness)."""

    title: str
    segments: tuple[Segment, ...]
    bars: tuple[BarRow, ...]
    unit: str = "件"

    @property
    def head(self) -> list[str]:
        return ["", *(segment.label for segment in self.segments), "計"]

    def rows(self) -> list[BarRow]:
        return list(self.bars)

    @property
    def description(self) -> str:
        parts = []
        for bar in self.bars:
            said = [
                f"{segment.label}{count}{self.unit}"
                for segment, count in zip(self.segments, bar.counts, strict=True)
                if count
            ]
            parts.append(f"{bar.label}：{'、'.join(said) or 'なし'}。")
        return "".join(parts)

    def svg(self, width: int = 480, font: str = "") -> SafeString | None:
        """The picture; None where there is nothing to count."""
        if not any(bar.total for bar in self.bars):
            return None
        return _BarPicture(self, width).draw(font)

    def narrow_svg(self) -> SafeString | None:
        """The picture for a phone, where letters stay as large; None where words have no room."""
        widths = [text_width(bar.label, FONT_SIZE) for bar in self.bars]
        legend = sum(text_width(segment.label, FONT_SIZE) + 30 for segment in self.segments)
        has_room = max(widths, default=0) + 10 <= PHONE * 0.4 and legend <= PHONE
        return self.svg(PHONE) if has_room else None


class _BarPicture(Picture):
    TOP, BAR, GAP, RIGHT = 28, 18, 8, 34

    def __init__(self, bars: Bars, width: int) -> None:
        super().__init__()
        self.bars, self.width = bars, width
        self.height = self.TOP + len(bars.bars) * (self.BAR + self.GAP)
        widest = max(text_width(bar.label, FONT_SIZE) for bar in bars.bars)
        self.left = min(widest + 10, width * 0.4)
        longest = max(bar.total for bar in bars.bars)
        totals = max(text_width(f"{bar.total:,}", FONT_SIZE) for bar in bars.bars)
        self.scale = (width - self.left - max(float(self.RIGHT), totals + 10)) / (longest or 1)

    def draw(self, font: str) -> SafeString:
        self._legend()
        for index, bar in enumerate(self.bars.bars):
            self._bar(bar, float(self.TOP + index * (self.BAR + self.GAP)))
        return self.finish(self.width, self.height, self.bars.title, self.bars.description, font)

    def _legend(self) -> None:
        widths = [text_width(segment.label, FONT_SIZE) + 30 for segment in self.bars.segments]
        x = max(2.0, min(self.left, self.width - sum(widths)))
        for segment in self.bars.segments:
            self._box(x, 4, 12, 12, segment)
            self.text(x + 16, 14, segment.label, "start")
            x += 16 + text_width(segment.label, FONT_SIZE) + 14

    def _bar(self, bar: BarRow, y: float) -> None:
        middle = y + self.BAR / 2 + 4
        self.text(self.left - 6, middle, bar.label, "end", class_="chart-axis")
        x = self.left
        for segment, count in zip(self.bars.segments, bar.counts, strict=True):
            if count:
                wide = count * self.scale
                self._box(x, y, wide, self.BAR, segment)
                is_all = len(self.bars.segments) == 1  # then the total beside the bar says it
                if not is_all and wide > text_width(f"{count:,}", FONT_SIZE) + 2:
                    ink = SHADE_INKS[segment.shade]
                    self.text(x + wide / 2, middle, f"{count:,}", fill=ink)
                x += wide
        self.text(x + 6, middle, f"{bar.total:,}", "start")

    def _box(self, x: float, y: float, width: float, height: float, segment: Segment) -> None:
        self.add(
            "rect",
            class_=f"chart-bar chart-bar-{segment.shade}",
            x=float(x),
            y=float(y),
            width=float(width),
            height=float(height),
            fill=SHADES[segment.shade],
            stroke=INK,
            stroke_width="0.75",
        )
