"""`hotstars check-apogee`: labels of near-infrared spectra against truth and spectral types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer


def check_apogee(
    out: Path = typer.Option(None, help="Folder for PNGs; none are drawn without it."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of tables."),
) -> None:
    """Check `apogee_labels`: simulated stars against their truth, hot stars against their types.

    Stars that taught the network are left out.

    Example: hotstars check-apogee --out figures
    """
    import duckdb

    from hotstars.checks.apogee import (
        against_truth,
        against_types,
        draw,
        read_checked,
        unseen_stars,
    )
    from hotstars.rows import lines_of
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    home = current_home()
    with connect(home.database, must_exist=True, read_only=True) as connection:
        try:
            stars = read_checked(connection)
        except duckdb.CatalogException as error:
            raise WarehouseError("no marts.apogee_labels here; run `hotstars build`") from error
    if not len(stars["apogee_id"]):
        raise WarehouseError(
            "marts.apogee_labels is empty: ingest apStar files, `hotstars train apogee-net`, and "
            "`hotstars build`"
        )
    unseen = unseen_stars(home.models, stars)
    stars = {name: values[unseen] for name, values in stars.items()}
    found: dict[str, Any] = {
        "models": sorted({str(name) for name in stars["apogee_model"]}),
        "n_stars": int(unseen.sum()),
        "against_truth": against_truth(stars),
        "against_types": against_types(stars),
    }
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        typer.echo(
            "\n".join(
                [
                    f"apogee_labels: {found['n_stars']:,d} stars that did not teach the network "
                    f"({', '.join(found['models'])})",
                    "",
                    "SIMULATED stars, found minus true by true Teff: scatter (1.48 median absolute "
                    "deviation), median, and width of the pulls",
                    *lines_of(found["against_truth"]),
                    "",
                    "hot stars, log Teff found minus that of their spectral type (figure 7)",
                    *lines_of(found["against_types"]),
                ]
            )
        )
    if out is not None:
        for path in draw(home.models, stars, out):
            typer.echo(str(path), err=True)
