"""Collects the features' pages of the staff site."""

from evaluations.ballot_form import admin as ballot_form
from evaluations.ballots import admin as ballots
from evaluations.draws.admin import draws
from evaluations.lifecycle import admin as lifecycle
from evaluations.paper_ballots.admin import codes
from evaluations.personal_data.admin import pools, requests
from evaluations.publication import admin as publication
from evaluations.service_records.admin import batches

__all__ = ["ballot_form", "ballots", "batches", "codes", "draws", "lifecycle", "pools", "publication", "requests"]
