"""The simulated survey's files go through the loaders of real files and keep their mark."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogue_files import gaia_like, votable

from ingest.catalogues.simulated import load_catalogues, source_of
from warehouse.connection import WarehouseError
from warehouse.migrate import upgrade_in_memory


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("gaia_dr3.vot", "gaia"),
        ("gaia_dr2.vot.gz", "gaia_dr2"),
        ("gaia_edr3.vot", "gaia_edr3"),
        ("twomass.vot", "twomass"),
        ("distances.vot", "distances"),
        ("members_cantat2018.vot", "members_cantat2018"),
        ("clusters_dias2021.vot", "clusters_dias2021"),
        ("literature_hou2016.vot", "hou2016"),
        ("literature.vot", "literature"),
        ("spectral_types_skiff.vot", "skiff"),
        ("lasp_mrs.csv", "lasp"),
        ("reddening.csv", "reddening"),
        ("med-58267-HD0001_sp05-102.fits.gz", None),
    ],
)
def test_a_file_is_known_by_the_source_in_its_name(name: str, source: str | None) -> None:
    assert source_of(Path(name)) == source


def test_the_catalogues_of_a_folder_land_as_simulated(tmp_path: Path) -> None:
    (tmp_path / "catalogues").mkdir()
    (tmp_path / "catalogues" / "gaia_dr3.vot").write_bytes(votable(gaia_like()))
    (tmp_path / "catalogues" / "reddening.csv").write_text("designation,ebv\nJ1,0.5\n")
    (tmp_path / "truth_stars.csv").write_text("teff\n1\n")
    connection = upgrade_in_memory()
    done = load_catalogues(connection, tmp_path, command="test")
    assert {item.source: item.n_rows for item in done} == {"gaia": 3, "reddening": 1}
    assert connection.execute("select distinct release from raw.gaia_source").fetchall() == [
        ("SIM DR3",)
    ]
    assert connection.execute("select dust_map from raw.reddening").fetchall() == [
        ("SIM Bayestar19",)
    ]


def test_a_refused_file_of_our_own_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "twomass.csv").write_text("designation,j_m\nx,1\n")
    with pytest.raises(WarehouseError, match="no column for ra"):
        load_catalogues(upgrade_in_memory(), tmp_path, command="test")
