"""Flask-SQLAlchemy's ORM with `pool_pre_ping`."""

from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import joinedload

from bench.peers.database_address import URL

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = f"mysql+pymysql{URL}"
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": True, "pool_size": 16}
db = SQLAlchemy(app)


class City(db.Model):
    city_id = db.Column(db.Integer, primary_key=True)
    city = db.Column(db.String(50))


class Address(db.Model):
    address_id = db.Column(db.Integer, primary_key=True)
    address = db.Column(db.String(50))
    address2 = db.Column(db.String(50))
    district = db.Column(db.String(20))
    city_id = db.Column(db.Integer)
    postal_code = db.Column(db.String(10))
    phone = db.Column(db.String(20))


class Student(db.Model):
    student_id = db.Column(db.Integer, primary_key=True)
    campus_id = db.Column(db.Integer)
    first_name = db.Column(db.String(45))
    last_name = db.Column(db.String(45))
    email = db.Column(db.String(50))
    address_id = db.Column(db.Integer, db.ForeignKey("address.address_id"))
    active = db.Column(db.Boolean)
    create_date = db.Column(db.DateTime)
    last_update = db.Column(db.DateTime)
    address = db.relationship(Address)

    def as_dict(self):
        return {
            "student_id": self.student_id,
            "campus_id": self.campus_id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "email": self.email,
            "address": {
                "address": self.address.address,
                "address2": self.address.address2,
                "district": self.address.district,
                "city_id": self.address.city_id,
                "postal_code": self.address.postal_code,
                "phone": self.address.phone,
            },
            "active": self.active,
            "create_date": self.create_date.isoformat() + "Z",
            "last_update": self.last_update.isoformat() + "Z",
        }


@app.get("/city")
def city():
    found = db.session.scalar(db.select(City).where(City.city == request.args["city"]).limit(1))
    return f"City #{found.city_id}\n"


@app.get("/students/<int:student_id>")
def student(student_id):
    query = db.select(Student).options(joinedload(Student.address))
    return jsonify(db.session.scalar(query.where(Student.student_id == student_id)).as_dict())


@app.get("/students")
def students():
    query = db.select(Student).options(joinedload(Student.address)).order_by(Student.student_id)
    found = db.session.scalars(query.limit(int(request.args["limit"])))
    return jsonify(items=[one.as_dict() for one in found])
