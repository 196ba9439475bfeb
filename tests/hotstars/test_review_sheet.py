"""The contact sheet in a real browser: what it draws, what it keeps, what it saves."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import EXECUTABLE, Browser, browser

from hotstars.review_sheets.sheet import Profiles, Quantity, pixels, sheet, write_list
from ingest.review.reading import read_verdicts
from ml.spectra.grids import H_ALPHA, LRS_R, MRS_R, Grid

#: How long a script may take to show its result, s.
PATIENCE = 60.0

#: A hash of 64 bits, which a number of JavaScript cannot hold.
HASHED = -4516445048872975773


def emission(grid: Grid, height: float = 2.0, noise: float = 0.01) -> np.ndarray:
    wavelength = grid.wavelength[pixels(grid)]
    random = np.random.default_rng(len(wavelength))
    line = height * np.exp(-(((wavelength - H_ALPHA) / 3.0) ** 2))
    return (1 + line + random.normal(size=len(wavelength)) * noise).astype(np.float32)


def four_spectra() -> Profiles:
    """Two visits of a star at medium resolution, one spectrum at low resolution, one damaged."""
    damaged = emission(MRS_R)
    damaged[400:420] = np.nan
    return Profiles(
        obsid=[101, 102, HASHED, 104],
        exposure=[0, 81234567, 0, 0],
        designation=["J1", "J1", "</script><b>J2", "J3"],
        survey=["SIM-MRS", "SIM-MRS", "SIM-LRS", "SIM-MRS"],
        grid=[MRS_R, MRS_R, LRS_R, MRS_R],
        flux=[emission(MRS_R), emission(MRS_R, -0.4), emission(LRS_R), damaged],
        noise=[0.01] * 4,
        quantities=[
            Quantity("S/N", [30.0, 20.0, 50.0, 40.0], 1),
            Quantity("EW(Hα)", [-5.0, 2.0, None, float("nan")], 2, "Å", [0.1, 0.2, None, None]),
        ],
        earlier=[None, "Li: emission", None, None],
    )


#: What the scripts of the tests use: a person's keys and clicks, and the file that is saved.
_HANDS = """
const byId = id => document.getElementById(id);
const cards = () => [...document.querySelectorAll("article")];
const said = () => cards().map(card => card.dataset.verdict);
const press = (key, options = {}) => (document.activeElement || document.body).dispatchEvent(
  new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true, ...options}));
const type = (field, text) => {
  field.value = text;
  field.dispatchEvent(new Event("input", {bubbles: true}));
  field.dispatchEvent(new Event("change", {bubbles: true}));
};
const pause = seconds => new Promise(done => setTimeout(done, 1000 * seconds));
let saved = null;
URL.createObjectURL = blob => { saved = blob; return "#"; };
HTMLAnchorElement.prototype.click = () => {};
const save = async () => { saved = null; byId("save").click(); return saved && saved.text(); };
const give = async text => {
  const files = new DataTransfer();
  files.items.add(new File([text], "list.csv"));
  byId("file").files = files.files;
  byId("file").dispatchEvent(new Event("change"));
  await pause(0.2);
};
const show = result => document.body.append(Object.assign(
  document.createElement("pre"), {id: "result", textContent: JSON.stringify(result)}));
while (!cards().length) await pause(0.01);
"""


@pytest.fixture
def act(tmp_path: Path):
    """Open a sheet, do what a script says, and return what the script shows."""
    if EXECUTABLE is None:
        pytest.skip("no chromium to open the sheet in")

    def run(script: str, profiles: Profiles | None = None, reviewer: str = "") -> Any:
        page = tmp_path / "sheet.html"
        html = sheet(profiles or four_spectra(), "test", "list.csv", reviewer)
        script = f'<script type="module">{_HANDS}\n{script}</script>'
        page.write_text(html.replace("</body>", f"{script}</body>"), encoding="utf-8")
        with browser(tmp_path / "profile") as tab:
            tab.call(
                "Emulation.setDeviceMetricsOverride", width=1400, height=1000, deviceScaleFactor=1,
                mobile=False,
            )  # fmt: skip
            tab.call("Page.navigate", url=page.as_uri())
            return json.loads(result(tab))

    return run


def result(tab: Browser) -> str:
    """Wait for what a script shows, also over a reload of its page."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(AssertionError):  # there is no page for a moment while it is loaded
            if found := tab.run("document.getElementById('result')?.textContent"):
                return str(found)
        time.sleep(0.05)
    raise AssertionError(f"the script showed nothing; the page says {tab.page.complaints}")


