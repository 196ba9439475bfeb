"""Draw H-alpha windows as images, anti-aliased, many at a time.

The axes are the same for every spectrum: wavelength from 6530 to 6590 A to the right, flux from
:data:`FLUX_RANGE` upwards. A line that leaves the range runs along the edge of the image, so
that strong emission looks cut off, not absent. The line is :data:`LINE_WIDTH` of the height
thick. A column of pixels is filled from the lowest to the highest point of the curve within it;
pixels that are covered in part get that part.
"""

from __future__ import annotations

from functools import lru_cache

from ml.halpha.window import N_SAMPLES
from ml.torch_setup import torch

FLUX_RANGE = (0.2, 2.2)
"""Rectified flux at the lower and the upper edge.

The deepest core of 46 MILES spectra of hot stars and 12 from Ondrejov is at 0.40; the peaks of
three Be stars, up to 10.3, are beyond the upper edge and look cut off, which leaves no doubt of
their emission. In return a weak peak of 0.05 in the bottom of a broad line is 6 of 256 pixels
high; an axis of 0.2-10.5 would leave it 1.2.
"""

LINE_WIDTH = 1.0 / 128
"""Thickness of the line as part of the image's height."""

_AT_ONCE = 128  # images drawn together: their arrays stay near the processor


@lru_cache(maxsize=8)
def _columns(size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the edges of columns as places between samples, and the samples within columns.

    Returns
    -------
    low : (size + 1,)
        Sample at or before each edge.
    part : (size + 1,)
        Fraction of the way from it to the next.
    inside : (size, k)
        Samples in each column, the last one repeated; where a column has none, -1.
    """
    edges = torch.arange(size + 1, dtype=torch.float64) / size * N_SAMPLES - 0.5
    edges = edges.clamp(0, N_SAMPLES - 1)
    low = edges.floor().clamp(max=N_SAMPLES - 2).long()
    part = (edges - low).float()
    column = ((torch.arange(N_SAMPLES) + 0.5) / N_SAMPLES * size).floor().long()
    most = int(torch.bincount(column, minlength=size).max())
    inside = torch.full((size, most), -1)
    for number in range(size):
        samples = torch.nonzero(column == number).ravel()
        if len(samples):
            inside[number] = samples[-1]
            inside[number, : len(samples)] = samples
    return low, part, inside


def draw(windows: torch.Tensor, size: int = 256) -> torch.Tensor:
    """Draw windows as images.

    Parameters
    ----------
    windows : (n, 240)
        Rectified flux on the samples of :mod:`ml.halpha.window`.
    size
        Height and width in pixels; 16 at least.

    Returns
    -------
    (n, size, size)
        float32 from 0 (background) to 1 (line). The first row is the top. A window that is
        not finite gives an empty image.

    Raises
    ------
    ValueError
        For windows of another shape or a smaller size.
    """
    if windows.ndim != 2 or windows.shape[1] != N_SAMPLES:
        raise ValueError(f"windows of shape {tuple(windows.shape)} have not {N_SAMPLES} samples")
    if size < 16:
        raise ValueError(f"an image of {size} pixels shows nothing; draw 16 at least")
    images = torch.empty((len(windows), size, size), device=windows.device)
    for first in range(0, len(windows), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        _draw(windows[part].float(), size, images[part])
    return images


def _draw(windows: torch.Tensor, size: int, out: torch.Tensor) -> None:
    low, part, inside = (tensor.to(windows.device) for tensor in _columns(size))
    bottom, top = FLUX_RANGE
    blank = ~torch.isfinite(windows).all(dim=1)
    # rows counted downwards; the middle of the line stays inside by half its thickness
    half = LINE_WIDTH * size / 2
    y = ((top - windows) * (size / (top - bottom))).clamp(half, size - half)
    edge = y[:, low] + part * (y[:, low + 1] - y[:, low])  # (n, size + 1)
    highest = torch.minimum(edge[:, :-1], edge[:, 1:])
    lowest = torch.maximum(edge[:, :-1], edge[:, 1:])
    for samples in inside.T:
        there = samples >= 0
        value = y[:, samples.clamp(min=0)]
        highest = torch.where(there, torch.minimum(highest, value), highest)
        lowest = torch.where(there, torch.maximum(lowest, value), lowest)
    # only the pixels that the line touches: a few of each column
    upper, lower = highest - half, lowest + half
    upper[blank] = lower[blank] = 0.0
    first_row = upper.floor()
    count = (lower.ceil() - first_row).long().ravel()
    column = torch.repeat_interleave(count)
    start = torch.cumsum(count, 0) - count
    row = first_row.ravel()[column] + (torch.arange(len(column), device=y.device) - start[column])
    covered = torch.minimum(lower.ravel()[column], row + 1.0)
    covered -= torch.maximum(upper.ravel()[column], row)
    image = column.div(size, rounding_mode="floor")
    place = (image * size + row.long()) * size + column - image * size
    out.zero_()
    out.view(-1)[place] = covered
