"""Magnitudes, distances, emission and binaries of OB stars: what is checked, and its figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

    from hotstars.figures.panels import Plate
    from warehouse.home import Home

#: LB-1 (Xiang et al. 2021, section 8): M_Ks of its spectrum with error, mag, and the distance that
#: the paper gives for it, kpc.
LB_1 = (-0.89, 0.30, 1.87)

_DRAWN = """
select
    found.designation, found.survey,
    found.m_ks, found.m_ks_error, found.m_ks_geometric, found.m_ks_geometric_error,
    found.binary_flag, found.emission_flag, found.snr_g,
    found.halpha_excess, labels.halpha_chi2, found.parallax_excess_snr, found.uniqflag,
    found.distance, found.distance_16, found.distance_84, found.log_distance_error,
    found.x, found.y, found.ebv,
    found.parallax - found.parallax_zero_point as parallax, found.parallax_error,
    truth.distance as true_distance, truth.ebv as true_ebv,
    -- of the brighter star alone, which is what a spectrum tells
    truth.m_ks - 2.5 * log10(1 - truth.companion_light) as true_m_ks,
    truth.kind in ('B', 'O') as is_plain
from marts.ob_distances as found
left join intermediate.int_ob_labels as labels using (obsid)
left join truth.stars as truth on found.designation = truth.designation
    and found.survey like 'SIM%'
order by found.obsid
"""


def lb_1() -> dict[str, float]:
    """Return mode and percentiles (kpc) that LB-1's printed distance and error of M_Ks make.

    The mode is the printed one put in; what is learnt is the width.
    """
    import numpy as np

    from ml.distance.posterior import distance_posterior

    _, error, distance = LB_1
    modulus = 5.0 * np.log10(distance) + 10.0
    nothing = np.array([np.nan])
    found = distance_posterior(nothing, nothing, np.array([modulus]), np.array([error]))
    return {name: float(getattr(found, name)[0]) for name in ("mode", "p16", "p84")}


def mock(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    pairs: int,
    snr: float,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Add the warehouse's own spectra in pairs, and ask the network for their magnitudes.

    Parameters
    ----------
    connection, home
        The warehouse, and its models.
    pairs, snr
        How many, of spectra of which least S/N.
    say
        Told how far it is.

    Raises
    ------
    WarehouseError
        When there is no network yet.
    """
    from hotstars.checks.mock_binaries import mock_binaries
    from hotstars.training.names import NET_A
    from hotstars.training.ob_sample import read_ob_sample
    from ml.registry import current_version
    from warehouse.connection import WarehouseError

    if current_version(home.models, NET_A) is None:
        raise WarehouseError(f"no model {NET_A} yet: run `hotstars train absolute-magnitude`")
    with tempfile.TemporaryDirectory(prefix=".spectra-", dir=home.root) as folder:
        sample = read_ob_sample(connection, Path(folder), say)
        return mock_binaries(connection, sample, home.models, NET_A, n_pairs=pairs, least_snr=snr)


def drawn_columns(connection: duckdb.DuckDBPyConnection, home: Home) -> dict[str, Any]:
    """Return what the figures of ``ob_distances`` show, a row a spectrum, NULL as NaN.

    Parameters
    ----------
    connection, home
        The warehouse, and its models: they say which stars they learnt from.
    """
    import numpy as np

    raw = connection.execute(_DRAWN).fetchnumpy()
    texts = {name: np.ma.getdata(raw.pop(name)).astype(str) for name in ("survey", "designation")}
    stars: dict[str, Any] = {
        name: np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
        for name, values in raw.items()
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        stars["parallax_over_error"] = stars["parallax"] / stars["parallax_error"]
    stars["is_unseen"] = _unseen(home, texts["designation"]).astype(np.float64)
    return stars | texts


def _unseen(home: Home, designation: Any) -> Any:
    """Return which stars the network in use was not taught; all where there is none."""
    import numpy as np

    from hotstars.training.names import NET_A
    from ml.held_out import place_of
    from ml.registry import list_models

    cards = {name: card for name, _, card in list_models(home.models)}
    if NET_A not in cards or not len(designation):
        return np.ones(len(designation), dtype=bool)
    config = cards[NET_A]["training"]["config"]
    return place_of(designation, config["seed"]) < config["test_share"]


def _learnt_from_simulated(home: Home) -> bool:
    from hotstars.training.names import EMISSION, NET_A, NET_B
    from ml.registry import list_models

    names = (EMISSION, NET_A, NET_B)
    return any(card.get("simulated") for name, _, card in list_models(home.models) if name in names)


def thresholds(home: Home) -> dict[str, float]:
    """Return the limits of the emission model in use; nothing where there is none."""
    from hotstars.training.names import EMISSION
    from ml.registry import list_models

    cards = {name: card for name, _, card in list_models(home.models)}
    return dict(cards[EMISSION]["thresholds"]) if EMISSION in cards else {}


def draw(
    connection: duckdb.DuckDBPyConnection, home: Home, found: dict[str, Any], out: Path
) -> list[Path]:
    """Write those figures of ``ob_distances`` that have data into a folder; return their paths.

    Parameters
    ----------
    connection, home
        The warehouse.
    found
        ``mock_binaries`` where they were asked for.
    out
        Folder.
    """
    import numpy as np

    from hotstars.figures import distances as distance_plots
    from hotstars.figures import magnitudes as magnitude_plots
    from hotstars.figures.style import mark_of, write_figure
    from hotstars.project import PROJECT
    from warehouse.export.origin import settings

    out.mkdir(parents=True, exist_ok=True)
    stars = drawn_columns(connection, home)
    mark = mark_of(stars["survey"], by_simulated=_learnt_from_simulated(home))
    limit = settings(home.dbt_target, PROJECT)["parallax_excess_snr_min"]
    drawings: dict[str, tuple[tuple[str, ...], Callable[[], Plate]]] = {
        "emission": (
            ("halpha_chi2",), lambda: magnitude_plots.emission(stars, thresholds(home), mark)),
        "magnitudes": (
            ("m_ks", "m_ks_geometric"), lambda: magnitude_plots.magnitudes(stars, mark)),
        "parallax_excess": (
            ("parallax_excess_snr",), lambda: distance_plots.parallax_excess(stars, limit, mark)),
        "distances": (("distance",), lambda: distance_plots.distances(stars, mark)),
        "plane": (("x", "y"), lambda: distance_plots.plane(stars, mark)),
        "true_distances": (
            ("true_distance",), lambda: distance_plots.against_truth(stars, mark)),
    }  # fmt: skip
    plates = {
        name: drawing()
        for name, (needed, drawing) in drawings.items()
        if all(np.isfinite(stars[column]).any() for column in needed)
    }
    if "mock_binaries" in found:
        plates["mock_binaries"] = magnitude_plots.composites(found["mock_binaries"], mark)
    return [write_figure(plate.figure, out / f"{name}.png") for name, plate in plates.items()]
