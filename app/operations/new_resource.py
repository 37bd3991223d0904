"""`flask new-resource`: generate the code of a new resource.

The generator is in `dev/new_resource`, which is not part of the image: it edits the source code.
"""

from importlib import import_module
from importlib.util import find_spec

import click
from flask import Flask

GENERATOR = "dev.new_resource.command"


def register(app: Flask) -> None:
    """Register the command."""

    @app.cli.command(
        "new-resource",
        short_help="Generate the code of a new resource.",
        add_help_option=False,  # the generator prints it
        context_settings={"ignore_unknown_options": True},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def new_resource(arguments: tuple[str, ...]) -> None:
        if find_spec("dev") is None:
            raise click.ClickException("this command requires a checkout of the source code")
        import_module(GENERATOR).new_resource.main(arguments, prog_name="flask new-resource")
