"""`hotstars check`: the catalogues of a simulated survey against its truth."""

from __future__ import annotations

import typer


def check() -> None:
    """Compare the catalogues of the simulated survey with what was put in.

    Example: hotstars check
    """
    import duckdb

    from hotstars.checks.recovery import print_all
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    database = current_home().database
    with connect(database, read_only=True) as connection:
        try:
            print_all(connection)
        except duckdb.CatalogException as error:
            raise WarehouseError(
                f"{database}: no catalogues of a simulated survey here; run `hotstars demo`"
            ) from error
    typer.echo("Truth is schema truth; no catalogue reads it.")
