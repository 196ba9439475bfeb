"""`hotstars init`: make or upgrade the warehouse file."""

from __future__ import annotations

import typer


def init(
    revision: str = typer.Option("head", help="Alembic revision to go to; `head` is the newest."),
) -> None:
    """Make the warehouse of HOTSTARS_HOME, or bring its raw layer to the newest revision.

    Example: HOTSTARS_HOME=~/hotstars hotstars init
    """
    from warehouse.home import current_home
    from warehouse.migrate import upgrade

    database = current_home().database
    fresh = not database.exists()
    now = upgrade(database, revision)
    typer.echo(f"{database}: {'made' if fresh else 'is'} at revision {now}")
