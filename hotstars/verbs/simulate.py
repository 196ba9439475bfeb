"""`hotstars simulate`: a survey in the archives' own file formats."""

from __future__ import annotations

from pathlib import Path

import typer

#: Stars of the LAMOST survey for one of the near-infrared survey.
STARS_AN_APOGEE_STAR = 8


def simulate(
    stars: int = typer.Option(2500, min=1, help="Stars to draw."),
    seed: int = typer.Option(2022, min=0, help="The same seed gives the same files."),
    out: Path = typer.Option(None, help="Folder; by default HOTSTARS_HOME/simulated."),
    apogee_stars: int = typer.Option(
        None, min=0, help="Stars with near-infrared spectra; by default one for eight others."
    ),
    workers: int = typer.Option(None, min=1, help="Processes; by default one a core."),
    statistics: list[Path] = typer.Option(
        None, help="Print what the spectra in a file or folder are like, and simulate nothing."
    ),
    compare: list[Path] = typer.Option(
        None, help="With --statistics: real spectra to print beside them."
    ),
) -> None:
    """Write LAMOST and APOGEE spectra, catalogues, model spectra, and the truth: all say SIMULATED.

    A survey that was stopped goes on where it was; one that is finished is left as it is.

    Example: hotstars simulate --stars 500 --seed 1 --out /tmp/survey --workers 4
    """
    from warehouse.connection import WarehouseError
    from warehouse.home import current_home

    if compare and not statistics:
        raise WarehouseError("--compare FOLDER needs --statistics FOLDER: what to compare with it")
    if statistics:
        _statistics(statistics, compare or [])
        return
    from ingest.simulation import apogee_files
    from ingest.simulation.model_grid import FOLDER, write_model_grid
    from ingest.simulation.survey import write_survey

    folder = (out or current_home().simulated).expanduser().absolute()
    typer.echo(str(write_survey(folder, stars, seed, workers=workers)))
    typer.echo(str(write_model_grid(folder / FOLDER, progress=True)))
    n = stars // STARS_AN_APOGEE_STAR if apogee_stars is None else apogee_stars
    if n:
        own = folder / apogee_files.FOLDER
        typer.echo(str(apogee_files.write_apogee_survey(own, n, seed, workers=workers)))


def _statistics(paths: list[Path], real: list[Path]) -> None:
    from ingest.files import FITS_SUFFIXES, discover
    from ingest.simulation.statistics import compare, statistics

    files = discover(paths, FITS_SUFFIXES)
    if real:
        typer.echo(compare(files, discover(real, FITS_SUFFIXES)))
        return
    for item in statistics(files):
        typer.echo(f"{item.group:20s} {item.quantity:17s} {item}")
