"""An animated picture of the demo: an SVG that uses no script, font or other file.

It shows one frame for each second, at `SPEED` times the speed, and then the last frame. Where
animations are not supported or not wanted, it shows the last frame only.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from rich.console import Console

from dev.demo.board import Board, Snapshot
from dev.demo.live import render

COLUMNS = 88
SPEED = 2
HOLD_SECONDS = 8  # of the last frame
# Of Rich's SVG export: a character is 12.2 units wide, a line is 24.4 units high.
CHARACTER_WIDTH, LINE_HEIGHT = 12.2, 24.4
MARGIN = 20
BACKGROUND = "#292929"
PARTS = "{styles}\x1e{backgrounds}{matrix}"
PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">
<title>make demo</title>
<style>
text {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: 20px; white-space: pre; }}
{styles}
.frame {{ visibility: hidden; animation: show {seconds:.2f}s step-end infinite; }}
@keyframes show {{ 0% {{ visibility: visible; }} {shown:.4f}% {{ visibility: hidden; }} }}
@media (prefers-reduced-motion: reduce) {{ .frame {{ animation: none; }} }}
</style>
<rect width="100%" height="100%" rx="10" fill="{background}"/>
<g transform="translate({margin}, {margin})">
{frames}
</g>
</svg>
"""


@contextmanager
def recording(board: Board, path: Path) -> Iterator[None]:
    """Draw what happens until the block ends; nothing is written if it raises."""
    stop = Event()
    snapshots: list[Snapshot] = []

    def record() -> None:
        while not stop.wait(1):
            snapshots.append(board.snapshot())

    thread = Thread(target=record, name="recording", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    path.write_text(picture([*snapshots, board.snapshot()]), encoding="utf-8")


def picture(snapshots: list[Snapshot]) -> str:
    """Return the SVG; the last snapshot is the one that stays."""
    *animated, last = (_frame(number, it) for number, it in enumerate(snapshots))
    width = COLUMNS * CHARACTER_WIDTH
    height = max(lines for _, _, lines in (*animated, last)) * LINE_HEIGHT
    seconds = len(animated) / SPEED + HOLD_SECONDS
    cover = f'<rect width="{width:.0f}" height="{height:.0f}" fill="{BACKGROUND}"/>'
    frames = [last[1]]
    for number, (_, content, _) in enumerate(animated):
        delay = f'style="animation-delay: {number / SPEED:g}s"'
        frames.append(f'<g class="frame" {delay}>{cover}{content}</g>')
    return PICTURE.format(
        width=width + 2 * MARGIN,
        height=height + 2 * MARGIN,
        styles="\n".join(styles for styles, _, _ in (*animated, last)),
        seconds=seconds,
        shown=100 / SPEED / seconds,
        background=BACKGROUND,
        margin=MARGIN,
        frames="\n".join(frames),
    )


def _frame(number: int, snapshot: Snapshot) -> tuple[str, str, int]:
    """Return the styles, the content and the number of lines of one frame."""
    console = Console(
        record=True,
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
    )
    lines = len(console.render_lines(render(snapshot, COLUMNS)))
    console.print(render(snapshot, COLUMNS))
    exported = console.export_svg(code_format=PARTS, unique_id=f"f{number}")
    # Rich clips each line at the width of the picture, which no line exceeds, and draws spaces.
    shorter = re.sub(r' clip-path="[^"]*"', "", exported)
    shorter = re.sub(r"<text[^>]*>(&#160;|\n)*</text>", "", shorter).replace("&#160;", "\xa0")
    styles, content = shorter.split("\x1e")
    return styles.strip(), content.strip(), lines
