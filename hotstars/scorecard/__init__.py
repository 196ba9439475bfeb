"""The scorecard: printed numbers of the papers, what is obtained here, and the verdict."""
