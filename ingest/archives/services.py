"""Where the archives are, and how each is asked for a table.

Addresses can be changed by environment variables, for a mirror or a test.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.archives.transport import Request

#: Name -> (environment variable, address).
ADDRESSES = {
    "gaia": ("HOTSTARS_GAIA_TAP", "https://gea.esac.esa.int/tap-server/tap"),
    "simbad": ("HOTSTARS_SIMBAD_TAP", "https://simbad.cds.unistra.fr/simbad/sim-tap"),
    "vizier": ("HOTSTARS_VIZIER", "https://vizier.cds.unistra.fr/viz-bin/votable"),
    "xmatch": (
        "HOTSTARS_XMATCH",
        "http://cdsxmatch.u-strasbg.fr/xmatch/api/v1/sync",
    ),
}

NAMES = {
    "gaia": "Gaia archive",
    "simbad": "SIMBAD",
    "vizier": "VizieR",
    "xmatch": "CDS cross-match",
}


def address(service: str) -> str:
    """Return the address of a service."""
    variable, default = ADDRESSES[service]
    return (os.environ.get(variable) or default).rstrip("/")


@dataclass(frozen=True)
class Positions:
    """Places that are uploaded, in degrees (ICRS)."""

    ra: Sequence[float]
    dec: Sequence[float]

    def csv(self) -> bytes:
        """Return them as CSV with columns pos_id, pos_ra and pos_dec."""
        lines = ["pos_id,pos_ra,pos_dec"]
        lines += [
            f"{number},{ra:.8f},{dec:.8f}"
            for number, (ra, dec) in enumerate(zip(self.ra, self.dec, strict=True))
        ]
        return ("\n".join(lines) + "\n").encode()

    def votable(self) -> bytes:
        """Return them as VOTable with columns pos_ra and pos_dec."""
        rows = "".join(
            f"<TR><TD>{ra:.8f}</TD><TD>{dec:.8f}</TD></TR>"
            for ra, dec in zip(self.ra, self.dec, strict=True)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
            '<RESOURCE><TABLE name="positions">'
            '<FIELD name="pos_ra" datatype="double" unit="deg" ucd="pos.eq.ra;meta.main"/>'
            '<FIELD name="pos_dec" datatype="double" unit="deg" ucd="pos.eq.dec;meta.main"/>'
            f"<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
        ).encode()


def vizier_request(table: str, rows: tuple[int, int] | None = None) -> Request:
    """Ask VizieR for a table, all of its columns and rows.

    Parameters
    ----------
    table
        Designation, such as ``J/A+A/618/A93/members``.
    rows
        First and last row by VizieR's own count (recno); by default all.
    """
    parameters = {
        "-source": table,
        "-out.max": "unlimited",  # 50 rows without it
        "-out.all": "1",
        "-out.add": "_RAJ2000,_DEJ2000",
        "-oc.form": "d",
    }
    if rows is not None:
        parameters["recno"] = f"{rows[0]}..{rows[1]}"
    return Request(NAMES["vizier"], "POST", address("vizier"), parameters)


def xmatch_request(catalogue: str, positions: Positions, radius: float) -> Request:
    """Ask the CDS cross-match service for a catalogue's rows around positions.

    As VOTable, not CSV: the end of a CSV answer cannot be told from a cut one.
    """
    parameters = {
        "request": "xmatch",
        "distMaxArcsec": f"{radius:g}",
        "RESPONSEFORMAT": "votable",
        "cat2": catalogue,
        "colRA1": "pos_ra",
        "colDec1": "pos_dec",
    }
    uploads = {"cat1": ("positions.csv", positions.csv())}
    return Request(NAMES["xmatch"], "POST", address("xmatch"), parameters, uploads)


def tap_request(service: str, query: str, positions: Positions | None, *, wait: bool) -> Request:
    """Ask a TAP service.

    Parameters
    ----------
    service
        Name in :data:`ADDRESSES`.
    query
        ADQL; the uploaded table is ``tap_upload.positions``.
    positions
        What is uploaded.
    wait
        Whether the answer comes at once (sync) or from a job (async).
    """
    parameters = {
        "REQUEST": "doQuery",
        "LANG": "ADQL",
        "FORMAT": "votable",
        "MAXREC": "3000000",
        "QUERY": query,
    }
    uploads = {}
    if positions is not None:
        parameters["UPLOAD"] = "positions,param:positions"
        uploads["positions"] = ("positions.vot", positions.votable())
    if not wait:
        parameters["PHASE"] = "RUN"
    url = f"{address(service)}/{'sync' if wait else 'async'}"
    return Request(NAMES[service], "POST", url, parameters, uploads)
