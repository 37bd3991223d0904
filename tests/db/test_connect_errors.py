"""Whatever error the server sends instead of a greeting: there is no connection."""

import pytest

from app import create_app
from app.db.errors import AccessDenied, ConnectionLost, DatabaseUnavailable
from dev.faults.packets import error_packet
from tests.db.conftest import ON_EACH_KIND
from tests.db.relay import through
from tests.support.database import opened, settings_for

ATTEMPTS = 20
WITHOUT_PATIENCE = {"db_outage_patience_seconds": 0}
# Too many connections are excluded: the server may have one at any moment.
UNKNOWN = [1064, 1105, 1193, 1213, 1062, 1815, 9001, 9501, 3032, 1053, 64999]


@pytest.fixture(params=["pymysql", "mysqlclient"])
def driver(request):
    return request.param


@pytest.mark.parametrize("code", UNKNOWN)
def test_an_unknown_error_is_unavailable_and_opens_the_circuit_breaker(code, driver, url, relay):
    relay.error_packet = error_packet(code, "the text of the server")
    with opened(through(relay, url), db_driver=driver, **WITHOUT_PATIENCE) as db:
        for _ in range(ATTEMPTS):
            with pytest.raises(DatabaseUnavailable) as caught:
                db.fetch_one("SELECT 1")
            assert not isinstance(caught.value, ConnectionLost)

    assert relay.accepted < ATTEMPTS


@pytest.mark.parametrize("code", [1045, 1862, 3118, 3159, 4151])
def test_a_rejected_account_is_access_denied(code, driver, url, relay):
    relay.error_packet = error_packet(code, "the text of the server")
    with opened(through(relay, url), db_driver=driver) as db:
        with pytest.raises(AccessDenied):
            db.fetch_one("SELECT 1")

        assert isinstance(db.access_error(), AccessDenied)


@ON_EACH_KIND
def test_every_strategy_is_unavailable(combination, url, relay):
    strategy, driver = combination
    settings = {"db_strategy": strategy, "db_driver": driver, **WITHOUT_PATIENCE}
    relay.error_packet = error_packet(1815, "the text of the server")
    with opened(through(relay, url), **settings) as db:
        with pytest.raises(DatabaseUnavailable):
            db.fetch_one("SELECT 1")
        with pytest.raises(DatabaseUnavailable), db.transaction():
            pass


def test_the_response_is_a_503(server, migrated, relay, as_role):
    relay.error_packet = error_packet(1815, "the text of the server")
    application = create_app(settings_for(through(relay, migrated), **WITHOUT_PATIENCE))
    response = application.test_client().get("/v1/subjects", headers=as_role("admin"))
    application.extensions["database"].close()

    assert response.status_code == 503
    assert response.json["type"].rpartition(":")[2] == "unavailable"
    assert int(response.headers["Retry-After"]) >= 1
