"""APOGEE's apStar files: one star's combined near-infrared spectrum each."""
