"""The fault matrix as an SVG chart: one box per cell, colored and labeled by its outcome."""

from collections.abc import Iterator, Sequence
from html import escape

from tests.faults.cell import OUTCOMES, Cell

# Distinguishable with color blindness: light to dark, and labeled with words.
COLORS = {
    "clean": ("#d9f0d3", "#1b5e20", ""),
    "slow": ("#fff3b0", "#6b5900", "slow"),
    "fails": ("#fdbf6f", "#5c3500", "fails"),
    "broken": ("#e66101", "#ffffff", "broken"),
    "hangs": ("#7b3294", "#ffffff", "hangs"),
    "harms": ("#c51b7d", "#ffffff", "harms"),
    "corrupt": ("#222222", "#ffffff", "corrupt"),
}
LEFT, TOP, RIGHT = 170, 130, 90  # room for the last, slanted heading
WIDTH, HEIGHT = 64, 20
LEGEND = 34
FONT = "font-family='system-ui, sans-serif' font-size='11'"


def draw(cells: Sequence[Cell], faults: Sequence[str], variants: Sequence[str]) -> str:
    """Return an SVG document."""
    width = LEFT + WIDTH * len(variants) + RIGHT
    height = TOP + HEIGHT * len(faults) + LEGEND
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' {FONT}>",
        "<title>Fault matrix: outcomes by fault and strategy</title>",
        f"<rect width='{width}' height='{height}' fill='#ffffff'/>",
        *_heads(variants),
        *_rows(faults),
        *_squares(cells, faults, variants),
        *_legend(TOP + HEIGHT * len(faults) + 12),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _heads(variants: Sequence[str]) -> Iterator[str]:
    for number, name in enumerate(variants):
        x = LEFT + WIDTH * number + WIDTH // 2
        weight = " font-weight='bold'" if name == "adaptive" else ""
        rotation = f"transform='rotate(-45 {x} {TOP - 8})'"
        yield f"<text x='{x}' y='{TOP - 8}' {rotation}{weight}>{escape(name)}</text>"


def _rows(faults: Sequence[str]) -> Iterator[str]:
    for number, name in enumerate(faults):
        y = TOP + HEIGHT * number + 14
        yield f"<text x='{LEFT - 8}' y='{y}' text-anchor='end'>{escape(name)}</text>"


def _squares(
    cells: Sequence[Cell], faults: Sequence[str], variants: Sequence[str]
) -> Iterator[str]:
    for cell in cells:
        x = LEFT + WIDTH * variants.index(cell.variant)
        y = TOP + HEIGHT * faults.index(cell.fault)
        fill, ink, label = COLORS[cell.outcome]
        yield (
            f"<rect x='{x}' y='{y}' width='{WIDTH - 2}' height='{HEIGHT - 2}' fill='{fill}'>"
            f"<title>{escape(str(cell))}</title></rect>"
        )
        if label:
            position = f"x='{x + WIDTH // 2 - 1}' y='{y + 13}' text-anchor='middle'"
            yield f"<text {position} fill='{ink}'>{label}</text>"


def _legend(y: int) -> Iterator[str]:
    x = LEFT
    for outcome in OUTCOMES:
        fill = COLORS[outcome][0]
        yield f"<rect x='{x}' y='{y}' width='14' height='14' fill='{fill}' stroke='#888888'/>"
        yield f"<text x='{x + 19}' y='{y + 11}'>{outcome}</text>"
        x += 90
