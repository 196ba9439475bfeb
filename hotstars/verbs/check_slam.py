"""`hotstars check-slam`: the checks of Guo et al. (2021) on model spectra and on the catalogues."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hotstars.checks.slam_marts import (
    LABELS,
    catalogues,
    mart_tables,
)
from hotstars.verbs.train import Generator, Survey

if TYPE_CHECKING:
    from hotstars.checks.slam_scores import Scores

#: Spectra that sections 3.3 cross-validates.
SPECTRA = {"LRS": 1000, "MRS": 5000}


def slam(
    resolution: Survey = typer.Option("both", help="Low or medium resolution, or both."),
    sizes: str = typer.Option(
        "1000,5000", help="Training spectra to compare, with commas; '' leaves this check out."
    ),
    spectra: int = typer.Option(
        None, min=50, help="Spectra to cross-validate; 1,000 (lrs) and 5,000 (mrs) by default."
    ),
    stars: int = typer.Option(
        500, min=20, help="Spectra whose labels are found, at each S/N and size."
    ),
    folds: int = typer.Option(5, min=0, help="Of the cross-validation; 0 leaves this check out."),
    generator: Generator = typer.Option(
        "kernel_ridge", help="kernel_ridge, or svr: half an hour and more for each training."
    ),
    as_observed: bool = typer.Option(
        False,
        help="Rectify model spectra and mask pixels as for stars; the paper's check does not.",
    ),
    least_snr: float = typer.Option(
        100.0, min=0.0, help="Of spectra that LRS and MRS are compared with; 100 as published."
    ),
    seed: int = typer.Option(1, min=0, help="Of the training spectra."),
    out: Path = typer.Option(None, help="Folder for PNGs; none are drawn without it."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of tables."),
) -> None:
    """Check SLAM on model spectra, and its catalogues against each other and the truth.

    On model spectra: scatter and bias against S/N by cross-validation, and for training sets of
    several sizes. In the warehouse, where the catalogues are built: low against medium
    resolution, the Kiel diagram, simulated stars against their truth. The grid is the real one
    where it is loaded, else the simulated one. Scores on model spectra are kept for `hotstars
    report`.

    Example: hotstars check-slam --resolution lrs --out figures
    """
    import duckdb

    from hotstars.checks.kept_scores import keep_scores
    from hotstars.checks.slam import cross_validated, draw, model_grid, sized, tables
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    try:
        compared = [int(size) for size in sizes.split(",") if size.strip()]
    except ValueError as error:
        raise WarehouseError(
            f"--sizes {sizes}: numbers with commas between, as 1000,5000"
        ) from error
    if compared and min(compared) < 50:
        raise WarehouseError(f"--sizes {sizes}: fewer than 50 spectra teach nothing")
    if folds == 1:
        raise WarehouseError("--folds 1: nothing would be left to learn from; 2 and more, or 0")
    surveys = ("LRS", "MRS") if resolution is Survey.both else (resolution.value.upper(),)
    scores: list[Scores] = []
    with connect(current_home().database, must_exist=True, read_only=True) as connection:
        for survey in surveys if folds or compared else ():
            grid = model_grid(connection, survey, _say)
            if folds:
                n = spectra or SPECTRA[survey]
                scores += cross_validated(
                    grid, survey, n, folds, stars,
                    kind=generator.value, seed=seed, as_observed=as_observed, say=_say,
                )  # fmt: skip
            scores += sized(
                grid, survey, compared, stars,
                kind=generator.value, seed=seed, as_observed=as_observed, say=_say,
            )  # fmt: skip
        keep_scores(current_home(), scores)
        try:
            connection.sql(LABELS)
            built = True
        except duckdb.CatalogException:
            _say("no catalogues of SLAM here: `hotstars train slam`, then `hotstars build`")
            built = False
        found = catalogues(connection, least_snr) if built else {}
        if as_json:
            typer.echo(
                json.dumps(
                    {"model_spectra": [item.to_dict() for item in scores], **found}, indent=1
                )
            )
        else:
            typer.echo("\n".join([*tables(scores), *mart_tables(found)]))
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            for path in draw(connection, scores, out, least_snr, built):
                _say(f"{path}")


def _say(line: str) -> None:
    typer.echo(line, err=True)


check_slam = slam
