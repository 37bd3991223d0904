"""Rate limits: the limits, the response headers, and the keys that are counted together."""

import time
from contextlib import closing

import pytest

from app import create_app
from app.auth.rate_limit_counters import MAX_KEYS, MemoryCounters
from app.settings import BadSettings, Settings
from tests.support.database import settings_for
from tests.support.service import SECRET
from tests.support.signing_in import PROTECTED_PATH, basic
from tests.support.users import new_user

QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


@pytest.fixture
def user(dba):
    return new_user(dba)


@pytest.fixture
def limited(migrated):
    """A function that returns the client of an application with these limits, behind one proxy."""
    applications = []

    def client(**settings):
        applications.append(
            create_app(settings_for(migrated, **{"trusted_proxies": 1, **settings}))
        )
        return applications[-1].test_client()

    yield client
    for application in applications:
        application.extensions["database"].close()


def get(client, path=PROTECTED_PATH, address="192.0.2.1", **headers):
    return client.get(path, headers={"X-Forwarded-For": address, **headers})


def try_wrong_password(client, name, address="192.0.2.1"):
    headers = {"X-Forwarded-For": address, **basic(name, "a wrong password")}
    return client.post("/v1/tokens", headers=headers)


def test_responses_carry_the_remaining_quota_and_then_retry_after(limited):
    client = limited(rate_limit="2/minute")

    first, second, third = (get(client) for _ in range(3))

    assert first.headers["RateLimit-Policy"] == '"default";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"default";r=1;t=')
    assert second.headers["RateLimit"].startswith('"default";r=0;t=')
    assert third.status_code == 429
    assert third.headers["RateLimit"].startswith('"default";r=0;t=')
    assert 1 <= int(third.headers["Retry-After"]) <= 60
    assert "Retry-After" not in second.headers


def test_a_rejected_request_gets_a_problem_of_the_registered_type(limited):
    client = limited(rate_limit="1/minute")
    get(client)

    response = get(client)

    assert response.mimetype == "application/problem+json"
    assert response.json["type"] == QUOTA_EXCEEDED
    assert response.json["violated-policies"] == ["default"]
    assert response.json["request_id"] == response.headers["X-Request-ID"]


def test_counting_restarts_when_the_window_has_ended(limited):
    client = limited(rate_limit="1/second")
    statuses = {get(client).status_code for _ in range(5)}
    assert statuses == {401, 429}

    deadline = time.monotonic() + 10
    while get(client).status_code == 429:
        assert time.monotonic() < deadline


def test_two_users_at_one_address_are_counted_separately(limited, as_role):
    client = limited(rate_limit="1/minute")

    for role in ("admin", "staff"):
        assert get(client, **as_role(role)).status_code == 200
    assert get(client).status_code == 401


def test_a_user_at_two_addresses_is_counted_once(limited, as_role):
    client = limited(rate_limit="1/minute")
    get(client, **as_role("admin"))

    response = get(client, address="192.0.2.2", **as_role("admin"))

    assert response.status_code == 429


def test_requests_with_forged_tokens_are_counted_by_address(limited):
    client = limited(rate_limit="1/minute")
    get(client, Authorization="Bearer a.b.c")

    assert get(client, Authorization="Bearer d.e.f").status_code == 429


def test_an_address_sent_by_the_client_itself_is_ignored(limited):
    client = limited(rate_limit="1/minute")
    get(client, address="203.0.113.1, 192.0.2.1")

    assert get(client, address="203.0.113.2, 192.0.2.1").status_code == 429


def test_x_forwarded_for_is_ignored_without_trusted_proxies(limited):
    client = limited(rate_limit="1/minute", trusted_proxies=0)
    get(client, address="192.0.2.1")

    assert get(client, address="192.0.2.2").status_code == 429


def test_the_addresses_of_one_ipv6_network_are_counted_together(limited):
    client = limited(rate_limit="1/minute")
    get(client, address="2001:db8::1")

    assert get(client, address="2001:db8::2").status_code == 429
    assert get(client, address="2001:db8:0:1::1").status_code == 401


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_checks_are_not_limited(path, limited):
    client = limited(rate_limit="1/minute")

    responses = [get(client, path) for _ in range(3)]

    assert {response.status_code for response in responses} == {200}
    assert "RateLimit" not in responses[0].headers


def test_paths_that_do_not_exist_are_counted(limited):
    client = limited(rate_limit="1/minute")
    get(client, "/nowhere")

    assert get(client, "/elsewhere").status_code == 429


def test_wrong_passwords_for_one_name_are_counted_across_addresses(limited, user):
    client = limited(sign_in_rate_limit="3/minute")
    for number in range(3):
        assert try_wrong_password(client, user.name, f"192.0.2.{number}").status_code == 401

    response = try_wrong_password(client, user.name, "192.0.2.77")

    assert response.status_code == 429
    assert response.json["violated-policies"] == ["sign-in-by-name"]
    assert int(response.headers["Retry-After"]) >= 1
    assert user.sign_in(client).status_code == 429


