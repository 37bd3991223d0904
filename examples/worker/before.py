"""A Celery worker with one connection for its children and its scheduler: it fails within days.

The connection is opened at import, before Celery forks its children, so all processes share it.
"""

import os
import time
from threading import Thread
from urllib.parse import unquote, urlsplit

import pymysql
from celery import Celery
from celery.signals import worker_ready

INTERVAL_SECONDS = float(os.environ.get("INTERVAL_SECONDS", "60"))

# Tasks are sent and received by this process only, so the example needs no broker.
app = Celery("worker", broker="memory://")


def connect():
    url = urlsplit(os.environ["DATABASE_URL"])
    return pymysql.connect(
        host=url.hostname,
        port=url.port or 3306,
        user=unquote(url.username),
        password=unquote(url.password),
        database=url.path.removeprefix("/"),
        autocommit=True,
    )


connection = connect()


@app.task
def finish(note_id):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE note SET is_done = TRUE WHERE note_id = %s", (note_id,))


def schedule():
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT note_id FROM note WHERE NOT is_done")
            for (note_id,) in cursor.fetchall():
                finish.delay(note_id)
        time.sleep(INTERVAL_SECONDS)


@worker_ready.connect
def start_scheduler(**_):
    Thread(target=schedule, daemon=True).start()
