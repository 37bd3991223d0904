"""Owners: the tables whose rows decide who may see and change the rows of a new resource."""

from dataclasses import dataclass

YES, HIDDEN, FORBIDDEN, MISSING = "yes", "404", "403", "409"
NOT_SHOWN = "not shown"
Cells = tuple[str, str, str, str, str]  # admin; staff, own and others'; students, own and others'


@dataclass(frozen=True)
class Access:
    """The cells of docs/permissions.md for each operation, and the rules that they follow.

    `scope` says which rows staff may change. `rules` are the conditions for a caller's own rows,
    in Python, by role: for `OWNED` in tests/resources/test_permissions.py.
    """

    listing: Cells
    reading: Cells
    creating: Cells
    changing: Cells
    scope: str = ""
    rules: tuple[tuple[str, str], ...] = ()

    @property
    def readers(self) -> str:
        """The constant in app/http/caller.py for those who may read."""
        return "STAFF" if self.listing[3] == FORBIDDEN else "ANY_ROLE"

    @property
    def writers(self) -> str:
        """The constant for those who may write."""
        return "ADMIN" if self.creating[1] == FORBIDDEN else "STAFF"

    @property
    def hides_references(self) -> bool:
        """Whether a body may refer to a row that the caller does not see."""
        return self.creating[2] == MISSING


EVERYBODY: Cells = (YES, YES, YES, YES, YES)
ADMINISTRATORS: Cells = (YES, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN)
STAFF_OF_OWN: Cells = (YES, YES, FORBIDDEN, FORBIDDEN, FORBIDDEN)
STAFF_OF_VISIBLE: Cells = (YES, YES, HIDDEN, FORBIDDEN, FORBIDDEN)
STAFF_OF_FOUND: Cells = (YES, YES, MISSING, FORBIDDEN, FORBIDDEN)
STAFF_LIST: Cells = (YES, YES, NOT_SHOWN, FORBIDDEN, FORBIDDEN)

PUBLIC = Access(EVERYBODY, EVERYBODY, ADMINISTRATORS, ADMINISTRATORS)
# By table. Each has a template of its rules in templates/owners/.
OWNERS = {
    "campus": Access(
        STAFF_LIST, STAFF_OF_VISIBLE, STAFF_OF_OWN, STAFF_OF_VISIBLE,
        "of their own campus", (("staff", '"campus_id = %(campus_id)s"'),),
    ),
    "course": Access(
        EVERYBODY, EVERYBODY, STAFF_OF_OWN, STAFF_OF_OWN,
        "of courses they teach", (("staff", 'f"course_id IN ({TAUGHT})"'),),
    ),
    "staff": Access(
        STAFF_LIST, STAFF_OF_VISIBLE, STAFF_OF_FOUND, STAFF_OF_VISIBLE,
        "of their own", (("staff", '"staff_id = %(staff_id)s"'),),
    ),
    "student": Access(
        (YES, YES, NOT_SHOWN, YES, NOT_SHOWN), (YES, YES, HIDDEN, YES, HIDDEN),
        STAFF_OF_FOUND, STAFF_OF_VISIBLE, "of students of their own campus",
        (("staff", 'f"student_id IN ({OF_CAMPUS})"'), ("student", '"student_id = %(student_id)s"')),
    ),
}  # fmt: skip