def test_wrong_passwords_from_one_address_are_counted_across_names(limited, user):
    client = limited(sign_in_rate_limit="3/minute")
    for number in range(3):
        try_wrong_password(client, f"unknown user {number}")

    assert try_wrong_password(client, user.name).status_code == 429
    assert try_wrong_password(client, user.name, "192.0.2.2").status_code == 401


def test_correct_passwords_are_not_counted(limited, user):
    client = limited(sign_in_rate_limit="3/minute")

    assert {user.sign_in(client).status_code for _ in range(6)} == {201}


def test_correct_passwords_are_counted_for_each_account(limited, user, dba):
    client = limited(successful_sign_in_rate_limit="3/minute")
    other = new_user(dba)

    statuses = [user.sign_in(client).status_code for _ in range(4)]
    rejected = user.sign_in(client)

    assert statuses == [201, 201, 201, 429]
    assert rejected.json["violated-policies"] == ["successful-sign-in"]
    assert 1 <= int(rejected.headers["Retry-After"]) <= 60
    assert other.sign_in(client).status_code == 201


def test_wrong_passwords_do_not_use_up_the_limit_of_correct_ones(limited, user):
    client = limited(successful_sign_in_rate_limit="1/minute")

    statuses = [try_wrong_password(client, user.name).status_code for _ in range(3)]

    assert statuses == [401] * 3
    assert user.sign_in(client).status_code == 201


def test_a_request_without_a_readable_password_is_not_a_guess(limited, user):
    client = limited(sign_in_rate_limit="1/minute")
    for authorization in ("Basic !", "Basic \xff", "Bearer a.b.c"):
        assert get_unauthorized(client, authorization) == 401

    assert user.sign_in(client).status_code == 201


def get_unauthorized(client, authorization):
    return client.post("/v1/tokens", headers={"Authorization": authorization}).status_code


def test_a_sign_in_response_carries_the_remaining_quota_of_each_policy(limited, user):
    response = try_wrong_password(limited(sign_in_rate_limit="3/minute"), user.name)

    remaining = [part.partition(";t=")[0] for part in response.headers["RateLimit"].split(", ")]
    assert {'"sign-in-by-name";r=2', '"sign-in-by-address";r=2'} < set(remaining)


def test_wrong_current_passwords_in_password_changes_are_limited(limited, user):
    client = limited(sign_in_rate_limit="3/minute")
    bearer = {"Authorization": f"Bearer {user.sign_in(client).json['access_token']}"}
    body = {"current_password": "a guess", "new_password": "something else altogether"}

    statuses = [
        client.put("/v1/users/me/password", json=body, headers=bearer).status_code for _ in range(4)
    ]

    assert statuses == [422, 422, 422, 429]


def test_an_invalid_new_password_is_not_a_guess(limited, user):
    client = limited(sign_in_rate_limit="1/minute")
    bearer = {"Authorization": f"Bearer {user.sign_in(client).json['access_token']}"}

    def change(**body):
        return client.put("/v1/users/me/password", json=body, headers=bearer).status_code

    assert [change(current_password="a guess", new_password="short") for _ in range(3)] == [422] * 3
    assert change(current_password=user.password, new_password="something else, long") == 200


def test_changes_of_the_password_are_counted_as_sign_ins(limited, user):
    client = limited(successful_sign_in_rate_limit="1/minute")
    bearer = {"Authorization": f"Bearer {user.sign_in(client).json['access_token']}"}
    body = {"current_password": user.password, "new_password": user.password}

    statuses = [
        client.put("/v1/users/me/password", json=body, headers=bearer).status_code for _ in range(2)
    ]

    assert statuses == [200, 429]


def test_by_default_ten_wrong_passwords_per_minute_are_allowed(migrated, user):
    defaults = Settings.model_validate({"database_url": migrated, "secret_key": SECRET})
    application = create_app(defaults)
    with closing(application.extensions["database"]):
        client = application.test_client()
        statuses = [try_wrong_password(client, user.name).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]


def test_by_default_thirty_sign_ins_per_minute_are_allowed():
    defaults = Settings.model_validate({"database_url": "mysql://u@h/d", "secret_key": SECRET})

    assert defaults.successful_sign_in_rate_limit == "30/minute"


def test_an_invalid_storage_url_is_rejected_at_startup(migrated):
    with pytest.raises(BadSettings, match=r"^RATE_LIMIT_STORAGE_URL"):
        create_app(settings_for(migrated, rate_limit_storage_url="redis://127.0.0.1:port"))


def test_the_number_of_counted_keys_is_bounded():
    """Clients choose the keys: each user name and each address is one."""
    counters = MemoryCounters()
    for number in range(MAX_KEYS + 10):
        counters.add(f"name {number}", 1, 60)

    assert len(counters) == MAX_KEYS - MAX_KEYS // 10 + 10
    assert counters.add("name 0", 0, 60).used == 0
    assert counters.add(f"name {MAX_KEYS // 10}", 0, 60).used == 1


def test_reading_a_counter_stores_no_key():
    counters = MemoryCounters()

    counters.add("name", 0, 60)

    assert len(counters) == 0
