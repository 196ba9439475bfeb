"""The `hotstars` command: its verbs, and how its errors reach a person."""

from __future__ import annotations

import sys

import typer

from hotstars import build, check, demo, export, ingest, init, inspect, simulate, sql, status
from warehouse import __version__
from warehouse.connection import WarehouseError

app = typer.Typer(
    name="hotstars",
    help="A catalogue warehouse for hot stars: survey spectra in, publishable tables out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"hotstars {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Take the options that every verb shares."""


app.command("init")(init.init)
app.command("simulate")(simulate.simulate)
app.command("ingest")(ingest.ingest)
app.command("inspect")(inspect.inspect)
app.command("sql")(sql.sql)
app.command("build", context_settings={"ignore_unknown_options": True})(build.build)
app.command("check")(check.check)
app.command("export")(export.export)
app.command("status")(status.status)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command line; an error that a person can act on is one line, without a trace."""
    try:
        app()
    except WarehouseError as error:
        print(f"hotstars: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("hotstars: stopped; what was committed stays, run it again to go on", file=sys.stderr)
        raise SystemExit(130) from None
