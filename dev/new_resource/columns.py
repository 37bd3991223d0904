"""The columns of a new resource: how they are written on the command line, in SQL and in Python."""

import re
from dataclasses import dataclass, field

from dev.new_resource.names import column_problems
from dev.new_resource.project import Project, Table
from dev.new_resource.types import KINDS, Kind
from dev.system_packages import Stop

SPECIFICATION = re.compile(
    r"(?P<name>\w+):(?P<kind>\w+)(?:\((?P<size>[^()]*)\))?(?P<optional>\?)?"
    r"(?P<flags>(?::(?:unique|owner))*)"
)
FORM = "NAME:TYPE, as in title:str(45), published:date? or isbn:str(13):unique"
MAX_SORTABLE = 128  # a cursor contains the value
SAMPLE_ROWS = 12


@dataclass(frozen=True)
class Column:
    """A column; `size` is the text in parentheses after its type."""

    name: str
    kind: Kind
    size: str = ""
    is_optional: bool = False
    is_unique: bool = False
    is_owner: bool = False
    table: Table | None = None
    line_type: bool = field(default=False, kw_only=True)

    @property
    def sql(self) -> str:
        """The definition in CREATE TABLE."""
        kind = self.table.key_type + " UNSIGNED" if self.table else self.kind.sql(self.size)
        default = "" if self.is_optional else " NOT NULL"
        if self.kind.default_sql and not self.is_optional:
            default += f" DEFAULT {self.kind.default_sql}"
        return f"{self.name} {kind}{default}"

    @property
    def words(self) -> str:
        """The name in a sentence."""
        return self.name.removesuffix("_id").replace("_", " ")

    @property
    def quoted(self) -> str:
        """The name as a string of Python."""
        return f'"{self.name}"'

    @property
    def bound(self) -> str:
        """The value in an SQL statement."""
        return f"%({self.name})s"

    @property
    def assignment(self) -> str:
        """The assignment in an UPDATE."""
        return f"{self.name} = {self.bound}"

    @property
    def answer_type(self) -> str:
        """The annotation in the response."""
        return self.kind.answer(self.size) + " | None" * self.is_optional

    @property
    def plain_body_type(self) -> str:
        """The annotation of a value in a request."""
        return self.table.body_type if self.table else self.kind.body(self.size)

    @property
    def body(self) -> str:
        """The declaration in the request body."""
        default = "None, " if self.is_optional else self.kind.default_body
        examples = f"examples=[{self.kind.example(self.words, self.size)!r}]"
        kind = self.plain_body_type + " | None" * self.is_optional
        return f"{self.name}: {kind} = Field({default}{examples})".replace("'", '"')

    @property
    def is_text(self) -> bool:
        """Whether the tests put another text into every body."""
        return self.kind.name in {"str", "text", "email"}

    @property
    def fits_in_a_cursor(self) -> bool:
        """Whether lists may be sorted by it, if it has an index: never NULL, and not long."""
        return not self.is_optional and (self.kind.name != "str" or int(self.size) <= MAX_SORTABLE)

    @property
    def is_sortable(self) -> bool:
        """Whether lists can be sorted by it, whatever the other columns are."""
        return self.fits_in_a_cursor and (self.is_unique or self.kind.name in {"date", "datetime"})

    @property
    def is_filter(self) -> bool:
        """Whether lists have a filter for its value."""
        return self.kind.name in {"ref", "enum", "bool"} or (
            self.is_unique and self.kind.name in {"str", "email"}
        )

    @property
    def embed(self) -> str:
        """The field that contains the row it refers to, empty if it cannot be embedded."""
        can = self.table and self.table.summary and not self.is_optional
        return self.table.name if self.table and can else ""

    def sample(self, number: str) -> str:
        """Return the Python expression of its value in the sample row with this number."""
        if self.is_owner and self.parents == 0:
            value = number
        elif self.table:
            value = f"({number} - 1) % {self.parents} + 1"
        else:
            value = self.kind.sample(self.words, self.size).replace("$", number)
        return f"None if {number} % 5 == 0 else {value}" if self.is_optional else value

    @property
    def parents(self) -> int:
        """How many rows of the table the sample rows refer to; 0 if each row has one of its own."""
        owned = {"student": 0, "course": 60}
        return owned.get(self.table.name, 5) if self.table and self.is_owner else 5


@dataclass(frozen=True)
class Link:
    """A table of links between the resource and another one."""

    table: Table


def parse(text: str, project: Project) -> Column | Link:
    """Return the column; raise `Stop` with what is wrong."""
    found = SPECIFICATION.fullmatch(text)
    if not found:
        raise Stop(f"column {text!r}: use {FORM}")
    name, flags = found["name"], set(found["flags"].split(":")[1:])
    optional = bool(found["optional"])
    if problems := column_problems(name):
        raise Stop(problems[0])
    if found["kind"] == "link":
        if flags or optional or found["size"] is not None:
            raise Stop(f"column {text!r}: a link has no options")
        return Link(project.table(name))
    if found["kind"] not in KINDS:
        raise Stop(f"column {text!r}: unknown type; use one of {', '.join([*KINDS, 'link'])}")
    kind = KINDS[found["kind"]]
    size = _size(text, kind, found["size"])
    for problem in _flag_problems(kind, size, flags, optional=optional):
        raise Stop(f"column {text!r}: {problem}")
    is_ref = kind.name == "ref"
    return Column(
        f"{name}_id" if is_ref else name, kind, size, optional, "unique" in flags,
        "owner" in flags, project.table(name) if is_ref else None,
        line_type=kind.name == "str" and project.has_line_type(int(size)),
    )  # fmt: skip


def _size(text: str, kind: Kind, given: str | None) -> str:
    """Return the size without spaces."""
    size = re.sub(r"\s", "", given or "")
    if not kind.allows(size):
        raise Stop(f"column {text!r}: use {kind.form}")
    return size


def _flag_problems(kind: Kind, size: str, flags: set[str], *, optional: bool) -> list[str]:
    found = []
    if "owner" in flags and (kind.name != "ref" or optional):
        found.append("only a ref that is not optional can be the owner")
    if "unique" in flags and not kind.can_be_unique:
        found.append(f"a column of the type {kind.name} cannot be unique here")
    if "unique" in flags and size == "1":
        found.append("the sample rows require at least 2 characters")
    return found
