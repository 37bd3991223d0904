"""The files of deploy/prometheus and deploy/grafana, with a real Prometheus (nightly)."""

import json
import re
import subprocess
from contextlib import closing, contextmanager

import httpx
import pytest
import yaml

from app.operations.metrics import Metrics
from dev.keep import free_port
from dev.launch import launch
from dev.system_packages import find_program
from tests.deployment.servers import LOOKUP, until
from tests.support.database import kill_all
from tests.support.service import PROJECT, serving

FOLDER = PROJECT / "deploy/prometheus"
DASHBOARD = PROJECT / "deploy/grafana/dashboard.json"
TOKEN = "metrics-token-of-the-tests-0123456789"
WHY = "a test runs the alerts and the dashboard with Prometheus"
METRIC = re.compile(r"\b(?:http|database|process|service)_\w+")
ALERTS = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
QUERIES = [
    target["expr"]
    for panel in json.loads(DASHBOARD.read_text())["panels"]
    for target in panel["targets"]
]


def metrics_in(expressions):
    """Return the names of the metrics in these expressions."""
    return {name for text in expressions for name in METRIC.findall(text)}


USED = metrics_in(QUERIES) | metrics_in(rule["expr"] for rule in ALERTS)


def test_the_dashboard_and_the_alerts_use_metrics_of_the_service():
    families = list(Metrics(dict, {}).registry.collect())
    existing = {re.sub("_total$", "", name) for name in USED}

    assert len(USED) > 10
    assert {re.sub("_bucket$", "", it) for it in existing} <= {
        name for family in families for name in (family.name, f"{family.name}_info")
    }


def test_every_alert_is_tested():
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    raised = {
        check["alertname"]
        for test in tests
        for check in test["alert_rule_test"]
        if check.get("exp_alerts")
    }

    assert raised == {rule["alert"] for rule in ALERTS}


def test_compose_provisions_the_files_of_deploy():
    configs = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["configs"].values()
    files = [PROJECT / it["file"] for it in configs if "file" in it]

    assert {FOLDER / "prometheus.yml", FOLDER / "alerts.yml", DASHBOARD} <= set(files)
    assert all(file.is_file() for file in files)


@pytest.mark.nightly
def test_the_alerts_are_raised_as_their_tests_say():
    promtool = find_program("promtool", package="prometheus", why=WHY)
    done = subprocess.run(
        [promtool, "test", "rules", "alerts_test.yml"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def prometheus(service, folder):
    """Run Prometheus with the files of deploy/, for this service; yields its HTTP client."""
    text = (FOLDER / "prometheus.yml").read_text()
    for old, new in {
        "app:8000": f"127.0.0.1:{service.port}",
        "/etc/prometheus/metrics-token": str(folder / "token"),
        "scrape_interval: 15s": "scrape_interval: 500ms",
        "evaluation_interval: 15s": "evaluation_interval: 500ms",
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "prometheus.yml").write_text(text)
    (folder / "alerts.yml").write_text((FOLDER / "alerts.yml").read_text())
    (folder / "token").write_text(TOKEN)
    program, port = find_program("prometheus", package="prometheus", why=WHY), free_port()
    command = [
        program,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
    ]
    with (folder / "log").open("wb") as log:
        process = launch(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], cwd=folder, env={}, output=log
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            until(lambda: is_ready(client), (folder / "log").read_text(), seconds=60)
            yield client
    finally:
        process.terminate()
        process.wait()


def is_ready(client):
    try:
        return client.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def get(client, path, **params):
    """Return the data of a response of Prometheus' API."""
    body = client.get(f"/api/v1/{path}", params=params).json()
    assert body["status"] == "success", body
    return body["data"]


@pytest.fixture(scope="module")
def scraped(migrated, server, tmp_path_factory):
    """Prometheus after some scrapes of a service that has lost connections."""
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        serving(migrated, WEB_CONCURRENCY=2, METRICS_TOKEN=TOKEN) as service,
        prometheus(service, folder) as client,
    ):
        for _ in range(2):
            service.burst(LOOKUP, threads=8, each=4)
            with closing(server.connect(migrated)) as dba:
                kill_all(dba, migrated)
        service.burst(LOOKUP, threads=8, each=4)
        closed = "count_over_time(database_connections_closed_total[1m]) > 3"
        until(lambda: get(client, "query", query=closed)["result"], "some scrapes", seconds=60)
        yield client


@pytest.mark.nightly
def test_every_metric_of_the_dashboard_and_the_alerts_exists(scraped):
    assert set(get(scraped, "label/__name__/values")) >= USED


@pytest.mark.nightly
@pytest.mark.parametrize("query", QUERIES)
def test_every_panel_of_the_dashboard_shows_something(query, scraped):
    for name, value in {"$job": ".*", "$instance": ".*", "$__rate_interval": "1m"}.items():
        query = query.replace(name, value)

    assert get(scraped, "query", query=query)["result"]


@pytest.mark.nightly
def test_every_alert_is_evaluated_without_an_error(scraped):
    def rules():
        return [rule for group in get(scraped, "rules")["groups"] for rule in group["rules"]]

    until(lambda: all(rule["health"] != "unknown" for rule in rules()), "the rules are evaluated")
    assert {rule["name"]: rule["health"] for rule in rules()} == {
        rule["alert"]: "ok" for rule in ALERTS
    }
    assert not [
        rule["name"] for rule in rules() if rule["name"] == "ServiceIsDown" and rule["alerts"]
    ]
