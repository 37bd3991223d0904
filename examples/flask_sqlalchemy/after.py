"""The same with `keep_alive`: each session begins on a live connection."""

import os

from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from mysql_keepalive.sqlalchemy import keep_alive
from sqlalchemy import make_url, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Note(db.Model):
    note_id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = make_url(os.environ["DATABASE_URL"]).set(
    drivername="mysql+pymysql"
)
db.init_app(app)
with app.app_context():
    keep_alive(db.engine)


@app.get("/notes")
def list_notes():
    notes = db.session.scalars(select(Note).order_by(Note.note_id))
    return jsonify([{"note_id": note.note_id, "text": note.text} for note in notes])


@app.post("/notes")
def add_note():
    note = Note(text=request.get_json()["text"])
    db.session.add(note)
    db.session.commit()
    return {"note_id": note.note_id}, 201
