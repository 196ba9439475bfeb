"""`hotstars check-distances`: magnitudes, distances, emission and binaries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer


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

    from hotstars.checks.distances import LB_1, draw, lb_1
    from hotstars.checks.distances import mock as pairs_of_spectra
    from hotstars.checks.distances_marts import against_truth, tables
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
            found["mock_binaries"] = pairs_of_spectra(connection, home, mock_pairs, mock_snr, _say)
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


def _rounded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _say(line: str) -> None:
    typer.echo(line, err=True)
