"""Flask with one PyMySQL connection for the whole process: it fails after an idle night."""

import os
from urllib.parse import unquote, urlsplit

import pymysql
from flask import Flask, jsonify, request

app = Flask(__name__)


def connect():
    url = urlsplit(os.environ["DATABASE_URL"])
    return pymysql.connect(
        host=url.hostname,
        port=url.port or 3306,
        user=unquote(url.username),
        password=unquote(url.password),
        database=url.path.removeprefix("/"),
        cursorclass=pymysql.cursors.DictCursor,
        autocommit=True,
    )


connection = connect()


def get_cursor():
    global connection
    try:
        return connection.cursor()
    except pymysql.err.OperationalError:  # never happens: cursor() does not use the network
        connection = connect()
        return connection.cursor()


@app.get("/notes")
def list_notes():
    with get_cursor() as cursor:
        cursor.execute("SELECT note_id, text FROM note ORDER BY note_id")
        return jsonify(cursor.fetchall())


@app.post("/notes")
def add_note():
    with get_cursor() as cursor:
        cursor.execute("INSERT INTO note (text) VALUES (%s)", (request.get_json()["text"],))
        return {"note_id": cursor.lastrowid}, 201
