"""How often one may ask, what the answers say of it, and who is counted with whom."""

from contextlib import closing

import pytest

from app import create_app
from app.settings import BadSettings
from tests.support.database import settings_for
from tests.support.signing_in import basic
from tests.support.users import new_user

QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


@pytest.fixture
def user(dba):
    return new_user(dba)


@pytest.fixture
def limited(migrated):
    """Make an application with limits of its own, behind one proxy."""
    made = []

    def make(**values):
        made.append(create_app(settings_for(migrated, trusted_proxies=1, **values)))
        return made[-1].test_client()

    yield make
    for application in made:
        application.extensions["database"].close()


def get(client, path="/v1/students?limit=1", address="192.0.2.1", **headers):
    return client.get(path, headers={"X-Forwarded-For": address, **headers})


def guess(client, name, address="192.0.2.1"):
    headers = {"X-Forwarded-For": address, **basic(name, "a wrong password")}
    return client.post("/v1/tokens", headers=headers)


def test_the_answers_count_down_and_then_say_when_to_come_back(limited):
    client = limited(rate_limit="2/minute")

    first, second, third = (get(client) for _ in range(3))

    assert first.headers["RateLimit-Policy"] == '"default";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"default";r=1;t=')
    assert second.headers["RateLimit"].startswith('"default";r=0;t=')
    assert third.status_code == 429
    assert third.headers["RateLimit"].startswith('"default";r=0;t=')
    assert 1 <= int(third.headers["Retry-After"]) <= 60
    assert "Retry-After" not in second.headers


def test_a_refusal_is_a_problem_of_the_registered_type(limited):
    client = limited(rate_limit="1/minute")
    get(client)

    answer = get(client)

    assert answer.mimetype == "application/problem+json"
    assert answer.json["type"] == QUOTA_EXCEEDED
    assert answer.json["violated-policies"] == ["default"]
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


def test_a_period_over_counting_begins_anew(limited):
    client = limited(rate_limit="1/second")
    statuses = {get(client, "/nowhere").status_code for _ in range(5)}
    while get(client, "/nowhere").status_code == 429:
        pass

    assert statuses == {404, 429}


def test_two_users_of_one_address_are_counted_apart(limited, as_role):
    client = limited(rate_limit="1/minute")

    for role in ("admin", "staff"):
        assert get(client, **as_role(role)).status_code == 200
    assert get(client).status_code == 401


def test_a_user_of_two_addresses_is_counted_once(limited, as_role):
    client = limited(rate_limit="1/minute")
    get(client, **as_role("admin"))

    answer = get(client, address="192.0.2.2", **as_role("admin"))

    assert answer.status_code == 429


def test_a_forged_token_makes_nobody_new(limited):
    client = limited(rate_limit="1/minute")
    get(client, Authorization="Bearer a.b.c")

    assert get(client, Authorization="Bearer d.e.f").status_code == 429


def test_what_the_client_says_of_its_address_is_not_believed(limited):
    client = limited(rate_limit="1/minute")
    get(client, address="203.0.113.1, 192.0.2.1")

    assert get(client, address="203.0.113.2, 192.0.2.1").status_code == 429


def test_without_trusted_proxies_nobody_is_believed_about_an_address(migrated):
    application = create_app(settings_for(migrated, rate_limit="1/minute"))
    client = application.test_client()
    get(client, address="192.0.2.1")

    assert get(client, address="192.0.2.2").status_code == 429
    application.extensions["database"].close()


def test_the_addresses_of_one_ipv6_network_are_one_client(limited):
    client = limited(rate_limit="1/minute")
    get(client, address="2001:db8::1")

    assert get(client, address="2001:db8::2").status_code == 429
    assert get(client, address="2001:db8:0:1::1").status_code == 401


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_who_watches_the_service_is_never_refused(path, limited):
    client = limited(rate_limit="1/minute")

    answers = [get(client, path) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit" not in answers[0].headers


def test_paths_that_do_not_exist_are_counted(limited):
    client = limited(rate_limit="1/minute")
    get(client, "/nowhere")

    assert get(client, "/elsewhere").status_code == 429


def test_wrong_passwords_for_a_name_are_counted_at_every_address(limited, user):
    client = limited(sign_in_rate_limit="3/minute")
    for number in range(3):
        assert guess(client, user.name, f"192.0.2.{number}").status_code == 401

    answer = guess(client, user.name, "192.0.2.77")

    assert answer.status_code == 429
    assert answer.json["violated-policies"] == ["sign-in-by-name"]
    assert int(answer.headers["Retry-After"]) >= 1
    assert user.sign_in(client).status_code == 429


def test_wrong_passwords_from_an_address_are_counted_for_every_name(limited, user):
    client = limited(sign_in_rate_limit="3/minute")
    for number in range(3):
        guess(client, f"somebody {number}")

    assert guess(client, user.name).status_code == 429
    assert guess(client, user.name, "192.0.2.2").status_code == 401


def test_right_passwords_cost_nothing(limited, user):
    client = limited(sign_in_rate_limit="3/minute")

    assert {user.sign_in(client).status_code for _ in range(6)} == {201}


def test_a_sign_in_says_what_is_left_of_each_policy(limited, user):
    answer = guess(limited(sign_in_rate_limit="3/minute"), user.name)

    left = [part.partition(";t=")[0] for part in answer.headers["RateLimit"].split(", ")]
    assert {'"sign-in-by-name";r=2', '"sign-in-by-address";r=2'} < set(left)


def test_guessing_the_current_password_with_a_stolen_token_is_limited(limited, user):
    client = limited(sign_in_rate_limit="3/minute")
    bearer = {"Authorization": f"Bearer {user.sign_in(client).json['access_token']}"}
    body = {"current_password": "a guess", "new_password": "something else altogether"}

    statuses = [
        client.put("/v1/users/me/password", json=body, headers=bearer).status_code for _ in range(4)
    ]

    assert statuses == [422, 422, 422, 429]


def test_by_default_ten_guesses_a_minute(migrated, user):
    patient = {"rate_limit": "600/minute", "sign_in_rate_limit": "10/minute"}
    application = create_app(settings_for(migrated, **patient))
    with closing(application.extensions["database"]):
        statuses = [guess(application.test_client(), user.name).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]


def test_a_counter_that_cannot_exist_stops_the_start(migrated):
    with pytest.raises(BadSettings, match=r"^RATE_LIMIT_STORAGE_URL"):
        create_app(settings_for(migrated, rate_limit_storage_url="redis://127.0.0.1:port"))
