"""Interstellar extinction of hot stars: passbands, intrinsic colours, colour excess."""
