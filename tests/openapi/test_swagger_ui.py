"""Swagger UI in a real browser: a user can sign in and try operations."""

import json
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait


@pytest.fixture
def page(browser, sample_service):
    """The rendered page."""
    browser.get(f"{sample_service.client.base_url}/docs/")
    page = Page(browser)
    page.find(".opblock-tag-section")
    return page


class Page:
    """Swagger UI, controlled through the browser."""

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

    def authorize(self, **values):
        """Fill in the Authorize dialog, with values by field label."""
        self.click(".auth-wrapper .authorize")
        for label, value in values.items():
            field = self.find(f".modal-ux input[aria-label='{label}']")
            field.send_keys(value)
        form = field.find_element(By.XPATH, "ancestor::form")
        self.click("button.authorize", form)
        self.click(".modal-ux .btn-done")

    def execute(self, tag, name):
        """Execute an operation and return the status and the body of its response."""
        operation = self.find(f"#operations-{tag}-{name}")
        self.click(".opblock-summary-control", operation)
        self.click(".try-out__btn", operation)
        self.click("button.execute", operation)
        response = self.find(".live-responses-table .response", operation)
        status = self.find(".response-col_status", response).text.split()[0]
        return int(status), json.loads(self.find(".highlight-code code, pre", response).text)

    def requested_urls(self):
        """Yield the URLs of all requests that the browser has sent."""
        for line in self.browser.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                yield message["params"]["request"]["url"]


def test_the_page_lists_the_operations_and_requests_nothing_elsewhere(page, browser):
    page.find("#operations-students-get_students")

    assert_nothing_was_blocked_or_requested_elsewhere(page, browser)


@pytest.mark.nightly  # Swagger UI spends 20 s of CPU on it
def test_a_user_can_sign_in_and_execute_an_operation(page, server, browser):
    admin = next(user for user in server.users if user.role == "admin")

    page.authorize(
        **{"auth-basic-username": admin.user_name, "auth-basic-password": admin.password}
    )
    status, pair = page.execute("tokens", "post_tokens")
    assert status == 201
    page.authorize(**{"auth-bearer-value": pair["access_token"]})
    status, students = page.execute("students", "get_students")

    assert status == 200
    assert len(students["items"]) == 20
    assert_nothing_was_blocked_or_requested_elsewhere(page, browser)


def assert_nothing_was_blocked_or_requested_elsewhere(page, browser):
    assert {urlsplit(url).hostname for url in page.requested_urls() if url.startswith("http")} == {
        "127.0.0.1"
    }
    errors = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert errors == []  # nothing was blocked by the page's Content-Security-Policy
