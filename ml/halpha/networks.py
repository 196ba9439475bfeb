"""The networks that tell H-alpha emission from absorption.

``resnet18`` is the one of Wang et al. (2022, section 4.1.2): torchvision's ResNet-18 on the
spectrum drawn as an image. ``resnet1d`` is a small residual network on the flux itself, for
speed. Both have two classes, 0 without and 1 with emission, and the same face.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from safetensors.torch import load_file

from ml.halpha.images import draw
from ml.halpha.window import WAVELENGTH, WINDOW
from ml.spectra.grids import H_ALPHA
from ml.torch_setup import torch, torchvision

nn = torch.nn

ARCHITECTURES = ("resnet18", "resnet1d")

# Mean and deviation of the colours that torchvision's ImageNet weights expect.
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class WeightsError(Exception):
    """Weights to begin with cannot be had; the text says what to do."""


class HalphaNetwork(nn.Module, ABC):
    """A classifier of H-alpha windows: :meth:`prepare`, then :meth:`forward`.

    Attributes
    ----------
    architecture
        One of :data:`ARCHITECTURES`.
    """

    architecture: str
    head: nn.Module

    @abstractmethod
    def prepare(self, windows: torch.Tensor) -> torch.Tensor:
        """Return what the network takes, from windows of shape ``(n, 240)``."""

    @abstractmethod
    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the numbers, ``(n, d)``, that the last layer decides from."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits, ``(n, 2)``; class 1 is emission."""
        logits: torch.Tensor = self.head(self.features(inputs))
        return logits


class ResNet18(HalphaNetwork):
    """torchvision's ResNet-18 with two classes on images of the window."""

    architecture = "resnet18"
    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, image_size: int, weights: Path | None = None) -> None:
        super().__init__()
        self.image_size = image_size
        self.body = torchvision.models.resnet18()
        if weights is not None:
            self.body.load_state_dict(imagenet_weights(weights))
        self.head = nn.Linear(self.body.fc.in_features, 2)
        self.body.fc = nn.Identity()
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN)[:, None, None], False)
        self.register_buffer("deviation", torch.tensor(_IMAGENET_DEVIATION)[:, None, None], False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def prepare(self, windows: torch.Tensor) -> torch.Tensor:
        """Return grey images, ``(n, 1, size, size)``, background 0 and line 1."""
        return draw(windows, self.image_size)[:, None]

    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return ``(n, 512)``: what is left after the mean over the image."""
        colours = (inputs - self.mean) / self.deviation
        found: torch.Tensor = self.body(colours.contiguous(memory_format=torch.channels_last))
        return found


class _Block(nn.Module):
    """Two convolutions, added to what came in; half as many samples come out."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(n_in, n_out, 7, stride=2, padding=3, bias=False)
        self.first_norm = nn.BatchNorm1d(n_out)
        self.second = nn.Conv1d(n_out, n_out, 7, padding=3, bias=False)
        self.second_norm = nn.BatchNorm1d(n_out)
        self.shortcut = nn.Sequential(
            nn.Conv1d(n_in, n_out, 1, stride=2, bias=False), nn.BatchNorm1d(n_out)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = torch.relu(self.first_norm(self.first(x)))
        return torch.relu(self.second_norm(self.second(inner)) + self.shortcut(x))


class ResNet1d(HalphaNetwork):
    """A residual network on the 240 samples; 174,000 weights.

    Its last layer sees means and maxima over the window. That a line is H-alpha is a matter of
    place, so each sample comes with its own: without it a peak anywhere was emission.
    """

    architecture = "resnet1d"

    place: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(3, 24, 9, stride=2, padding=4, bias=False),
            nn.BatchNorm1d(24),
            nn.ReLU(),
            _Block(24, 32),
            _Block(32, 64),
            _Block(64, 96),
        )
        self.head = nn.Linear(2 * 96, 2)
        offset = torch.from_numpy((WAVELENGTH - H_ALPHA) / (WINDOW[1] - WINDOW[0])).float()
        # to either side, and how far: a mirrored line is as near to H-alpha
        self.register_buffer("place", torch.stack([offset, offset.abs()])[None] * 4.0, False)

    def prepare(self, windows: torch.Tensor) -> torch.Tensor:
        """Return ``(n, 3, 240)``: flux above the continuum, cut at five times it, and place."""
        flux = (windows - 1.0).clamp(-1.5, 5.0)[:, None]
        return torch.cat([flux, self.place.expand(len(windows), -1, -1)], dim=1)

    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return ``(n, 192)``: mean and maximum over the window of each channel."""
        x = self.body(inputs)
        return torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)


def build(
    architecture: str, *, image_size: int = 256, weights: Path | None = None
) -> HalphaNetwork:
    """Return an untrained network.

    Parameters
    ----------
    architecture
        ``resnet18`` or ``resnet1d``.
    image_size
        Height and width of the images that ``resnet18`` sees.
    weights
        File with ImageNet weights that ``resnet18`` begins with; without it, it begins with
        random ones.

    Raises
    ------
    ValueError
        For another architecture, or weights for ``resnet1d``.
    WeightsError
        If the weights cannot be read.
    """
    if architecture == "resnet18":
        return ResNet18(image_size, weights)
    if architecture == "resnet1d":
        if weights is not None:
            raise ValueError("resnet1d has no ImageNet weights: leave `weights` out")
        return ResNet1d()
    raise ValueError(f"no architecture {architecture!r}; there are {', '.join(ARCHITECTURES)}")


def imagenet_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return ImageNet weights of ResNet-18 from a file, as torchvision distributes them.

    Parameters
    ----------
    path
        ``.safetensors``, or torchvision's ``resnet18-f37072fd.pth``. Only arrays are read:
        code in the file is never run.

    Raises
    ------
    WeightsError
        If the file is missing or holds something else.
    """
    wanted = torchvision.models.resnet18().state_dict()
    try:
        if path.suffix == ".safetensors":
            found = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(
            f"{path}: not there. torchvision's ResNet18_Weights.IMAGENET1K_V1 names the address; "
            f"fetch the file where there is a network, or train without --weights"
        ) from error
    except Exception as error:
        raise WeightsError(f"{path}: no file of weights ({error})") from error
    shapes = {name: tuple(tensor.shape) for name, tensor in found.items()}
    for name, tensor in wanted.items():
        if shapes.get(name, tuple(tensor.shape)) != tuple(tensor.shape) or (
            name not in shapes and not name.endswith("num_batches_tracked")
        ):
            raise WeightsError(
                f"{path}: {name} is {shapes.get(name, 'missing')}, not {tuple(tensor.shape)}: "
                f"these are not the weights of ResNet-18"
            )
    return {name: found.get(name, tensor) for name, tensor in wanted.items()}


def download_imagenet_weights() -> Path:
    """Fetch torchvision's ImageNet weights of ResNet-18 (45 MB) and return their file.

    Raises
    ------
    WeightsError
        Without a network, or if what came is not the file whose hash its name carries.
    """
    weights = torchvision.models.ResNet18_Weights.IMAGENET1K_V1
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    path = folder / weights.url.rsplit("/", 1)[1]
    if not path.exists():
        digits = path.stem.rsplit("-", 1)[1]  # resnet18-f37072fd.pth
        folder.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(weights.url, str(path), digits, progress=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: another hash
            raise WeightsError(
                f"{weights.url} cannot be had ({error}); copy the file to {path}, name it "
                f"with --weights, or train without it"
            ) from error
    return path
