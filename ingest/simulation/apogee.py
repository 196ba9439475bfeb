"""Stars of the simulated near-infrared survey: labels, places, photometry, spectra.

Cool dwarfs and giants, young stars above the main sequence, dwarfs and giants of types O to F,
and supergiants, in shares that a network can learn from (hot and young stars are enhanced
against APOGEE's, where two stars in three are red giants). Photometry is that of black bodies of
the star's size, reddened; it is there to be consistent with labels and distance, not more.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ingest.simulation.apogee_lines import N_PIXELS, WAVELENGTH, normalised_spectra
from ingest.simulation.photometry import EXTINCTION, R_V

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

#: Kinds and their shares.
SHARES = (("dwarf", 0.24), ("giant", 0.32), ("young", 0.12), ("hot", 0.26), ("supergiant", 0.06))

#: Pixels that the three detectors cover.
CHIPS = ((204, 3303), (3542, 6110), (6298, 8361))

#: Effective wavelengths of the bands, 0.1 nm.
_BANDS = {"g": 6390.0, "bp": 5180.0, "rp": 7825.0, "j": 12350.0, "h": 16620.0, "k": 21590.0}

#: Flux of H = 0 in 1e-17 erg/s/cm2/A (Cohen et al. 2003).
_ZERO_H = 1.133e7

#: Numbers of spectral type (O0 is 0, B0 10, ...) and the temperatures of dwarfs, K.
_TYPES = np.array([3.0, 5.0, 8.0, 10.0, 12.0, 15.0, 18.0, 20.0, 25.0, 30.0, 35.0, 40.0])
_TYPE_TEFF = np.array(
    [44900.0, 41400.0, 35100.0, 31400.0, 20600.0, 15700.0, 12300.0, 9700.0, 8100.0, 7220.0, 6550.0,
     5930.0]
)  # fmt: skip

#: Of the sky's glow, in pixels: drawn once, the same in all spectra.
_SKY = np.random.default_rng(1_511).choice(N_PIXELS, 500, replace=False)

MISSING = np.nan


@dataclass(frozen=True)
class ApogeeStars:
    """Simulated stars, arrays (n,).

    Attributes
    ----------
    apogee_id, kind, spectral_type
        Identity; one of :data:`SHARES`; MK type of hot stars and supergiants, else empty.
    teff, logg, fe_h, vsini, rv
        K, log10 of cm/s2, dex, km/s, km/s.
    distance, ebv
        pc, mag.
    ra, dec
        deg.
    parallax, parallax_error
        As Gaia measures them, mas; NaN where it does not.
    g, bp, rp, j, h, k
        As measured, mag; NaN where they are not.
    h_true
        Without error, mag.
    snr, n_visits
        Of the spectrum.
    """

    apogee_id: NDArray[np.str_]
    kind: NDArray[np.str_]
    spectral_type: NDArray[np.str_]
    teff: Floats
    logg: Floats
    fe_h: Floats
    vsini: Floats
    rv: Floats
    distance: Floats
    ebv: Floats
    ra: Floats
    dec: Floats
    parallax: Floats
    parallax_error: Floats
    g: Floats
    bp: Floats
    rp: Floats
    j: Floats
    h: Floats
    k: Floats
    h_true: Floats
    snr: Floats
    n_visits: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.teff)

    def take(self, rows: NDArray[np.int64] | slice) -> ApogeeStars:
        """Return some of the stars."""
        return ApogeeStars(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def metadata(self) -> Floats:
        """Return parallax, G, BP, RP, J, H, K, (n, 7)."""
        names = ("parallax", "g", "bp", "rp", "j", "h", "k")
        return np.column_stack([getattr(self, name) for name in names])


def draw_apogee_stars(n: int, seed: int) -> ApogeeStars:
    """Draw stars; the same seed gives the same."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1_517]))
    names, shares = [name for name, _ in SHARES], [share for _, share in SHARES]
    kind = rng.choice(np.array(names), n, p=np.array(shares, dtype=np.float64))
    teff, logg, fe_h, vsini = _labels(rng, kind)
    ra: Floats = np.round(rng.uniform(0.0, 360.0, n), 6)
    height: Floats = rng.uniform(-0.5, 0.95, n)
    dec: Floats = np.asarray(np.round(np.degrees(np.arcsin(height)), 6), dtype=np.float64)
    mass = _mass(teff, logg, kind)
    radius = np.sqrt(mass * 10.0 ** (4.438 - logg))
    ebv = rng.gamma(1.0, np.where(np.isin(kind, ["hot", "supergiant", "young"]), 0.35, 0.15))
    absolute = {band: _absolute(teff, radius, wave) for band, wave in _BANDS.items()}
    wanted_h = rng.uniform(7.0, 13.2, n)
    a_h = EXTINCTION["h"] * R_V * ebv
    distance = 10.0 ** (0.2 * (wanted_h - absolute["h"] - a_h) + 1.0)
    true = {
        band: magnitude + EXTINCTION[band] * R_V * ebv + 5.0 * np.log10(distance) - 5.0
        for band, magnitude in absolute.items()
    }
    error = {"g": 0.005, "bp": 0.01, "rp": 0.01, "j": 0.025, "h": 0.025, "k": 0.025}
    seen = {band: true[band] + error[band] * rng.standard_normal(n) for band in _BANDS}
    parallax_error = 0.02 * 10.0 ** (0.2 * np.clip(true["g"] - 14.0, 0.0, 7.0))
    parallax = 1000.0 / distance + parallax_error * rng.standard_normal(n)
    gone = (rng.random(n) < 0.03) | (true["g"] > 20.7)
    for band in ("g", "bp", "rp"):
        seen[band] = np.where(gone | (true[band] > 21.2), MISSING, seen[band])
    return ApogeeStars(
        apogee_id=_identities(ra, dec),
        kind=kind,
        spectral_type=_spectral_types(rng, teff, logg, kind),
        teff=teff,
        logg=logg,
        fe_h=fe_h,
        vsini=vsini,
        rv=rng.normal(0.0, 45.0, n),
        distance=distance,
        ebv=ebv,
        ra=ra,
        dec=dec,
        parallax=np.where(gone, MISSING, parallax),
        parallax_error=np.where(gone, MISSING, parallax_error),
        **seen,
        h_true=true["h"],
        snr=np.clip(10.0 ** rng.normal(2.0, 0.28, n), 15.0, 500.0),
        n_visits=np.where(rng.random(n) < 0.3, 2, 1),
    )


