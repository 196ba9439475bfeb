"""How figures look, and the parts that they share: one style for all of them."""
