"""The desk's pages of a round, one file per step."""

from evaluations.admin import ballot, draw, errand, pool, publication, round

__all__ = ["ballot", "draw", "errand", "pool", "publication", "round"]
