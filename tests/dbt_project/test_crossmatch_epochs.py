"""Positions at other epochs: found where the stars were, and never lost for want of a motion."""

from __future__ import annotations

import math
from collections.abc import Iterator

import duckdb
import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord, get_body_barycentric
from astropy.time import Time
from crossmatch_oracle import ARCSEC, crossmatch_sql, load, render, separations, vectors
from hypothesis import given, settings
from hypothesis import strategies as st

MAS = float(ARCSEC) / 1000
# Gaia DR3, J2016: ra, dec (deg), pmra, pmdec (mas/yr), parallax (mas).
BARNARD = (269.44850252543836, 4.739420051112412, -801.551, 10362.394, 546.976)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        yield connection


def moved(
    ra: np.ndarray, dec: np.ndarray, pmra: np.ndarray, pmdec: np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Unit vectors, shape (..., 3), after years of straight motion, in extended precision."""
    alpha, delta = np.radians(np.longdouble(ra)), np.radians(np.longdouble(dec))
    east = np.stack([-np.sin(alpha), np.cos(alpha), 0 * alpha], axis=-1)
    north = np.stack(
        [-np.sin(delta) * np.cos(alpha), -np.sin(delta) * np.sin(alpha), np.cos(delta)], axis=-1
    )
    step = (pmra[..., None] * east + pmdec[..., None] * north) * MAS * years[..., None]
    there = vectors(ra, dec) + step
    return there / np.sqrt((there**2).sum(axis=-1, keepdims=True))


def to_degrees(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions in degrees of unit vectors, shape (n, 3)."""
    x, y, z = (vector[:, i] for i in range(3))
    ra = np.degrees(np.arctan2(y, x)) % 360
    return ra.astype(float), np.degrees(np.arctan2(z, np.hypot(x, y))).astype(float)


def stars(generator: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Sources with motions from none to that of Barnard's star, some close to a pole."""
    dec = np.degrees(np.arcsin(generator.uniform(-1, 1, n)))
    dec[: n // 4] = 90 - np.abs(generator.normal(0, 0.002, n // 4))
    speed = 10 ** generator.uniform(0, 4, n) * generator.integers(0, 2, n)
    angle = generator.uniform(0, 2 * np.pi, n)
    return {
        "ra": generator.uniform(0, 360, n),
        "dec": dec,
        "pmra": speed * np.cos(angle),
        "pmdec": speed * np.sin(angle),
    }


@pytest.mark.parametrize("spread", ["left", "right"])
@pytest.mark.parametrize("moving", ["left", "right"])
@pytest.mark.parametrize("seed", range(3))
def test_varying_epochs_match_as_brute_force(
    connection: duckdb.DuckDBPyConnection, seed: int, moving: str, spread: str
) -> None:
    generator = np.random.default_rng(seed)
    n = 200
    mover = stars(generator, n)
    mover_epoch = generator.uniform(2014, 2017, n)
    # The other side: where each star was in its own year, to a few arcsec, in any order.
    order = generator.permutation(n)
    other_epoch = generator.uniform(1997, 2001, n)
    picked = {key: value[order] for key, value in mover.items()}
    there = moved(**picked, years=other_epoch - mover_epoch[order])
    there = there + generator.normal(size=there.shape) * 1.5 * float(ARCSEC)
    ra, dec = to_degrees(there)
    still = "right" if moving == "left" else "left"
    name = {"left": "lhs", "right": "rhs"}
    load(connection, name[moving], **mover, year=mover_epoch)
    load(connection, name[still], ra=ra, dec=dec, year=other_epoch)
    radius = 3.0
    found = connection.execute(
        crossmatch_sql(
            radius=radius,
            mode="all",
            epoch="year",
            right_epoch="year",
            moving=moving,
            spread=spread,
        )
    ).fetchall()
    grid = {key: np.repeat(value[:, None], n, axis=1) for key, value in mover.items()}
    at_epoch = moved(**grid, years=other_epoch[None] - mover_epoch[:, None])
    chord = np.sqrt(((at_epoch - vectors(ra, dec)[None]) ** 2).sum(axis=2))
    distance = 2 * np.arcsin(chord / 2) / ARCSEC
    assert (abs(distance - radius) > 1e-6).all()
    expected = {(int(i), int(j)) for i, j in np.argwhere(distance <= radius)}
    pairs = {row[:2] if moving == "left" else row[1::-1] for row in found}
    assert len(expected) > n / 2
    assert pairs == expected
    for row in found:
        i, j = row[:2] if moving == "left" else row[1::-1]
        assert row[2] == pytest.approx(float(distance[i, j]), abs=1e-7)


@pytest.mark.parametrize("epoch", [1991.25, 1999.3, 2010.5, 2015.5])
def test_barnards_star_is_found_where_it_was(
    connection: duckdb.DuckDBPyConnection, epoch: float
) -> None:
    ra, dec, pmra, pmdec, _ = BARNARD
    load(connection, "lhs", ra=[ra], dec=[dec], pmra=[pmra], pmdec=[pmdec])
    star = SkyCoord(
        ra * units.deg,
        dec * units.deg,
        pm_ra_cosdec=pmra * units.mas / units.yr,
        pm_dec=pmdec * units.mas / units.yr,
        distance=1.8 * units.pc,
        radial_velocity=0 * units.km / units.s,
        obstime=Time(2016.0, format="jyear", scale="tdb"),
    )
    then = star.apply_space_motion(new_obstime=Time(epoch, format="jyear", scale="tdb"))
    load(connection, "rhs", ra=[then.ra.deg], dec=[then.dec.deg])
    still = connection.execute(crossmatch_sql(radius=3.0)).fetchall()
    assert still == []
    found = connection.execute(
        crossmatch_sql(radius=3.0, epoch=2016.0, right_epoch=epoch)
    ).fetchall()
    assert len(found) == 1
    # astropy counts years of barycentric coordinate time: 1.5e-8 of the way.
    assert found[0][2] < 1e-5


@settings(deadline=None, max_examples=40)
@given(
    st.floats(0, 360),
    st.one_of(st.floats(-90, 90), st.sampled_from([89.99999, -89.99999, 0.0])),
    st.floats(-11_000, 11_000),
    st.floats(-11_000, 11_000),
    st.floats(-100, 100),
)
def test_there_and_back_is_the_identity(
    connection: duckdb.DuckDBPyConnection,
    ra: float,
    dec: float,
    pmra: float,
    pmdec: float,
    years: float,
) -> None:
    load(connection, "here", ra=[ra], dec=[dec], pmra=[pmra], pmdec=[pmdec])
    there = render("at_epoch", relation="here", years=years)
    connection.execute(f"create or replace table there as {there}")
    back = render("at_epoch", relation="there", years=-years, radial="pmr")
    row = connection.execute(f"select ra, dec, pmra, pmdec, pmr from ({back})").fetchone()
    assert row is not None
    separation = separations(
        vectors(np.array([ra]), np.array([dec])), vectors(np.array(row[:1]), np.array(row[1:2]))
    )[0, 0]
    assert separation < 1e-6
    # At the pole itself east has no meaning: the motion is compared by its length.
    assert math.hypot(*row[2:4]) == pytest.approx(math.hypot(pmra, pmdec), abs=1e-6)
    assert row[4] == pytest.approx(0, abs=1e-6)
    # The match moves as at_epoch does.
    connection.execute(
        "create or replace table lhs as select id, ra, dec, pmra, pmdec from here;"
        "create or replace table rhs as select id, ra, dec from there"
    )
    found = connection.execute(
        crossmatch_sql(radius=1.0, epoch=2000, right_epoch=2000 + years)
    ).fetchall()
    assert found[0][2] < 1e-6


@pytest.mark.parametrize("missing", [None, math.nan])
def test_an_unknown_motion_widens_the_radius(
    connection: duckdb.DuckDBPyConnection, missing: float | None
) -> None:
    load(
        connection,
        "lhs",
        ra=[10.0, 20.0, 30.0],
        dec=[0.0] * 3,
        pmra=[missing, 0.0, missing],
        pmdec=[0.0, 0.0, missing],
    )
    # 5 arcsec away, after 16 years: 0.2 arcsec a year are enough for those without a motion.
    load(connection, "rhs", ra=[10.0, 20.0, 30.0], dec=[5 / 3600] * 3)
    epochs = {"epoch": 2016.0, "right_epoch": 2000.0}
    for right_epoch in (2000.0, "2000.0"):
        found = connection.execute(
            crossmatch_sql(radius=3.0, epoch=2016.0, right_epoch=right_epoch)
        ).fetchall()
        assert sorted(row[0] for row in found) == [0, 2]
        assert all(row[6] == pytest.approx(3.0 + 16 * 0.2) for row in found)
    capped = crossmatch_sql(radius=3.0, **epochs, max_widening=1.0)
    assert connection.execute(capped).fetchall() == []
    fixed = crossmatch_sql(radius=3.0, **epochs, max_proper_motion=0)
    assert connection.execute(fixed).fetchall() == []
    flags = connection.execute(
        render(
            "neighbourhood", left="lhs", left_id="id", right="rhs", right_id="id", radius=6.0,
            **epochs,
        ) + " order by source_id"
    ).fetchall()  # fmt: skip
    assert [row[-1] for row in flags] == [2, 1, 2]


def test_an_unknown_epoch_is_the_middle_of_its_table(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    # 2 arcsec a year, seen between 1998 and 2000, one source without its date: 2 arcsec of doubt.
    load(connection, "lhs", ra=[10.0], dec=[0.0], pmra=[0.0], pmdec=[2000.0])
    years = [1998.0, 2000.0, None]
    load(connection, "rhs", ra=[50.0, 60.0, 10.0], dec=[0.0, 0.0, -35.5 / 3600], jyear=years)
    sql = crossmatch_sql(radius=0.5, epoch=2016.0, right_epoch="jyear")
    found = connection.execute(sql).fetchall()
    assert [row[:2] for row in found] == [(0, 2)]
    assert found[0][2] == pytest.approx(1.5, abs=1e-4)
    connection.execute("update rhs set jyear = 2000 where id = 2")
    assert connection.execute(sql).fetchall() == []
    # A table without any date: positions are taken as they stand.
    connection.execute("update rhs set jyear = null; update rhs set dec = 0")
    assert len(connection.execute(sql).fetchall()) == 1


def test_annual_parallax_is_that_of_the_earth(connection: duckdb.DuckDBPyConnection) -> None:
    ra, dec, pmra, pmdec, parallax = BARNARD
    epochs = np.linspace(1998.0, 2001.0, 25)
    n = len(epochs)
    earth = get_body_barycentric("earth", Time(epochs, format="jyear", scale="tdb"))
    place = moved(*(np.full(n, value) for value in BARNARD[:4]), years=epochs - 2016.0)
    seen = place - parallax * MAS * earth.xyz.to_value(units.au).T
    seen_ra, seen_dec = to_degrees(seen)
    load(connection, "lhs", ra=[ra], dec=[dec], pmra=[pmra], pmdec=[pmdec], parallax=[parallax])
    load(connection, "rhs", ra=seen_ra, dec=seen_dec, jyear=epochs)
    arguments = {"radius": 0.6, "mode": "all", "epoch": 2016.0, "right_epoch": "jyear"}
    without = connection.execute(crossmatch_sql(**arguments)).fetchall()
    with_it = connection.execute(crossmatch_sql(**arguments, annual_parallax=True)).fetchall()
    assert max(row[2] for row in without) > 0.5
    assert len(with_it) == n
    assert max(row[2] for row in with_it) < 0.012 * parallax / 1000


def test_julian_year(connection: duckdb.DuckDBPyConnection) -> None:
    years = connection.execute(
        f"select {render('julian_year', julian_date='2451545.0')}"
    ).fetchone()
    assert years == (2000.0,)
