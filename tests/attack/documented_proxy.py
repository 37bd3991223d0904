"""HAProxy with the configuration of docs/deployment.md, on another port."""

import re
from contextlib import contextmanager

from tests.faults.haproxy import HAProxy
from tests.support.service import PROJECT

DOCUMENT = "docs/deployment.md"
FRONTEND = """
frontend clients
    bind :443
    default_backend students
"""


def configuration():
    """Return the documented text as a template with {port} and {target}."""
    text = PROJECT.joinpath(DOCUMENT).read_text().partition("## Behind a proxy")[2]
    block = re.search(r"^HAProxy:$.*?^```\w*$(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]
    if not re.search(r"^ +bind ", block, re.MULTILINE):
        block += FRONTEND
    block = block.replace("{", "{{").replace("}", "}}")
    block = re.sub(r"^( +bind) .*$", r"\1 127.0.0.1:{port}", block, flags=re.MULTILINE)
    return block.replace("127.0.0.1:8000", "127.0.0.1:{target}")


@contextmanager
def documented_proxy(target):
    """Run HAProxy in front of the service; yield its port."""
    with HAProxy(target, configuration=configuration()) as proxy:
        yield proxy.port
