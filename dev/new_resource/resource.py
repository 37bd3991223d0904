"""A new resource: its names, columns and rules, checked as a whole."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from dev.new_resource.columns import SAMPLE_ROWS, Column, Link, parse
from dev.new_resource.names import Names
from dev.new_resource.owners import OWNERS, PUBLIC, Access
from dev.new_resource.project import Project
from dev.new_resource.types import MIN_LENGTH_FOR_WORDS
from dev.system_packages import Stop


@dataclass(frozen=True)
class Resource:
    """What the templates are filled with."""

    names: Names
    columns: list[Column]
    links: list[Link]

    @classmethod
    def of(cls, name: str, plural: str, specifications: list[str], project: Project) -> "Resource":
        """Return a resource that can be generated; raise `Stop` with all reasons if it cannot."""
        names = Names.of(name, plural)
        if problems := names.problems():
            raise Stop("; ".join(problems))
        resource = cls.parse(names, specifications, project)
        problems = [
            *project.problems(names.name, names.names, names.classes),
            *resource.problems(),
        ]
        if problems:
            raise Stop("; ".join(problems))
        return resource

    @classmethod
    def parse(cls, names: Names, specifications: list[str], project: Project) -> "Resource":
        """Return the resource; raise `Stop` for a column that is not valid by itself."""
        parsed = [parse(it, project) for it in specifications]
        columns = [it for it in parsed if isinstance(it, Column)]
        return cls(names, columns, [it for it in parsed if isinstance(it, Link)])

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.names.name

    @property
    def key(self) -> str:
        """The primary key."""
        return f"{self.name}_id"

    @property
    def owner(self) -> Column | None:
        """The reference that decides who may see and change a row."""
        return next((it for it in self.columns if it.is_owner), None)

    @property
    def access(self) -> Access:
        """Who may do what."""
        return OWNERS[self.owner.table.name] if self.owner and self.owner.table else PUBLIC

    @property
    def changeable(self) -> list[Column]:
        """The columns that PUT and PATCH can change: not the owner."""
        return [it for it in self.columns if not it.is_owner]

    @property
    def references(self) -> list[Column]:
        """The columns with a foreign key."""
        return [it for it in self.columns if it.table]

    @property
    def searched(self) -> Column | None:
        """The column that `q` searches: the first one of the type str."""
        return next((it for it in self.columns if it.kind.name == "str"), None)

    @property
    def sortable(self) -> list[Column]:
        """The columns to sort by: unique ones, times, and the one that is searched."""
        return [it for it in self.columns if it.is_sortable or self._is_sortable_text(it)]

    @property
    def indexed(self) -> list[Column]:
        """The columns that have an index for a sort order only."""
        return [it for it in self.sortable if not it.is_unique]

    @property
    def embeds(self) -> list[Column]:
        """The references whose rows can be embedded."""
        return [it for it in self.references if it.embed]

    @property
    def test_values(self) -> list[Column]:
        """The columns that need an entry in `FRESH`: two bodies of the tests must differ."""
        others = [it for it in self.changeable if it.kind.test_value(it.size)]
        unique = [it for it in others if it.is_unique]
        has_text = any(it.is_text for it in self.changeable)
        return unique if unique or has_text else others[:1]

    @property
    def imports(self) -> set[str]:
        """The modules of app/resources that it imports."""
        owner = {self.owner.table.package} if self.owner and self.owner.table else set()
        return owner | ({"summaries"} if self.embeds else set())

    @property
    def sample_rows(self) -> int:
        """The number of rows in the sample data, unless each student has one."""
        return max([SAMPLE_ROWS, *(it.parents for it in self.references)])

    def link_table(self, link: Link) -> str:
        """Return the name of the table of links."""
        return f"{self.name}_{link.table.name}"

    def problems(self) -> list[str]:
        """Return why the columns cannot be combined."""
        keys = [f"{it.table.name}_id" for it in self.links]
        names = Counter([*(it.name for it in self.columns), *keys])
        found = [f"the column {it} occurs twice" for it, count in names.items() if count > 1]
        if self.key in names:
            found.append(f"{self.name}:ref would refer to the resource itself")
        if not any(it.is_text for it in self.changeable) and not self.test_values:
            found.append(
                "a resource needs a column besides bool, enum and ref, so that the tests can tell"
                " two rows apart"
            )
        return [*found, *self._owner_problems(), *self._link_problems()]

    def _owner_problems(self) -> Iterator[str]:
        owners = [it.table.name for it in self.columns if it.is_owner and it.table]
        if len(owners) > 1:
            yield "only one column can be the owner"
        for name in owners:
            if name not in OWNERS:
                yield f"{name} cannot be the owner; use one of {', '.join(OWNERS)}"
        for it in self.references:
            if it.table and not it.table.is_public and not it.is_owner:
                yield (
                    f"{it.table.name}:ref refers to rows that not everyone may see: use "
                    f"{it.table.name}:ref:owner, or see app/resources/enrollments"
                )
        if owners == ["student"]:
            for it in self.columns:
                few = it.kind.name not in {"int", "email", "str"}
                if it.is_unique and (few or int(it.size or 99) < MIN_LENGTH_FOR_WORDS):
                    yield (
                        f"column {it.name!r} has too few values for one row for each student:"
                        f" use int, email or str of at least {MIN_LENGTH_FOR_WORDS} characters"
                    )

    def _link_problems(self) -> Iterator[str]:
        for link in self.links:
            if self.owner:
                yield "a resource with an owner cannot have links: add them by hand"
            if "_" in self.link_table(link).replace("_", "", 1):
                yield f"{link.table.name}:link requires two names without underscores"
            if not link.table.is_public:
                yield f"{link.table.name}:link: not everyone may see its rows"

    def _is_sortable_text(self, column: Column) -> bool:
        return column == self.searched and column.fits_in_a_cursor
