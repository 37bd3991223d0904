"""The city lookup, on this project's schema and on an original Sakila database."""

import re
from base64 import b64encode
from contextlib import closing
from hashlib import sha256

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


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_a_browser_gets_a_page_with_links_that_work_and_the_lookup(client):
    page = client.get("/", headers=BROWSER)

    assert (page.status_code, page.mimetype) == (200, "text/html")
    links = re.findall(r'href="([^"]+)"', page.text)
    assert {"/docs/", "/status/"} <= set(links)
    assert [client.get(link).status_code for link in links] == [200] * len(links)
    assert '<form action="/">' in page.text
    assert 'name="city"' in page.text
    assert client.get("/?city=London", headers=BROWSER).text.startswith('City "London" is #')


def test_the_style_of_the_page_is_allowed_by_its_policy(client):
    page = client.get("/", headers=BROWSER)
    (style,) = re.findall(r"<style>(.*?)</style>", page.text)
    digest = b64encode(sha256(style.encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text


@pytest.mark.parametrize("accept", [None, "*/*", "text/plain"])
def test_other_clients_are_told_the_missing_parameter(accept, client):
    response = client.get("/", headers={"Accept": accept} if accept else {})

    assert response.status_code == 400
    assert response.json["errors"][0]["parameter"] == "city"


def test_the_lookup_works_on_an_original_sakila_database(server):
    url = server.create_database()
    with closing(server.connect(url)) as dba:
        query(dba, SAKILA_CITY)
        query(dba, "INSERT INTO city VALUES (312, 'London', 102, '2006-02-15 04:45:25')")
    client = create_app(settings_for(url)).test_client()

    assert client.get("/?city=London").text == 'City "London" is #312\n'
    assert client.get("/readyz").status_code == 503
