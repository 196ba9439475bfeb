"""The `hotstars` command: its verbs, and how its errors reach a person."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer
from duckdb import CatalogException, InterruptException

from hotstars.verbs import (
    build,
    check,
    check_apogee,
    check_distances,
    check_slam,
    demo,
    diff,
    explain,
    export,
    ingest,
    init,
    inspect,
    publish,
    report,
    review,
    schema,
    scorecard,
    simulate,
    sql,
    status,
    train,
)
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


class StoppedError(Exception):
    """Someone pressed Ctrl-C; typer would turn KeyboardInterrupt into a bare "Aborted"."""


def _stoppable(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Return the verb with its signature; Ctrl-C in it, or in a query of it, is StoppedError."""

    @wraps(verb)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return verb(*arguments, **options)
        except KeyboardInterrupt:
            raise StoppedError from None
        except (RuntimeError, InterruptException) as error:  # what DuckDB makes of it in a query
            if "interrupted" in str(error).lower():
                raise StoppedError from None
            raise

    return run


app.command("init")(_stoppable(init.init))
app.command("simulate")(_stoppable(simulate.simulate))
app.command("ingest")(_stoppable(ingest.ingest))
app.command("inspect")(_stoppable(inspect.inspect))
app.command("sql")(_stoppable(sql.sql))
app.command("build", context_settings={"ignore_unknown_options": True})(_stoppable(build.build))
app.command("check")(_stoppable(check.check))
app.command("check-slam")(_stoppable(check_slam.check_slam))
app.command("check-apogee")(_stoppable(check_apogee.check_apogee))
app.command("check-distances")(_stoppable(check_distances.check_distances))
app.command("diff")(_stoppable(diff.diff))
app.command("explain")(_stoppable(explain.explain))
app.command("export")(_stoppable(export.export))
app.command("publish")(_stoppable(publish.publish))
app.command("report")(_stoppable(report.report))
app.command("schema")(_stoppable(schema.schema))
app.command("scorecard")(_stoppable(scorecard.scorecard))
app.command("status")(_stoppable(status.status))
models = typer.Typer(help=train.HELP, no_args_is_help=True)
models.command("be-classifier")(_stoppable(train.be_classifier))
models.command("slam")(_stoppable(train.slam))
models.command("absolute-magnitude")(_stoppable(train.absolute_magnitude))
models.command("apogee-net")(_stoppable(train.apogee_net))
app.add_typer(models, name="train")
reviews = typer.Typer(help=review.HELP, no_args_is_help=True)
reviews.command("export")(_stoppable(review.export))
reviews.command("import")(_stoppable(review.import_))
reviews.command("status")(_stoppable(review.status))
app.add_typer(reviews, name="review")
app.command("demo")(_stoppable(demo.demo))


def main() -> None:
    """Run the command line; an error that a person can act on is one line, without a trace."""
    try:
        app()
    except WarehouseError as error:
        print(f"hotstars: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except CatalogException as error:
        # a table or column that a later version of this program has added
        print(
            f"hotstars: {str(error).splitlines()[0]}; the warehouse is of another version: "
            "`hotstars init` brings it up to date, `hotstars build` its catalogues",
            file=sys.stderr,
        )
        raise SystemExit(1) from None
    except StoppedError:
        print("hotstars: stopped; what was committed stays, run it again to go on", file=sys.stderr)
        raise SystemExit(130) from None
