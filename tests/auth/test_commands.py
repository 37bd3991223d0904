"""The commands set-password, deactivate-user, activate-user and purge-expired."""

from uuid import uuid4

import pytest

from tests.support.database import query
from tests.support.users import new_user

NEW = "another password, quite long"


@pytest.fixture
def user(dba):
    return new_user(dba)


@pytest.fixture
def pair(client, user):
    return user.sign_in(client).json


def run(app, *arguments, password=NEW):
    return app.test_cli_runner().invoke(args=list(arguments), input=f"{password}\n{password}\n")


def refresh_status(client, pair):
    body = {"refresh_token": pair["refresh_token"]}
    return client.post("/v1/tokens/refresh", json=body).status_code


def test_set_password_replaces_the_password_and_revokes_all_sessions(app, client, user, pair):
    result = run(app, "set-password", user.name)

    assert result.exit_code == 0, result.output
    assert NEW not in result.output
    assert user.sign_in(client).status_code == 401
    assert user.sign_in(client, NEW).status_code == 201
    assert refresh_status(client, pair) == 401


@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_set_password_rejects_a_password_of_invalid_length(password, app, client, user):
    result = run(app, "set-password", user.name, password=password)

    assert result.exit_code == 1
    assert "the password must have 12 to 256 characters" in result.output
    assert user.sign_in(client).status_code == 201


def test_a_deactivated_user_cannot_sign_in_until_activated(app, client, user, pair):
    deactivated = run(app, "deactivate-user", user.name)
    while_inactive = (user.sign_in(client).status_code, refresh_status(client, pair))
    activated = run(app, "activate-user", user.name)

    assert (deactivated.exit_code, activated.exit_code) == (0, 0)
    assert "within 900 s" in deactivated.output
    assert while_inactive == (401, 401)
    assert user.sign_in(client).status_code == 201
    assert refresh_status(client, pair) == 401


@pytest.mark.parametrize("command", ["set-password", "deactivate-user", "activate-user"])
def test_a_command_for_an_unknown_user_fails_and_names_the_user(command, app):
    result = run(app, command, "unknown user")

    assert result.exit_code == 1
    assert "there is no user unknown user" in result.output


def test_purge_removes_expired_rows_only(app, client, user, pair, dba):
    key = user.api_user_id
    run(app, "purge-expired")  # removes the rows of other tests
    add_expired_tokens(dba, key, 2500)
    for hours in (23, 25):
        query(
            dba,
            "INSERT INTO idempotency_key (api_user_id, idempotency_key, method, path, "
            "request_fingerprint, create_date) "
            "VALUES (%s, %s, 'POST', '/v1/students', REPEAT('x', 32), NOW() - INTERVAL %s HOUR)",
            (key, uuid4().hex, hours),
        )
        query(
            dba,
            "INSERT INTO commit_token (commit_token_id, transaction_number, last_update) "
            "VALUES (%s, 1, NOW() - INTERVAL %s HOUR)",
            (uuid4().bytes, hours),
        )
    ((tokens,),) = query(dba, "SELECT COUNT(*) FROM commit_token")

    result = run(app, "purge-expired")

    assert result.output.splitlines() == [
        "2500 expired refresh tokens removed",
        "1 expired idempotency keys removed",
        "1 expired commit tokens removed",
    ]
    assert query(dba, "SELECT COUNT(*) FROM commit_token") == ((tokens - 1,),)
    assert count(dba, "idempotency_key", key) == 1
    assert count(dba, "refresh_token", key) == 1
    assert refresh_status(client, pair) == 201


def test_purge_keeps_used_tokens_until_they_expire(app, client, user, pair, dba):
    refresh_status(client, pair)

    run(app, "purge-expired")

    assert count(dba, "refresh_token", user.api_user_id) == 2


def add_expired_tokens(dba, api_user_id, number):
    with dba.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO refresh_token "
            "(api_user_id, token_hash, family_id, create_date, expire_date) VALUES "
            "(%s, UNHEX(SHA2(%s, 256)), REPEAT('f', 16), NOW() - INTERVAL 1 DAY, "
            "NOW() - INTERVAL 1 SECOND)",
            [(api_user_id, f"expired {number}") for number in range(number)],
        )


def count(dba, table, api_user_id):
    ((rows,),) = query(dba, f"SELECT COUNT(*) FROM {table} WHERE api_user_id = %s", (api_user_id,))
    return rows
