"""The desk's pages of a round, one file per step."""

from evaluations.admin import ballot, data_request, draw, errand, pool, publication, round

__all__ = ["ballot", "data_request", "draw", "errand", "pool", "publication", "round"]
