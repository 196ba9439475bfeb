"""The loader on real LAMOST files, which lie beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from ingest.lamost import ingest_lamost
from ingest.lamost.headers import designation_from
from warehouse.migrate import upgrade_in_memory


@pytest.mark.real_data
def test_every_real_file_lands_with_the_values_of_its_manifest(real_data: Path) -> None:
    warehouse = upgrade_in_memory()
    counts = ingest_lamost(warehouse, [real_data / "lamost"], progress=False)
    assert counts.rejected == 0, counts.reasons
    assert counts.loaded == counts.found == len(list((real_data / "lamost").rglob("*.fits.gz")))
    differing = warehouse.execute(
        f"""
        select file, o.obsid, m.obsid
        from read_csv('{real_data}/lamost/manifest.csv') as m
        left join raw.lamost_observation as o on parse_filename(m.file) = o.file_name
        where o.obsid is null
           or coalesce(o.obsid <> m.obsid, false)
           or coalesce(o.class <> m.class, false)
           or coalesce(o.subclass <> m.subclass, false)
           or coalesce(abs(o.ra - m.ra) > 1e-6, false)
           or coalesce(abs(o.dec - m.dec) > 1e-6, false)
           or coalesce(abs(o.snr_b - m.snrg) > 0.01, false)
           or coalesce(abs(o.snr_r - m.snrr) > 0.01, false)
        """
    ).fetchall()
    assert differing == []
    # the coadds of a failed plate are kept; LAMOST's own designations agree with ours
    assert warehouse.execute(
        "select count(*) from raw.lamost_spectrum where exposure = 0 and snr < 1.1"
    ).fetchone() == (4,)
    assert warehouse.execute(
        "select count(*) from raw.lamost_spectrum where exposure = 0 and wavelength is not null"
    ).fetchone() == (0,)


@pytest.mark.real_data
def test_real_designations_are_truncated_coordinates(real_data: Path) -> None:
    for path in sorted((real_data / "lamost").rglob("*.fits.gz")):
        header = fits.getheader(path)
        built = designation_from(header["RA"], header["DEC"])
        assert header["DESIG"].split()[-1] == built
