"""The city lookup, on this project's schema and on an original Sakila database."""

from contextlib import closing

import pytest

from app import create_app
from tests.support.database import query, settings_for

SAKILA_CITY = """
    CREATE TABLE city (
      city_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,
      city VARCHAR(50) NOT NULL,
      country_id SMALLINT UNSIGNED NOT NULL,
      last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
      PRIMARY KEY (city_id),
      KEY idx_fk_country_id (country_id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
"""


@pytest.mark.parametrize("name", ["London", "São Paulo", "Zürich"])
def test_a_city_is_found_by_name(name, client, dba):
    ((city_id,),) = query(
        dba, "SELECT city_id FROM city WHERE city = %s ORDER BY city_id LIMIT 1", (name,)
    )

    response = client.get("/", query_string={"city": name})

    assert (response.status_code, response.text) == (200, f'City "{name}" is #{city_id}\n')
    assert response.mimetype == "text/plain"


def test_an_unknown_city_is_404_as_plain_text(client):
    response = client.get("/?city=Xyz")

    assert (response.status_code, response.text) == (404, 'City "Xyz" not found\n')


def test_sql_in_the_name_is_treated_as_text(client):
    name = "x' OR '1'='1"

    response = client.get("/", query_string={"city": name})

    assert (response.status_code, response.text) == (404, f'City "{name}" not found\n')


@pytest.mark.parametrize("path", ["/", "/?city=", "/?town=London", "/?city=A&city=B"])
def test_a_lookup_without_exactly_one_city_is_rejected(path, client):
    response = client.get(path)

    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert response.json["errors"][0]["parameter"] in {"city", "town"}


def test_the_lookup_works_on_an_original_sakila_database(server):
    url = server.create_database()
    with closing(server.connect(url)) as dba:
        query(dba, SAKILA_CITY)
        query(dba, "INSERT INTO city VALUES (312, 'London', 102, '2006-02-15 04:45:25')")
    client = create_app(settings_for(url)).test_client()

    assert client.get("/?city=London").text == 'City "London" is #312\n'
    assert client.get("/readyz").status_code == 503
