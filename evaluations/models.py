"""Collects the features' models."""

from evaluations.ballot_form.models import Manifestation, ServiceTopic
from evaluations.ballots.models import Ballot, BallotSpool, Comment, Rating
from evaluations.box_key.models import BoxCard, BoxKey, SetAsideBallot
from evaluations.codes.models import CodeBatch, Credential, OpenClaimAlert
from evaluations.draws.models import (
    Draw,
    DrawEntry,
    DrawEvent,
    DrawSignature,
    PlannedDraw,
    RandomnessEntry,
    SigningCode,
    SigningSheet,
)
from evaluations.messages.models import Message, MessageEntry, SendingPace, StopNumber
from evaluations.paper_ballots.models import PaperCount, PaperSheet
from evaluations.personal_data.models import DataRequest
from evaluations.pools.models import PoolEntry, PoolNotice, PoolObjection
from evaluations.publication.models import Publication, PublicationDecision, PublicationHold
from evaluations.rounds.models import Round, RoundSection, RoundStep, Unfreezing
from evaluations.sample_audit.models import SampleAudit, SampleBallot, SampleSignature
from evaluations.sealing.models import OpeningSignature
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord, StatedCount
from evaluations.tally.models import AnomalyFlag, CountSignature, SectionResult, Tally, TallyRow, Veto
from evaluations.turnout.models import TurnoutDay

__all__ = [
    "AnomalyFlag",
    "Ballot",
    "BallotSpool",
    "BoxCard",
    "BoxKey",
    "Client",
    "CodeBatch",
    "Comment",
    "CountSignature",
    "Credential",
    "DataRequest",
    "Draw",
    "DrawEntry",
    "DrawEvent",
    "DrawSignature",
    "Manifestation",
    "Message",
    "MessageEntry",
    "OpenClaimAlert",
    "OpeningSignature",
    "PaperCount",
    "PaperSheet",
    "PlannedDraw",
    "PoolEntry",
    "PoolNotice",
    "PoolObjection",
    "Publication",
    "PublicationDecision",
    "PublicationHold",
    "RandomnessEntry",
    "Rating",
    "RecordBatch",
    "Round",
    "RoundSection",
    "RoundStep",
    "SampleAudit",
    "SampleBallot",
    "SampleSignature",
    "SectionResult",
    "SendingPace",
    "ServiceRecord",
    "ServiceTopic",
    "SetAsideBallot",
    "SigningCode",
    "SigningSheet",
    "StatedCount",
    "StopNumber",
    "Tally",
    "TallyRow",
    "TurnoutDay",
    "Unfreezing",
    "Veto",
]
