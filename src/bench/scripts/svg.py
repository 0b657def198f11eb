"""Lines over axes, drawn as SVG: what the scripts that plot share.

A drawing needs nothing but itself: it has a background of its own, so that it can be read on a light and on a dark
page, and no script, font or reference to anything outside. The same calls make the same bytes.
"""
import dataclasses
import math
from xml.sax.saxutils import escape

INK, PALE_INK, GRID, PAPER, WARNING = "#222222", "#555555", "#dddddd", "#ffffff", "#c00000"
STEPS, FINE_STEPS = (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)
TEXT_SIZE = 12
MARK_RADIUS = 4


@dataclasses.dataclass(frozen=True)
class Style:
    """How a series is drawn; a mark is a circle, square, triangle or diamond."""

    color: str
    mark: str = ""
    dash: str = ""
    width: float = 2


def number(value):
    """All digits that a person needs: 0.25, 50, 1,000,000."""
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


# ---- axes: each says where on it a value is, from 0 to 1, and has ticks, each a value and its label


class Linear:
    """From 0, or from below where there are negative values, to a round number."""

    def __init__(self, values):
        self.low = min(0, 1.05 * min(values))
        # Some five ticks.
        step = _nice_ceiling(max(max(values) - self.low, 1e-9) / 5)
        high = max(1, math.ceil(max(values) * 1.01 / step))
        self.high = high * step
        self.ticks = [(i * step, number(i * step)) for i in range(math.ceil(self.low / step), high + 1)]

    def share(self, value):
        return (value - self.low) / (self.high - self.low)


class Logarithmic:
    """From a round number to another one; only for values above 0."""

    def __init__(self, values):
        steps = [step * 10.0**power for power in range(-12, 16) for step in STEPS]
        first = max(i for i, step in enumerate(steps) if step <= min(values))
        last = min(i for i, step in enumerate(steps) if step >= max(values))
        first, last = (first, last) if last > first else (first - 1, last + 1)
        self.low, self.high = steps[first], steps[last]
        # More where there are few, and where there are many powers of ten only.
        many, few = last - first > 2 * len(STEPS), last - first <= len(STEPS)
        shown = FINE_STEPS if few else STEPS[:1] if many else STEPS
        ticks = [step * 10.0**power for power in range(-12, 16) for step in shown]
        self.ticks = [(tick, number(tick)) for tick in ticks if self.low <= tick <= self.high]

    def share(self, value):
        return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)


class Counts:
    """Some counts, each with its label, a factor always as far; with room at both ends."""

    def __init__(self, ticks):
        self.ticks = sorted(ticks)
        counts = [count for count, _ in self.ticks]
        room = (counts[-1] / counts[0]) ** 0.06 if counts[-1] > counts[0] else 2
        self.low, self.high = counts[0] / room, counts[-1] * room

    def share(self, value):
        return math.log(value / self.low) / math.log(self.high / self.low)


class Percentiles:
    """From 0 on; each further nine takes as much as the one before."""

    def __init__(self, values):
        self.end = max(math.log10(100 / (100 - max(values))), 1)
        self.ticks = [(p, number(p)) for p in (0, 50, 90, 99, 99.9, 99.99, 99.999) if self.share(p) <= 1.001]

    def share(self, value):
        return math.log10(100 / (100 - value)) / self.end


class Ticked:
    """From 0 to an end, with ticks as they are given."""

    def __init__(self, end, ticks):
        self.end, self.ticks = end, ticks

    def share(self, value):
        return value / self.end


def _nice_ceiling(value):
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= value)


# ---- what is drawn


