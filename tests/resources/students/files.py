"""Files to be imported."""

import csv
import io
import json


def ndjson(students):
    return "".join(json.dumps(it, ensure_ascii=False) + "\n" for it in students).encode()


def csv_rows(students):
    """Students as dictionaries by column, as somebody else's program would write them."""
    for it in students:
        address = {f"address_{name}": value for name, value in it["address"].items()}
        yield {**{name: it[name] for name in it if name != "address"}, **address}


def csv_of(students, line_end="\r\n"):
    rows = list(csv_rows(students))
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator=line_end)
    writer.writeheader()
    writer.writerows({**row, "active": str(row["active"]).lower()} for row in rows)
    return text.getvalue().encode()


def report_of(path):
    """The report on rejected lines: {line number: reason}."""
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({it["line"] for it in told}) == len(told)
    return {it["line"]: it["reason"] for it in told}
