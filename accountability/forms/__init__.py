"""Input of what follows the list, one file per step."""
