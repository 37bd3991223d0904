"""The page /status in a real browser."""

import hashlib
import time
from contextlib import closing

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from app.operations.status.page import UPLOT
from tests.deployment.servers import booted_workers, until
from tests.operations.status.screenshots import emulate
from tests.support.browser import (
    Page,
    assert_nothing_was_requested_elsewhere,
    chromium,
    errors_of,
)
from tests.support.database import connections_of, kill_all
from tests.support.service import serving

WORKERS = 2
LOOKUP = "/?city=London"
# SHA-256 of the files in the npm package uplot 1.6.32; its tarball has the integrity
# sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==
UPLOT_FILES = {
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
# WCAG 2.2, AA: text, and lines that carry information.
TEXT_CONTRAST, LINE_CONTRAST = 4.5, 3
CONTRASTS = """
    const canvas = document.createElement("canvas").getContext("2d");
    const rgb = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color) => {
      const [r, g, b] = rgb(color).map((value) => value / 255).map(
        (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element) => {
      const color = getComputedStyle(element).backgroundColor;
      return rgb(color)[3] ? color : background(element.parentElement);
    };
    const contrast = (color, element) => {
      const [low, high] = [luminance(color), luminance(background(element))].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    };
    const texts = [...document.querySelectorAll("body *")].filter((element) =>
      element.checkVisibility() && !["SCRIPT", "CANVAS"].includes(element.tagName) &&
      [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    return {
      text: texts.map((it) => [it.textContent, contrast(getComputedStyle(it).color, it)]),
      line: [...document.querySelectorAll(".key")].map(
        (it) => [it.className, contrast(getComputedStyle(it).borderTopColor, it)]),
    };
"""


@pytest.fixture(scope="module")
def service(migrated):
    with serving(migrated, WEB_CONCURRENCY=WORKERS, THREADS=4) as running:
        until(lambda: len(booted_workers(running)) == WORKERS, "the workers start")
        yield running


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """One browser for all tests of this file: each would take a second of CPU to start."""
    with chromium(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def page(window, service):
    """The page before anybody has signed in."""
    window.get(f"{service.client.base_url}/status/")
    window.execute_script("localStorage.clear()")
    window.refresh()
    errors_of(window)
    return Page(window)


@pytest.fixture
def admin(server):
    return next(user for user in server.users if user.role == "admin")


@pytest.fixture
def watched(page, admin):
    """The page once it shows rates."""
    page.sign_in(admin.user_name, admin.password)
    page.until(lambda: figure(page, "Requests per second") != "…")
    return page


def figure(page, name):
    """Return a figure by its name, as text."""
    script = "return [...document.querySelectorAll('#now > div')].map((it) => it.innerText)"
    found = dict(
        text.split("\n", 1) for text in page.browser.execute_script(script) if "\n" in text
    )
    return found.get(name, "…")


def rows(page, table):
    """Return the texts of the cells of a table."""
    script = "return [...arguments[0].rows].map((row) => [...row.cells].map((it) => it.innerText))"
    return page.browser.execute_script(script, page.browser.find_element(By.ID, table))


def test_an_administrator_sees_why_connections_were_closed(page, admin, service, server, migrated):
    service.burst(LOOKUP, threads=8, each=4)
    page.sign_in(admin.user_name, admin.password)
    page.until(lambda: len({row[1] for row in rows(page, "connections")}) == WORKERS)
    shown = {int(row[0]) for row in rows(page, "connections")}
    with closing(server.connect(migrated)) as dba:
        assert shown <= connections_of(dba, migrated)
        kill_all(dba, migrated)
    service.burst(LOOKUP, threads=8, each=4)

    page.until(lambda: {int(row[0]) for row in rows(page, "closed")} & shown)
    page.until(lambda: "Connections closed" in page.find("#news").text)
    closed = rows(page, "closed")
    assert {row[2] for row in closed} == {"fin"}
    assert {row[3] for row in closed} == {"liveness check"}
    assert errors_of(page.browser) == []
    assert_nothing_was_requested_elsewhere(page)


def test_the_figures_are_those_of_the_service(watched, service):
    def has_risen():
        service.burst(LOOKUP, threads=4, each=10)
        return float(figure(watched, "Requests per second")) > 0

    watched.until(has_risen)
    watched.until(lambda: figure(watched, "p99, over ten seconds").endswith("ms"))
    assert figure(watched, "Workers") == str(WORKERS)
    assert figure(watched, "Strategy") == "adaptive"
    assert " of " in figure(watched, "Connections at the server")
    assert len(watched.browser.find_elements(By.CSS_SELECTOR, "#charts canvas")) == 4


def test_nothing_is_requested_while_the_page_is_paused(watched):
    def requests():
        return sum(url.endswith("/v1/status") for url in watched.requested_urls())

    watched.click("#pause")
    assert watched.find("#pause").text == "Resume"
    watched.until(lambda: requests() == 0)
    time.sleep(2.5)
    during = requests()
    watched.click("#pause")

    assert during == 0
    watched.until(lambda: requests() > 0)


def test_others_than_administrators_see_nothing(page, server):
    staff = next(user for user in server.users if user.role == "staff")
    page.sign_in(staff.user_name, staff.password)

    assert page.status("role admin")
    assert not page.browser.find_element(By.TAG_NAME, "main").is_displayed()


def test_the_session_ends_on_all_pages_at_once(watched):
    stored = watched.browser.execute_script("return localStorage['signed-in']")
    watched.click("#sign-out")

    assert "eyJ" in stored
    assert "eyJ" not in watched.browser.execute_script("return JSON.stringify(localStorage)")
    assert not watched.browser.find_element(By.TAG_NAME, "main").is_displayed()
    assert watched.browser.switch_to.active_element.get_attribute("id") == "user"


@pytest.mark.nightly  # waits for 24 s
def test_the_session_is_renewed_before_the_access_token_expires(migrated, window, admin):
    with serving(migrated, WEB_CONCURRENCY=1, ACCESS_TOKEN_SECONDS=30) as short:
        window.get(f"{short.client.base_url}/status/")
        page = Page(window)
        page.sign_in(admin.user_name, admin.password)
        first = page.status("Signed in")

        page.until(lambda: window.find_element(By.ID, "status").text != first)
        assert page.status("Signed in")


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        pytest.param(1600, "dark", marks=pytest.mark.nightly),
        pytest.param(390, "light", marks=pytest.mark.nightly),
        pytest.param(1600, "light", marks=pytest.mark.nightly),
    ],
)
def test_the_page_is_readable(watched, width, scheme):
    emulate(watched.browser, width, 900, scheme)
    watched.until(lambda: rows(watched, "connections"))
    found = watched.browser.execute_script(CONTRASTS)

    assert watched.browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert len(found["text"]) > 30
    assert len(found["line"]) == 8
    assert [it for it in found["text"] if it[1] < TEXT_CONTRAST] == []
    assert [it for it in found["line"] if it[1] < LINE_CONTRAST] == []


