"""A minimal Flask view without a database: the upper limit of server and framework."""

from flask import Flask, jsonify

app = Flask(__name__)
ITEM = {"student_id": 1, "first_name": "Zoë", "last_name": "Sample", "active": True}


@app.get("/city")
def city():
    return "City #1\n"


@app.get("/students/<int:student_id>")
def student(student_id):
    return jsonify({**ITEM, "student_id": student_id})


@app.get("/students")
def students():
    return jsonify(items=[ITEM] * 100)
