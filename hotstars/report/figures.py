"""Figures of Wang et al. (2022), redrawn from the catalogues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hotstars.plot import BLUE, GREEN, GREY, RED
from ml.halpha.window import N_SAMPLES

if TYPE_CHECKING:
    import duckdb

#: Wavelengths of the H-alpha window's samples, 0.1 nm.
WINDOW = 6530.125 + 0.25 * np.arange(N_SAMPLES)

Columns = Mapping[str, NDArray[Any]]

#: The vars that the catalogues were built with.
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Drawn:
    """A figure of the report.

    Attributes
    ----------
    file
        Its name.
    title, caption
        What it shows, and of what.
    paper
        Which figure of which paper it redraws.
    """

    file: str
    title: str
    caption: str
    paper: str


def columns(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, NDArray[Any]]:
    """Return a query's columns; numbers as float64 with NaN for NULL."""
    found = {}
    for name, values in connection.execute(query).fetchnumpy().items():
        if values.dtype.kind in "fiu":
            found[name] = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
        else:
            found[name] = np.ma.getdata(values)
    return found


def line_indices(
    connection: duckdb.DuckDBPyConnection, settings: Settings, path: Path
) -> Drawn | None:
    """Draw EW(H-alpha) against EW(Mg b) with the cut (figure 2)."""
    rows = columns(
        connection,
        "select ew_halpha, ew_mgb, passes_line_index::int as passes from "
        "intermediate.int_be_star_tests where passes_snr and passes_teff",
    )
    if not len(rows["ew_halpha"]):
        return None
    figure, axes = _one()
    for value, colour, label in ((0, GREY, "left out"), (1, BLUE, "kept")):
        chosen = rows["passes"] == value
        axes.plot(rows["ew_halpha"][chosen], rows["ew_mgb"][chosen], ".", ms=3, color=colour,
                  alpha=0.5, label=f"{label}, {chosen.sum():,d}")  # fmt: skip
    halpha, mgb = settings["ew_halpha_max"], settings["ew_mgb_max"]
    axes.axhline(mgb, color=RED, lw=1)
    axes.axvline(halpha, color=RED, lw=1)
    axes.set_xlim(*_range(rows["ew_halpha"]))
    axes.set_ylim(*_range(rows["ew_mgb"]))
    axes.set_xlabel(r"EW of H$\alpha$, 6548-6578 (0.1 nm)")
    axes.set_ylabel("EW of Mg b, 5160-5193 (0.1 nm)")
    axes.legend(fontsize=8, frameon=False)
    return _done(figure, path, "Line indices",
                 "Stars left by the cuts in S/N and Teff. Straight lines: the cuts, EW(H-alpha) < "
                 f"{halpha:g}, EW(Mg b) < {mgb:g}.",
                 "Wang+2022, figure 2")  # fmt: skip


def infrared_colours(
    connection: duckdb.DuckDBPyConnection, settings: Settings, path: Path
) -> Drawn | None:
    """Draw the infrared two-colour diagram with the regions of Be and Herbig stars."""
    rows = columns(
        connection,
        "select hk_0, kw1_0, is_new_be::int as new, is_known_be::int as known, "
        "is_herbig::int as herbig from intermediate.int_be_star_tests "
        "where is_candidate and hk_0 is not null and kw1_0 is not null",
    )
    if not len(rows["hk_0"]):
        return None
    figure, axes = _one()
    groups = (
        ("other candidates", np.ones(len(rows["hk_0"]), bool), GREY, "."),
        ("known Be stars", rows["known"] == 1, GREEN, "s"),
        ("new Be stars", rows["new"] == 1, BLUE, "o"),
        ("Herbig stars", rows["herbig"] == 1, RED, "^"),
    )
    for label, chosen, colour, marker in groups:
        axes.plot(rows["hk_0"][chosen], rows["kw1_0"][chosen], marker, ms=4, color=colour,
                  alpha=0.7, label=f"{label}, {chosen.sum():,d}")  # fmt: skip
    low_x, high_x = _range(rows["hk_0"])
    low_y, high_y = _range(rows["kw1_0"])
    be_x, be_y = settings["be_hk_max"], settings["be_kw1_max"]
    herbig_x, herbig_y = settings["herbig_hk_min"], settings["herbig_kw1_min"]
    axes.plot([low_x, be_x, be_x], [be_y, be_y, low_y], color=BLUE, lw=1, ls="--")
    axes.plot([herbig_x, herbig_x, high_x], [high_y, herbig_y, herbig_y], color=RED, lw=1, ls="--")
    axes.set(xlim=(low_x, high_x), ylim=(low_y, high_y))
    axes.set_xlabel(r"$(H-K)_0$ (mag)")
    axes.set_ylabel(r"$(K-W1)_0$ (mag)")
    axes.legend(fontsize=8, frameon=False)
    return _done(figure, path, "Infrared colours",
                 "Candidates. Dashed: regions of Be stars (lower left) and Herbig stars.",
                 "Wang+2022, section 5.3")  # fmt: skip


