"""The JSON built by the database server equals the values of the columns."""

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from app.http.json import Provider
from app.sql import keyset
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.keyset import ListQuery
from app.sql.order import Order
from app.sql.rows import Window
from app.sql.select import MAX_EMBEDDED, Projection, Select, ToMany, ToOne
from tests.support.database import opened, query

TABLES = [
    """
    CREATE TABLE thing (
      thing_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
      text TEXT, score DECIMAL(9,2), moment DATETIME, day DATE, flag BOOLEAN, number BIGINT
    ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """,
    """
    CREATE TABLE word (
      word_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
      thing_id INT UNSIGNED NOT NULL, word TEXT NOT NULL
    ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """,
]
COLUMNS = ("text", "score", "moment", "day", "flag", "number")


class Word(BaseModel):
    word_id: int
    word: str


class Twin(BaseModel):
    text: str | None
    score: Decimal | None
    moment: datetime | None
    flag: bool | None


class Thing(BaseModel):
    thing_id: int
    text: str | None
    score: Decimal | None
    moment: datetime | None
    day: date | None
    flag: bool | None
    number: int | None
    twin: Twin | None = None
    words: list[Word] | None = None
    all_words: str | None = None


SELECT = Select(
    Thing,
    table="thing",
    key="thing_id",
    embeds={
        "twin": ToOne("JOIN thing AS twin ON twin.thing_id = thing.thing_id"),
        "words": ToMany(
            "word WHERE word.thing_id = thing.thing_id", "word", "word.word_id", "/words?thing_id="
        ),
    },
)

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
MOMENTS = st.datetimes(datetime(1000, 1, 1)).map(lambda it: it.replace(microsecond=0))
ROWS = st.fixed_dictionaries(
    {
        "text": st.none() | ANY_TEXT | st.sampled_from(['"', "\\", "\0", "\u2028", "🎓", "null"]),
        "score": st.none() | st.decimals(-9_999_999, 9_999_999, places=2),
        "moment": st.none() | MOMENTS,
        "day": st.none() | st.dates(date(1000, 1, 1)),
        "flag": st.none() | st.booleans(),
        "number": st.none() | st.integers(-(2**63), 2**63 - 1),
    }
)


@pytest.fixture(scope="module")
def db(server):
    url = server.create_database()
    with server.connect(url) as root:
        for table in TABLES:
            query(root, table)
    with opened(url) as database:
        yield database


def insert_thing(db, row, words=()):
    """Insert a row with these words and return its key."""
    with db.transaction() as tx:
        names = ", ".join(COLUMNS)
        values = ", ".join(f"%({name})s" for name in COLUMNS)
        tx.execute(f"INSERT INTO thing ({names}) VALUES ({values})", row)
        key = tx.last_row_id
        for word in words:
            tx.execute("INSERT INTO word (thing_id, word) VALUES (%s, %s)", (key, word))
    return key


def as_json(value):
    """Return a column's value as the application's JSON provider encodes it."""
    return value if value is None or isinstance(value, str | int) else Provider.default(value)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(row=ROWS)
def test_json_built_by_the_server_equals_the_columns(db, row):
    key = insert_thing(db, row)
    columns = db.fetch_one(f"SELECT {', '.join(COLUMNS)} FROM thing WHERE thing_id = %s", (key,))
    columns["flag"] = None if columns["flag"] is None else bool(columns["flag"])

    text = SELECT.read_one(db, key, ALL_ROWS, Projection(embed=("twin",)))

    found = json.loads(text)
    assert {name: found[name] for name in COLUMNS} == {
        name: as_json(value) for name, value in columns.items()
    }
    assert columns["text"] == row["text"]
    assert found["twin"] == {name: found[name] for name in Twin.model_fields}


@settings(max_examples=75, deadline=None, derandomize=True)
@given(words=st.lists(ANY_TEXT, max_size=30))
def test_embedded_rows_are_complete_and_in_order(db, words):
    key = insert_thing(db, dict.fromkeys(COLUMNS), words)

    text = SELECT.read_one(db, key, ALL_ROWS, Projection(embed=("words",)))

    assert [item["word"] for item in json.loads(text)["words"]] == words


@pytest.mark.parametrize("number", [MAX_EMBEDDED, MAX_EMBEDDED + 1, 2_000])
def test_at_most_the_first_100_rows_are_embedded_with_a_link_to_all(db, number):
    words = [f"{n}\n{'x' * 1_000}" for n in range(number)]
    key = insert_thing(db, dict.fromkeys(COLUMNS), words)

    thing = json.loads(SELECT.read_one(db, key, ALL_ROWS, Projection(embed=("words",))))

    assert [item["word"] for item in thing["words"]] == words[:MAX_EMBEDDED]
    assert thing["all_words"] == f"/words?thing_id={key}"


@pytest.mark.parametrize(
    "orders",
    [
        (),
        (Order("number"),),
        (Order("number", descending=True),),
        (Order("number"), Order("text", descending=True)),
        (Order("number", descending=True), Order("text"), Order("flag")),
    ],
    ids=str,
)
def test_pages_of_one_row_add_up_to_the_whole_list(db, orders):
    keys = [
        insert_thing(
            db, dict.fromkeys(COLUMNS) | {"number": number % 2, "text": text, "flag": text == "b"}
        )
        for number, text in enumerate("abbaab")
    ]
    where = Condition("thing.thing_id BETWEEN %s AND %s", (keys[0], keys[-1]))

    whole = keyset.page(db, ListQuery(SELECT, Window(orders, limit=100)), where)
    pages, after = [], None
    for _ in keys:
        (row,) = keyset.page(db, ListQuery(SELECT, Window(orders, after, limit=1)), where)
        pages.append(row)
        after = row.position

    assert len(whole) == len(keys)
    assert pages == whole
    assert keyset.page(db, ListQuery(SELECT, Window(orders, after)), where) == []
