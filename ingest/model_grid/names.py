"""What the names of TLUSTY's files say: composition, temperature, gravity, microturbulence.

``G35000g400v10.vis.7`` is a model of OSTAR2002 (Lanz & Hubeny 2003), ``BG20000g275v10CN.vis.7``
one of BSTAR2006 (Lanz & Hubeny 2007) with altered helium, carbon and nitrogen. ``.vis.7`` is the
spectrum, ``.vis.17`` its continuum; the same suffixes with ``uv`` are of the ultraviolet.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

#: Metals relative to the Sun by the letter of the composition; Z has none.
COMPOSITIONS = {
    "C": 2.0,
    "G": 1.0,
    "L": 1 / 2,
    "S": 1 / 5,
    "T": 1 / 10,
    "V": 1 / 30,
    "W": 1 / 50,
    "X": 1 / 100,
    "Y": 1 / 1000,
    "Z": 0.0,
}

SPECTRUM, CONTINUUM = ".vis.7", ".vis.17"
SUFFIXES = (SPECTRUM, CONTINUUM, f"{SPECTRUM}.gz", f"{CONTINUUM}.gz")

_NAME = re.compile(
    r"(?P<root>(?P<b>B?)(?P<letter>[CGLSTVWXYZ])(?P<teff>\d{4,6})g(?P<logg>\d{3})v(?P<vt>\d{1,3})"
    r"(?P<extra>[A-Za-z]*))\.vis\.(?P<kind>7|17)(?:\.gz)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Node:
    """A model of a grid.

    Attributes
    ----------
    grid
        ``OSTAR2002`` or ``BSTAR2006``, with the letters of an altered composition behind.
    teff, logg, microturbulence
        K, dex (cgs), km/s.
    m_h
        [M/H] in dex; minus infinity without metals.
    """

    grid: str
    teff: float
    logg: float
    m_h: float
    microturbulence: float


@dataclass(frozen=True)
class Name:
    """A file's name, taken apart; ``root`` is what spectrum and continuum share."""

    root: str
    node: Node
    is_continuum: bool


def parse(path: Path) -> Name | None:
    """Return what a file's name says, or None for a name that is not TLUSTY's.

    Examples
    --------
    >>> parse(Path("BL15000g425v2.vis.7.gz")).node
    Node(grid='BSTAR2006', teff=15000.0, logg=4.25, m_h=-0.301, microturbulence=2.0)
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    metals = COMPOSITIONS[match["letter"].upper()]
    grid = "BSTAR2006" if match["b"] else "OSTAR2002"
    extra = match["extra"].upper()
    node = Node(
        grid=f"{grid} {extra}" if extra else grid,
        teff=float(match["teff"]),
        logg=int(match["logg"]) / 100.0,
        m_h=round(math.log10(metals), 3) if metals else -math.inf,
        microturbulence=float(match["vt"]),
    )
    return Name(match["root"], node, match["kind"] == "17")


def file_name(node: Node, *, continuum: bool = False) -> str:
    """Return the name of a model's file, the inverse of :func:`parse`.

    Raises
    ------
    ValueError
        When no composition letter stands for the metallicity.
    """
    grid, _, extra = node.grid.partition(" ")
    letters = [
        letter
        for letter, metals in COMPOSITIONS.items()
        if metals and abs(math.log10(metals) - node.m_h) < 0.005
    ]
    if not letters:
        raise ValueError(f"no composition of TLUSTY's has [M/H] = {node.m_h:g}")
    return (
        f"{'B' if grid == 'BSTAR2006' else ''}{letters[0]}{node.teff:.0f}g{node.logg * 100:03.0f}"
        f"v{node.microturbulence:.0f}{extra}{CONTINUUM if continuum else SPECTRUM}"
    )
