"""The same with the database package: each request uses a live connection."""

import os

from flask import Flask, jsonify, request
from mysql_keepalive import Database

app = Flask(__name__)

database = Database.from_url(os.environ["DATABASE_URL"])


@app.get("/notes")
def list_notes():
    return jsonify(database.fetch_all("SELECT note_id, text FROM note ORDER BY note_id"))


@app.post("/notes")
def add_note():
    with database.transaction() as tx:
        tx.execute("INSERT INTO note (text) VALUES (%s)", (request.get_json()["text"],))
        return {"note_id": tx.last_row_id}, 201
