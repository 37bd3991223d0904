"""The documented HAProxy and nginx configuration in front of a service.

The files in `deploy/` are used unchanged except for addresses and the paths of the certificate.
"""

import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dev.keep import free_port
from dev.launch import launch
from dev.system_packages import find_program
from tests.support.certificates import Authority
from tests.support.service import PROJECT

START_SECONDS = 20
WHY = "a test runs the documented proxies"
HAPROXY = PROJECT / "deploy/haproxy/haproxy.cfg"
NGINX = PROJECT / "deploy/nginx/service.conf"
# The main configuration of nginx, which every distribution has.
NGINX_MAIN = """
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    {temporary}
    include {folder}/site.conf;
}}
"""
NGINX_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Proxy:
    """A running proxy: clients connect to `port` with TLS, and to `plain_port` without."""

    def __init__(self, upstream, folder):
        self.port, self.plain_port = free_port(), free_port()
        self.log = folder / "log"
        certificate, key = Authority("proxy").issue("127.0.0.1")
        (folder / "service.crt").write_bytes(certificate)
        (folder / "service.key").write_bytes(key)
        (folder / "service.pem").write_bytes(certificate + key)
        self.replacements = {
            "0.0.0.0:443": f"127.0.0.1:{self.port}",
            "0.0.0.0:80": f"127.0.0.1:{self.plain_port}",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        }

    def configuration(self, source, certificates, folder):
        """Return the text of a file of `deploy/` with these addresses and certificates."""
        text = source.read_text()
        for old, new in {
            **self.replacements,
            **{certificate: f"{folder}/{Path(certificate).name}" for certificate in certificates},
        }.items():
            assert text.count(old) == 1, f"{source} must contain {old} exactly once"
            text = text.replace(old, new)
        return text

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _haproxy(proxy, folder):
    file = folder / "haproxy.cfg"
    file.write_text(proxy.configuration(HAPROXY, ["/etc/haproxy/service.pem"], folder))
    return [find_program("haproxy", package="haproxy", why=WHY), "-db", "-f", str(file)]


def _nginx(proxy, folder):
    certificates = ["/etc/nginx/service.crt", "/etc/nginx/service.key"]
    (folder / "site.conf").write_text(proxy.configuration(NGINX, certificates, folder))
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in NGINX_TEMPORARY)
    (folder / "nginx.conf").write_text(NGINX_MAIN.format(folder=folder, temporary=temporary))
    program = find_program("nginx", package="nginx-light", why=WHY)
    return [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]


COMMANDS = {"haproxy": _haproxy, "nginx": _nginx}


@contextmanager
def proxied(upstream, name):
    """Run the documented proxy `name` in front of a port; yields a `Proxy`."""
    with TemporaryDirectory(prefix=f"{name}-") as path:
        folder = Path(path)
        folder.chmod(0o755)  # nginx's workers run as another user
        proxy = Proxy(upstream, folder)
        with proxy.log.open("wb") as log:
            process = launch(COMMANDS[name](proxy, folder), output=log)
        try:
            _wait(proxy, process)
            yield proxy
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(proxy, process):
    deadline = time.monotonic() + START_SECONDS
    while not proxy.listens():
        assert process.poll() is None, proxy.log.read_text()
        assert time.monotonic() < deadline, proxy.log.read_text()
        time.sleep(0.02)
