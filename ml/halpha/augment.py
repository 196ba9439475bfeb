"""Vary training spectra: as images as published, as numbers by what happens to real spectra."""

from __future__ import annotations

import math
from functools import lru_cache

from ml.torch_setup import torch, torchvision

#: H-alpha as a place among the samples of a window (0 is the first one's middle).
_CENTRE = (6564.61 - 6530.125) / 0.25

#: km/s by which H-alpha moves from sample to sample.
_SAMPLE_VELOCITY = 0.25 / 6564.61 * 299792.458

# Wang et al. (2022), section 4.1.3; how far perspective goes, it does not say.
ROTATION = 10.0  # deg
ZOOM = (1.0, 1.5)
PERSPECTIVE = 0.2

# What happens to real spectra beyond what the simulation has
VELOCITY = 120.0  # km/s: the star's own, and errors of the wavelength scale; standard deviation
STRETCH = 0.15  # of widths in wavelength, either way
SCALE = 0.15  # of depths and heights: other gravities, scattered light
LEVEL = 0.02  # of the continuum, standard deviation
TILT = 0.02  # of the continuum at either end of the window, standard deviation
BEND = 0.015  # of the continuum in the middle of the window, standard deviation
NOISE = 0.01  # added, at most
SPIKE_SHARE = 0.3  # of spectra that get a cosmic ray's or a sky line's rest beside H-alpha
SPIKE_HEIGHT = (0.03, 3.0)  # of the continuum; one in three is negative
SPIKE_WIDTH = (0.15, 2.5)  # standard deviation, A: a medium-resolution pixel to a sky line
SPIKE_DISTANCE = 11.0  # A from H-alpha at least, 500 km/s


@lru_cache(maxsize=1)
def _image_transform() -> torch.nn.Module:
    v2 = torchvision.transforms.v2
    return v2.Compose(
        [
            v2.RandomRotation(ROTATION, interpolation=v2.InterpolationMode.BILINEAR),
            v2.RandomAffine(0.0, scale=ZOOM, interpolation=v2.InterpolationMode.BILINEAR),
            v2.RandomPerspective(PERSPECTIVE, p=1.0),
            v2.RandomHorizontalFlip(),
        ]
    )


def augment_images(images: torch.Tensor) -> torch.Tensor:
    """Rotate, zoom, warp and mirror images, each in its own way.

    Parameters
    ----------
    images : (n, channels, size, size)
        Spectra as drawn.

    Returns
    -------
    (n, channels, size, size)
        Rotated by up to 10 deg, zoomed 1.0-1.5 times, warped in perspective, half of them
        mirrored left to right (Wang et al. 2022, section 4.1.3). Random numbers are torch's
        global ones.
    """
    transform = _image_transform()
    return torch.stack([transform(image) for image in images])


def augment_windows(windows: torch.Tensor) -> torch.Tensor:
    """Vary windows as other stars, other nights and other pipelines would.

    Parameters
    ----------
    windows : (n, 240)
        Rectified flux.

    Returns
    -------
    (n, 240)
        Half of them mirrored about H-alpha (a mirrored disc is a disc, with V and R exchanged);
        moved in velocity, stretched in wavelength, scaled about the continuum; with errors of
        the continuum (level, tilt, curvature), a little noise, and in some a peak or a dip away
        from H-alpha, which is none of the star's. Random numbers are torch's global ones.
    """
    n, n_samples = windows.shape
    shift = torch.randn(n, 1) * (VELOCITY / _SAMPLE_VELOCITY)
    stretch = 1.0 + STRETCH * (2.0 * torch.rand(n, 1) - 1.0)
    mirror = torch.where(torch.rand(n, 1) < 0.5, -1.0, 1.0)
    sample = torch.arange(n_samples)
    place = _CENTRE + mirror * (sample - _CENTRE - shift) / stretch  # (n, 240)
    moved = _at(windows, place.to(windows.device))
    scale = 1.0 + SCALE * (2.0 * torch.rand(n, 1) - 1.0)
    x = 2.0 * sample / (n_samples - 1) - 1.0  # -1 .. 1 across the window
    level = LEVEL * torch.randn(n, 1)
    tilt = TILT * torch.randn(n, 1) * x
    bend = BEND * torch.randn(n, 1) * (1.0 - x * x)
    continuum = 1.0 + level + tilt + bend
    noise = NOISE * torch.rand(n, 1) * torch.randn(n, n_samples)
    device = windows.device
    added = (noise + _spikes(n, sample)).to(device)
    return (1.0 + scale.to(device) * (moved - 1.0)) * continuum.to(device) + added


def _spikes(n: int, sample: torch.Tensor) -> torch.Tensor:
    """Return for some of n windows a peak or a dip away from H-alpha, (n, 240); 0 for others."""
    low, high = math.log(SPIKE_HEIGHT[0]), math.log(SPIKE_HEIGHT[1])
    height = torch.exp(low + (high - low) * torch.rand(n, 1))
    height = torch.where(torch.rand(n, 1) < 1.0 / 3.0, -0.3 * height.clamp(max=1.0), height)
    height = torch.where(torch.rand(n, 1) < SPIKE_SHARE, height, 0.0)
    low, high = math.log(SPIKE_WIDTH[0]), math.log(SPIKE_WIDTH[1])
    width = torch.exp(low + (high - low) * torch.rand(n, 1)) / 0.25
    # a place outside of the gap, as if the gap were not there
    gap = SPIKE_DISTANCE / 0.25
    place = torch.rand(n, 1) * (len(sample) - 1 - 2.0 * gap)
    place = torch.where(place > _CENTRE - gap, place + 2.0 * gap, place)
    return height * torch.exp(-0.5 * ((sample - place) / width) ** 2)


def _at(windows: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """Return windows (n, 240) at places (n, 240) between samples; reflected at the ends."""
    last = windows.shape[1] - 1
    place = torch.remainder(place, 2.0 * last)
    place = torch.where(place > last, 2.0 * last - place, place)
    low = place.floor().clamp(0, last - 1).long()
    part = place - low
    return windows.gather(1, low) * (1.0 - part) + windows.gather(1, low + 1) * part
