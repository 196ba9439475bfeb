"""Labels of stars by a trained network, with errors from noisy copies of their spectra.

Sprague et al. (2022, section 3.2.3): twenty times noise of the pixels' errors (at most five times
their median) is added to the spectrum, the metadata stay as they are; the median of the twenty
is the label, their standard deviation its error. The noise of a star follows from its identity
and the model's version alone. On a CPU a star's copies go through the network by themselves: who
asks again, alone or among others, gets the same bits from the same machine. On a GPU many stars
share a pass, and labels are the same to the rounding of single precision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.apogee.network import ApogeeNetwork
from ml.apogee.standard import METADATA, N_PIXELS, TARGETS, Standard, is_spectrum
from ml.halpha import domain as clouds
from ml.registry import RegisteredModel

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]

#: Noisy copies of a spectrum.
REALISATIONS = 20

#: Stars that share a pass, each with its copies, by kind of device. On a CPU one star's layers just
#: fit into the caches: eight stars at a time take three times as long a star.
_STARS = {"cpu": 1, "cuda": 64}

#: Spectra that share a pass where each is asked for once.
_ROWS = {"cpu": 32, "cuda": 1024}

#: Prefix of the weights in the registry's tensors.
_WEIGHTS, _DOMAIN = "network.", "domain."


@dataclass(frozen=True)
class Labels:
    """Labels of n stars, all (n,) float64; NaN where a spectrum holds nothing.

    Attributes
    ----------
    log_teff, logg, fe_h
        Teff in K, g in cm/s2; medians over the realisations.
    log_teff_error, logg_error, fe_h_error
        Standard deviations over them; NaN where no pixel has an error.
    distance
        How far the spectrum lies from those of the training, in the network's features: about 1
        for one of them.
    is_out_of_domain
        Whether that exceeds what 99 per cent of held-out spectra do.
    """

    log_teff: Floats
    log_teff_error: Floats
    logg: Floats
    logg_error: Floats
    fe_h: Floats
    fe_h_error: Floats
    distance: Floats
    is_out_of_domain: NDArray[np.bool_]


@dataclass(frozen=True)
class LabelNetwork:
    """A network, its constants, and what its training spectra are like.

    Attributes
    ----------
    network
        In evaluation mode.
    standard
        Its constants.
    version
        Part of the noise's seed.
    domain, domain_threshold
        Of :mod:`ml.halpha.domain`; None where nothing is known of the training spectra, as of
        published weights, and nothing is then out of domain.
    """

    network: ApogeeNetwork
    standard: Standard
    version: str
    domain: dict[str, NDArray[np.float32]] | None = None
    domain_threshold: float = float("inf")

    @classmethod
    def from_model(cls, model: RegisteredModel, device: torch.device | None = None) -> LabelNetwork:
        """Make it of the registry's model, on a device; by default CUDA where it is."""
        network = ApogeeNetwork()
        network.load_state_dict(
            {
                name.removeprefix(_WEIGHTS): torch.from_numpy(np.array(value))
                for name, value in model.tensors.items()
                if name.startswith(_WEIGHTS)
            }
        )
        found = {
            name.removeprefix(_DOMAIN): value
            for name, value in model.tensors.items()
            if name.startswith(_DOMAIN)
        }
        place = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return cls(
            network.to(place).eval(),
            Standard.from_table(model.card["standard"]),
            model.version,
            found or None,
            float(model.card.get("domain", {}).get("threshold", float("inf"))),
        )

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that the registry stores."""
        state = self.network.state_dict()
        weights = {f"{_WEIGHTS}{name}": value.cpu().numpy() for name, value in state.items()}
        return {**weights, **{f"{_DOMAIN}{k}": v for k, v in (self.domain or {}).items()}}

    def once(self, flux: Singles, metadata: Floats) -> tuple[Floats, Singles]:
        """Return labels (n, 3) and features (n, 512) of spectra as they are, in one pass."""
        fluxes, _ = self.standard.spectra(flux)
        scaled = self.standard.metadata(metadata)
        out, seen = [], []
        step = _ROWS.get(self._device.type, _ROWS["cpu"])
        for first in range(0, len(fluxes), step):
            rows = slice(first, first + step)
            labels, features = self._asked(fluxes[rows], scaled[rows])
            out.append(labels)
            seen.append(features)
        if not out:
            return np.empty((0, len(TARGETS))), np.empty((0, 512), dtype=np.float32)
        return self.standard.labels(np.concatenate(out)), np.concatenate(seen)

    def predict(
        self,
        flux: Singles,
        error: Singles,
        metadata: Floats,
        identity: Sequence[str],
        *,
        realisations: int = REALISATIONS,
    ) -> Labels:
        """Return labels with errors.

        Parameters
        ----------
        flux, error : (n, 8575)
            Of the files.
        metadata : (n, 7)
            :data:`ml.apogee.standard.METADATA`; NaN where there is none.
        identity : (n,)
            Of the stars: their noise follows from it.
        realisations
            Noisy copies.

        Raises
        ------
        ValueError
            If an array has another shape.
        """
        n = len(flux)
        for name, array, shape in (
            ("flux", flux, (n, N_PIXELS)),
            ("error", error, (n, N_PIXELS)),
            ("metadata", metadata, (n, len(METADATA))),
        ):
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, not {shape}")
        fine = np.flatnonzero(is_spectrum(flux))
        values = np.full((n, len(TARGETS)), np.nan)
        errors = np.full((n, len(TARGETS)), np.nan)
        distance = np.full(n, np.nan)
        step = _STARS.get(self._device.type, _STARS["cpu"])
        for first in range(0, len(fine), step):
            rows = fine[first : first + step]
            fluxes, sigma = self.standard.spectra(flux[rows], error[rows])
            scaled = self.standard.metadata(metadata[rows])
            copies = np.stack(
                [
                    _noisy(fluxes[place], sigma[place], identity[row], self.version, realisations)
                    for place, row in enumerate(rows)
                ]
            )
            # the spectrum itself goes along: the distance is that of what was observed
            asked = np.concatenate((fluxes[:, None], copies), axis=1).reshape(-1, N_PIXELS)
            out, seen = self._asked(asked, np.repeat(scaled, realisations + 1, axis=0))
            labels = self.standard.labels(out).reshape(len(rows), realisations + 1, -1)[:, 1:]
            values[rows] = np.median(labels, axis=1)
            if realisations > 1:
                noisy = np.any(sigma > 0.0, axis=1)[:, None]
                errors[rows] = np.where(noisy, labels.std(axis=1, ddof=1), np.nan)
            if self.domain is not None:
                own = seen.reshape(len(rows), realisations + 1, -1)[:, 0]
                distance[rows] = clouds.distance(own, self.domain)
        column = {name: number for number, name in enumerate(TARGETS)}
        with np.errstate(invalid="ignore"):
            beyond = distance > self.domain_threshold
        return Labels(
            log_teff=values[:, column["log_teff"]],
            log_teff_error=errors[:, column["log_teff"]],
            logg=values[:, column["logg"]],
            logg_error=errors[:, column["logg"]],
            fe_h=values[:, column["fe_h"]],
            fe_h_error=errors[:, column["fe_h"]],
            distance=distance,
            is_out_of_domain=np.asarray(beyond),
        )

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def _asked(self, flux: Singles, metadata: Singles) -> tuple[Singles, Singles]:
        """Return what the network gives, (n, 3), and its features, (n, 512)."""
        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(flux))[:, None].to(self._device)
            seen = self.network.features(x, torch.from_numpy(metadata).to(self._device))
            out = self.network.fc3(seen).cpu().numpy()
        return out, seen.cpu().numpy()


def _noisy(
    flux: Singles, sigma: Singles, identity: str, version: str, realisations: int
) -> Singles:
    """Return noisy copies, (r, 8575), of a spectrum (8575,)."""
    digest = hashlib.sha256(f"{identity} {version}".encode()).digest()
    generator = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
    noise = generator.standard_normal((realisations, len(flux)), dtype=np.float32)
    return np.asarray(flux + noise * sigma, dtype=np.float32)
