"""PyMySQL with its defaults: each view opens and closes a connection."""

import pymysql
from flask import Flask, request

from bench.peers.database_address import ADDRESS, NAME

app = Flask(__name__)


@app.get("/city")
def city():
    connection = pymysql.connect(**ADDRESS, database=NAME)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT city_id FROM city WHERE city = %s", (request.args["city"],))
            (city_id,) = cursor.fetchone()
        return f"City #{city_id}\n"
    finally:
        connection.close()
