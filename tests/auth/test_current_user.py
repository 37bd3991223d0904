"""`GET /v1/users/me`: the signed-in user."""

import pytest

from tests.support.counting import statements
from tests.support.database import query

USER = """
    SELECT api_user_id, user_name, role, staff.campus_id, api_user.staff_id, api_user.student_id
    FROM api_user LEFT JOIN staff ON staff.staff_id = api_user.staff_id WHERE role = %s
    ORDER BY api_user_id LIMIT 1
"""


@pytest.mark.parametrize("role", ["admin", "staff", "student"])
def test_a_user_reads_their_own_name_role_and_person(role, client, as_role, dba):
    found = client.get("/v1/users/me", headers=as_role(role))

    names = ("api_user_id", "user_name", "role", "campus_id", "staff_id", "student_id")
    (row,) = query(dba, USER, (role,))
    assert found.json == dict(zip(names, row, strict=True))


def test_it_takes_one_statement_and_may_be_revalidated(client, as_role, server):
    def get(**headers):
        return client.get("/v1/users/me", headers=as_role("staff") | headers)

    etag = get().headers["ETag"]

    assert statements(server, get) == 1
    assert get(**{"If-None-Match": etag}).status_code == 304


def test_a_deactivated_user_with_a_valid_token_is_signed_out(client, as_role, dba):
    query(dba, "UPDATE api_user SET active = FALSE WHERE role = 'student'")
    try:
        refused = client.get("/v1/users/me", headers=as_role("student"))
    finally:
        query(dba, "UPDATE api_user SET active = TRUE WHERE role = 'student'")

    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