@pytest.mark.nightly
def test_a_screen_reader_is_told_what_everything_is(watched):
    all_of = watched.browser.find_elements
    run = watched.browser.execute_script

    assert run("return document.documentElement.lang") == "en"
    assert all(run("return arguments[0].labels.length", it) for it in all_of(By.TAG_NAME, "input"))
    assert all(it.accessible_name for it in all_of(By.CSS_SELECTOR, "[role=region], section"))
    assert all(it.get_attribute("scope") == "col" for it in all_of(By.CSS_SELECTOR, "thead th"))
    assert {it.get_attribute("scope") for it in all_of(By.CSS_SELECTOR, "tbody th")} == {"row"}
    assert watched.browser.find_element(By.ID, "news").aria_role == "status"
    assert not all_of(By.CSS_SELECTOR, "canvas:not([aria-hidden] *)")
    captions = [it.text for it in all_of(By.TAG_NAME, "figcaption")]
    assert all("highest" in caption for caption in captions)


@pytest.mark.nightly
def test_everything_is_reached_with_the_keyboard(watched):
    watched.browser.refresh()
    watched.until(lambda: rows(watched, "connections"))
    reached = []
    for _ in range(5):
        ActionChains(watched.browser).send_keys(Keys.TAB).perform()
        focused = watched.browser.switch_to.active_element
        reached.append((focused.accessible_name, focused.value_of_css_property("outline-style")))

    names = ["Sign out", "Pause", "Workers", "Connections", "Closed connections"]
    assert reached == [(name, "solid") for name in names]


REPLICAS = """
    const done = arguments[0];
    import("/status/figures.js").then(({ Recent, Replica }) => {
      const [replica, recent] = [new Replica(), new Recent()];
      const answers = [["a", 0, 100], ["b", 900, 9000], ["a", 2000, 102], ["b", 6900, 9900],
                       ["b", 7900, 9903], ["a", 8900, 104], ["b", 9900, 9909], ["b", 11900, 7]];
      done(answers.map(([id, ms, total]) => {
        if (!replica.accepts(id, ms)) {
          return "other";
        }
        const figures = recent.add({
          instance_id: id, clock_seconds: ms / 1000, requests: { "2xx": total }, durations: [],
          statements: 0, connection_wait_seconds: 0,
        });
        return figures && figures["2xx"];
      }));
    });
"""


def test_the_totals_of_two_replicas_or_before_a_restart_are_not_compared(page):
    page.browser.set_script_timeout(20)

    assert page.browser.execute_async_script(REPLICAS) == [
        *(None, "other", 1, "other"),
        *(None, "other", 3, None),
    ]


def test_uplot_is_unchanged():
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in UPLOT.iterdir()}

    assert found == UPLOT_FILES