def drawn(svg: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Read a drawn profile as an eye does: the curve against the numbers on its axes."""
    x, y = (np.polyfit(*np.array(svg[axis], dtype=float).T, 1) for axis in ("x", "y"))
    points = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", svg["path"]), dtype=float)
    return np.polyval(x, points[:, 0]), np.polyval(y, points[:, 1])


def test_the_curves_are_the_spectra(act: Any) -> None:
    svgs = act("""
        while (!cards().every(card => card.querySelector("path.flux"))) await pause(0.05);
        show({
          resources: performance.getEntriesByType("resource").map(item => item.name),
          svgs: cards().map(card => ({
            path: card.querySelector("path.flux").getAttribute("d"),
            mark: card.querySelector("line.mark").getAttribute("x1"),
            x: [...card.querySelectorAll("text[text-anchor=middle]")]
              .filter(text => /^[0-9]+$/.test(text.textContent))
              .map(text => [text.getAttribute("x"), text.textContent]),
            y: [...card.querySelectorAll("text[text-anchor=end]")]
              .map(text => [text.getAttribute("y") - 4, text.textContent]),
          })),
        });
    """)
    assert svgs["resources"] == []  # nothing came from elsewhere
    profiles = four_spectra()
    for svg, grid, flux in zip(svgs["svgs"], profiles.grid, profiles.flux, strict=True):
        wavelength = grid.wavelength[pixels(grid)]
        seen = (wavelength >= 6530) & (wavelength <= 6600) & np.isfinite(flux)
        x, y = drawn(svg)
        # a tenth of a unit of the drawing, in its own scale
        np.testing.assert_allclose(x, wavelength[seen], atol=0.03)
        np.testing.assert_allclose(y, flux[seen], atol=1.5e-3 * np.ptp(flux[seen]))
        slope, start = np.polyfit(*np.array(svg["x"], dtype=float).T, 1)
        assert slope * float(svg["mark"]) + start == pytest.approx(H_ALPHA, abs=0.03)
    # a gap is no line
    assert [svg["path"].count("M") for svg in svgs["svgs"]] == [1, 1, 1, 2]


def test_keys_and_buttons_fill_the_list(act: Any, tmp_path: Path) -> None:
    shown = act("""
        const before = await save();
        const refusal = byId("message").textContent;
        press("Enter");                   // out of the reviewer's field, which save() had chosen
        press("a");                       // the first spectrum, then on to the second
        press("u");
        press("z");                       // taken back, and the second again
        const undone = said();
        press("a");
        cards()[3].querySelector("button[data-verdict=unusable]").click();
        type(cards()[3].querySelector("input"), 'cosmic ray, "big"');
        cards()[2].focus();
        press("e");
        const names = cards().map(card => card.querySelector("h2").textContent);
        byId("show").value = "absorption";
        byId("show").dispatchEvent(new Event("change"));
        const left = cards().filter(card => !card.hidden).length;
        type(byId("reviewer"), "A. Reader");
        show({before, refusal, undone, said: said(), names, left, text: await save(),
              counts: byId("counts").textContent,
              quantities: cards()[1].querySelector(".quantities").textContent});
    """)
    assert shown["before"] is None
    assert "reviewer" in shown["refusal"]
    assert shown["undone"] == ["absorption", "", "", ""]
    assert shown["said"] == ["absorption", "absorption", "emission", "unusable"]
    assert shown["left"] == 2
    assert shown["counts"] == "4 of 4: 1 emission, 2 absorption, 1 unusable"
    assert shown["names"][2].startswith("</script><b>J2")
    assert "EW(Hα) 2.00 ± 0.20 Å" in shown["quantities"]
    assert "Li: emission" in shown["quantities"]
    path = tmp_path / "saved.csv"
    path.write_bytes(shown["text"].encode())
    found = read_verdicts(path)
    assert found.left_out == {}
    assert [(item.obsid, item.exposure, item.verdict) for item in found.verdicts] == [
        (101, 0, "absorption"),
        (102, 81234567, "absorption"),
        (HASHED, 0, "emission"),
        (104, 0, "unusable"),
    ]
    assert {item.reviewer for item in found.verdicts} == {"A. Reader"}
    assert [item.comment for item in found.verdicts] == [None, None, None, 'cosmic ray, "big"']
    assert [item.designation for item in found.verdicts] == four_spectra().designation


def test_one_key_holds_for_all_spectra_of_a_star(act: Any) -> None:
    assert act("""
        press("E", {shiftKey: true});
        show(said());
    """) == ["emission", "emission", "", ""]


def test_letters_of_a_comment_are_no_verdicts(act: Any) -> None:
    assert act("""
        press("c");
        const isInComment = document.activeElement === cards()[0].querySelector("input");
        press("e");
        press("Enter");
        show([isInComment, ...said()]);
    """) == [True, "", "", "", ""]


def test_the_browser_keeps_the_verdicts(act: Any) -> None:
    shown = act(
        """
        if (!sessionStorage.getItem("again")) {
          sessionStorage.setItem("again", "1");
          press("e");
          type(cards()[0].querySelector("input"), "weak");
          location.reload();
        } else {
          show({said: said(), comment: cards()[0].querySelector("input").value,
                reviewer: byId("reviewer").value});
        }
        """,
        reviewer="A. Reader",
    )
    assert shown["said"] == ["emission", "", "", ""]
    assert (shown["comment"], shown["reviewer"]) == ("weak", "A. Reader")


def test_a_saved_list_can_be_gone_on_with_elsewhere(act: Any, tmp_path: Path) -> None:
    text = (
        "obsid,exposure,verdict,reviewer,comment,reviewed_at\r\n"
        f'{HASHED},0,unusable,Li,"a ""star"", or\ntwo",2026-03-04T05:06:07Z\r\n'
        "104,0,,,,\r\n"
        "999,0,emission,Li,,2026-03-04T05:06:07Z\r\n"
    )
    shown = act(f"""
        await give({json.dumps(text)});
        const message = byId("message").textContent;
        show({{said: said(), message, text: await save()}});
    """)
    assert shown["said"] == ["", "", "unusable", ""]
    assert shown["message"] == "1 verdicts taken, 1 are not of this sheet"
    path = tmp_path / "saved.csv"
    path.write_bytes(shown["text"].encode())
    (verdict,) = read_verdicts(path).verdicts
    assert (verdict.obsid, verdict.reviewer, verdict.reviewed_at.year) == (HASHED, "Li", 2026)
    assert verdict.comment == 'a "star", or\ntwo'


def test_the_order_can_follow_a_quantity_and_unknown_values_come_last(act: Any) -> None:
    assert act("""
        const order = label => {
          const select = byId("order");
          select.value = [...select.options].find(item => item.text === label).value;
          select.dispatchEvent(new Event("change"));
          return cards().map(card => card.id);
        };
        show([order("S/N"), order("EW(Hα)").slice(0, 2), order("as exported")]);
    """) == [["s1", "s0", "s3", "s2"], ["s0", "s1"], ["s0", "s1", "s2", "s3"]]


def test_a_thousand_spectra_fit_into_ten_megabytes() -> None:
    n = 1000
    profiles = Profiles(
        obsid=list(range(n)), exposure=[0] * n, designation=["J000000.00+000000.0"] * n,
        survey=["SIM-MRS"] * n, grid=[MRS_R] * n, flux=[emission(MRS_R)] * n, noise=[0.01] * n,
    )  # fmt: skip
    assert len(sheet(profiles, "test", "list.csv").encode()) < 10e6


def test_the_list_to_fill_by_hand_is_an_open_list(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write_list(four_spectra(), path, "A. Reader")
    found = read_verdicts(path)
    assert (found.n_open, found.verdicts, found.left_out) == (4, [], {})
    path.write_text(path.read_text().replace("SIM-LRS,,", "SIM-LRS,u,"))
    (verdict,) = read_verdicts(path).verdicts
    assert (verdict.obsid, verdict.verdict, verdict.reviewer) == (HASHED, "unusable", "A. Reader")
