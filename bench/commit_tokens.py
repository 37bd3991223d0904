"""Cost of commit tokens: python -m bench.commit_tokens [--rounds 40] [--transactions 100].

Times transactions of one INSERT with and without tokens on a private server, in short batches in
turn, so that load spikes affect both alike. Writes docs/benchmarks-commit-tokens.json, which
`make bench` reads.
"""

import argparse
import json
import statistics
import time
from contextlib import ExitStack, closing

from app.db import Database, Transaction, commit_tokens
from bench.__main__ import slow_link
from bench.machine import machine
from bench.targets import COMMIT_TOKENS
from tests.support.database import opened, query
from tests.support.server import start_server

TABLE = """
    CREATE TABLE note (
      note_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
      note VARCHAR(50) NOT NULL
    ) ENGINE=InnoDB
"""
LINKS = ("loopback", "1 ms per round trip")


def insert(tx: Transaction) -> None:
    """Insert one row."""
    tx.execute("INSERT INTO note (note) VALUES ('a note of average length')")


def batch(database: Database, transactions: int) -> float:
    """Return the duration of that many transactions in seconds."""
    start = time.perf_counter()
    for _ in range(transactions):
        database.run_transaction(insert)
    return time.perf_counter() - start


def ratios(url: str, rounds: int, transactions: int) -> list[float]:
    """Return, for each round, the time with tokens divided by the time without."""
    with ExitStack() as stack:
        pair = [stack.enter_context(opened(url, db_commit_tokens=on)) for on in (True, False)]
        for database in pair:
            batch(database, transactions)
        measured = []
        for number in range(rounds):
            order = pair if number % 2 else pair[::-1]
            seconds = {database: batch(database, transactions) for database in order}
            measured.append(seconds[pair[0]] / seconds[pair[1]])
    return measured


def main() -> None:
    """Measure on loopback and on a slow link; store and print the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.commit_tokens", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--transactions", type=int, default=100, help="in each batch")
    options = parser.parse_args()
    with start_server() as server, slow_link(server.port) as port:
        url = server.create_database()
        with closing(server.connect(url)) as root:
            query(root, TABLE)
            query(root, commit_tokens.DDL)
        urls = (url, url.replace(f":{server.port}/", f":{port}/"))
        measured = {
            link: ratios(one, options.rounds, options.transactions)
            for link, one in zip(LINKS, urls, strict=True)
        }
        results = {"machine": machine(server), "ratios": measured}
    COMMIT_TOKENS.write_text(json.dumps(results, indent=1) + "\n")
    for link, values in measured.items():
        low, high = min(values), max(values)
        print(f"{link}: {statistics.median(values):.2f} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
