"""`hotstars report`: the verb."""

from __future__ import annotations

import json
from pathlib import Path

import typer


def report(
    out: Path = typer.Option(None, help="Folder; HOTSTARS_HOME/report by default."),
    most: int = typer.Option(None, min=0, help="Pages of stars at most; all by default."),
    lineage: bool = typer.Option(
        True, help="Make dbt's documentation of all tables and columns, and link it."
    ),
    scorecard: bool = typer.Option(
        True, help="Compare the papers' printed numbers; half a minute the first time."
    ),
    workers: int = typer.Option(None, min=1, help="Processes; one a core by default."),
) -> None:
    """Write a site of figures, tables and a page for each star; open its index.html from disk.

    Example: hotstars report --most 1000
    """
    from hotstars.project import check_built_by_this_version
    from hotstars.report.write import check_folder, write_report
    from hotstars.scorecard.whole import whole_scorecard
    from hotstars.verbs.build import dbt
    from warehouse.connection import connect
    from warehouse.export.rebuilds import rebuilds
    from warehouse.home import current_home

    home = current_home()
    folder = (out or home.report).expanduser().absolute()
    check_folder(folder)
    made = None
    with connect(home.database, must_exist=True, read_only=True) as connection:
        check_built_by_this_version(connection)
    docs = ["--quiet", "docs", "generate", "--static"]
    given = rebuilds(home.dbt_target).last.get("args", {}).get("vars")
    if given:  # descriptions name them
        docs += ["--vars", given if isinstance(given, str) else json.dumps(given)]
    if lineage and dbt(*docs) == 0:
        made = home.dbt_target / "static_index.html"
    scores = whole_scorecard(home) if scorecard else []
    written = write_report(
        home,
        folder,
        most=most,
        lineage=made if made is not None and made.exists() else None,
        scores=scores,
        workers=workers,
        say=lambda line: typer.echo(line, err=True),
    )
    typer.echo(str(written))
