"""The tables of one round, one file per step."""

from evaluations.models.ballot import Ballot, BallotSpool, Comment, Rating
from evaluations.models.credential import CodeBatch, Credential, OpenClaimAlert
from evaluations.models.data_request import DataRequest
from evaluations.models.draw import (
    Draw,
    DrawEntry,
    DrawEvent,
    DrawSignature,
    PlannedDraw,
    RandomnessEntry,
    SigningCode,
)
from evaluations.models.errand import Errand
from evaluations.models.paper import PaperCount, PaperSheet
from evaluations.models.pool import PoolEntry, PoolNotice, PoolObjection, PoolUpload
from evaluations.models.publication import Publication, PublicationHold
from evaluations.models.round import Manifestation, Round, RoundSection, RoundStep
from evaluations.models.tally import AnomalyFlag, CountSignature, SectionResult, Tally, TallyRow, TurnoutDay, Veto

__all__ = [
    "AnomalyFlag",
    "Ballot",
    "BallotSpool",
    "CodeBatch",
    "Comment",
    "CountSignature",
    "Credential",
    "DataRequest",
    "Draw",
    "DrawEntry",
    "DrawEvent",
    "DrawSignature",
    "Errand",
    "Manifestation",
    "OpenClaimAlert",
    "PaperCount",
    "PaperSheet",
    "PlannedDraw",
    "PoolEntry",
    "PoolNotice",
    "PoolObjection",
    "PoolUpload",
    "Publication",
    "PublicationHold",
    "RandomnessEntry",
    "Rating",
    "Round",
    "RoundSection",
    "RoundStep",
    "SectionResult",
    "SigningCode",
    "Tally",
    "TallyRow",
    "TurnoutDay",
    "Veto",
]
