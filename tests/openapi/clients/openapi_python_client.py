"""Signs in and creates, reads, changes, deletes and lists students: openapi-python-client."""

import json
import sys

import httpx
from generated import AuthenticatedClient, Client
from generated.api.students import (
    delete_student,
    get_student,
    get_students,
    patch_student,
    post_students,
)
from generated.api.tokens import post_tokens
from generated.models import AddressPatch, Problem, StudentBody, StudentPatch

url, user_name, password, student = sys.argv[1:]
signing_in = Client(base_url=url, httpx_args={"auth": httpx.BasicAuth(user_name, password)})
pair = post_tokens.sync(client=signing_in)

client = AuthenticatedClient(base_url=url, token=pair.access_token, raise_on_unexpected_status=True)
created = post_students.sync_detailed(
    client=client, body=StudentBody.from_dict(json.loads(student))
)
key = created.parsed.student_id
assert created.headers["Location"] == f"/v1/students/{key}"

read = get_student.sync_detailed(key, client=client)
assert read.parsed == created.parsed

changes = StudentPatch(last_name="Changed", address=AddressPatch(phone="+1 555 0199"))
changed = patch_student.sync_detailed(
    key, client=client, body=changes, if_match=read.headers["ETag"]
)
assert (changed.parsed.last_name, changed.parsed.email) == ("Changed", created.parsed.email)
assert changed.parsed.address.phone == "+1 555 0199"

page = get_students.sync(client=client, limit=2)
assert len(page.items) == 2
assert "cursor=" in page.next_

deleted = delete_student.sync_detailed(key, client=client, if_match=changed.headers["ETag"])
assert deleted.status_code == 204
missing = get_student.sync(key, client=client)
assert isinstance(missing, Problem)
assert missing.status == 404
