"""Names of the models in the registry; dbt knows them as vars."""

from __future__ import annotations

#: Of Wang et al. (2022): H-alpha.
BE_CLASSIFIER = "be-classifier"

#: Of Xiang et al. (2021): lines in emission; M_Ks of all pixels; M_Ks without those in emission.
EMISSION, NET_A, NET_B = "ob-emission", "ob-m-ks", "ob-m-ks-emission"

#: Of Sprague et al. (2022).
APOGEE_NET = "apogee-net"


def slam(survey: str) -> str:
    """Return the name of the model of Guo et al. (2021) for "LRS" or "MRS"."""
    return f"slam-{survey.lower()}"
