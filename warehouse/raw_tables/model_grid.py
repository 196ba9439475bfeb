"""Spectra of model atmospheres: the grids that stellar labels are learnt from."""

from __future__ import annotations

from sqlalchemy import Boolean, Double, Integer, String

from warehouse.columns import column, real_list
from warehouse.raw_tables.base import raw_table

model_grid_spectrum = raw_table(
    "model_grid_spectrum",
    "One row a model: the normalised spectrum of a star that does not turn, on a grid of equal "
    "steps in log wavelength that all models share.",
    ("grid", "teff", "logg", "m_h", "microturbulence"),
    column(
        "grid",
        String,
        "OSTAR2002, BSTAR2006, ...; starts with SIM- where the spectra are simulated",
        ucd="meta.id;meta.dataset",
        required=True,
    ),
    column(
        "teff",
        Double,
        "Effective temperature",
        unit="K",
        ucd="phys.temperature.effective",
        required=True,
    ),
    column("logg", Double, "Surface gravity, log10 of cm/s2", ucd="phys.gravity", required=True),
    column("m_h", Double, "Metallicity, log10 of solar", ucd="phys.abund.Z", required=True),
    column(
        "microturbulence",
        Double,
        "Microturbulent velocity",
        unit="km.s**-1",
        ucd="phys.veloc.microTurb",
        required=True,
    ),
    column(
        "simulated",
        Boolean,
        "Whether the spectrum is made by the simulated survey, no model atmosphere",
        ucd="meta.code",
        required=True,
    ),
    column(
        "continuum",
        String,
        "How it was normalised: model (by the continuum of the same model) or line (by a straight "
        "line through the top of a short piece)",
        ucd="meta.code.class",
        required=True,
    ),
    column(
        "medium",
        String,
        "What the wavelengths of the file are in: air or vacuum; here they are vacuum",
        ucd="meta.code;em.wl",
        required=True,
    ),
    column("n_points", Integer, "Points of the spectrum in the file", ucd="meta.number"),
    column(
        "log_wavelength_start",
        Double,
        "log10 of the first vacuum wavelength in 0.1 nm, a whole multiple of the step",
        ucd="em.wl",
        required=True,
    ),
    column(
        "log_wavelength_step",
        Double,
        "Step of log10 of the wavelength",
        ucd="em.wl",
        required=True,
    ),
    column(
        "flux",
        real_list(),
        "Flux in units of the continuum, mean over the pixel",
        ucd="phot.flux.density;em.wl;arith.ratio",
        required=True,
    ),
    column("file_name", String, "Name of the file", ucd="meta.ref", required=True),
    column("path", String, "Absolute path of the file", ucd="meta.ref", required=True),
    column("run_id", String, "Run that loaded it", ucd="meta.id", required=True),
)
