"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

# Two workers share two cores: matrix products that start threads would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# Wall-clock deadlines fail on a busy machine and say nothing of the code.
settings.register_profile("hotstars", deadline=None)
settings.load_profile("hotstars")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real spectra and catalogues, which are not part of the project."""
    folder = Path(os.environ.get("HOTSTARS_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set HOTSTARS_REAL_DATA to their folder")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOTSTARS_HOME."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HOTSTARS_HOME", str(folder))
    return folder


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their number: packed ones hold the time, and workers must agree on names."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None
