"""Neutrino masses and mixing from the type-I seesaw with the textures of U(1)_X."""
