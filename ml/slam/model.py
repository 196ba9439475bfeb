"""A trained SLAM as the registry holds it: generator, cells of its grid, what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.registry import RegisteredModel
from ml.slam.generator import Generator
from ml.slam.grid import ModelGrid
from ml.slam.labels import Labels, solve
from ml.slam.observed import continuum_curves
from ml.slam.velocity import Templates, templates

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

_NODES = "grid.nodes"


def tensors_of(generator: Generator, nodes: Floats) -> dict[str, NDArray[Any]]:
    """Return what the registry stores of a generator and the nodes, (n, 3), of its grid."""
    return {**generator.to_tensors(), _NODES: np.asarray(nodes, dtype=np.float64)}


@dataclass(frozen=True)
class SlamModel:
    """Labels from spectra.

    Attributes
    ----------
    name, version
        In the registry.
    survey
        ``LRS`` or ``MRS``.
    grid
        Name of the grid of model spectra.
    is_simulated
        Whether that grid is simulated: labels hold for the simulated survey alone then.
    generator
        Spectra from labels.
    cells
        Nodes of the grid; its flux is empty.
    """

    name: str
    version: str
    survey: str
    grid: str
    is_simulated: bool
    generator: Generator
    cells: ModelGrid

    @classmethod
    def from_model(cls, model: RegisteredModel) -> SlamModel:
        """Return the model that :func:`tensors_of` and a card describe."""
        tensors = dict(model.tensors)
        nodes = tensors.pop(_NODES)
        name = str(model.card["grid"]["name"])
        return cls(
            name=model.name,
            version=model.version,
            survey=str(model.card["survey"]),
            grid=name,
            is_simulated=bool(model.card["simulated"]),
            generator=Generator.from_tensors(tensors),
            cells=ModelGrid(
                nodes, np.array([3.5, 3.6]), np.zeros((len(nodes), 2), dtype=np.float32), name
            ),
        )

    @cached_property
    def templates(self) -> Templates:
        """What radial velocities are measured with."""
        return templates(self.generator, self.survey)

    @cached_property
    def curves(self) -> Floats:
        """What is left of the continuum."""
        return continuum_curves(self.survey)

    def solve(self, flux: Singles, ivar: Singles) -> Labels:
        """Return the labels of spectra on the training grid; see :func:`ml.slam.labels.solve`."""
        return solve(self.generator, flux, ivar, continuum=self.curves, in_grid=self.cells.inside)
