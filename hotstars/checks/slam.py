"""The checks of Guo et al. (2021) on model spectra, and figures of them and of the catalogues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotstars.checks.slam_marts import AGAINST_TRUTH, DIGITS, LABELS, both_query, has_truth

if TYPE_CHECKING:
    import duckdb

    from hotstars.checks.slam_scores import Scores
    from ml.slam.grid import ModelGrid


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
    """Draw a training set and cross-validate it, as ``slam_scores.cross_validate`` says.

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
        See :func:`hotstars.checks.slam_scores.training_set`.
    say
        Told how far it is.
    """
    from hotstars.checks.slam_scores import cross_validate, label_ranges, training_set

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
    """Learn from training sets of several sizes, as ``slam_scores.score_size`` says.

    Parameters
    ----------
    sizes
        Training spectra. A small set is the beginning of a large one.
    grid, survey, stars, kind, seed, as_observed, say
        As for :func:`cross_validated`.
    """
    from hotstars.checks.slam_scores import UNSEEN_SEED, label_ranges, score_size, training_set

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
    from hotstars.checks.slam_scores import PUBLISHED

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


def model_grid(
    connection: duckdb.DuckDBPyConnection, survey: str, say: Callable[[str], None]
) -> ModelGrid:
    """Return the model spectra that a resolution is checked with: real ones, else simulated.

    Parameters
    ----------
    connection
        To the warehouse.
    survey
        ``LRS`` or ``MRS``.
    say
        Told which.
    """
    from ingest.model_grid.nodes import read_available_grid
    from ml.slam.observed import wide_wavelength

    wide = wide_wavelength(survey)
    # rotation and the spectrograph bring in light from 25 A beyond
    window = (float(wide[0]) - 25.0, float(wide[-1]) + 25.0)
    return read_available_grid(connection, window=window, tell=say)


def draw(
    connection: duckdb.DuckDBPyConnection,
    shown: Sequence[Scores],
    out: Path,
    least_snr: float,
    built: bool,
) -> list[Path]:
    """Write figures of scores, and of the catalogues where they are built; return their paths.

    Parameters
    ----------
    connection
        To the warehouse.
    shown
        Scores on model spectra.
    out
        Folder.
    least_snr
        Of spectra that are compared between the resolutions.
    built
        Whether there are catalogues.
    """
    from hotstars.checks.slam_scores import CROSS_VALIDATION, UNSEEN
    from hotstars.figures import slam as slam_plots
    from hotstars.figures.style import SIMULATED, write_figure

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
    from hotstars.figures import slam as slam_plots
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
