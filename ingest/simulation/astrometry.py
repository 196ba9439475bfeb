"""Where simulated stars are and how they move: Galactic rotation, the Sun, peculiar motion.

The conventions are those of Wang+2022, section 6.2 (Moffat+1998, 1999): pole and node of the
Hipparcos catalogue, a flat rotation curve of 220 km/s with the Sun at 8.5 kpc, solar motion
(11.10, 12.24, 7.25) km/s of Schoenrich+2010.
"""

from __future__ import annotations

import numpy as np

from ingest.simulation.model import Floats, Integers, Stars, Strings

POLE_RA = 192.85948
POLE_DEC = 27.12825
NODE_L = 32.93192
R0 = 8.5  # kpc
V_CIRCULAR = 220.0  # km/s
SOLAR_MOTION = (11.10, 12.24, 7.25)  # km/s, towards the centre, rotation, north pole
KM_S = 4.74047  # km/s of 1 au a year

EPOCH = 2016.0


def galactic_matrix() -> Floats:
    """Return the matrix, shape ``(3, 3)``, from equatorial to Galactic unit vectors."""
    a, d, node = np.radians([POLE_RA, POLE_DEC, NODE_L])
    pole = np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    ascending = np.array([-np.sin(a), np.cos(a), 0.0])  # where the planes cross, l = node
    third = np.cross(pole, ascending)
    centre = np.cos(node) * ascending - np.sin(node) * third
    rotation = np.sin(node) * ascending + np.cos(node) * third
    return np.array([centre, rotation, pole])


def unit_vectors(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats, Floats]:
    """Return unit vectors outwards, to greater longitude and to greater latitude.

    Angles in degrees, shape ``(n,)``; each result has shape ``(n, 3)``.
    """
    lon, lat = np.radians(longitude), np.radians(latitude)
    zero = np.zeros_like(lon)
    out = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    east = np.stack([-np.sin(lon), np.cos(lon), zero], axis=-1)
    north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], axis=-1)
    return out, east, north