class Drawing:
    """An image. The title and the description are for those who cannot see it, and are shown nowhere."""

    def __init__(self, width, height, title, description):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title description" '
            f'font-family="sans-serif" font-size="{TEXT_SIZE}">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="description">{escape(description)}</desc>',
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        ]

    def text(self, x, y, text, size=TEXT_SIZE, color=INK, anchor="start", upwards=False):
        turned = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if upwards else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}"{turned}>'
            f"{escape(text)}</text>"
        )

    def line(self, points, color, width=1.0, dash="", opacity=1.0):
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        pale = f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
        self.parts.append(
            f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="{width:g}" '
            f'stroke-linejoin="round"{dashed}{pale}/>'
        )

    def mark(self, x, y, style):
        r = MARK_RADIUS
        if style.mark == "circle":
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="{style.color}"/>')
            return
        corners = {
            "square": [(-r, -r), (r, -r), (r, r), (-r, r)],
            "triangle": [(0, -r - 1), (r + 1, r), (-r - 1, r)],
            "diamond": [(0, -r - 1), (r + 1, 0), (0, r + 1), (-r - 1, 0)],
        }[style.mark]
        places = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
        self.parts.append(f'<polygon points="{places}" fill="{style.color}"/>')

    def legend(self, x, y, entries, step):
        """Names and their styles, side by side, each so far from the one before."""
        for name, style in entries:
            self.line([(x, y - 4), (x + 26, y - 4)], style.color, style.width, style.dash)
            if style.mark:
                self.mark(x + 13, y - 4, style)
            self.text(x + 32, y, name)
            x += step

    def write(self, file):
        with open(file, "w", encoding="utf-8") as out:
            out.write("\n".join(self.parts + ["</svg>"]) + "\n")


class Panel:
    """A field of a drawing with two axes."""

    def __init__(self, drawing, left, top, width, height, x_axis, y_axis):
        self.drawing, self.left, self.top, self.width, self.height = drawing, left, top, width, height
        self.x_axis, self.y_axis = x_axis, y_axis

    def place(self, x, y):
        share_x, share_y = self.x_axis.share(x), self.y_axis.share(y)
        return self.left + self.width * share_x, self.top + self.height * (1 - share_y)

    def frame(self, title, x_title="", y_title=""):
        drawing, right, bottom = self.drawing, self.left + self.width, self.top + self.height
        drawing.text(self.left, self.top - 8, title, size=13)
        for value, label in self.y_axis.ticks:
            y = bottom - self.height * self.y_axis.share(value)
            drawing.line([(self.left, y), (right, y)], GRID)
            drawing.text(self.left - 8, y + 4, label, anchor="end")
        for value, label in self.x_axis.ticks:
            x = self.left + self.width * self.x_axis.share(value)
            drawing.line([(x, bottom), (x, bottom + 4)], INK)
            drawing.text(x, bottom + 17, label, anchor="middle")
        if x_title:
            drawing.text(self.left + self.width / 2, bottom + 35, x_title, color=PALE_INK, anchor="middle")
        if y_title:
            middle = self.top + self.height / 2
            drawing.text(self.left - 74, middle, y_title, color=PALE_INK, anchor="middle", upwards=True)
        first = (self.left, self.top)
        drawing.line([first, (right, self.top), (right, bottom), (self.left, bottom), first], INK)

    def series(self, points, style):
        """A line, broken where a point is None, with a mark on each point where the style has one."""
        part = []
        for point in list(points) + [None]:
            if point:
                part.append(self.place(*point))
                continue
            if len(part) > 1:
                self.drawing.line(part, style.color, style.width, style.dash)
            elif part and not style.mark:
                # A point has no length: as much as its line is wide.
                x, y = part[0]
                self.drawing.line([(x - style.width / 2, y), (x + style.width / 2, y)], style.color, style.width)
            if style.mark:
                for x, y in part:
                    self.drawing.mark(x, y, style)
            part = []

    def point(self, x, y, style):
        self.drawing.mark(*self.place(x, y), style)

    def span(self, x, low, high, style):
        """From the least to the most that was measured."""
        if high > low:
            self.drawing.line([self.place(x, low), self.place(x, high)], style.color, 1)

    def upright(self, x, color):
        """A moment."""
        at, _ = self.place(x, self.y_axis.ticks[0][0])
        self.drawing.line([(at, self.top), (at, self.top + self.height)], color, opacity=0.35)
