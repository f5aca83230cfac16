"""The desk's pages of a round, one file per step."""

from evaluations.admin import ballot, draw, pool, publication, round

__all__ = ["ballot", "draw", "pool", "publication", "round"]