def _labels(rng: np.random.Generator, kind: NDArray[np.str_]) -> tuple[Floats, ...]:
    n = len(kind)
    teff, logg, fe_h = np.empty(n), np.empty(n), rng.normal(-0.1, 0.25, n)
    vsini = rng.gamma(2.0, 3.0, n)
    one = kind == "dwarf"
    teff[one] = rng.uniform(3050.0, 6700.0, one.sum())
    logg[one] = 4.95 - 0.00018 * (teff[one] - 3050.0) + rng.normal(0.0, 0.06, one.sum())
    one = kind == "giant"
    logg[one] = rng.uniform(0.3, 3.6, one.sum())
    slope = 3550.0 + 460.0 * logg[one] - 380.0 * fe_h[one]
    teff[one] = slope + rng.normal(0.0, 90.0, one.sum())
    one = kind == "young"
    teff[one] = rng.uniform(3050.0, 5200.0, one.sum())
    logg[one] = rng.uniform(3.4, 4.35, one.sum())
    fe_h[one] = rng.normal(0.0, 0.05, one.sum())
    vsini[one] = rng.gamma(2.0, 10.0, one.sum())
    one = kind == "hot"
    teff[one] = 10.0 ** rng.uniform(np.log10(6500.0), np.log10(48_000.0), one.sum())
    logg[one] = 4.2 - np.abs(rng.normal(0.0, 0.3, one.sum()))
    fe_h[one] = rng.normal(0.0, 0.1, one.sum())
    vsini[one] = np.minimum(rng.gamma(2.5, 50.0, one.sum()), 350.0)
    one = kind == "supergiant"
    teff[one] = 10.0 ** rng.uniform(np.log10(4000.0), np.log10(30_000.0), one.sum())
    limit = 0.8 + 4.2 * (np.log10(teff[one]) - 3.78)
    logg[one] = np.clip(limit, 0.2, 3.2) + rng.normal(0.0, 0.15, one.sum())
    fe_h[one] = rng.normal(0.0, 0.1, one.sum())
    vsini[one] = rng.gamma(4.0, 12.0, one.sum())
    return teff, logg, fe_h, vsini


def _mass(teff: Floats, logg: Floats, kind: NDArray[np.str_]) -> Floats:
    """Return masses of the Sun's, good to a factor of two."""
    dwarf = np.clip((teff / 5770.0) ** 1.8, 0.12, 45.0)
    heavy = np.clip(8.0 + 14.0 * (np.log10(teff) - 3.6), 8.0, 30.0)
    return np.where(kind == "supergiant", heavy, np.where(logg < 3.3, 1.3, dwarf))


def _absolute(teff: Floats, radius: Floats, wavelength: float) -> Floats:
    """Return absolute magnitudes of black bodies; Vega is one of 9,600 K and 2.6 solar radii."""

    def light(temperature: Floats | float, size: Floats | float) -> Floats:
        x = 1.438777e8 / (wavelength * np.asarray(temperature))
        return np.asarray(size) ** 2 / np.expm1(x)

    vega = 0.58  # at 10 pc, in all bands
    return np.asarray(vega - 2.5 * np.log10(light(teff, radius) / light(9600.0, 2.6)))


