"""Tables of the results, and docs/benchmarks.md."""

from pathlib import Path
from string import Template

from bench import layers
from bench.targets import CHECKOUT, SCALE, ratios, stored_results, suite

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
    """Return the results of one suite as a table."""
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


def ratio_table(results: dict) -> str:
    """Return the ratios and their targets as a table."""
    head = "| ratio of requests/s | median | range of rounds | target | |"
    return "\n".join(
        [head, "| --- | ---: | ---: | ---: | --- |", *[it.row() for it in ratios(results)]]
    )


def as_text(results: dict) -> str:
    """Return all tables, for the terminal."""
    return f"{ratio_table(results)}\n\n{tables(results)}"


def tables(results: dict) -> str:
    """Return the tables of all suites with their headings."""
    return "\n\n".join(
        f"### {title}\n\n{table(suite(results, path))}" for title, path in titles(results)
    )


def titles(results: dict) -> list[tuple[str, str]]:
    """Return the heading and path of each measured suite."""
    named = [
        *((f"Strategies, `/?city=London`, {clients(n)}", f"strategies/{n}") for n in (1, 4, 8, 16)),
        ("Peers, `/?city=London`, 16 clients", "peers/city"),
        ("Peers, one student, 16 clients", "peers/one"),
        ("Peers, page of 100 students, 16 clients", "peers/page"),
        ("Operations of the service, 16 clients", "operations"),
        ("Workers, one student, 16 clients", "workers"),
        (
            "`adaptive` and the pool without checks, measured back to back, 16 clients",
            "check overhead",
        ),
        *(
            (
                f"Strategies with 1 ms per round trip, `/?city=London`, {clients(n)}",
                f"slow link/{n}",
            )
            for n in (1, 16)
        ),
        ("Peers with 1 ms per round trip, one student, 16 clients", "slow link, peers"),
    ]
    return [(title, path) for title, path in named if suite(results, path)]


def clients(number: int) -> str:
    """Return the number of clients in words."""
    return f"{number} client{'s' if number > 1 else ''}"


def checkout_table() -> str:
    """Return the cost of a checkout and checkin by strategy, as a table."""
    strategies = stored_results(CHECKOUT).get("strategies")
    if not strategies:
        return NOT_MEASURED
    lines = [
        "| | microseconds | minimum to maximum | round trips |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, it in strategies.items():
        spread = f"{it['min']:.1f} to {it['max']:.1f}"
        lines.append(f"| {name} | {it['microseconds']:.1f} | {spread} | {it['round_trips']:.1f} |")
    return "\n".join(lines)


def scale_table() -> str:
    """Return p50 and rows read by number of students, one line per operation, and the plot."""
    sizes = stored_results(SCALE).get("sizes")
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
    return "\n".join([*lines, "", "![p50 by number of students](images/scale.svg)"])


def write(results: dict) -> None:
    """Write docs/benchmarks.md from its template, bench/page.md."""
    template = Template(Path("bench/page.md").read_text())
    machine = "; ".join(f"{name}: {value}" for name, value in results["machine"].items())
    PAGE.write_text(
        template.substitute(
            machine=machine,
            command=results["command"],
            note=f"\n{results['note']}\n" if "note" in results else "",
            ratios=ratio_table(results),
            profile=layers.table(results["profile"], suite(results, "peers/one")["adaptive"]),
            checkout=checkout_table(),
            scale=scale_table(),
            tables=tables(results),
        )
    )
