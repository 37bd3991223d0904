"""The results as an SVG chart: one box for each event and topology."""

from html import escape

# Distinguishable with color blindness: light to dark, and labeled with words.
COLORS = {
    "as promised": ("#d9f0d3", "#1b5e20"),
    "failed requests": ("#fdbf6f", "#5c3500"),
    "inconsistent": ("#222222", "#ffffff"),
}
LEFT, TOP, WIDTH, HEIGHT, LEGEND = 320, 34, 190, 24, 34
FONT = "font-family='system-ui, sans-serif' font-size='12'"


def outcome(result):
    """Return the color's name."""
    if not result.is_consistent or result.internal_errors:
        return "inconsistent"
    return "failed requests" if result.problems() else "as promised"


def draw(results, events, topologies):
    """Return an SVG document."""
    width = LEFT + WIDTH * len(topologies) + 10
    height = TOP + HEIGHT * len(events) + LEGEND
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' {FONT}>",
        "<title>Failed nodes: what clients notice</title>",
        f"<rect width='{width}' height='{height}' fill='#ffffff'/>",
    ]
    for column, title in enumerate(topologies.values()):
        x = LEFT + WIDTH * column + WIDTH // 2
        parts.append(f"<text x='{x}' y='22' text-anchor='middle'>{escape(title)}</text>")
    found = {(it.engine, it.route, it.event): it for it in results}
    for row, event in enumerate(events):
        y = TOP + HEIGHT * row
        label = escape(event.description)
        parts.append(f"<text x='{LEFT - 10}' y='{y + 16}' text-anchor='end'>{label}</text>")
        for column, key in enumerate(topologies):
            if result := found.get((*key, event.name)):
                parts += _box(result, LEFT + WIDTH * column, y)
    parts += [*_legend(TOP + HEIGHT * len(events) + 10), "</svg>"]
    return "\n".join(parts) + "\n"


def _box(result, x, y):
    fill, ink = COLORS[outcome(result)]
    gap = max(result.read_gap, result.write_gap)
    text = f"{result.failed} of {result.requests}, {gap:.1f} s"
    yield f"<rect x='{x}' y='{y}' width='{WIDTH - 3}' height='{HEIGHT - 3}' fill='{fill}'/>"
    middle = x + WIDTH // 2
    yield f"<text x='{middle}' y='{y + 15}' text-anchor='middle' fill='{ink}'>{text}</text>"


def _legend(y):
    x = LEFT
    for name, (fill, _) in COLORS.items():
        yield f"<rect x='{x}' y='{y}' width='14' height='14' fill='{fill}' stroke='#888888'/>"
        yield f"<text x='{x + 20}' y='{y + 12}'>{name}</text>"
        x += 140
