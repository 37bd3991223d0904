"""A headless Chromium; fixtures with it, and with a service for it."""

import json
import shutil
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.service import serving


@pytest.fixture(scope="session")
def sample_service(migrated):
    with serving(migrated) as running:
        yield running


@pytest.fixture
def browser(tmp_path):
    with chromium(tmp_path) as running:
        yield running


@contextmanager
def chromium(folder):
    """Yield a browser that logs its requests; its profile is in this folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium-browser", "google-chrome")
    for argument in (
        "--headless=new",
        "--no-sandbox",  # required when run as root
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-extensions",
        "--no-first-run",
        "--window-size=1200,800",
        f"--user-data-dir={folder}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = program("chromedriver")
    running = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        yield running
    finally:
        running.quit()


def program(*names):
    """Return the path of the first of these programs; `make test` installs them."""
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"{names[0]} is missing: apt-get install chromium chromium-driver"
    return found


class Page:
    """A page on which users sign in, controlled through the browser."""

    def __init__(self, browser):
        self.browser = browser

    def find(self, selector, within=None):
        """Wait for the first visible element and return it."""

        def visible(_):
            found = (within or self.browser).find_elements(By.CSS_SELECTOR, selector)
            return next((it for it in found if it.is_displayed()), None)

        return WebDriverWait(self.browser, 60).until(visible, selector)

    def click(self, selector, within=None):
        element = self.find(selector, within)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def until(self, condition):
        return WebDriverWait(self.browser, 60).until(lambda _: condition())

    def sign_in(self, user, password):
        """Fill in the form at the top of the page."""
        for selector, text in (("#user", user), ("#password", password)):
            field = self.find(selector)
            field.clear()
            field.send_keys(text)
        self.click("#sign-in-button")

    def status(self, word):
        """Wait for a message with this word and return it."""
        status = self.browser.find_element(By.ID, "status")
        self.until(lambda: word in status.text)
        return status.text

    def requested_urls(self):
        """Yield the URLs of all requests that the browser has sent."""
        for line in self.browser.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                yield message["params"]["request"]["url"]


def errors_of(browser):
    """Return the errors in the browser's console, such as what the page's policy has blocked."""
    return [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]


def assert_nothing_was_requested_elsewhere(page):
    assert {urlsplit(url).hostname for url in page.requested_urls() if url.startswith("http")} == {
        "127.0.0.1"
    }
