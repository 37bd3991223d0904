"""Contents of import files."""

import csv
import io
import json


def ndjson(students):
    return "".join(json.dumps(it, ensure_ascii=False) + "\n" for it in students).encode()


def csv_rows(students):
    """Yield students as dictionaries by column, without using the application's CSV writer."""
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
    """Return the report of rejected lines as {line number: reason}."""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({it["line"] for it in entries}) == len(entries)
    return {it["line"]: it["reason"] for it in entries}
