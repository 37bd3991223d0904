"""HAProxy with the configuration in `deploy/`, on another port and without TLS."""

import re
from contextlib import contextmanager

from tests.faults.haproxy import HAProxy
from tests.support.proxies import HAPROXY


def configuration():
    """Return the documented text as a template with {port} and {target}."""
    text = HAPROXY.read_text().replace("{", "{{").replace("}", "}}")
    text = re.sub(r"^frontend plain\n.*?\n\n", "", text, count=1, flags=re.MULTILINE | re.DOTALL)
    text, binds = re.subn(r"^( +bind) .*$", r"\1 127.0.0.1:{port}", text, flags=re.MULTILINE)
    assert binds == 1, f"{HAPROXY} must contain one bind besides the redirect's"
    return text.replace("127.0.0.1:8000", "127.0.0.1:{target}")


@contextmanager
def documented_proxy(target):
    """Run HAProxy in front of the service; yield its port."""
    with HAProxy(target, configuration=configuration()) as proxy:
        yield proxy.port
