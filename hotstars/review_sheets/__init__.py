"""Contact sheets on which people judge H-alpha."""
