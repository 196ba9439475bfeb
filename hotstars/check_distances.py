"""`hotstars check-distances`: magnitudes, distances, emission and binaries."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import duckdb

    from warehouse.home import Home

#: LB-1 (Xiang et al. 2021, section 8): M_Ks of its spectrum with error, mag, and the distance that
#: the paper gives for it, kpc.
LB_1 = (-0.89, 0.30, 1.87)

_DRAWN = """
select
    found.m_ks, found.m_ks_geometric, found.binary_flag, found.emission_flag, found.snr_g,
    found.halpha_excess, labels.halpha_chi2, found.parallax_excess_snr, found.uniqflag,
    found.distance, found.distance_16, found.distance_84, found.log_distance_error,
    found.x, found.y,
    found.parallax - found.parallax_zero_point as parallax, found.parallax_error,
    truth.distance as true_distance
from marts.ob_distances as found
left join intermediate.int_ob_labels as labels using (obsid)
left join truth.stars as truth on found.designation = truth.designation
    and found.survey like 'SIM%'
order by found.obsid
"""


def check_distances(
    mock: bool = typer.Option(
        False, "--mock", help="Add the warehouse's own spectra in pairs, and ask the network."
    ),
    mock_pairs: int = typer.Option(3000, min=100, help="Pairs of --mock."),
    mock_snr: float = typer.Option(50.0, min=0.0, help="Least S/N of the spectra of --mock."),
    out: Path = typer.Option(None, help="Folder for PNGs; none are drawn without it."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of tables."),
) -> None:
    """Check `ob_distances`: the width of LB-1's posterior, and simulated stars against their truth.

    Example: hotstars check-distances --mock --out figures
    """
    import duckdb

    from hotstars.check_distances_marts import against_truth, tables
    from hotstars.rows import lines_of
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    home = current_home()
    found: dict[str, Any] = {"lb_1": lb_1()}
    with connect(home.database, must_exist=True, read_only=True) as connection:
        try:
            n = connection.execute(
                "select count(*), count(*) filter (where survey like 'SIM%'), count(m_ks) "
                "from marts.ob_distances"
            ).fetchall()[0]
        except duckdb.CatalogException as error:
            raise WarehouseError("no marts.ob_distances here; run `hotstars build`") from error
        found["catalogue"] = dict(zip(("n_spectra", "n_simulated", "n_m_ks"), n, strict=True))
        if n[1]:
            found |= against_truth(connection)
        if mock:
            found["mock_binaries"] = _mock(connection, home, mock_pairs, mock_snr)
        drawn = draw(connection, home, found, out) if out is not None else []
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        lb = found["lb_1"]
        lines = [
            f"LB-1 at the printed {LB_1[2]} kpc with the printed error of M_Ks, {LB_1[1]} mag: "
            f"16-84 per cent {lb['p16']:.2f}-{lb['p84']:.2f} kpc (printed: 1.72-2.11)",
            f"ob_distances: {n[0]:,d} spectra, {n[2]:,d} with spectroscopic M_Ks, "
            f"{n[1]:,d} SIMULATED",
        ]
        if not n[2]:
            lines.append(
                "no magnitudes by spectrum yet: `hotstars train absolute-magnitude`, then "
                "`hotstars build`"
            )
        if n[1]:
            lines += tables(found)
        if mock:
            lines += [
                "",
                "mock binaries, by flux of the secondary over the primary's in Ks: M_Ks of both "
                "minus the primary's (mag)",
                *lines_of(_rounded(found["mock_binaries"])),
            ]
        typer.echo("\n".join(lines))
    for path in drawn:
        typer.echo(str(path), err=True)


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


def _mock(
    connection: duckdb.DuckDBPyConnection, home: Home, pairs: int, snr: float
) -> list[dict[str, Any]]:
    from hotstars.absolute_magnitude import NET_A
    from hotstars.mock_binaries import mock_binaries
    from hotstars.ob_sample import read_ob_sample
    from ml.registry import current_version
    from warehouse.connection import WarehouseError

    if current_version(home.models, NET_A) is None:
        raise WarehouseError(f"no model {NET_A} yet: run `hotstars train absolute-magnitude`")
    with tempfile.TemporaryDirectory(prefix=".spectra-", dir=home.root) as folder:
        sample = read_ob_sample(connection, Path(folder), _say)
        return mock_binaries(connection, sample, home.models, NET_A, n_pairs=pairs, least_snr=snr)


def _rounded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def draw(
    connection: duckdb.DuckDBPyConnection, home: Home, found: dict[str, Any], out: Path
) -> list[Path]:
    """Write figures of ``ob_distances`` into a folder and return their paths.

    Parameters
    ----------
    connection, home
        The warehouse.
    found
        ``catalogue`` with ``n_simulated``; ``mock_binaries`` where they were asked for.
    out
        Folder.
    """
    import numpy as np

    from hotstars import distance_plots as plots
    from hotstars.absolute_magnitude import EMISSION
    from hotstars.build import PROJECT
    from ml.registry import current_version, load_model
    from warehouse.export.origin import settings

    out.mkdir(parents=True, exist_ok=True)
    raw = connection.execute(_DRAWN).fetchnumpy()
    stars: dict[str, Any] = {
        name: np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
        for name, values in raw.items()
    }
    simulated = bool(found["catalogue"]["n_simulated"])
    stars["title"] = f"ob_distances{', SIMULATED stars' * simulated}"
    with np.errstate(invalid="ignore", divide="ignore"):
        stars["parallax_over_error"] = stars["parallax"] / stars["parallax_error"]
    stars["excess_limit"] = settings(home.dbt_target, PROJECT)["parallax_excess_snr_min"]
    limits = {}
    if current_version(home.models, EMISSION) is not None:
        limits = load_model(home.models, EMISSION).card["thresholds"]
    drawn = [
        plots.draw_emission(stars, limits, out / "emission.png"),
        plots.draw_magnitudes(stars, out / "magnitudes.png"),
        plots.draw_parallax_excess(stars, out / "parallax_excess.png"),
        plots.draw_distances(stars, out / "distances.png"),
        plots.draw_plane(stars, out / "plane.png"),
    ]
    if np.isfinite(stars["true_distance"]).any():
        drawn.append(plots.draw_true_distances(stars, out / "true_distances.png"))
    if "mock_binaries" in found:
        title = f"mock binaries{' of SIMULATED stars' * simulated}"
        drawn.append(
            plots.draw_composites(found["mock_binaries"], title, out / "mock_binaries.png")
        )
    return drawn


def _say(line: str) -> None:
    typer.echo(line, err=True)
