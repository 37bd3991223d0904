"""Fixtures: a headless Chromium, and a service for it."""

import shutil

import pytest
from selenium import webdriver

from tests.support.service import serving


@pytest.fixture(scope="session")
def sample_service(migrated):
    with serving(migrated) as running:
        yield running


@pytest.fixture
def browser(tmp_path):
    """A browser that logs its requests."""
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
        f"--user-data-dir={tmp_path}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = program("chromedriver")
    running = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield running
    running.quit()


def program(*names):
    """Return the path of the first of these programs; `make test` installs them."""
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"{names[0]} is missing: apt-get install chromium chromium-driver"
    return found
