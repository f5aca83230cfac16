"""Changing the profile: the page, two persons, the logo, the first version."""
