"""The command `flask new-resource`."""

from pathlib import Path

import click

from dev.new_resource.generate import generate
from dev.new_resource.project import Project
from dev.new_resource.resource import Resource
from dev.system_packages import Stop
from dev.write_files import Changes, write

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "book 'title:str(45) isbn:str(13):unique published:date? campus:ref'"
HELP = f"""Generate a resource: migration, package, URLs, permissions, sample rows, test entries.

NAME is the singular, such as book or library_book. Each column is NAME:TYPE; quote them, since the
shell interprets parentheses, ? and |.

\b
  {EXAMPLE}

\b
Types:
  str(N)          a line of up to N characters, 1 to 255
  text            several lines, up to 16,000 characters
  int             from -2,147,483,648 to 2,147,483,647
  decimal(P,S)    P digits, S of them after the point; a string in JSON
  bool            false if omitted
  date, datetime  RFC 3339
  email           up to 50 characters
  enum(A|B)       one of these words
  TABLE:ref       the key of a row of another resource, with a foreign key
  TABLE:link      a table of links to another resource, with PUT and DELETE for each

\b
After the type:
  ?               may be NULL and omitted
  :unique         a unique index (str, email, int, date, datetime)
  :owner          after ref: staff and students see and change the rows that belong to this campus,
                  course, member of staff or student; without it, everyone sees all rows, and
                  administrators change them

Nothing is written if anything is wrong, and existing files are only added to. Then run make test;
docs/adding-a-resource.md explains the result.
"""


@click.command("new-resource", help=HELP)
@click.argument("name")
@click.argument("columns", nargs=-1, required=True)
@click.option("--plural", default="", help="The plural, if it is not regular.")
@click.option("--dry-run", is_flag=True, help="List the files, and write nothing.")
def new_resource(name: str, columns: tuple[str, ...], plural: str, dry_run: bool) -> None:
    """Generate the resource, or print why it cannot be generated."""
    project = Project(ROOT)
    try:
        resource = Resource.of(name, plural, " ".join(columns).split(), project)
        changes = generate(resource, project)
        listed = _listed(changes)
        if not dry_run:
            write(changes)
    except (Stop, OSError) as error:
        raise click.ClickException(f"{error}; nothing was written") from None
    click.echo("\n".join(listed))
    if not dry_run:
        click.echo(
            "\nNext: review the changes with 'git diff', then run 'make schema-picture',"
            f"\n'make lint' and \"make test ARGS='tests/resources -k {resource.names.names}'\"."
        )


def _listed(changes: Changes) -> list[str]:
    action = {True: "change", False: "create"}
    return [f"{action[path.exists()]} {path.relative_to(ROOT)}" for path in changes]
