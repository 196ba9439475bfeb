"""What a simulated survey is made of: fractions and laws, one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass

#: Stars that are drawn together, from one seed.
BLOCK_STARS = 5000

#: Visits that a block may have: six plates of 4,000 fibres.
BLOCK_VISITS = 24_000


@dataclass(frozen=True)
class SurveyConfig:
    """Fractions and laws of a simulated survey.

    The default mix tells Wang+2022's story in small: most stars are late and fall to the cuts
    in Teff, Mg b and Q; of the hot rest, B stars without emission are the most. **Hot and
    emission-line stars are enhanced**: of LAMOST's 789,918 stars one in 700 is a Be star,
    here 6 in 100, so that 2,500 stars hold 150 Be stars, some 15 of them runaways.

    Attributes
    ----------
    fractions
        Kind and its share of the stars.
    runaway_fraction, be_runaway_fraction
        Share of runaways among O and B stars, and among Be stars.
    runaway_speeds
        Tangential peculiar speeds of runaways, km/s.
    maxwellian_b
        Scale of the tangential peculiar speeds of the others, km/s; Wang+2022 find 8.701
        with the errors of measurement in it.
    cluster_fraction, n_clusters
        Share of hot stars in clusters; clusters of the survey.
    g_min, g_max
        Range of G, mag.
    dec_min, dec_max
        Range of declination, deg.
    single_visit_fraction, visit_decay, max_visits
        Share of stars visited once; chance that a star visited again is not visited once more.
    lrs_only_fraction, both_fraction
        Share of stars with low resolution only, and with both.
    failed_fraction
        Visits on failed plates, with S/N 0 to 1.
    mjd_first, mjd_last
        Range of the visits, as DR7 of the medium-resolution survey.
    nights
        Nights on which a field is visited.
    known_fraction, typed_fraction
        Share of Be stars in earlier papers; of hot stars with a printed spectral type.
    neighbour_fraction
        Share of stars with a fainter Gaia source within 3 arcsec.
    exposures_fraction
        Medium-resolution files that hold their single exposures beside the coadds.
    """

    fractions: tuple[tuple[str, float], ...] = (
        ("F", 0.500),
        ("A", 0.110),
        ("G", 0.070),
        ("K", 0.060),
        ("M", 0.020),
        ("B", 0.130),
        ("Be", 0.060),
        ("SB2", 0.014),
        ("HII", 0.010),
        ("supergiant", 0.010),
        ("O", 0.006),
        ("Herbig", 0.006),
        ("Oe", 0.004),
    )
    runaway_fraction: float = 0.03
    be_runaway_fraction: float = 0.12
    runaway_speeds: tuple[float, float] = (30.0, 80.0)
    maxwellian_b: float = 8.5
    cluster_fraction: float = 0.06
    n_clusters: int = 16
    g_min: float = 8.5
    g_max: float = 14.0
    dec_min: float = -10.0
    dec_max: float = 62.0
    single_visit_fraction: float = 0.5
    visit_decay: float = 0.36
    max_visits: int = 20
    lrs_only_fraction: float = 0.09
    both_fraction: float = 0.12
    failed_fraction: float = 0.015
    mjd_first: int = 58020
    mjd_last: int = 58930
    nights: int = 24
    known_fraction: float = 0.30
    typed_fraction: float = 0.70
    neighbour_fraction: float = 0.06
    exposures_fraction: float = 0.2


#: Coadds of medium resolution only, for tests of size.
MRS_ONLY = SurveyConfig(lrs_only_fraction=0.0, both_fraction=0.0, exposures_fraction=0.0)
