"""`hotstars check-slam`: the checks of Guo et al. (2021) on model spectra and on the catalogues."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hotstars.check_slam_marts import (
    AGAINST_TRUTH,
    DIGITS,
    LABELS,
    both_query,
    catalogues,
    has_truth,
    mart_tables,
)

if TYPE_CHECKING:
    import duckdb

    from hotstars.slam_scores import Scores
    from ml.slam.grid import ModelGrid

#: Spectra that sections 3.3 cross-validates.
SPECTRA = {"LRS": 1000, "MRS": 5000}


class Survey(enum.StrEnum):
    """Whose spectra are checked."""

    lrs = "lrs"
    mrs = "mrs"
    both = "both"


class Generator(enum.StrEnum):
    """How spectra are learnt."""

    kernel_ridge = "kernel_ridge"
    svr = "svr"


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

    from hotstars.kept_scores import keep_scores
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
            grid = _grid(connection, survey)
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
            for path in _draw(connection, scores, out, least_snr, built):
                _say(f"{path}")


def cross_validated(
    grid: ModelGrid,
    survey: str,
    n: int,
    folds: int,
    stars: int,
    *,
    kind: str,
    seed: int,
    as_observed: bool,
    say: Callable[[str], None],
) -> list[Scores]:
    """Draw a training set and cross-validate it; see :func:`hotstars.slam_scores.cross_validate`.

    Parameters
    ----------
    grid
        Model spectra.
    survey
        ``LRS`` or ``MRS``.
    n, folds
        Spectra, and groups in which they are left out.
    stars
        Labels are found for so many of them.
    kind
        Generator.
    seed, as_observed
        See :func:`hotstars.slam_scores.training_set`.
    say
        Told how far it is.
    """
    from hotstars.slam_scores import cross_validate, label_ranges, training_set

    say(f"{survey}: {folds}-fold cross-validation of {n:,d} spectra of {grid.name}")
    training, conditions = training_set(grid, survey, n, seed, as_observed=as_observed)
    return cross_validate(
        training,
        label_ranges(grid),
        conditions,
        survey=survey,
        kind=kind,
        folds=folds,
        most=stars,
        say=say,
    )


def sized(
    grid: ModelGrid,
    survey: str,
    sizes: Sequence[int],
    stars: int,
    *,
    kind: str,
    seed: int,
    as_observed: bool,
    say: Callable[[str], None],
) -> list[Scores]:
    """Learn from training sets of several sizes; see :func:`hotstars.slam_scores.score_size`.

    Parameters
    ----------
    sizes
        Training spectra. A small set is the beginning of a large one.
    grid, survey, stars, kind, seed, as_observed, say
        As for :func:`cross_validated`.
    """
    from hotstars.slam_scores import UNSEEN_SEED, label_ranges, score_size, training_set

    scores: list[Scores] = []
    if not sizes:
        return scores
    unseen, _ = training_set(grid, survey, stars, UNSEEN_SEED, as_observed=as_observed)
    for n in sorted(sizes):
        say(f"{survey}: {n:,d} training spectra of {grid.name}")
        training, conditions = training_set(grid, survey, n, seed, as_observed=as_observed)
        scores += score_size(
            training, unseen, label_ranges(grid), conditions, survey=survey, kind=kind
        )
    return scores


def tables(scores: Sequence[Scores]) -> list[str]:
    """Return lines that show scores on model spectra, with what was published at S/N 100."""
    from hotstars.slam_scores import PUBLISHED

    lines: list[str] = []
    before = None
    for item in scores:
        about = (item.check, item.survey, item.n_spectra)
        if about != before:
            before = about
            lines += [
                "",
                f"{item.survey}, {item.check}, {item.n_spectra:,d} training spectra of "
                f"{'SIMULATED ' * item.simulated}{item.grid}, {item.generator}, "
                f"{item.n_found:,d} found",
                f"{'S/N':>9}  {'Teff (K)':>20} {'log g (dex)':>22} {'[M/H] (dex)':>22} "
                f"{'v sin i (km/s)':>20}   scatter (bias; pull)",
            ]
        lines.append(f"{item.snr:9.0f}  " + _line(item.scatter, item.bias, item.pull))
        if item.snr == 100.0 and item.survey in PUBLISHED:
            values = (f"{v:g}" if v > 0 else "-" for v in PUBLISHED[item.survey])
            widths = (20, 22, 22, 20)
            cells = (f"{v:>{w}}" for v, w in zip(values, widths, strict=True))
            lines.append(f"{'published':>9}  " + " ".join(cells))
    return lines


def _line(scatter: Any, bias: Any, pull: Any) -> str:
    cells = []
    for (_, digits), width, s, b, p in zip(
        DIGITS, (20, 22, 22, 20), scatter, bias, pull, strict=True
    ):
        # a label that the grid does not vary has no error
        cell = f"{s:.{digits}f} ({b:+.{digits}f}; {p:.2f})" if p >= 0 else "-"
        cells.append(f"{cell:>{width}}")
    return " ".join(cells)


def _grid(connection: duckdb.DuckDBPyConnection, survey: str) -> ModelGrid:
    from ingest.model_grid.nodes import read_available_grid
    from ml.slam.observed import wide_wavelength

    wide = wide_wavelength(survey)
    # rotation and the spectrograph bring in light from 25 A beyond
    window = (float(wide[0]) - 25.0, float(wide[-1]) + 25.0)
    return read_available_grid(connection, window=window, tell=_say)


def _draw(
    connection: duckdb.DuckDBPyConnection,
    shown: Sequence[Scores],
    out: Path,
    least_snr: float,
    built: bool,
) -> list[Path]:
    from hotstars import slam_plots
    from hotstars.figures.style import SIMULATED, write_figure
    from hotstars.slam_scores import CROSS_VALIDATION, UNSEEN

    plates = {}
    for check, name in ((CROSS_VALIDATION, "scatter_by_snr"), (UNSEEN, "sizes")):
        part = [item for item in shown if item.check == check]
        if part:
            mark = SIMULATED if any(item.simulated for item in part) else None
            plates[name] = slam_plots.scores(part, mark)
    if built:
        plates |= _of_catalogues(connection, least_snr)
    return [write_figure(plate.figure, out / f"{name}.png") for name, plate in plates.items()]


def _of_catalogues(connection: duckdb.DuckDBPyConnection, least_snr: float) -> dict[str, Any]:
    from hotstars import slam_plots
    from hotstars.figures.style import mark_of

    labels = connection.sql(LABELS)
    arrays = labels.fetchnumpy()
    if not len(arrays["teff"]):
        return {}
    mark = mark_of(arrays["survey"], by_simulated=bool(arrays["is_simulated_grid"].any()))
    nodes = connection.sql("select grid, teff, logg, m_h from raw.model_grid_spectrum").fetchnumpy()
    plates = {"kiel": slam_plots.kiel(arrays, nodes, mark)}
    both = labels.query("labels", both_query(connection, least_snr)).fetchnumpy()
    if len(both["designation"]):
        plates["lrs_mrs"] = slam_plots.both(both, nodes, least_snr, mark)
    if has_truth(connection):
        compared = labels.query("labels", AGAINST_TRUTH).fetchnumpy()
        if slam_plots.against_truth_is_there(compared):
            plates["truth"] = slam_plots.against_truth(compared, mark)
    return plates


def _say(line: str) -> None:
    typer.echo(line, err=True)


check_slam = slam
