"""Composites of the warehouse's own spectra, asked of its network (Xiang et al. 2021, figure 9).

The paper adds flux-calibrated spectra. Here the rectified ones are added with weights: each star's
continuum is a black body of its temperature, scaled to its magnitude in Ks. Extinction and flux
calibration then play no part, and the sum of two continua is the continuum of the sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.absolute_magnitude.magnitude import Magnitude
from ml.distance.mock_binaries import bias_by_flux_ratio, composites, draw_pairs
from ml.ob_spectra.grid import OB
from ml.registry import load_model
from warehouse.connection import WarehouseError

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from hotstars.training.ob_sample import ObSample

#: 0.1 nm: mean wavelength of Ks.
KS = 21590.0
#: h c / k in 0.1 nm K.
_HC_K = 1.438777e8

FEWEST_STARS = 20

#: Inverse variance of composites, the same in all pixels.
EVEN = 1e4

_STARS = """
select obsid, teff, m_ks_geometric as m_ks
from intermediate.int_ob_distances
where binary_flag = 0 and not is_emission and not is_faulty and not is_out_of_domain
    and parallax > 10 * parallax_error and snr_b > {snr} and teff is not null
order by obsid
"""


def black_body(wavelength: NDArray[np.float64], teff: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the flux in wavelength of black bodies over that at Ks, (n, p), of one radius.

    Parameters
    ----------
    wavelength : (p,)
        0.1 nm.
    teff : (n,)
        K.
    """

    def planck(wave: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(wave**-5.0 / np.expm1(_HC_K / (wave * teff[:, None])))

    return planck(wavelength[None, :]) / planck(np.array([[KS]]))


def mock_binaries(
    connection: duckdb.DuckDBPyConnection,
    sample: ObSample,
    models: Path,
    name: str,
    *,
    n_pairs: int = 3000,
    least_snr: float = 50.0,
    seed: int = 1,
) -> list[dict[str, Any]]:
    """Add single stars of the catalogue in pairs and return the network's bias by flux ratio.

    Parameters
    ----------
    connection
        To a warehouse in which ``int_ob_distances`` is built.
    sample
        Its spectra.
    models, name
        Registry and network.
    n_pairs, least_snr, seed
        Pairs to draw, of spectra of at least that S/N.

    Returns
    -------
    list of dict
        :func:`ml.distance.mock_binaries.bias_by_flux_ratio`.

    Raises
    ------
    WarehouseError
        When too few single stars with good parallaxes are there.
    """
    stars = connection.execute(_STARS.format(snr=float(least_snr))).fetchnumpy()
    place = np.searchsorted(sample.obsid, stars["obsid"])
    place = np.minimum(place, max(len(sample) - 1, 0))
    known = sample.obsid[place] == stars["obsid"] if len(sample) else np.zeros(0, dtype=bool)
    n = int(np.count_nonzero(known))
    if n < FEWEST_STARS:
        raise WarehouseError(
            f"mock binaries: {n} single stars of S/N > {least_snr:g} with a parallax of ten errors "
            f"are here, {FEWEST_STARS} are needed; lower --mock-snr"
        )
    teff = np.ma.getdata(stars["teff"]).astype(np.float64)[known]
    m_ks = np.ma.getdata(stars["m_ks"]).astype(np.float64)[known]
    rectified = np.asarray(sample.flux[place[known]], dtype=np.float64)
    weight = np.asarray(sample.ivar[place[known]], dtype=np.float64)
    continuum = black_body(OB.wavelength, teff) * 10.0 ** (-0.4 * m_ks)[:, None]
    # holes are filled by the star's own continuum: a composite has the holes of neither
    rectified = np.where(weight > 0, rectified, 1.0)
    primary, secondary = draw_pairs(m_ks, np.ones(n, dtype=bool), n_pairs, seed=seed)
    pairs = composites(rectified * continuum, m_ks, primary, secondary)
    mixed = pairs.flux / (continuum[primary] + continuum[secondary])
    model = Magnitude.from_model(load_model(models, name))
    bias = _magnitudes(model, mixed) - _magnitudes(model, rectified)[primary]
    return bias_by_flux_ratio(pairs, bias)


def _magnitudes(model: Magnitude, flux: NDArray[np.float64]) -> NDArray[np.float64]:
    single = flux.astype(np.float32)
    return np.asarray(model.predict(single, np.full(single.shape, EVEN, dtype=np.float32)).m_ks)
