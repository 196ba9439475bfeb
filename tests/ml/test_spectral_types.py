"""MK types as papers print them; meanings by the standard notation of MK classification."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.spectral_types import parse_spectral_type, parse_spectral_types

PRINTED = [
    # text, numeric type, luminosity class, emission, shell
    ("B1.5 Vep_sh", 11.5, 5.0, True, True),
    ("O6.5 V((f))", 6.5, 5.0, False, False),
    ("O4 V((c))", 4.0, 5.0, False, False),
    ("B1/2e", 11.5, None, True, False),
    ("OB-", None, None, False, False),
    ("OBe", None, None, True, False),
    ("B3:n", 13.0, None, False, False),
    ("B8III/IV", 18.0, 3.5, False, False),
    ("O5: Iafpe", 5.0, 1.0, True, False),
    ("O8:Iafpe", 8.0, 1.0, True, False),
    ("O9 III", 9.0, 3.0, False, False),
    ("B0 V", 10.0, 5.0, False, False),
    ("B", None, None, False, False),
    ("Ae", None, None, True, False),
    ("B3e", 13.0, None, True, False),
    ("B0e", 10.0, None, True, False),
    ("B8IIIHe wk", 18.0, 3.0, False, False),
    ("B9IIIpHgMn", 19.0, 3.0, False, False),
    ("B9pEuCr", 19.0, None, False, False),
    ("B8Ia-Iab", 18.0, 1.0, False, False),
    ("B9Ib-II", 19.0, 1.5, False, False),
    ("B8-9IIIe", 18.5, 3.0, True, False),
    ("B3III+B0V", 13.0, 3.0, False, False),
    ("B2IV-Vne", 12.0, 4.5, True, False),
    ("B2Vpe+A2IaShell", 12.0, 5.0, True, False),
    ("B8VpShell", 18.0, 5.0, False, True),
    ("O7.5III(n)((f))", 7.5, 3.0, False, False),
    ("B9/A0V", 19.5, 5.0, False, False),
    ("B0Ia+WC5:", 10.0, 1.0, False, False),
    ("F6V", 36.0, 5.0, False, False),
    ("M2", 62.0, None, False, False),
]


@pytest.mark.parametrize(("text", "numeric", "luminosity", "emission", "shell"), PRINTED)
def test_printed_types(
    text: str, numeric: float | None, luminosity: float | None, emission: bool, shell: bool
) -> None:
    found = parse_spectral_type(text)
    assert found.numeric_type == numeric
    assert found.luminosity_class == luminosity
    assert found.is_emission == emission
    assert found.is_shell == shell


def test_a_type_without_subtype_keeps_its_range() -> None:
    found = parse_spectral_type("OB")
    assert (found.numeric_type_min, found.numeric_type_max) == (0.0, 19.9)
    found = parse_spectral_type("B")
    assert (found.numeric_type_min, found.numeric_type_max) == (10.0, 19.9)


def test_a_bright_class_is_seen_although_a_fainter_one_stands_beside_it() -> None:
    assert parse_spectral_type("B8II/III").luminosity_class_min == 2.0


def test_subdwarfs_are_told_from_dwarfs() -> None:
    found = parse_spectral_type("sdB")
    assert found.is_subdwarf
    assert found.luminosity_class == 6.0


@pytest.mark.parametrize("text", ["", None, "WC5", "DA2", "C-N4", "em", "---", "?", "Sey1"])
def test_text_that_is_no_such_type_gives_nothing(text: str | None) -> None:
    found = parse_spectral_type(text)
    assert found.numeric_type is None
    assert found.numeric_type_min is None


ANY_TEXT = st.one_of(st.none(), st.text(max_size=12), st.sampled_from([p[0] for p in PRINTED]))


@given(st.lists(ANY_TEXT))
def test_any_text_is_read_without_failing_and_each_alike(texts: list[str | None]) -> None:
    columns = parse_spectral_types(np.array(texts, dtype=object))
    for number, text in enumerate(texts):
        one = parse_spectral_type(text)
        value = columns["numeric_type"][number]
        assert (one.numeric_type is None and np.isnan(value)) or value == one.numeric_type
        assert columns["is_emission"][number] == one.is_emission


@pytest.mark.real_data
def test_every_type_of_the_bright_star_catalogue_is_read(real_data: Path) -> None:
    with (real_data / "be_catalogues" / "bsc5_ob_stars.csv").open() as handle:
        rows = [row for row in csv.DictReader(handle) if row["sptype"].strip()]
    types = [row["sptype"] for row in rows]
    assert [text for text in types if parse_spectral_type(text).numeric_type is None] == []
