"""Read MK spectral types as the literature prints them.

Numeric types follow Sprague+2022, section 3.2: O0 is 0, B0 is 10, A0 is 20, F0 is 30, so that
B2.5 is 12.5; luminosity classes I to V are 1 to 5, and IV-V is 4.5. A type without a subtype
(``B``, ``OBe``) has no numeric type but a range, ``OB`` reaching from O to B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

_LETTERS = "OBAFGKM"
_LUMINOSITY = {"0": 0.0, "I": 1.0, "II": 2.0, "III": 3.0, "IV": 4.0, "V": 5.0, "VI": 6.0}

_TEMPERATURE = re.compile(
    r"(?P<letter>OB|[OBAFGKM])\s*(?P<digits>\d(?:\.\d+)?)?[:?]*"
    r"(?:\s*[-/~]\s*(?P<letter2>[OBAFGKM])?(?P<digits2>\d(?:\.\d+)?)[:?]*)?[-+]?"
)
_CLASS = r"(?:Ia\+|Ia-?0|Iab|Ia|Ib|III|II|IV|VI|V|I|0)"
_LUMINOSITY_CLASS = re.compile(
    rf"(?P<first>{_CLASS})[ab]?[:?]*(?:\s*[-/]\s*(?P<second>{_CLASS})[ab]?)?"
)
#: Symbols of elements, so that the e of He or Fe is not read as emission.
_ELEMENTS = re.compile(r"He|Si|Hg|Mn|Cr|Eu|Sr|Fe|Ti|Ca|Sc|Ba|Sn|Pb|Nd|Ce|Ne|Be(?=[A-Z])")
_SHELL = re.compile(r"[Ss]hell|_?sh(?![a-z])")
_WORDS = re.compile(r"\b(?:wk|weak|strong|str|var|met|lines?|comp|and|or|early|late)\b", re.I)


@dataclass(frozen=True)
class SpectralType:
    """What one printed type says; None where it says nothing."""

    numeric_type: float | None = None
    numeric_type_min: float | None = None
    numeric_type_max: float | None = None
    luminosity_class: float | None = None
    luminosity_class_min: float | None = None
    is_emission: bool = False
    is_shell: bool = False
    is_peculiar: bool = False
    is_composite: bool = False
    is_uncertain: bool = False
    is_subdwarf: bool = False


_NOTHING = SpectralType()


def _number(letter: str, digits: str) -> float:
    return 10.0 * _LETTERS.index(letter) + float(digits)


def _temperature(match: re.Match[str]) -> tuple[float | None, float, float]:
    """Return the numeric type, or None, and the range that the text allows."""
    letter, digits = match["letter"], match["digits"]
    if digits is None:
        low = 10.0 * _LETTERS.index(letter[0])
        high = 10.0 * _LETTERS.index(letter[-1]) + 9.9
        return None, low, high
    first = _number(letter[-1], digits)
    if match["digits2"] is None:
        return first, first, first
    second = _number(match["letter2"] or letter[-1], match["digits2"])
    return (first + second) / 2, min(first, second), max(first, second)


def _class_number(text: str) -> float:
    return _LUMINOSITY[re.sub(r"(?<=I)(a\+|a-?0|ab|a|b)$", "", text)]


def parse_spectral_type(text: str | None) -> SpectralType:
    """Read one printed type.

    The first component of a composite (``B3III+B0V``) is read, and so is the first
    alternative of a range of temperatures and classes, as the mean of its ends.

    Parameters
    ----------
    text
        For example ``B1.5 Vep_sh``, ``O6.5 V((f))``, ``B1/2e``, ``OB-``, ``B8III/IV``.

    Returns
    -------
    SpectralType
        Empty for text that names no class from O to M (``WC5``, ``DA2``, ``C``).
    """
    text = (text or "").strip()
    if re.match(r"(?:W[NCOR]|D[ABOQZXC]|C[-\d]|S\d|Em|PN)", text):
        return _NOTHING
    prefix = re.match(r"(?:e?sd|esd|d|g|c|k|h)(?=[OBAFGKM])", text)
    first, *others = re.split(r"\s*\+\s*(?=[OBAFGKMW(s])", text[prefix.end() :] if prefix else text)
    match = _TEMPERATURE.match(first)
    if match is None:
        return _NOTHING
    numeric, low, high = _temperature(match)
    rest = first[match.end() :]
    found = _LUMINOSITY_CLASS.search(rest)
    classes = [_class_number(part) for part in found.groups() if part] if found else []
    remarks = _WORDS.sub("", _ELEMENTS.sub("", _LUMINOSITY_CLASS.sub(" ", rest, count=1)))
    shell = _SHELL.search(remarks) is not None
    remarks = _SHELL.sub("", remarks)
    subdwarf = prefix is not None and "sd" in prefix[0]
    return SpectralType(
        numeric_type=numeric,
        numeric_type_min=low,
        numeric_type_max=high,
        luminosity_class=sum(classes) / len(classes) if classes else (6.0 if subdwarf else None),
        luminosity_class_min=min(classes) if classes else (6.0 if subdwarf else None),
        is_emission="e" in remarks,
        is_shell=shell,
        is_peculiar="p" in remarks or _ELEMENTS.search(rest) is not None,
        is_composite=bool(others),
        is_uncertain=":" in first or "?" in first,
        is_subdwarf=subdwarf,
    )


def parse_spectral_types(texts: np.ndarray) -> dict[str, np.ndarray]:
    """Read many types; each distinct text is read once.

    Parameters
    ----------
    texts
        Shape (n,), objects: str or None.

    Returns
    -------
    dict
        Field of :class:`SpectralType` -> array of shape (n,); NaN where the text says nothing.
    """
    distinct, inverse = np.unique([text or "" for text in texts], return_inverse=True)
    parsed = [parse_spectral_type(str(text)) for text in distinct]
    columns = {}
    for name in SpectralType.__dataclass_fields__:
        values = [getattr(item, name) for item in parsed]
        is_flag = name.startswith("is_")
        column = np.array(values, dtype=bool if is_flag else float)
        columns[name] = column[inverse] if len(column) else column
    return columns