def profiles(connection: duckdb.DuckDBPyConnection, settings: Settings, path: Path) -> Drawn | None:
    """Draw an example of each class of H-alpha profile (figures 7, A1 and A2)."""
    rows = connection.execute(
        """
        with
        windows as (
            select obsid, exposure, halpha from intermediate.int_rectified_mrs_r
            where halpha is not null
        )
        select halpha_class, designation, halpha
        from marts.be_candidates
        inner join windows using (obsid)
        where exposure = 0 and halpha_class is not null
        qualify row_number() over (partition by halpha_class order by snr_r desc, designation) = 1
        order by halpha_class
        """
    ).fetchall()
    if not rows:
        return None
    n_columns = 3
    n_rows = -(-len(rows) // n_columns)
    figure = Figure(figsize=(11, 2.6 * n_rows), layout="constrained")
    panels = np.atleast_1d(figure.subplots(n_rows, n_columns)).ravel()
    for axes in panels[len(rows) :]:
        axes.set_visible(False)
    for axes, (name, designation, flux) in zip(panels, rows, strict=False):
        axes.plot(WINDOW, flux, color=BLUE, lw=0.9, drawstyle="steps-mid")
        axes.axhline(1.0, color=GREY, lw=0.6)
        axes.set_title(f"{name}\n{designation}", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.set_xlabel("vacuum wavelength (0.1 nm)", fontsize=7)
    panels[0].set_ylabel("flux / continuum", fontsize=7)
    return _done(figure, path, "Classes of H-alpha profiles",
                 "The spectrum of highest S/N of each class among the candidates.",
                 "Wang+2022, figures 7, A1 and A2")  # fmt: skip


def observing(
    connection: duckdb.DuckDBPyConnection, settings: Settings, path: Path
) -> Drawn | None:
    """Draw visits and baselines of Be stars (figure 8)."""
    rows = columns(
        connection,
        "select n_visits, baseline, is_new_be::int as new from marts.be_observing_statistics",
    )
    if not len(rows["n_visits"]):
        return None
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    visits = np.arange(0.5, np.nanmax(rows["n_visits"]) + 1.5)
    days = np.linspace(0.0, max(float(np.nanmax(rows["baseline"])), 1.0), 25)
    for label, chosen, colour, style in (
        ("all", np.ones(len(rows["new"]), bool), BLUE, "-"),
        ("new", rows["new"] == 1, RED, "--"),
    ):
        shown = {"histtype": "step", "color": colour, "ls": style, "label": label}
        left.hist(rows["n_visits"][chosen], bins=visits.tolist(), **shown)
        right.hist(rows["baseline"][chosen], bins=days.tolist(), **shown)
    left.set_xlabel("visits")
    right.set_xlabel("last minus first visit (d)")
    for axes in (left, right):
        axes.set_yscale("log")
        axes.set_ylabel("stars")
        axes.legend(fontsize=8, frameon=False)
    return _done(figure, path, "Visits and baselines", "Classical Be stars, known and new.",
                 "Wang+2022, figure 8")  # fmt: skip


def velocities(
    connection: duckdb.DuckDBPyConnection, settings: Settings, path: Path
) -> Drawn | None:
    """Draw peculiar tangential velocities, the fitted curve and the limit (figure 9)."""
    speed = columns(connection, "select v_tp from marts.be_kinematics where v_tp is not null")[
        "v_tp"
    ]
    limit = connection.execute(
        "select b, v_tp_limit from intermediate.int_runaway_limit"
    ).fetchone()
    if not len(speed) or limit is None:
        return None
    b, end = float(limit[0]), float(limit[1])
    figure, axes = _one()
    bins = np.arange(0.0, max(float(np.max(speed)), 60.0) + 3.0, 3.0)
    counts, _, _ = axes.hist(speed, bins=bins.tolist(), histtype="step", color=BLUE,
                             label=f"{len(speed):,d} Be stars")  # fmt: skip
    v = np.linspace(0.0, bins[-1], 400)
    curve = v**2 * np.exp(-(v**2) / b**2)
    slow = speed < end
    area = slow.sum() * 3.0
    axes.plot(v, curve / np.trapezoid(curve, v) * area, color=RED,
              label=f"Maxwellian, b = {b:.2f} km/s")  # fmt: skip
    axes.axvline(end, color=GREEN, ls="--", label=f"limit of runaways, {end:.1f} km/s")
    axes.set_ylim(0, max(float(np.max(counts)), 1.0) * 1.4)
    axes.set_xlabel("peculiar tangential velocity (km/s)")
    axes.set_ylabel("stars")
    axes.legend(fontsize=8, frameon=False)
    return _done(figure, path, "Peculiar tangential velocities",
                 "Be stars with good astrometry; the limit is where the curve is 1 % of its peak.",
                 "Wang+2022, figure 9")  # fmt: skip


def colour_magnitude(
    connection: duckdb.DuckDBPyConnection, settings: Settings, path: Path
) -> Drawn | None:
    """Draw the colour-magnitude diagram of Be stars over all hot stars (figure 10)."""
    rows = columns(
        connection,
        "select bp_rp, m_g, is_new_be::int as new from marts.be_kinematics "
        "where bp_rp is not null and m_g is not null",
    )
    if not len(rows["bp_rp"]):
        return None
    background = columns(
        connection,
        "select bp_rp, m_g from intermediate.int_star_cmd where passes_flux_excess "
        "and bp_rp is not null and m_g is not null",
    )
    figure, axes = _one()
    axes.plot(background["bp_rp"], background["m_g"], ".", ms=2, color=GREY, alpha=0.4,
              label=f"all stars, {len(background['m_g']):,d}")  # fmt: skip
    for label, value, colour in (("known Be stars", 0, "#000000"), ("new Be stars", 1, BLUE)):
        chosen = rows["new"] == value
        axes.plot(rows["bp_rp"][chosen], rows["m_g"][chosen], "o", ms=4, color=colour,
                  label=f"{label}, {chosen.sum():,d}")  # fmt: skip
    axes.set_xlim(*_range(np.concatenate([rows["bp_rp"], background["bp_rp"]])))
    axes.set_ylim(*_range(np.concatenate([rows["m_g"], background["m_g"]]))[::-1])
    axes.set_xlabel(r"$G_{BP} - G_{RP}$ (mag)")
    axes.set_ylabel(r"$M_G$ (mag)")
    axes.legend(fontsize=8, frameon=False)
    return _done(figure, path, "Colour-magnitude diagram", "Not corrected for extinction.",
                 "Wang+2022, figure 10")  # fmt: skip


def sky(connection: duckdb.DuckDBPyConnection, settings: Settings, path: Path) -> Drawn | None:
    """Draw Be stars and runaways in Galactic coordinates."""
    rows = columns(connection, "select l, b, is_runaway::int as runaway from marts.be_kinematics")
    if not len(rows["l"]):
        return None
    figure = Figure(figsize=(9, 4.8), layout="constrained")
    axes = figure.add_subplot(projection="mollweide")
    longitude = -np.radians((rows["l"] + 180.0) % 360.0 - 180.0)  # grows to the left
    for label, value, colour, size in (("Be stars", 0, BLUE, 3), ("runaways", 1, RED, 7)):
        chosen = rows["runaway"] == value
        axes.plot(longitude[chosen], np.radians(rows["b"][chosen]), "o", ms=size, color=colour,
                  alpha=0.7, label=f"{label}, {chosen.sum():,d}")  # fmt: skip
    axes.set_xticks(np.radians([-120, -60, 0, 60, 120]))
    axes.set_xticklabels(["120°", "60°", "0°", "300°", "240°"], fontsize=8)
    axes.grid(alpha=0.3)
    axes.set_xlabel("Galactic longitude")
    axes.set_ylabel("Galactic latitude")
    axes.legend(fontsize=8, loc="lower right")
    return _done(figure, path, "On the sky", "Galactic coordinates, Mollweide.",
                 "Wang+2022, section 5.5")  # fmt: skip


WANG: tuple[tuple[str, Callable[..., Drawn | None]], ...] = (
    ("wang_line_indices", line_indices),
    ("wang_profiles", profiles),
    ("wang_infrared", infrared_colours),
    ("wang_observing", observing),
    ("wang_velocities", velocities),
    ("wang_cmd", colour_magnitude),
    ("wang_sky", sky),
)
"""Name and function of each figure."""


def _one() -> tuple[Figure, Any]:
    figure = Figure(figsize=(7, 5), layout="constrained")
    return figure, figure.subplots()


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return limits that hold all but the wildest one per cent."""
    fine = values[np.isfinite(values)]
    if not len(fine):
        return 0.0, 1.0
    low, high = np.percentile(fine, (0.5, 99.5))
    room = 0.08 * max(high - low, 1e-3)
    return float(low - room), float(high + room)


def _done(figure: Figure, path: Path, title: str, caption: str, paper: str) -> Drawn:
    FigureCanvasAgg(figure).print_figure(path, dpi=110, format="png")
    return Drawn(path.name, title, caption, paper)
