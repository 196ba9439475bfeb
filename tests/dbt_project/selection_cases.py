"""Stars on both sides of every criterion, and the criterion that must decide on each."""

from __future__ import annotations

from dataclasses import dataclass

from stars import Membership, Star, Visit


@dataclass(frozen=True)
class Case:
    """A star and the criterion that rejects it; None for a new Be star."""

    star: Star
    decided_by: str | None = None


def _visit(**properties: object) -> Star:
    return Star(visits=(Visit(**properties),))  # type: ignore[arg-type]


def _colours(jh: float, hk: float, kw1: float = 0.1) -> Star:
    k = 10.0
    return Star(jhk=(k + hk + jh, k + hk, k), w1=k - kw1)


def _type(*types: tuple[int, str]) -> Star:
    return Star(types=types)


def _member(*memberships: Membership, **properties: object) -> Star:
    return Star(memberships=memberships, **properties)  # type: ignore[arg-type]


EMISSION, ABSORPTION = Visit(), Visit(halpha="absorption")

CASES = {
    "new Be star": Case(Star()),
    # S/N > 10 in both arms
    "S/N 10.0": Case(_visit(snr_r=10.0), "signal_to_noise"),
    "S/N 10.1": Case(_visit(snr_r=10.1)),
    "S/N 10.0 in blue": Case(_visit(snr_b=10.0), "signal_to_noise"),
    "S/N 10.1 in blue": Case(_visit(snr_b=10.1)),
    "without a blue arm": Case(_visit(snr_b=None, has_blue=False), "signal_to_noise"),
    # 6500 <= Teff <= 8000 K is dropped, a missing one kept
    "6499.9 K": Case(_visit(teff=6499.9)),
    "6500 K": Case(_visit(teff=6500.0), "effective_temperature"),
    "8000 K": Case(_visit(teff=8000.0), "effective_temperature"),
    "8000.1 K": Case(_visit(teff=8000.1)),
    "NaN K": Case(_visit(teff=float("nan"))),
    # EW(H-alpha) < 10, EW(Mg b) < 1.2 A
    "Mg b of 0.9 A": Case(_visit(mgb_depth=0.09)),
    "Mg b of 1.7 A": Case(_visit(mgb_depth=0.16), "line_indices"),
    "H-alpha of 13 A": Case(_visit(halpha="deep absorption"), "line_indices"),
    "blue arm not in the file": Case(_visit(has_blue=False), "line_indices"),
    # Q < 0.4
    "Q 0.39": Case(_colours(jh=0.39 + 1.7 * 0.03, hk=0.03)),
    "Q 0.41": Case(_colours(jh=0.41 + 1.7 * 0.03, hk=0.03), "infrared_q"),
    "not in 2MASS": Case(Star(jhk=None), "infrared_colours"),
    # H-alpha
    "absorption": Case(_visit(halpha="absorption"), "halpha_emission"),
    "two visits, the second in emission": Case(Star(visits=(ABSORPTION, EMISSION))),
    "two visits, the first in emission": Case(Star(visits=(EMISSION, ABSORPTION))),
    "two visits in absorption": Case(Star(visits=(ABSORPTION, ABSORPTION)), "halpha_emission"),
    "low resolution": Case(Star(survey="LAMOST-LRS")),
    "low resolution, absorption": Case(
        Star(survey="LAMOST-LRS", visits=(ABSORPTION,)), "halpha_emission"
    ),
    # the literature
    "known Be star": Case(
        Star(literature=(("Hou+2016", "CBe"), ("Neiner+2011", "CBe"))), "literature"
    ),
    "Herbig star": Case(Star(literature=(("Vieira+2003", "HAeBe"),)), "contaminants"),
    "H II region": Case(Star(literature=(("Hou+2016", "HII"),)), "contaminants"),
    "Be and Herbig star": Case(
        Star(literature=(("Hou+2016", "CBe"), ("Vieira+2003", "HAeBe"))), "contaminants"
    ),
    # later than O8, earlier than A2, not of class I or II
    "O8": Case(_type((1990, "O8V")), "spectral_type"),
    "O8.5": Case(_type((1990, "O8.5V"))),
    "A1": Case(_type((1990, "A1V"))),
    "A2": Case(_type((1990, "A2V")), "spectral_type"),
    "B3Ib": Case(_type((1990, "B3Ib")), "spectral_type"),
    "B3II": Case(_type((1990, "B3II")), "spectral_type"),
    "B3III": Case(_type((1990, "B3III"))),
    "OBe": Case(_type((1990, "OBe"))),
    "no type": Case(_type(), "spectral_type"),
    "dwarf, later said a supergiant": Case(_type((1990, "B3V"), (2010, "B3Ib")), "spectral_type"),
    "supergiant, later said a dwarf": Case(_type((1990, "B3Ib"), (2010, "B3V"))),
    # (H-K)_0 < 0.2, (K-W1)_0 < 0.5 with E(B-V) 0.1: 0.024 and 0.016 mag redder as seen
    "(H-K)_0 0.19": Case(_colours(jh=0.05, hk=0.19 + 0.02356)),
    "(H-K)_0 0.21": Case(_colours(jh=0.05, hk=0.21 + 0.02356), "infrared_colours"),
    "(K-W1)_0 0.49": Case(_colours(jh=0.05, hk=0.03, kw1=0.49 + 0.01643)),
    "(K-W1)_0 0.51": Case(_colours(jh=0.05, hk=0.03, kw1=0.51 + 0.01643), "infrared_colours"),
    "Herbig colours": Case(_colours(jh=0.3, hk=0.6, kw1=1.1), "infrared_colours"),
    "not in AllWISE": Case(Star(w1=None), "infrared_colours"),
    "reddening known to 0.5": Case(Star(ebv_error=0.5)),
    "no reddening": Case(Star(ebv=None, parallax=None), "infrared_colours"),
    # G-J tells the dust in front of a B2 star whose own is -0.442: see test_reddening.py
    "reddened, not in the map": Case(Star(ebv=None, g=10.624, jhk=(10.0, 9.85, 9.75), w1=9.6)),
    "not reddened, not in the map": Case(Star(ebv=None, g=9.5)),
    # Gaia decides on the runaways only
    "not in Gaia": Case(Star(parallax=None)),
    "runaway": Case(Star(pmra=100.0)),
    "runaway, RUWE 1.4": Case(Star(pmra=100.0, ruwe=1.4)),
    "runaway, RUWE 1.5": Case(Star(pmra=100.0, ruwe=1.5)),
    "negative parallax": Case(Star(parallax=-1.0)),
    "known Be star running away": Case(
        Star(pmra=100.0, literature=(("Neiner+2011", "CBe"),)), "literature"
    ),
    # open clusters; the errors are hypot(0.1, 0.02) mas/yr and hypot(0.1, 0.02, 0.05) mas
    "likely member": Case(_member(Membership("Test 1"))),
    "probability 0.6": Case(_member(Membership("Test 2", probability=0.6))),
    "probability 0.61": Case(_member(Membership("Test 3", probability=0.61))),
    "motion off by 3.4": Case(_member(Membership("Test 4", pmra_offset=0.3467))),
    "motion off by 3.5": Case(_member(Membership("Test 5", pmra_offset=0.3569))),
    "parallax off by 2.9": Case(_member(Membership("Test 6", parallax_offset=-0.329))),
    "parallax off by 3.1": Case(_member(Membership("Test 7", parallax_offset=-0.352))),
    "likelier in another cluster that lies behind": Case(
        _member(
            Membership("Test 8", probability=0.95, parallax_offset=-5.0),
            Membership("Test 9", probability=0.7),
        )
    ),
    "fast member": Case(_member(Membership("Test 10"), pmra=100.0)),
    "member with RUWE 1.5": Case(_member(Membership("Test 11"), ruwe=1.5)),
    "member not in Gaia": Case(_member(Membership("Test 12"), parallax=None)),
    "member in absorption": Case(
        _member(Membership("Test 13"), visits=(ABSORPTION,)), "halpha_emission"
    ),
    # the colour-magnitude diagram: 1.0 + 0.015 0.1^2 <= E <= 1.3 + 0.06 0.1^2
    "flux excess 1.0001": Case(Star(flux_excess=1.0001)),
    "flux excess 1.0002": Case(Star(flux_excess=1.0002)),
    "flux excess 1.3005": Case(Star(flux_excess=1.3005)),
    "flux excess 1.3007": Case(Star(flux_excess=1.3007)),
    # O types
    "O9.5 Herbig": Case(
        Star(types=((1990, "O9.5V"),), literature=(("Vieira+2003", "HAeBe"),)), "contaminants"
    ),
    "runaway in absorption": Case(Star(visits=(ABSORPTION,), pmra=100.0), "halpha_emission"),
}
