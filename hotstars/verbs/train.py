"""`hotstars train`: make the models of the registry."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ml.halpha.training import TrainingConfig

HELP = """Train a model and store it in HOTSTARS_HOME/models with a card that says how good it is.

Example: hotstars train be-classifier
"""


class Sample(enum.StrEnum):
    """What a classifier learns from."""

    simulation = "simulation"
    review = "review"


def be_classifier(
    architecture: str = typer.Option(
        "resnet18", help="resnet18, on images as published; or resnet1d, on the flux: 20 x faster."
    ),
    image_size: int = typer.Option(
        64, min=32, help="Pixels of an image's side, for resnet18; 256 as published, for a GPU."
    ),
    stars: int = typer.Option(4000, min=60, help="Stars to simulate; 1.4 spectra a star."),
    seed: int = typer.Option(7, min=0, help="Of the simulated stars and of the training."),
    epochs: int = typer.Option(10, min=1, help="Times that every spectrum is learnt from."),
    weights: Path = typer.Option(
        None,
        help="ImageNet weights of resnet18: a file, or `imagenet` to fetch torchvision's (45 MB); "
        "without it, training is from scratch.",
    ),
    source: Sample = typer.Option(
        "simulation", "--from", help="Learn from simulated spectra, or from reviewed ones."
    ),
    workers: int = typer.Option(None, min=1, help="Processes that simulate; one a core."),
    as_json: bool = typer.Option(False, "--json", help="Print the model's card as JSON."),
) -> None:
    """Train the network that tells H-alpha emission, and score it on stars held out.

    A training that was stopped goes on after its last finished epoch.

    Example: hotstars train be-classifier --architecture resnet1d
    """
    from hotstars.training.be_classifier import train_be_classifier
    from ml.halpha.networks import (
        ARCHITECTURES,
        WeightsError,
        download_imagenet_weights,
        imagenet_weights,
    )
    from ml.halpha.training import TrainingConfig
    from warehouse.connection import WarehouseError
    from warehouse.home import current_home

    if architecture not in ARCHITECTURES:
        raise WarehouseError(f"--architecture {architecture}: it is {' or '.join(ARCHITECTURES)}")
    if weights is not None and architecture != "resnet18":
        raise WarehouseError("--weights: ImageNet weights are for --architecture resnet18")
    config = TrainingConfig(architecture, image_size, epochs=epochs, seed=seed)
    try:
        if weights is not None:
            if str(weights) == "imagenet":
                weights = download_imagenet_weights()
            imagenet_weights(weights)  # bad ones are told before anything is simulated
        models = current_home().models
        if source is Sample.simulation:
            card = train_be_classifier(
                models, config, stars, weights=weights, workers=workers, say=_say
            )
        else:
            card = _from_reviews(models, config, weights)
    except (ValueError, WeightsError) as error:
        raise WarehouseError(str(error)) from error
    typer.echo(json.dumps(card, indent=1) if as_json else _summary(card))


def _from_reviews(models: Path, config: TrainingConfig, weights: Path | None) -> dict[str, Any]:
    """Train on reviewed spectra, and record which ones in the warehouse."""
    from hotstars.training.be_classifier import train_be_classifier
    from hotstars.training.reviewed_spectra import record, reviewed_spectra
    from ml.halpha.training import split
    from warehouse.connection import connect
    from warehouse.home import current_home

    database = current_home().database
    with connect(database, must_exist=True, read_only=True) as connection:
        reviewed = reviewed_spectra(connection)
    card = train_be_classifier(models, config, 0, weights=weights, reviewed=reviewed, say=_say)
    with connect(database, must_exist=True) as connection:
        record(connection, reviewed, split(reviewed.data.designation, config), card)
    return card


class Survey(enum.StrEnum):
    """Whose spectra labels are wanted of."""

    lrs = "lrs"
    mrs = "mrs"
    both = "both"


class Generator(enum.StrEnum):
    """How spectra are learnt."""

    kernel_ridge = "kernel_ridge"
    svr = "svr"


def slam(
    survey: Survey = typer.Option("both", help="Low or medium resolution, or both."),
    generator: Generator = typer.Option(
        "kernel_ridge",
        help="kernel_ridge: seconds; svr: support vectors as published, half an hour and more.",
    ),
    spectra: int = typer.Option(
        None, min=50, help="Training spectra; by default 1,000 (lrs) and 5,000 (mrs) as published."
    ),
    seed: int = typer.Option(1, min=0, help="Of the training spectra."),
    as_json: bool = typer.Option(False, "--json", help="Print the models' cards as JSON."),
) -> None:
    """Train SLAM, which finds Teff, log g, [M/H] and v sin i of early-type stars.

    The model spectra are those that `hotstars ingest model_grid` loaded; without any, the
    simulated survey's. A training of support vectors that was stopped goes on where it was.

    Example: hotstars train slam --survey lrs
    """
    from hotstars.training.slam import train_slam
    from ingest.model_grid.nodes import read_available_grid
    from ml.slam.observed import wide_wavelength
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    home = current_home()
    cards = []
    for name in ("LRS", "MRS") if survey is Survey.both else (survey.value.upper(),):
        wide = wide_wavelength(name)
        # rotation and the spectrograph bring in light from 25 A beyond
        window = (float(wide[0]) - 25.0, float(wide[-1]) + 25.0)
        with connect(home.database, must_exist=True, read_only=True) as connection:
            grid = read_available_grid(connection, window=window, tell=_say)
        try:
            cards.append(
                train_slam(
                    home.models,
                    grid,
                    name,
                    n_spectra=spectra,
                    kind=generator.value,
                    seed=seed,
                    say=_say,
                )
            )
        except ValueError as error:
            raise WarehouseError(str(error)) from error
    typer.echo(json.dumps(cards, indent=1) if as_json else "\n\n".join(map(_labels, cards)))


def _labels(card: Mapping[str, Any]) -> str:
    """Return what a card of SLAM says of its labels."""
    lines = [
        f"{card['survey']}{' SIMULATED' * card['simulated']} grid {card['grid']['name']}: "
        f"{card['scores']['of']}",
        "",
        f"{'S/N':>5}  {'Teff (K)':>18} {'log g (dex)':>18} {'[M/H] (dex)':>18} "
        f"{'v sin i (km/s)':>18}    scatter (bias)",
    ]
    for row in card["scores"]["by_snr"]:
        pairs = (
            f"{row['scatter'][label]:.{digits}f} ({row['bias'][label]:+.{digits}f})"
            for label, digits in (("teff", 0), ("logg", 3), ("m_h", 3), ("vsini", 1))
        )
        lines.append(f"{row['snr']:5.0f}  " + " ".join(f"{pair:>18}" for pair in pairs))
    lines += [
        "",
        f"flux error of the generator: {card['flux_error']['median']:.1e} of the continuum",
        f"{card['name']} {card['version']} ({card['architecture']}): {card['folder']}",
    ]
    return "\n".join(lines)


def absolute_magnitude(
    components: int = typer.Option(
        100, min=2, help="Eigenspectra; fewer where there are not five spectra for each."
    ),
    parallax_over_error: float = typer.Option(
        10.0, min=1.0, help="Least parallax over its error of the stars that teach."
    ),
    least_snr: float = typer.Option(50.0, min=0.0, help="Least S/N of the spectra that teach."),
    epochs: int = typer.Option(400, min=1, help="At most, in each of three rounds."),
    seed: int = typer.Option(0, min=0, help="Of the split and of the first weights."),
    as_json: bool = typer.Option(False, "--json", help="Print the models' cards as JSON."),
) -> None:
    """Learn H-alpha emission and absolute magnitudes of OB stars from the warehouse's own spectra.

    What teaches are stars with good parallaxes, as `hotstars build` has put them together; the
    next build uses what was learnt. A training that was stopped goes on where it was.

    Example: hotstars train absolute-magnitude
    """
    import tempfile

    from hotstars.training.absolute_magnitude import Limits, train_absolute_magnitude
    from hotstars.training.ob_sample import read_ob_sample
    from ml.absolute_magnitude.training import TrainingConfig
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    home = current_home()
    with (
        connect(home.database, must_exist=True, read_only=True) as connection,
        tempfile.TemporaryDirectory(prefix=".spectra-", dir=home.root) as folder,
    ):
        sample = read_ob_sample(connection, Path(folder), _say)
        try:
            cards = train_absolute_magnitude(
                home.models,
                sample,
                TrainingConfig(epochs=epochs, seed=seed),
                n_components=components,
                limits=Limits(parallax_over_error, least_snr),
                say=_say,
            )
        except ValueError as error:
            raise WarehouseError(str(error)) from error
    typer.echo(json.dumps(cards, indent=1) if as_json else "\n\n".join(map(_magnitudes, cards)))


def _magnitudes(card: Mapping[str, Any]) -> str:
    """Return what a card of emission or of absolute magnitudes says."""
    lines = [card["description"]]
    if "warning" in card:
        lines.append(card["warning"])
    if "scores" in card:
        lines += ["", f"{'held-out spectra':>18} {'n':>6} {'median':>8} {'scatter':>8} {'rms':>8}"]
        for name, row in card["scores"].items():
            if row["n"]:
                lines.append(
                    f"{name:>18} {row['n']:6,d} {row['median']:8.3f} {row['scatter']:8.3f} "
                    f"{row['rms']:8.3f}"
                )
        errors = card["error_model"]
        lines += [
            "",
            f"errors, from {errors['n_calibrators']:,d} unseen spectra: "
            f"{errors['sigma_100']:.3f} mag at S/N 100, {errors['sigma_int']:.3f} mag intrinsic",
        ]
    else:
        limits = card["thresholds"]
        lines.append(
            f"emission beyond an excess of {limits['halpha_excess']:.4f}: "
            f"{card['found']['n_emission']:,d} spectra; faulty beyond chi2 {limits['chi2']:.1f}: "
            f"{card['found']['n_faulty']:,d}"
        )
    lines.append(f"{card['name']} {card['version']} ({card['architecture']}): {card['folder']}")
    return "\n".join(lines)


class Spectra(enum.StrEnum):
    """Where near-infrared training spectra come from."""

    simulation = "simulation"
    warehouse = "warehouse"


def apogee_net(
    source: Spectra = typer.Option(
        "simulation",
        "--from",
        help="Learn from simulated spectra with true labels, or from the warehouse's stars.",
    ),
    stars: int = typer.Option(4000, min=100, help="Stars to simulate."),
    seed: int = typer.Option(11, min=0, help="Of the simulated stars and of the training."),
    epochs: int = typer.Option(60, min=1, help="At most; it stops when nothing improves."),
    batch_size: int = typer.Option(
        128, min=2, help="Spectra a step; as published. Smaller ones teach a small sample faster."
    ),
    patience: int = typer.Option(
        10, min=1, help="Epochs without improvement after which it stops."
    ),
    own_standard: bool = typer.Option(
        False, help="Standardise labels by the training set and not by the paper's table 2."
    ),
    weights: Path = typer.Option(
        None, help="Take published weights (a state dictionary of torch) in place of training."
    ),
    workers: int = typer.Option(None, min=1, help="Processes that simulate; one a core."),
    as_json: bool = typer.Option(False, "--json", help="Print the model's card as JSON."),
) -> None:
    """Train the network that finds Teff, log g and [Fe/H] of near-infrared spectra.

    On a GPU where torch has one. A training that was stopped goes on after its last epoch.

    Example: hotstars train apogee-net --from warehouse
    """
    import tempfile

    from hotstars.training.apogee_labels import train_apogee_net
    from hotstars.training.apogee_spectra import (
        simulated_training_spectra,
        warehouse_training_spectra,
    )
    from hotstars.training.names import APOGEE_NET
    from ingest.pool import default_workers
    from ml.apogee.convert import ConvertError, register_published
    from ml.apogee.training import TrainingConfig
    from warehouse.connection import WarehouseError, connect
    from warehouse.home import current_home

    home = current_home()
    if weights is not None:
        try:
            model = register_published(home.models, weights, APOGEE_NET)
        except ConvertError as error:
            raise WarehouseError(str(error)) from error
        typer.echo(f"{model.name} {model.version}: {model.folder}")
        return
    config = TrainingConfig(
        batch_size=batch_size,
        epochs=epochs,
        patience=patience,
        own_standard=own_standard,
        seed=seed,
    )
    try:
        if source is Spectra.simulation:
            data = simulated_training_spectra(stars, seed, workers or default_workers())
            card = train_apogee_net(home.models, config, data, say=_say)
        else:
            home.root.mkdir(parents=True, exist_ok=True)
            with (
                connect(home.database, must_exist=True, read_only=True) as connection,
                tempfile.TemporaryDirectory(prefix=".spectra-", dir=home.root) as folder,
            ):
                data = warehouse_training_spectra(connection, Path(folder), _say)
                card = train_apogee_net(home.models, config, data, say=_say)
    except ValueError as error:
        raise WarehouseError(str(error)) from error
    typer.echo(json.dumps(card, indent=1) if as_json else _near_infrared(card))


def _near_infrared(card: Mapping[str, Any]) -> str:
    """Return what a card of the near-infrared network says."""
    lines = [
        card["description"],
        f"{card['data']['n_spectra']:,d} spectra of {card['data']['source']}",
        "",
        f"{'held-out stars':>18} {'n':>6} {'log Teff (dex)':>22} {'log g (dex)':>22} "
        f"{'[Fe/H] (dex)':>22}   scatter (median; pull)",
    ]
    for name, row in card["scores"]["by_teff"].items():
        cells = []
        for target, digits in (("log_teff", 4), ("logg", 3), ("fe_h", 3)):
            one = row[target]
            if not one["n"]:
                cells.append("-")
                continue
            pull = one["pull"]["scatter"]
            cells.append(
                f"{one['scatter']:.{digits}f} ({one['median']:+.{digits}f}; "
                f"{'-' if pull is None else format(pull, '.1f')})"
            )
        lines.append(
            f"{name:>18} {row['logg']['n']:6,d} " + " ".join(f"{cell:>22}" for cell in cells)
        )
    lines += [
        "",
        f"{len(card['history'])} epochs; out of domain beyond {card['domain']['threshold']:.2f}",
        f"{card['name']} {card['version']} ({card['architecture']}): {card['folder']}",
    ]
    return "\n".join(lines)


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _summary(card: Mapping[str, Any]) -> str:
    from ml.halpha.scores import line

    found = card["scores"]
    counts = found["all"]["confusion"]
    lines = [
        f"held-out{' SIMULATED' * card['simulated']} stars, decision at "
        f"{found['all']['limit']:g}; in brackets 95 per cent",
        "",
        "                     taken for emission   not",
        f"emission seen        {counts['true_positive']:18,d} {counts['false_negative']:5,d}",
        f"no emission seen     {counts['false_positive']:18,d} {counts['true_negative']:5,d}",
        "",
        line("all", found["all"]),
    ]
    for group in ("by_survey", "by_snr", "by_profile", "by_clarity"):
        lines += ["", *(line(name, item) for name, item in found.get(group, {}).items())]
    calibrated, far = card["calibration"], card["domain"]
    lines += [
        "",
        f"calibration error {calibrated['expected_error']:.3f} "
        f"({calibrated['expected_error_before']:.3f} before temperature "
        f"{calibrated['temperature']:.2f})",
        f"out of domain beyond {far['threshold']:.2f}: {100 * far['held_out_beyond']:.1f} per cent "
        "of the held-out spectra",
        f"{card['name']} {card['version']} ({card['architecture']}, {card['weights_origin']}): "
        f"{card['folder']}",
    ]
    return "\n".join(lines)
