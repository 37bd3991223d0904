"""Writes what was measured: tables for people, ratios against their targets."""

from pathlib import Path
from string import Template

from bench import layers
from bench.targets import CHECKOUT, SCALE, figures_of, ratios, suite

PAGE = Path("docs/benchmarks.md")
NOT_MEASURED = "Not measured yet."

COLUMNS = {
    "requests/s": "{rate:,.0f}",
    "slowest to fastest round": "{slowest:,.0f} to {fastest:,.0f}",
    "p50 ms": "{p50_ms:.1f}",
    "p99 ms": "{p99_ms:.1f}",
    "CPU worker µs": "{worker_cpu:.0f}",
    "CPU server µs": "{server_cpu:.0f}",
    "statements": "{statements:.2f}",
    "pings": "{pings:.2f}",
    "connections opened": "{connections:.0f}",
    "memory MB": "{memory:.0f}",
    "failed": "{failed:.0f}",
}


def table(part: dict) -> str:
    """One suite as a table."""
    head = ["", *COLUMNS]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name, figures in part.items():
        values = {
            **figures,
            "p50_ms": figures["p50"] / 1000,
            "p99_ms": figures["p99"] / 1000,
            "slowest": min(figures["rates"]),
            "fastest": max(figures["rates"]),
        }
        cells = [pattern.format(**values) for pattern in COLUMNS.values()]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def ratio_table(found: dict) -> str:
    """The ratios beside what is looked for."""
    head = "| ratio of requests a second | median | of the rounds | looked for | |"
    return "\n".join(
        [head, "| --- | ---: | ---: | ---: | --- |", *[it.row() for it in ratios(found)]]
    )


def as_text(found: dict) -> str:
    """All there is, for the terminal."""
    return f"{ratio_table(found)}\n\n{tables(found)}"


def tables(found: dict) -> str:
    """Every suite with its heading."""
    return "\n\n".join(
        f"### {title}\n\n{table(suite(found, path))}" for title, path in titles(found)
    )


def titles(found: dict) -> list[tuple[str, str]]:
    """The suites there are, with a heading each."""
    named = [
        *((f"Strategies, `/?city=London`, {n} clients", f"strategies/{n}") for n in (1, 4, 8, 16)),
        ("Peers, `/?city=London`, 16 clients", "peers/city"),
        ("Peers, one student, 16 clients", "peers/one"),
        ("Peers, a page of 100 students, 16 clients", "peers/page"),
        ("The service's own operations, 16 clients", "operations"),
        ("Workers, one student, 16 clients", "workers"),
        ("`adaptive` and the pool without any check, back to back, 16 clients", "safety"),
        *((f"1 ms a round trip: strategies, {n} clients", f"slow link/{n}") for n in (1, 16)),
        ("1 ms a round trip: peers, one student, 16 clients", "slow link, peers"),
    ]
    return [(title, path) for title, path in named if suite(found, path)]


def checkout_table() -> str:
    """What a checkout and return costs, by strategy."""
    strategies = figures_of(CHECKOUT).get("strategies")
    if not strategies:
        return NOT_MEASURED
    lines = ["| | microseconds | least to most | round trips |", "| --- | ---: | ---: | ---: |"]
    for name, it in strategies.items():
        spread = f"{it['least']:.1f} to {it['most']:.1f}"
        lines.append(f"| {name} | {it['microseconds']:.1f} | {spread} | {it['round_trips']:.1f} |")
    return "\n".join(lines)


def scale_table() -> str:
    """p50 and rows by the number of students, a line a read; and the plot of it."""
    sizes = figures_of(SCALE).get("sizes")
    if not sizes:
        return NOT_MEASURED
    first, *_, last = sizes.values()
    lines = [
        "| p50 in ms, rows read | " + " | ".join(f"{int(size):,}" for size in sizes) + " | ratio |",
        "| --- |" + " ---: |" * (len(sizes) + 1),
    ]
    for name in first:
        cells = [
            f"{part[name]['p50_ms']:.2f}, {part[name]['rows_examined']:,}"
            for part in sizes.values()
        ]
        ratio = last[name]["p50_ms"] / first[name]["p50_ms"]
        lines.append("| " + " | ".join([name, *cells, f"{ratio:.2f}"]) + " |")
    return "\n".join([*lines, "", "![p50 by the number of students](images/scale.svg)"])


def write(found: dict) -> None:
    """Fill the page's frame."""
    frame = Template(Path("bench/page.md").read_text())
    machine = "; ".join(f"{name}: {value}" for name, value in found["machine"].items())
    PAGE.write_text(
        frame.substitute(
            machine=machine,
            command=found["command"],
            ratios=ratio_table(found),
            profile=layers.table(found["profile"], suite(found, "peers/one")["adaptive"]),
            checkout=checkout_table(),
            scale=scale_table(),
            tables=tables(found),
        )
    )
