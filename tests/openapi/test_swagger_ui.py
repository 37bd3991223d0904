"""Swagger UI in a real browser: a user can sign in and try operations."""

import json

import pytest
from selenium.webdriver.common.by import By

from tests.support.browser import Page, assert_nothing_was_requested_elsewhere, errors_of
from tests.support.database import query

IS_NEWEST_SESSION_REVOKED = (
    "SELECT revoke_date IS NOT NULL FROM refresh_token ORDER BY refresh_token_id DESC LIMIT 1"
)


@pytest.fixture
def page(browser, sample_service):
    """The rendered page."""
    browser.get(f"{sample_service.client.base_url}/docs/")
    page = SwaggerUI(browser)
    page.find(".opblock-tag-section")
    return page


class SwaggerUI(Page):
    """Swagger UI, controlled through the browser."""

    def open(self, tag, name):
        """Open an operation and return it."""
        self.click(f"#operations-tag-{tag}")
        operation = self.find(f"#operations-{tag}-{name}")
        self.click(".opblock-summary-control", operation)
        self.find(".opblock-body", operation)
        return operation

    def execute(self, tag, name):
        """Execute an operation and return the status and the body of its response."""
        operation = self.open(tag, name)
        self.click("button.execute", operation)
        response = self.find(".live-responses-table .response", operation)
        status = self.find(".response-col_status", response).text.split()[0]
        return int(status), json.loads(self.find(".highlight-code code, pre", response).text)


def test_the_groups_are_described_and_collapsed_and_nothing_is_requested_elsewhere(page, browser):
    groups = browser.find_elements(By.CSS_SELECTOR, ".opblock-tag-section")

    assert browser.find_elements(By.CSS_SELECTOR, ".opblock") == []
    assert [group.text for group in groups if "\n" not in group.text] == []
    assert errors_of(browser) == []
    assert_nothing_was_requested_elsewhere(page)


@pytest.mark.nightly  # Swagger UI spends 20 s of CPU on an operation
def test_a_user_can_sign_in_once_and_execute_an_operation_after_a_reload(page, server, browser):
    admin = next(user for user in server.users if user.role == "admin")

    page.sign_in(admin.user_name, "wrong")
    assert page.status("wrong") == "The user name or the password is wrong."
    page.sign_in(admin.user_name, admin.password)
    assert page.status("Signed in").startswith(f"Signed in as {admin.user_name} until ")
    browser.refresh()
    assert page.status("Signed in")
    status, students = page.execute("students", "get_students")

    assert status == 200
    assert len(students["items"]) == 20
    assert_nothing_was_requested_elsewhere(page)
    (wrong_password,) = errors_of(browser)
    assert "/v1/tokens" in wrong_password


@pytest.mark.nightly
def test_nothing_remains_after_signing_out(page, server, browser, dba):
    admin = next(user for user in server.users if user.role == "admin")
    page.sign_in(admin.user_name, admin.password)
    page.status("Signed in")
    assert query(dba, IS_NEWEST_SESSION_REVOKED) == ((1,),)

    page.click("#sign-out")
    browser.refresh()

    assert page.find("#user")
    assert "eyJ" not in browser.execute_script("return JSON.stringify(localStorage)")


@pytest.mark.nightly
def test_groups_are_filtered_and_names_are_chosen_from_a_list(page, browser):
    page.find(".operation-filter-input").send_keys("students")
    page.until(lambda: len(browser.find_elements(By.CSS_SELECTOR, ".opblock-tag-section")) == 1)
    page.open("students", "get_students")
    options = browser.find_elements(By.CSS_SELECTOR, "tr[data-param-name='sort'] option")

    assert {option.text for option in options} >= {"last_name", "-last_name"}


@pytest.mark.nightly
def test_a_phone_shows_an_operation_without_horizontal_scrolling(page, browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True},
    )
    page.open("students", "get_students")

    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
