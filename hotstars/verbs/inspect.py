"""`hotstars inspect`: what LAMOST files hold, without a warehouse."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hotstars.verbs.sql import OutputFormat

if TYPE_CHECKING:
    import pyarrow as pa

    from ml.halpha.classify import Classifier

#: Columns of the result and their Arrow types.
COLUMNS = {
    "file": "string",
    "status": "string",
    "layout": "string",
    "survey": "string",
    "obsid": "int64",
    "designation": "string",
    "class": "string",
    "subclass": "string",
    "ra": "double",
    "dec": "double",
    "mjd": "double",
    "snr_b": "double",
    "snr_r": "double",
    "n_exposures": "int32",
    "ew_halpha": "double",
    "ew_halpha_error": "double",
    "ew_mgb": "double",
    "ew_mgb_error": "double",
    "n_peaks": "int32",
    "peak_wavelength": "double",
    "peak_height": "double",
    "peak_flux": "double",
    "peak_width": "double",
    "peak_significance": "double",
    "be_probability": "double",
    "rectified_b": "string",
    "rectified_r": "string",
    "noise_b": "double",
    "noise_r": "double",
    "n_cosmic_rays_b": "int32",
    "n_cosmic_rays_r": "int32",
    "bad_fraction_b": "double",
    "bad_fraction_r": "double",
    "message": "string",
}


def inspect(
    files: list[Path] = typer.Argument(metavar="FILE...", help="LAMOST FITS files or folders."),
    output_format: OutputFormat = typer.Option(
        OutputFormat.table, "--format", "-f", help="How rows are printed; csv and json have more."
    ),
    plot: Path = typer.Option(None, metavar="DIR", help="Draw each file into this folder, as PNG."),
) -> None:
    """Measure LAMOST spectra straight from their files: one row a file, no warehouse touched.

    Equivalent widths are in 0.1 nm, positive for absorption; the peak is the strongest one of
    the smoothed H-alpha line, its significance the prominence over the smoothed noise. P(em) is
    the probability of H-alpha emission by the network of HOTSTARS_HOME, where one was trained.

    The exit code is 1 when a file could not be read; the others are printed all the same.

    Example: hotstars inspect med-58270-HIP95119KP01_sp12-076.fits.gz --plot plots/
    """
    table = inspect_files(files, plot)
    {
        OutputFormat.table: _print_table,
        OutputFormat.csv: _print_csv,
        OutputFormat.json: _print_json,
    }[output_format](table)
    bad = [row for row in table.select(["file", "status", "message"]).to_pylist()
           if row["status"] != "ok"]  # fmt: skip
    for row in bad:
        print(f"hotstars: {row['file']}: {row['message']}", file=sys.stderr)
    if bad:
        raise typer.Exit(1)


def inspect_files(paths: Sequence[Path], plot: Path | None = None) -> pa.Table:
    """Read and measure LAMOST files.

    Parameters
    ----------
    paths
        Files, or folders that are searched for FITS files.
    plot
        Folder for one PNG a file; None draws nothing.

    Returns
    -------
    pyarrow.Table
        One row a file in the order given, with the columns of :data:`COLUMNS`; ``status`` is
        ``ok`` or ``unreadable``, then ``message`` says why.
    """
    import pyarrow as pa

    from hotstars.measure import inspect_paths

    rows = []
    taken: set[str] = set()
    for item in inspect_paths(_expand(paths), _classifier()):
        if plot is not None and item.file is not None:
            from hotstars.figures.files import draw_file

            draw_file(item, _picture(plot, item.row["file"], taken))
        rows.append(item.row)
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in COLUMNS.items()])
    return pa.Table.from_pylist(rows, schema=schema)


def _classifier() -> Classifier | None:
    """Return the classifier of HOTSTARS_HOME; None where none was trained."""
    from hotstars.training.names import BE_CLASSIFIER
    from ml.registry import ModelError, current_version, load_model
    from warehouse.connection import WarehouseError
    from warehouse.home import current_home

    models = current_home().models
    if current_version(models, BE_CLASSIFIER) is None:
        return None
    from ml.halpha.classify import Classifier

    try:
        return Classifier.from_model(load_model(models, BE_CLASSIFIER))
    except ModelError as error:
        raise WarehouseError(str(error)) from error


def _expand(paths: Iterable[Path]) -> list[Path]:
    from ingest.files import discover
    from warehouse.connection import WarehouseError

    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)  # also one that is not there: its row says so
            continue
        try:
            found += discover([path])
        except OSError as error:
            raise WarehouseError(f"{path}: cannot be searched ({error.strerror})") from error
    return list(dict.fromkeys(found))


def _picture(folder: Path, file: str, taken: set[str]) -> Path:
    """Return a name for the plot of a file that no other file of this call has."""
    stem = Path(file).name.removesuffix(".gz").removesuffix(".fits")
    name, count = stem, 1
    while name in taken:
        count += 1
        name = f"{stem}-{count}"
    taken.add(name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"


def _print_table(table: pa.Table) -> None:
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold")
    right = {"justify": "right"}
    for name, style in (
        ("file", {"overflow": "fold"}), ("layout", {}), ("designation", {}), ("type", {}),
        ("S/N b", right), ("S/N r", right), ("EW Ha", right), ("EW Mgb", right),
        ("peaks", right), ("strongest at", right), ("height", right), ("sigma", right),
        ("P(em)", right),
    ):  # fmt: skip
        grid.add_column(name, no_wrap=True, **style)  # type: ignore[arg-type]
    for row in table.to_pylist():
        if row["status"] != "ok":
            grid.add_row(Path(row["file"]).name, "unreadable")
            continue
        error = row["ew_halpha_error"]
        width = _text(row["ew_halpha"], 2) + ("" if error is None else f" ±{error:.2f}")
        grid.add_row(
            Path(row["file"]).name,
            row["layout"],
            row["designation"],
            row["subclass"] or "",
            _text(row["snr_b"], 1),
            _text(row["snr_r"], 1),
            width,
            _text(row["ew_mgb"], 2),
            _text(row["n_peaks"], 0),
            _text(row["peak_wavelength"], 1),
            _text(row["peak_height"], 3),
            _text(row["peak_significance"], 1),
            _text(row["be_probability"], 3),
        )
    console = Console(highlight=False)
    # columns that were cut to a narrow terminal help nobody: let the terminal wrap
    Console(highlight=False, width=max(console.width, 190)).print(grid)


def _text(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _print_csv(table: pa.Table) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow(["" if value is None else value for value in row.values()])


def _print_json(table: pa.Table) -> None:
    rows: list[dict[str, Any]] = table.to_pylist()
    json.dump(rows, sys.stdout, indent=1)
    sys.stdout.write("\n")
