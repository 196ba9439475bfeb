"""Addresses of a position in archives: links to click, nothing is loaded."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def archives(ra: float, dec: float) -> list[tuple[str, str]]:
    """Return name and address of pages about a position, 5 arcsec around.

    Parameters
    ----------
    ra, dec
        ICRS, deg.
    """
    place = f"{ra:.6f} {dec:+.6f}"
    simbad = urlencode({"Coord": place, "CooFrame": "ICRS", "Radius": "5", "Radius.unit": "arcsec"})
    vizier = urlencode({"-c": place, "-c.rs": "5"})
    sky = urlencode({"target": place, "fov": "0.1", "hips": "DSS2 color"}, quote_via=quote)
    return [
        ("SIMBAD", f"https://simbad.cds.unistra.fr/simbad/sim-coo?{simbad}"),
        ("VizieR", f"https://vizier.cds.unistra.fr/viz-bin/VizieR?{vizier}"),
        ("ESASky", f"https://sky.esa.int/esasky/?{sky}"),
    ]
