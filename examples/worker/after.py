"""The same with the database package: each child and the scheduler use a live connection."""

import os
import time
from threading import Thread

from celery import Celery
from celery.signals import worker_ready
from mysql_keepalive import Database, DatabaseError

INTERVAL_SECONDS = float(os.environ.get("INTERVAL_SECONDS", "60"))

# Tasks are sent and received by this process only, so the example needs no broker.
app = Celery("worker", broker="memory://")

database = Database.from_url(os.environ["DATABASE_URL"])


@app.task
def finish(note_id):
    # Given as a function, the transaction is repeated if nothing of it was stored.
    database.run_transaction(
        lambda tx: tx.execute("UPDATE note SET is_done = TRUE WHERE note_id = %s", (note_id,)),
        idempotent=True,
    )


def schedule():
    while True:
        try:
            for note in database.fetch_all("SELECT note_id FROM note WHERE NOT is_done"):
                finish.delay(note["note_id"])
        except DatabaseError as error:  # the server is down; the next round may succeed
            print("scheduler:", error)
        time.sleep(INTERVAL_SECONDS)


@worker_ready.connect
def start_scheduler(**_):
    Thread(target=schedule, daemon=True).start()