def to_equatorial(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Return right ascension and declination (deg) of Galactic l and b (deg)."""
    out, _, _ = unit_vectors(longitude, latitude)
    x, y, z = (out @ galactic_matrix()).T
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arcsin(np.clip(z, -1, 1)))


def to_galactic(ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    """Return Galactic l and b (deg) of right ascension and declination (deg)."""
    out, _, _ = unit_vectors(ra, dec)
    x, y, z = (out @ galactic_matrix().T).T
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arcsin(np.clip(z, -1, 1)))


def mean_motion(longitude: Floats, latitude: Floats, distance: Floats) -> Floats:
    """Return the heliocentric velocity of a star that only goes round the Galaxy.

    Circular velocity at the star, less that of the local standard of rest, less the Sun's
    peculiar motion.

    Parameters
    ----------
    longitude, latitude : (n,)
        Galactic coordinates (deg).
    distance : (n,)
        Distance (pc).

    Returns
    -------
    (n, 3)
        Velocity (km/s) along the Galactic axes X (centre), Y (rotation), Z (pole).
    """
    out, _, _ = unit_vectors(longitude, latitude)
    place = out * (distance / 1000.0)[:, None]  # (n, 3), kpc
    from_centre = place - np.array([R0, 0.0, 0.0])
    radius = np.hypot(from_centre[:, 0], from_centre[:, 1])
    circular = (
        V_CIRCULAR
        * np.stack([from_centre[:, 1], -from_centre[:, 0], np.zeros_like(radius)], axis=-1)
        / radius[:, None]
    )
    return circular - np.array([0.0, V_CIRCULAR, 0.0]) - np.array(SOLAR_MOTION)


def observed_motion(
    ra: Floats, dec: Floats, distance: Floats, peculiar: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return proper motion and radial velocity of stars with a peculiar velocity.

    Parameters
    ----------
    ra, dec : (n,)
        Position (deg).
    distance : (n,)
        Distance (pc).
    peculiar : (n, 3)
        Velocity (km/s) to greater l, to greater b, and outwards.

    Returns
    -------
    pmra, pmdec : (n,)
        mas/yr; pmra times cos(dec).
    rv : (n,)
        km/s.
    """
    longitude, latitude = to_galactic(ra, dec)
    out, east, north = unit_vectors(longitude, latitude)
    velocity = (
        mean_motion(longitude, latitude, distance)
        + peculiar[:, :1] * east
        + peculiar[:, 1:2] * north
        + peculiar[:, 2:] * out
    )
    radial, to_east, to_north = unit_vectors(ra, dec)
    equatorial = velocity @ galactic_matrix()
    scale = 1000.0 / (KM_S * distance)  # km/s -> mas/yr
    return (
        scale * np.sum(equatorial * to_east, axis=1),
        scale * np.sum(equatorial * to_north, axis=1),
        np.sum(equatorial * radial, axis=1),
    )


def draw_peculiar(
    rng: np.random.Generator, n: int, b: float, runaway: np.ndarray, speeds: tuple[float, float]
) -> Floats:
    """Draw peculiar velocities, shape ``(n, 3)``: to greater l, to greater b, outwards (km/s).

    The tangential speed follows v^2 exp(-v^2/b^2), the law that Wang+2022 fit (equation 1);
    that of a runaway is uniform between two speeds.
    """
    speed = np.linalg.norm(rng.normal(0.0, b / np.sqrt(2), (n, 3)), axis=1)
    speed = np.where(runaway, rng.uniform(*speeds, n), speed)
    angle = rng.uniform(0.0, 2 * np.pi, n)
    outwards = rng.normal(0.0, b / np.sqrt(2), n)
    return np.stack([speed * np.cos(angle), speed * np.sin(angle), outwards], axis=1)


def position_at(
    ra: Floats, dec: Floats, pmra: Floats, pmdec: Floats, epoch: Floats | float
) -> tuple[Floats, Floats]:
    """Return positions (deg) at an epoch (Julian year) from those of J2016.0."""
    years = np.asarray(epoch) - EPOCH
    moved = dec + years * pmdec / 3.6e6
    return (ra + years * pmra / 3.6e6 / np.cos(np.radians(dec))) % 360.0, moved


def star_position(stars: Stars, epoch: Floats | float) -> tuple[Floats, Floats]:
    """Return the positions (deg) of stars at an epoch (Julian year)."""
    return position_at(stars.ra, stars.dec, stars.pmra, stars.pmdec, epoch)


def scattered(
    rng: np.random.Generator, ra: Floats, dec: Floats, sigma: Floats | float
) -> tuple[Floats, Floats]:
    """Return positions (deg) with an error of ``sigma`` arcsec a coordinate."""
    east, north = rng.normal(0.0, 1.0, (2, len(ra))) * np.asarray(sigma) / 3600.0
    return (ra + east / np.cos(np.radians(dec))) % 360.0, np.clip(dec + north, -90.0, 90.0)


def designations(
    ra: Floats, dec: Floats, *, ra_digits: int = 2, dec_digits: int = 1, plain: bool = False
) -> Strings:
    """Return names made of positions, truncated, as JHHMMSS.ss+DDMMSS.s.

    Parameters
    ----------
    ra, dec : (n,)
        Position (deg).
    ra_digits, dec_digits
        Digits of the seconds of time and of arc.
    plain
        Leave out J and the points, as 2MASS does.
    """
    # A hair is added before truncating, for 1.2 is 1.1999...
    time = np.floor((ra % 360.0) * 240.0 * 10**ra_digits + 1e-6).astype(np.int64)
    time %= 86400 * 10**ra_digits
    arc = np.floor(np.abs(dec) * 3600.0 * 10**dec_digits + 1e-6).astype(np.int64)
    sign = np.where(dec < 0, "-", "+")
    names = [
        f"{_sexagesimal(int(t), ra_digits)}{s}{_sexagesimal(int(a), dec_digits)}"
        for t, s, a in zip(time, sign, arc, strict=True)
    ]
    if plain:
        return np.array([name.replace(".", "") for name in names], dtype=np.str_)
    return np.array([f"J{name}" for name in names], dtype=np.str_)


def _sexagesimal(units: int, digits: int) -> str:
    whole, part = divmod(units, 10**digits)
    return f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}.{part:0{digits}d}"


def source_numbers(ra: Floats, dec: Floats, number: Integers) -> Integers:
    """Return Gaia-like source identifiers: a cell of the sky and a running number.

    The cells are 12288 x 16384 of equal area, as many as HEALPix of level 12 has, but not
    HEALPix. ``number`` must be below 2^35 and tells sources apart.
    """
    row = np.minimum(((np.sin(np.radians(dec)) + 1) / 2 * 12288).astype(np.int64), 12287)
    cell = row * 16384 + ((ra % 360.0) / 360.0 * 16384).astype(np.int64)
    return (cell << 35) + number
