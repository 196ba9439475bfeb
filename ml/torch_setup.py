"""torch and torchvision, imported so that both work: torchvision is taken from here alone.

    from ml.torch_setup import torch, torchvision

The wheels of torchvision link their compiled operators to CUDA. With a torch for the CPU these
cannot be loaded, and ``import torchvision`` ends in "operator torchvision::nms does not exist".
Declared beforehand, without a body, the missing operators do no harm: networks and transforms
need none of them.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch


def _declare_missing_operators() -> torch.library.Library | None:
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        raise ImportError("torchvision is missing; `make install` installs it")
    try:
        torch.ops.load_library(str(Path(found.origin).parent / "_C.so"))
    except OSError:
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return library
    return None


#: Held for the life of the process: the declarations go with it.
_operators = _declare_missing_operators()

import torchvision  # noqa: E402 - after the declarations
import torchvision.transforms.v2  # noqa: E402

__all__ = ["torch", "torchvision"]