def _identities(ra: Floats, dec: Floats) -> NDArray[np.str_]:
    """Return 2MHHMMSSss+DDMMSSs; two stars of one place get different ones by a last letter."""
    names = []
    known: dict[str, int] = {}
    for one_ra, one_dec in zip(ra, dec, strict=True):
        hundredths = int(one_ra / 15.0 * 360_000)
        tenths = int(abs(one_dec) * 36_000)
        name = (
            f"2M{hundredths // 360_000:02d}{hundredths // 6_000 % 60:02d}"
            f"{hundredths % 6_000:04d}{'-' if one_dec < 0 else '+'}"
            f"{tenths // 36_000:02d}{tenths // 600 % 60:02d}{tenths % 600:03d}"
        )
        known[name] = known.get(name, 0) + 1
        names.append(name if known[name] == 1 else f"{name}.{known[name]}")
    return np.array(names)


def _spectral_types(
    rng: np.random.Generator, teff: Floats, logg: Floats, kind: NDArray[np.str_]
) -> NDArray[np.str_]:
    """Return MK types of stars hotter than 6,500 K as an observer would give them, else ''."""
    number = np.interp(-np.log10(teff), -np.log10(_TYPE_TEFF), _TYPES)
    number = np.clip(np.round(2.0 * (number + rng.normal(0.0, 0.4, len(teff)))) / 2.0, 3.0, 39.0)
    classes = np.where(kind == "supergiant", "I", np.where(logg < 3.75, "III", "V"))
    types = []
    for one, luminosity, hot in zip(number, classes, teff > 6500.0, strict=True):
        letter = "OBAF"[int(one // 10)]
        digit = f"{one % 10:.1f}".removesuffix(".0")
        types.append(f"{letter}{digit}{luminosity}" if hot else "")
    return np.array(types)


def apogee_spectra(stars: ApogeeStars, seed: int) -> tuple[Singles, Singles]:
    """Return fluxes and errors of the combined spectra, (n, 8575) each, 1e-17 erg/s/cm2/A.

    Parameters
    ----------
    stars
        :func:`draw_apogee_stars`.
    seed
        Of the noise, which also follows from the star's name: a star has the same spectrum
        alone or among others.

    Returns
    -------
    flux, error
        0 and 1e10 between and beside the detectors.
    """
    lines = normalised_spectra(stars.teff, stars.logg, stars.fe_h, stars.vsini)
    middle = WAVELENGTH[N_PIXELS // 2]
    x = 1.438777e8 / stars.teff[:, None]
    shape = (middle / WAVELENGTH) ** 5 * np.expm1(x / middle) / np.expm1(x / WAVELENGTH)
    level = _ZERO_H * 10.0 ** (-0.4 * stars.h_true)
    flux = (lines * shape * level[:, None]).astype(np.float32)
    sky = np.ones(N_PIXELS, dtype=np.float32)
    sky[_SKY] = np.linspace(1.5, 25.0, len(_SKY))
    error = (level / stars.snr)[:, None].astype(np.float32) * sky
    inside = np.zeros(N_PIXELS, dtype=bool)
    for first, end in CHIPS:
        inside[first:end] = True
    for row, name in enumerate(stars.apogee_id):
        key = int.from_bytes(name.encode(), "little")
        rng = np.random.default_rng(np.random.SeedSequence([seed, 1_519, key]))
        flux[row] += error[row] * rng.standard_normal(N_PIXELS, dtype=np.float32)
        for _ in range(rng.poisson(1.0)):  # a bad column of a detector
            place = rng.integers(300, 8200)
            flux[row, place : place + 3] *= rng.uniform(0.0, 2.0)
            error[row, place : place + 3] *= 30.0
    flux[:, ~inside] = 0.0
    error[:, ~inside] = 1e10
    return flux, error


@dataclass(frozen=True)
class ApogeeTraining:
    """Spectra with true labels to learn from, (n, ...).

    Attributes
    ----------
    flux, error : (n, 8575)
    metadata : (n, 7)
    targets : (n, 3)
        log g, log Teff, [Fe/H].
    star, kind, spectral_type : (n,)
    """

    flux: Singles
    error: Singles
    metadata: Floats
    targets: Floats
    star: NDArray[np.str_]
    kind: NDArray[np.str_]
    spectral_type: NDArray[np.str_]


def _piece(job: tuple[int, int, int, int]) -> tuple[Singles, Singles]:
    n, seed, first, end = job
    return apogee_spectra(draw_apogee_stars(n, seed).take(slice(first, end)), seed)


def apogee_training_set(n: int, seed: int, *, workers: int = 1) -> ApogeeTraining:
    """Simulate spectra in memory, without files; what comes out does not depend on the workers.

    Parameters
    ----------
    n, seed
        Stars, and what they follow from. Seeds of surveys that files are written of should be
        others.
    workers
        Processes.
    """
    from ingest.pool import ordered_map  # noqa: PLC0415

    stars = draw_apogee_stars(n, seed)
    jobs = [(n, seed, first, min(first + 512, n)) for first in range(0, n, 512)]
    parts = list(ordered_map(_piece, jobs, workers=workers, preload=[__name__]))
    flux, error = (np.concatenate(column) for column in zip(*parts, strict=True))
    return ApogeeTraining(
        flux,
        error,
        stars.metadata(),
        np.column_stack([stars.logg, np.log10(stars.teff), stars.fe_h]),
        stars.apogee_id,
        stars.kind,
        stars.spectral_type,
    )
