"""Figures: the same rows make the same bytes; few rows and gaps draw without complaint."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from hotstars.checks.slam_scores import CROSS_VALIDATION, UNSEEN, Scores
from hotstars.figures import apogee as apogee_plots
from hotstars.figures import be_stars as be_plots
from hotstars.figures import cards as card_plots
from hotstars.figures import classifier as classifier_plots
from hotstars.figures import distances as distance_plots
from hotstars.figures import magnitudes as magnitude_plots
from hotstars.figures import profiles as profile_plots
from hotstars.figures import slam as slam_plots
from hotstars.figures.panels import (
    MANY,
    Plate,
    limits,
    n_outside,
    running,
    signed,
    spread,
    told_spread,
)
from hotstars.figures.style import COLUMN, SIMULATED, new_figure, style, write_figure
from hotstars.project import PROJECT
from hotstars.report.star_page import spectrum_title
from ingest.simulation.training_set import TrainingSet
from ml.distance.error_model import PARAMETERS, ErrorModel
from ml.halpha.window import WAVELENGTH
from ml.spectra.grids import H_ALPHA

SETTINGS = {
    "ew_halpha_max": 10.0, "ew_mgb_max": 1.2, "q_max": 0.4, "snr_min": 10.0, "be_hk_max": 0.2,
    "be_kw1_max": 0.5, "herbig_hk_min": 0.4, "herbig_kw1_min": 0.8,
    "halpha_band": [6550.0, 6570.0], "mgb_band": [5160.0, 5193.0],
}  # fmt: skip
BAND = (6550.0, 6570.0)
LIMIT = {"b": 8.701, "v_tp_limit": 24.05, "origin": "published", "sample_b": None}
LABELS = ("teff", "logg", "m_h", "vsini")


def columns(n: int, *names: str, hole: bool = False) -> dict[str, np.ndarray]:
    """Return columns of numbers; with a hole, the last value of each is missing."""
    rng = np.random.default_rng(n)
    made = {name: rng.uniform(0.1, 1.0, n) for name in names}
    if hole:
        for values in made.values():
            values[-1] = np.nan
    return made


def flags(n: int, **values: float) -> dict[str, np.ndarray]:
    return {name: np.full(n, value) for name, value in values.items()}


def slam(n: int, hole: bool) -> tuple[dict, dict, dict, dict]:
    """Return labels, nodes, stars of both resolutions and labels with the truth."""
    names = [name for label in LABELS for name in (label, f"{label}_error", f"true_{label}")]
    labels = columns(n, *names, hole=hole) | {
        "resolution": np.array(["LRS", "MRS"] * n)[:n], "flag": np.array(["I"] * n),
        "model_grid": np.array(["SIM"] * n), "survey": np.array(["SIM-LRS"] * n),
        "is_plain": np.ones(n, bool),
    }  # fmt: skip
    nodes = {"grid": np.array(["SIM"] * 2), **{name: np.array([0.0, 1.0]) for name in LABELS[:3]}}
    both = columns(
        n, *(f"{a}_{b}{c}" for a in ("lrs", "mrs") for b in LABELS for c in ("", "_error"))
    )
    both |= {"is_inside": np.ones(n, bool), "designation": np.array(["J"] * n)}
    return labels, nodes, both, labels


def apogee(n: int, hole: bool) -> dict[str, np.ndarray]:
    names = [
        name
        for label in ("log_teff", "logg", "fe_h")
        for name in (label, f"{label}_error", f"training_{label}", f"true_{label}")
    ]
    return columns(n, *names, hole=hole) | flags(
        n, is_magellanic=0, is_out_of_domain=0, numeric_type=12.0, luminosity_class=5.0
    )


def distances(n: int, hole: bool) -> dict[str, np.ndarray]:
    return columns(
        n, "halpha_excess", "halpha_chi2", "m_ks", "m_ks_error", "m_ks_geometric",
        "m_ks_geometric_error", "parallax_excess_snr", "distance", "log_distance_error",
        "parallax", "parallax_error", "x", "y", "ebv", "true_ebv", "true_m_ks", "true_distance",
        hole=hole,
    ) | flags(
        n, emission_flag=0, binary_flag=0, parallax_over_error=20.0, snr_g=80.0, is_unseen=1,
        uniqflag=1, is_plain=1,
    )  # fmt: skip


def scores(check: str) -> list[Scores]:
    four = np.array([500.0, 0.1, np.nan, 9.0])
    one = Scores(check, "LRS", "SIM", True, "kernel_ridge", 200, 20.0, 9, four, four, four, four)
    return [one, replace(one, snr=100.0)]


CARD = {
    "name": "m", "version": "1",
    "scores": {
        "all": {"confusion": {"true_positive": 3, "false_negative": 0, "false_positive": 1,
                              "true_negative": 2}, "accuracy": {"value": 0.8}},
        "by_snr": [{"snr": 50.0, "scatter": dict.fromkeys(LABELS, 1.0),
                    "bias": dict.fromkeys(LABELS)}],
        "of": "unseen spectra",
        "single": {"median": 0.1, "scatter": 0.2, "n": 3},
        "snr 50-100": {"median": 0.1, "scatter": 0.2, "n": 3},
        "by_teff": {"below 4,000 K": {
            name: {"median": None, "scatter": None, "n": 0} for name in ("log_teff", "logg", "fe_h")
        }},
    },
    "calibration": {"expected_error": 0.1,
                    "table": [{"said": 0.9, "true": 1.0, "n_spectra": 2, "low": 0.8, "high": 1.0},
                              {"said": 0.0, "true": 0.0, "n_spectra": 0, "low": 0, "high": 0.1}]},
    "history": [{"number": 1, "loss": 0.5, "validation_loss": 0.6},
                {"number": 2, "loss": 0.4, "validation_loss": 0.5}],
}  # fmt: skip


def plates(n: int, *, hole: bool) -> dict[str, Callable[[str | None], Plate]]:
    """Return every figure from so few rows."""
    spectra = columns(n, "ew_halpha", "ew_mgb", hole=hole) | flags(
        n, passes_line_index=1, passes_q=np.nan
    )
    stars = columns(n, "v_tp", "bp_rp", "m_g", "m_g_error", "hk_0", "kw1_0", "l", "b", "z",
                    "baseline", hole=hole)  # fmt: skip
    stars |= flags(n, new=1, known=0, herbig=0, runaway=0, n_visits=1)
    labels, nodes, both, compared = slam(n, hole)
    near, far = apogee(n, hole), distances(n, hole)
    bins = {"snr_low": np.array([10.0]), "snr_high": np.array([20.0])} | {
        name: np.array([float(n)])
        for name in ("n_true", "n_true_found", "n_found", "n_found_right")
    }
    samples = np.random.default_rng(1).normal(size=(50, len(PARAMETERS)))
    errors = ErrorModel(0.1, 0.1, 0.1, 0.1, samples, n_stars=n)
    known = [profile_plots.Example("single peak", "J1", 20.0, np.linspace(0.9, 1.1, 240)),
             profile_plots.Example("double peak")]  # fmt: skip
    return {
        "wang 2": lambda mark: be_plots.line_indices(spectra, SETTINGS, mark),
        "wang 6": lambda mark: card_plots.confusion(CARD, mark),
        "wang 7": lambda mark: profile_plots.examples(known, 2, mark),
        "wang 8": lambda mark: be_plots.observing(stars, mark),
        "wang 9": lambda mark: be_plots.velocities(stars, LIMIT, mark),
        "wang 10": lambda mark: be_plots.colour_magnitude(stars, stars, mark),
        "infrared": lambda mark: be_plots.infrared_colours(stars, SETTINGS, mark),
        "sky": lambda mark: be_plots.sky(stars, mark),
        "recovery": lambda mark: be_plots.recovery_by_snr(bins, mark),
        "xiang 3": lambda mark: magnitude_plots.emission(far, {"chi2": 9.0}, mark),
        "xiang 5": lambda mark: magnitude_plots.magnitudes(far, mark),
        "xiang 8": lambda mark: magnitude_plots.error_model(errors, "m", mark),
        "xiang 10": lambda mark: distance_plots.parallax_excess(far, 2.0, mark),
        "xiang 11": lambda mark: distance_plots.distances(far, mark),
        "xiang 12": lambda mark: distance_plots.plane(far, mark),
        "xiang truth": lambda mark: distance_plots.against_truth(far, mark),
        "guo 3": lambda mark: slam_plots.scores(scores(CROSS_VALIDATION), mark),
        "guo 4": lambda mark: slam_plots.scores(scores(UNSEEN), mark),
        "guo 7": lambda mark: slam_plots.kiel(labels, nodes, mark),
        "guo 9": lambda mark: slam_plots.both(both, nodes, 100.0, mark),
        "guo truth": lambda mark: slam_plots.against_truth(compared, mark),
        "sprague 5": lambda mark: apogee_plots.kiel(near, "By a network.", mark),
        "sprague 6": lambda mark: apogee_plots.training_labels(near, "By a network.", mark),
        "sprague 7": lambda mark: apogee_plots.types(near, mark),
        "sprague truth": lambda mark: apogee_plots.against_truth(near, mark),
        "calibration": lambda mark: card_plots.calibration(CARD, mark),
        "training": lambda mark: card_plots.training(CARD, mark),
        "slam card": lambda mark: card_plots.slam_scores(CARD, mark),
        "magnitude card": lambda mark: card_plots.magnitude_scores(CARD, mark),
        "label card": lambda mark: card_plots.label_scores(CARD, mark),
    }


NAMES = sorted(plates(1, hole=False))


def drawn(plate: Plate) -> Figure:
    """Lay out all that is drawn, with every warning an error."""
    with warnings.catch_warnings(), mpl.rc_context(style()):
        warnings.simplefilter("error")
        plate.figure.draw_without_rendering()
    return plate.figure


@pytest.mark.parametrize("name", NAMES)
def test_one_row_or_three_with_a_hole_draw_without_a_warning(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = plates(1, hole=False)[name](None)
        three = plates(3, hole=True)[name](SIMULATED)
    assert SIMULATED not in {text.get_text() for text in one.figure.texts}
    figure = drawn(three)
    assert SIMULATED in {text.get_text() for text in figure.texts}
    # sentences without the gaps of what could not be computed
    for caption in (one.caption, three.caption):
        assert caption[0].isupper() or caption[0].isdigit()
        assert caption.endswith(".")
        assert "nan" not in caption.replace("resonan", "")
    frames = [axes.get_window_extent() for axes in figure.axes if axes.get_visible()]
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    for legend in filter(None, legends):  # a legend covers no data
        box = legend.get_window_extent()
        for frame in frames:
            width = min(box.x1, frame.x1) - max(box.x0, frame.x0)
            height = min(box.y1, frame.y1) - max(box.y0, frame.y0)
            assert width <= 1 or height <= 2, name


def test_wavelengths_are_in_angstrom_and_velocities_named() -> None:
    labels = {
        label
        for plate in (plates(3, hole=False)[name](None) for name in ("wang 2", "wang 7", "wang 9"))
        for axes in plate.figure.axes
        for label in (axes.get_xlabel(), axes.get_ylabel())
    }
    assert "vacuum wavelength (Å)" in labels
    assert not any("nm" in label for label in labels)


def test_the_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        plate = plates(3, hole=False)["wang 9"](SIMULATED)
        png = write_figure(plate.figure, tmp_path / folder / "figure.png")
        assert sorted(path.name for path in png.parent.iterdir()) == ["figure.pdf", "figure.png"]
        written.append((png.read_bytes(), png.with_suffix(".pdf").read_bytes()))
    assert written[0] == written[1]
    assert b"CreationDate" not in written[0][1]
    with Image.open(png) as picture:
        assert picture.width == round(300 * COLUMN)  # twice what a page shows of a column


def test_our_style_leaves_that_of_others_alone() -> None:
    before = mpl.rcParams["xtick.direction"], mpl.rcParams["font.family"]
    plates(1, hole=False)["wang 9"](None)
    assert (mpl.rcParams["xtick.direction"], mpl.rcParams["font.family"]) == before
    assert style()["xtick.direction"] == "in"


def test_thousands_of_points_are_a_density() -> None:
    few, many = (
        be_plots.line_indices(
            columns(n, "ew_halpha", "ew_mgb") | flags(n, passes_line_index=1, passes_q=1),
            SETTINGS, None,
        ).figure.axes[0]
        for n in (MANY, MANY + 1)
    )  # fmt: skip
    assert not few.collections
    assert len(many.collections) == 1


def test_what_lies_outside_is_counted_in_the_figure_and_its_caption() -> None:
    n = 1000
    stars = {"v_tp": np.append(np.full(n, 8.0), [1e3, 2e3])}
    plate = be_plots.velocities(stars, LIMIT, None)
    assert "2 stars outside the frame." in plate.caption
    assert "2 outside" in {text.get_text() for text in plate.figure.axes[0].texts}


@given(arrays(float, st.integers(1, 60), elements=st.floats(-1e6, 1e6)))
def test_few_values_lie_all_within_limits(values: np.ndarray) -> None:
    axes: Axes = Figure().subplots()
    axes.set_xlim(limits(values))
    assert n_outside(axes, values) == 0


def test_limits_hold_the_cuts_and_leave_out_the_wildest() -> None:
    values = np.append(np.linspace(0.0, 1.0, 1000), 1e9)
    low, high = limits(values, holds=[3.0])
    assert low < 0.0
    assert 3.0 < high < 4.0
    assert limits(np.array([np.nan])) == (0.0, 1.0)


def test_spread_and_running_median_against_numpy() -> None:
    values = np.random.default_rng(3).normal(2.0, 0.5, 20_000)
    middle, wide, n = spread(np.append(values, np.nan))
    assert (middle, wide) == pytest.approx((np.median(values), 0.5), abs=0.02)
    assert n == len(values)
    x = np.array([0.5] * 9 + [1.5] * 10)
    middles, medians, low, high = running(x, np.arange(19.0), np.array([0.0, 1.0, 2.0]))
    assert middles.tolist() == [1.5]  # nine are too few to tell
    assert medians.tolist() == [13.5]
    assert low[0] < 13.5 < high[0]


def test_a_figure_without_a_mark_leaves_no_room_for_one() -> None:
    assert not new_figure(COLUMN, 2.0).texts
    assert new_figure(COLUMN, 2.0, SIMULATED).texts[0].get_text() == SIMULATED


def spectrum(**told: object) -> dict[str, object]:
    flux = 1.0 + np.exp(-0.5 * ((WAVELENGTH - H_ALPHA) / 2.0) ** 2)
    return {"halpha": flux, "title": "MRS, obsid 1\nEW −3 Å", **told}


def test_peaks_of_a_star_are_marked_where_they_are() -> None:
    sheet = profile_plots.ProfileSheet(1, BAND)
    sheet.svg([spectrum(violet_velocity=-100.0, violet_flux=1.5, red_velocity=200.0, red_flux=2.0)])
    shown = {
        word.get_text(): mark.get_xdata()[0] for mark, word in sheet._marks[0] if word.get_visible()
    }
    assert shown == pytest.approx(
        {"V": H_ALPHA * (1 - 100.0 / 299792.458), "R": H_ALPHA * (1 + 200.0 / 299792.458)}
    )


def test_a_sheet_keeps_nothing_of_the_star_before() -> None:
    first, second = spectrum(), spectrum(strongest_velocity=5.0, strongest_flux=2.0)
    alone = profile_plots.profiles_svg([first], BAND)
    assert ">peak<" not in alone
    assert ">peak<" in profile_plots.profiles_svg([second], BAND)
    assert profile_plots.profiles_svg([first], BAND) == alone


def test_a_spectrum_breaks_where_nothing_was_measured() -> None:
    wavelength = np.linspace(16701.0, 16921.0, 100)
    flux = np.ones(100)
    flux[40:60] = np.nan
    sheet = profile_plots.LineSheet(wavelength, 16811.1)
    text = sheet.svg(flux, "title")
    assert "nan" not in text.lower()
    pieces = [path.count("M") for path in text.split(' d="') if path.count("L") > 20]
    assert max(pieces) == 2


def classes_of_profiles() -> list[str]:
    """Return the classes of H-alpha profiles that the warehouse knows."""
    declared = yaml.safe_load(
        (PROJECT / "models/intermediate/int_halpha_morphology.yml").read_text()
    )
    (column,) = (one for one in declared["models"][0]["columns"] if one["name"] == "halpha_class")
    (test,) = (one["accepted_values"] for one in column["data_tests"] if "accepted_values" in one)
    return list(test["arguments"]["values"])


@pytest.mark.parametrize("n", [1, 2, 5])
def test_titles_of_spectra_fit_whatever_the_class(n: int) -> None:
    names = classes_of_profiles()
    assert len(names) > 10
    wildest = {"survey": "LAMOST-LRS", "obsid": -1494238703473392529, "mjd": 58209.79,
               "snr_r": 1234.0, "ew_halpha": -154.86, "ew_halpha_error": 0.41, "v_over_r": 10.98,
               "v_over_r_error": 0.02}  # fmt: skip
    with mpl.rc_context(style()), mpl.rc_context(profile_plots._PLAIN):
        sheet = profile_plots.ProfileSheet(n, BAND)
        for name in names:
            title = spectrum_title({**wildest, "halpha_class": name})
            assert title.endswith(name.removeprefix("emission: "))
            sheet.svg([spectrum(title=title)] * n)
            sheet._figure.draw_without_rendering()
            whole, frames = sheet._figure.bbox, [one.get_window_extent() for one in sheet._panels]
            for axes, frame in zip(sheet._panels, frames, strict=True):
                box = axes._left_title.get_window_extent()
                assert box.x1 <= frame.x1, name
                assert box.y1 <= whole.y1, name
                assert not any(box.overlaps(other) for other in frames if other is not frame)


def test_numbers_at_ticks_are_printed_whole() -> None:
    wavelength = np.linspace(16701.0, 16921.0, 300)
    flux = 1.0 - 0.08123456 * np.exp(-0.5 * ((wavelength - 16811.1) / 20.0) ** 2)
    with mpl.rc_context(style()), mpl.rc_context(profile_plots._PLAIN):
        sheet = profile_plots.LineSheet(wavelength, 16811.1)
        sheet._axes.set_yticks([0.925, 0.95, 0.975, 1.0])
        text = sheet.svg(flux, "title 1.23456")
        sheet._figure.draw_without_rendering()
        box = sheet._axes.yaxis.label.get_window_extent()
    assert {"0.925", "0.950", "0.975", "title 1.23456"} <= set(re.findall(r">([^<>]+)<", text))
    assert not re.search(r"\d\.\d{3}", " ".join(re.findall(r' d="([^"]*)"', text)))
    assert box.x0 >= 0  # and the name of the axis is not cut


def test_where_spectrum_and_parallax_coincide_both_are_seen() -> None:
    stars = distances(30, hole=False) | {"binary_flag": np.zeros(30)}
    stars["log_distance_error"] = stars["parallax_error"] / stars["parallax"] / np.log(10.0)
    axes = distance_plots.distances(stars, None).figure.axes[1]
    drawn_as = {line.get_marker(): line for line in axes.lines}
    circles, crosses = drawn_as["o"], drawn_as["x"]
    assert crosses.get_zorder() > circles.get_zorder()
    assert circles.get_markerfacecolor() == "none"
    assert circles.get_markersize() > crosses.get_markersize()
    assert np.mean(mpl.colors.to_rgb(crosses.get_color())) < 0.6  # on white


def test_numbers_of_captions_have_a_minus_sign() -> None:
    assert signed(
        "median -0.36, (-5, -.5), [-1], SIM-MRS, 10,000-20,000, 1e-3, J0624+15-07, S-1"
    ) == ("median −0.36, (−5, −.5), [−1], SIM-MRS, 10,000-20,000, 1e-3, J0624+15-07, S-1")


def test_one_value_has_no_scatter() -> None:
    assert told_spread(np.array([0.25, np.nan]), 2, "dex") == "+0.25 dex, of one"
    assert told_spread(np.array([0.0, 0.5]), 2, "dex").startswith("median +0.25, scatter 0.")
    assert told_spread(np.array([]), 2) == "none"


def test_residuals_of_what_the_components_learnt_from_are_called_so() -> None:
    few, many, unknown = (
        magnitude_plots.emission(distances(3, hole=False), {}, None, *taught).caption
        for taught in ((52, 264), (100, 16_002), ())
    )
    assert "52 components were learnt from only 264 such spectra" in few
    assert many == unknown
    assert "learnt from" not in many


def judged(n: int) -> tuple[TrainingSet, np.ndarray]:
    """Return spectra and probabilities with as many surest mistakes as are shown, and the ends."""
    rng = np.random.default_rng(n)
    label = np.arange(n) % 2
    probability = np.where(label == 1, 1.0, 0.0)
    probability[: n // 4] = rng.random(n // 4)
    data = TrainingSet(
        windows=rng.normal(1.0, 0.1, (n, len(WAVELENGTH))).astype(np.float32),
        label=label.astype(np.int8), designation=np.array([f"J{i}" for i in range(n)]),
        survey=np.array(["SIM-MRS", "SIM-MRS", "SIM-LRS", "SIM-LRS"] * n)[:n],
        kind=np.array(["Be"] * n), profile=np.zeros(n, np.int8), snr=np.full(n, 50.0),
        significance=np.ones(n),
    )  # fmt: skip
    return data, probability


@pytest.mark.parametrize("n", [40, 4000])
def test_scores_of_a_classifier_name_their_axes_and_keep_within_frames(n: int) -> None:
    figure = drawn(classifier_plots.held_out(*judged(n), "1", SIMULATED))
    frames = [axes for axes in figure.axes if axes.axison]
    mistakes = [axes for axes in frames if "p = " in axes.get_title()]
    assert len(mistakes) == len(frames) - 3
    assert "flux / continuum" in {axes.get_ylabel() for axes in mistakes}
    assert mistakes[-1].get_xlabel() == "vacuum wavelength (Å)"
    (reliability,) = (one for one in frames if one.get_xlabel() == "stated probability")
    frame = reliability.get_window_extent()
    counts = [text.get_window_extent() for text in reliability.texts]
    assert len(counts) > 3
    for box in counts:
        assert frame.x0 < box.x0 < box.x1 < frame.x1
        assert frame.y0 < box.y0 < box.y1 < frame.y1
