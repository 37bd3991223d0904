"""Signs in and creates, reads, changes, deletes and lists students: openapi-generator's client."""

import sys

from openapi_client import ApiClient, Configuration, StudentsApi, TokensApi
from openapi_client.exceptions import NotFoundException
from openapi_client.models import AddressPatch, StudentBody, StudentPatch

url, user_name, password, student = sys.argv[1:]
with ApiClient(Configuration(host=url, username=user_name, password=password)) as signing_in:
    pair = TokensApi(signing_in).post_tokens()

with ApiClient(Configuration(host=url, access_token=pair.access_token)) as client:
    students = StudentsApi(client)
    created = students.post_students_with_http_info(StudentBody.from_json(student))
    key = created.data.student_id
    assert created.headers["Location"] == f"/v1/students/{key}"

    read = students.get_student_with_http_info(key)
    assert read.data == created.data

    changes = StudentPatch(last_name="Changed", address=AddressPatch(phone="+1 555 0199"))
    changed = students.patch_student_with_http_info(key, read.headers["ETag"], changes)
    assert (changed.data.last_name, changed.data.email) == ("Changed", created.data.email)
    assert changed.data.address.phone == "+1 555 0199"

    page = students.get_students(limit=2)
    assert len(page.items) == 2
    assert "cursor=" in page.next

    students.delete_student(key, changed.headers["ETag"])
    try:
        students.get_student(key)
    except NotFoundException as error:
        assert error.data.status == 404  # noqa: PT017
    else:
        raise AssertionError("the student still exists")
