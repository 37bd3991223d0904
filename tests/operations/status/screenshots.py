"""Make the pictures of the status page in the documents.

    python -m tests.operations.status.screenshots

Runs a service with two workers on a private server, sends it requests for a minute, kills all
its connections, and writes docs/images/status-*.png.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from tempfile import TemporaryDirectory
from threading import Event

import httpx

from tests.support.browser import Page, chromium
from tests.support.database import kill_all
from tests.support.server import start_server
from tests.support.service import PROJECT, serving

IMAGES = PROJECT / "docs/images"
SECONDS = 60
# Name: width, height and color scheme.
PICTURES = {
    "status-light": (1600, 1320, "light"),
    "status-dark": (1600, 1320, "dark"),
    "status-phone": (390, 844, "light"),
}
PATHS = ("/?city=London", "/?city=Paris", "/?city=Tokyo", "/?city=Oslo", "/?city=Xyz")


def main():
    with start_server() as server, TemporaryDirectory() as folder:
        url = server.create_sample_database()
        admin = next(user for user in server.users if user.role == "admin")
        with serving(url, WEB_CONCURRENCY=2, THREADS=4) as service, chromium(folder) as browser:
            browser.get(f"{service.client.base_url}/status/")
            page = Page(browser)
            page.sign_in(admin.user_name, admin.password)
            with traffic(service):
                time.sleep(SECONDS / 2)
                with closing(server.connect()) as dba:
                    kill_all(dba, url)
                time.sleep(SECONDS / 2)
                page.find("#closed tr")
                for name, (width, height, scheme) in PICTURES.items():
                    emulate(browser, width, height, scheme)
                    browser.save_screenshot(str(IMAGES / f"{name}.png"))


@contextmanager
def traffic(service):
    """Send requests at a varying rate until the end of the block."""
    end = Event()

    def client(seed):
        chance = random.Random(seed)
        with httpx.Client(
            base_url=service.client.base_url, timeout=60, trust_env=False, verify=False
        ) as connection:
            while not end.is_set():
                connection.get(chance.choice(PATHS))
                end.wait(chance.expovariate(8))

    with ThreadPoolExecutor(3) as pool:
        for seed in range(3):
            pool.submit(client, seed)
        try:
            yield
        finally:
            end.set()


def emulate(browser, width, height, scheme):
    """Show the page in a window of this size and in this color scheme."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 640},
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    time.sleep(1.5)  # the charts are drawn once a second


if __name__ == "__main__":
    main()
