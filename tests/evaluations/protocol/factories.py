"""The published vectors of the box key, and a ballot to seal."""

import json

from evaluations.protocol.box_rows import BallotRow, Place
from tests.paths import ROOT

VECTORS = json.loads((ROOT / "tests" / "vectors" / "box_key_vectors.json").read_text(encoding="utf-8"))
KEY = VECTORS["keys"][0]
ROW_KEY = bytes.fromhex(KEY["row_key"])
SHARE_HASHES = {card["card"]: card["share_sha256"] for card in KEY["cards"]}


def what(vector):
    return vector["what"]


def round_of(vector):
    return vector["round"]


def place_of(vector):
    return Place(vector["round"], vector["channel"], vector["origin"])


def ballot_row(**texts):
    given = {
        "round": "2026H2",
        "channel": "sampled",
        "origin": "hall",
        "receipt": "C7ZNHGNQ9S35KVCYTNHA",
        "nonce": "17" * 32,
        "vote": '{"lines":[]}',
        "comment": "",
    }
    return BallotRow(**given | texts)
