"""Signal to noise, as the LAMOST pipeline defines it for medium resolution."""

from __future__ import annotations

import numpy as np

from ingest.lamost.model import Floats


def signal_to_noise(flux: Floats, ivar: Floats) -> float | None:
    """Return the median of flux x sqrt(ivar) over pixels with a finite flux and ivar > 0.

    This is what the pipeline writes as SNR of a coadd; its SNRR of low resolution is about
    0.76 of it.

    Parameters
    ----------
    flux, ivar : (n_pixels,)
        Flux and its inverse variance.

    Returns
    -------
    float or None
        None where no pixel is good.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        good = np.isfinite(flux) & np.isfinite(ivar) & (ivar > 0)
        ratio = flux[good] * np.sqrt(ivar[good])
    if not len(ratio):
        return None
    # numpy.median, without the checks that cost more than the selection itself
    middle = len(ratio) // 2
    ratio.partition(middle)
    value = float(ratio[middle])
    if len(ratio) % 2 == 0:
        value = (float(ratio[:middle].max()) + value) / 2.0
    return value if np.isfinite(value) else None
