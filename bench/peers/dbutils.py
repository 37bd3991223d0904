"""DBUtils' PersistentDB: one connection per thread."""

import pymysql
from dbutils.persistent_db import PersistentDB
from flask import Flask, request

from bench.peers.database_address import ADDRESS, NAME

app = Flask(__name__)
database = PersistentDB(pymysql, **ADDRESS, database=NAME, autocommit=True)


@app.get("/city")
def city():
    connection = database.connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT city_id FROM city WHERE city = %s", (request.args["city"],))
        (city_id,) = cursor.fetchone()
    return f"City #{city_id}\n"
