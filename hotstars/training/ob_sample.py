"""Low-resolution spectra of early-type stars from the warehouse, as arrays to learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.distance.error_model import geometric_magnitude
from ml.ob_spectra.grid import OB
from ml.spectra.placement import OK
from udfs.arrow import matrix
from udfs.ob_spectra import ob_spectrum_columns
from warehouse.connection import WarehouseError

if TYPE_CHECKING:
    import duckdb

#: Spectra of a block: 29 kB each.
BLOCK = 512

_STARS = """
select
    stars.obsid,
    stars.survey,
    stars.designation,
    stars.snr_b::double as snr,
    stars.parallax::double as parallax,
    stars.parallax_error::double as parallax_error,
    (stars.k_mag - stars.a_ks)::double as m_0,
    sqrt(pow(stars.k_mag_error, 2) + pow(stars.a_ks_error, 2))::double as m_0_error
from intermediate.int_ob_stars as stars
semi join raw.lamost_spectrum as spectra
    on stars.obsid = spectra.obsid and spectra.arm = 'L' and spectra.exposure = 0
order by stars.obsid
"""

_SPECTRA = """
select
    spectra.obsid, flux, ivar, or_mask, log_wavelength_start, log_wavelength_step, wavelength,
    stars.radial_velocity::double as radial_velocity
from raw.lamost_spectrum as spectra
inner join intermediate.int_ob_stars as stars using (obsid)
where spectra.arm = 'L' and spectra.exposure = 0
"""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ObSample:
    """Spectra on the common grid, on disk, and what the catalogues say of their stars.

    Rows are in the order of obsid; only spectra whose status is ok are there.

    Attributes
    ----------
    flux, ivar : (n, p)
        Arrays in files that the operating system pages in; see
        :class:`ml.ob_spectra.continuum.ObSpectra`.
    obsid, designation, survey : (n,)
        Of the spectra.
    snr : (n,)
        In the g band.
    parallax, parallax_error : (n,)
        mas, zero point taken off; NaN where there is none.
    m_ks, m_ks_error : (n,)
        Geometric absolute magnitude (Xiang et al. 2021, eqs. 11 and 12), mag; NaN where
        parallax, photometry or extinction lack.
    n_left_out
        Spectra with another status.
    """

    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    obsid: NDArray[np.int64]
    designation: NDArray[np.str_]
    survey: NDArray[np.str_]
    snr: Floats
    parallax: Floats
    parallax_error: Floats
    m_0: Floats
    m_0_error: Floats
    m_ks: Floats
    m_ks_error: Floats
    n_left_out: int

    def __len__(self) -> int:
        return len(self.obsid)

    def blocks(self) -> Blocks:
        """Return flux and inverse variance in pieces, as often as they are asked for."""
        return Blocks(self.flux, self.ivar)

    @property
    def is_simulated(self) -> bool:
        """Whether any spectrum is of the simulated survey."""
        return bool(np.char.startswith(self.survey, "SIM").any())


@dataclass(frozen=True)
class Blocks:
    """Pairs of flux and inverse variance, each (up to 512, p), from the first again each time."""

    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        for first in range(0, len(self.flux), BLOCK):
            rows = slice(first, first + BLOCK)
            yield np.asarray(self.flux[rows]), np.asarray(self.ivar[rows])


def read_ob_sample(
    connection: duckdb.DuckDBPyConnection, folder: Path, say: Callable[[str], None]
) -> ObSample:
    """Bring the sample's spectra to the common grid, and put them into files.

    Parameters
    ----------
    connection
        To a warehouse in which ``int_ob_stars`` is built.
    folder
        Where the arrays are kept, 29 kB a spectrum; the caller removes it.
    say
        Told how far it is.

    Raises
    ------
    WarehouseError
        When ``int_ob_stars`` is missing.
    """
    import duckdb

    try:
        stars = connection.execute(_STARS).to_arrow_table()
    except duckdb.CatalogException as error:
        raise WarehouseError(
            "no intermediate.int_ob_stars here: absolute magnitudes are learnt from stars whose "
            "distance is known; run `hotstars train slam` and `hotstars build` first"
        ) from error
    n = stars.num_rows
    obsid = stars["obsid"].to_numpy()
    shape = (max(n, 1), OB.size)
    flux, ivar = (
        np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=shape)
        for name in ("flux", "ivar")
    )
    fine = np.zeros(n, dtype=bool)
    done = told = 0
    for batch in connection.execute(_SPECTRA).to_arrow_reader(BLOCK):
        rows = np.searchsorted(obsid, batch.column("obsid").to_numpy())
        found = ob_spectrum_columns(*(batch.column(number) for number in range(1, 8)))
        flux[rows], ivar[rows] = (matrix(found.field(name), OB.size) for name in ("flux", "ivar"))
        fine[rows] = np.asarray(found.field("status").to_pylist(), dtype=object) == OK
        done += batch.num_rows
        if done - told >= 5000 or done == n:
            told = done
            say(f"   {done:,d} of {n:,d} spectra at rest on the common grid")
    return _taken(stars, flux, ivar, fine)


def _taken(
    stars: pa.Table,
    flux: NDArray[np.float32],
    ivar: NDArray[np.float32],
    fine: NDArray[np.bool_],
) -> ObSample:
    """Move the sound spectra together, in place, and leave out the others."""
    kept = np.flatnonzero(fine)
    for first in range(0, len(kept), BLOCK):
        rows = kept[first : first + BLOCK]
        # never ahead of what is still to be read, for kept[i] >= i
        flux[first : first + len(rows)] = flux[rows]
        ivar[first : first + len(rows)] = ivar[rows]

    def numbers(name: str) -> Floats:
        column = stars[name].to_numpy(zero_copy_only=False).astype(np.float64)
        return np.asarray(column[kept])

    def words(name: str) -> NDArray[np.str_]:
        return np.asarray(stars[name].to_pylist(), dtype=str)[kept]

    columns = ("parallax", "parallax_error", "m_0", "m_0_error")
    parallax, parallax_error, m_0, m_0_error = (numbers(name) for name in columns)
    m_ks, m_ks_error = geometric_magnitude(parallax, parallax_error, m_0, m_0_error)
    return ObSample(
        flux=flux[: len(kept)],
        ivar=ivar[: len(kept)],
        obsid=stars["obsid"].to_numpy()[kept],
        designation=words("designation"),
        survey=words("survey"),
        snr=numbers("snr"),
        parallax=parallax,
        parallax_error=parallax_error,
        m_0=m_0,
        m_0_error=m_0_error,
        m_ks=m_ks,
        m_ks_error=m_ks_error,
        n_left_out=int(len(fine) - len(kept)),
    )
