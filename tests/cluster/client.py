"""HTTP requests to the service, and a record of every response."""

import base64
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60
SUCCESSES = {200, 201, 204, 207}
# Not a failure: the precondition of a conditional update did not hold.
CONFLICTS = {412}
NO_RESPONSE = 0


@dataclass(frozen=True, slots=True)
class Response:
    """One response; `problem` is the last part of its problem type."""

    kind: str
    status: int
    problem: str
    sent_at: float
    seconds: float
    headers: Mapping[str, str]
    body: bytes

    @property
    def received_at(self):
        return self.sent_at + self.seconds

    @property
    def is_success(self):
        return self.status in SUCCESSES

    @property
    def is_failure(self):
        return self.status not in SUCCESSES | CONFLICTS

    @property
    def label(self):
        """The status and the problem, such as "503 outcome-unknown"."""
        return f"{self.status or 'no response'} {self.problem}".strip()

    @property
    def told(self):
        """What the client may conclude: "stored", "not stored" or "unknown"."""
        if self.is_success:
            return "stored"
        if self.status in {NO_RESPONSE, 502, 504} or self.problem in {
            "outcome-unknown",
            "not-json",
        }:
            return "unknown"
        return "not stored"

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Sends requests on new connections; `responses` has all of them."""

    def __init__(self, url, user):
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._user = user
        self._lock = threading.Lock()
        self.responses = []
        self.token = None

    def sign_in(self):
        account = f"{self._user['user_name']}:{self._user['password']}".encode()
        basic = {"Authorization": f"Basic {base64.b64encode(account).decode()}"}
        response = self.send("sign-in", "POST", "/v1/tokens", headers=basic)
        assert response.status == 201, response
        self.token = response.json["access_token"]
        self.responses.clear()
        return self

    def send(self, kind, method, path, body=None, headers=None):
        """Send one request; an error of the connection becomes a response with status 0."""
        sent_at = time.monotonic()
        try:
            status, received, content = self._exchange(method, path, body, headers or {})
        except (OSError, HTTPException) as error:
            status, received, content = NO_RESPONSE, {}, type(error).__name__.encode()
        response = Response(
            kind,
            status,
            _problem(status, content),
            sent_at,
            time.monotonic() - sent_at,
            received,
            content,
        )
        with self._lock:
            self.responses.append(response)
        return response

    def _exchange(self, method, path, body, headers):
        connection = HTTPConnection(*self._address, timeout=TIMEOUT_SECONDS)
        sent = {"Connection": "close", **headers}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return response.status, names, response.read()
        finally:
            connection.close()


def _problem(status, content):
    if status == NO_RESPONSE:
        return content.decode()
    if status < 400:
        return ""
    try:
        return json.loads(content).get("type", "").rpartition(":")[2]
    except ValueError:
        return "not-json"
