"""Whether the published outcome of a draw follows from its list, parameters and numbers."""

import json
from collections.abc import Iterator
from datetime import datetime

from evaluations.draws.models import Draw
from evaluations.draws.queries.proofs import proof_text
from evaluations.protocol.drawing import DrawError
from evaluations.protocol.proofs import verify_proof
from evaluations.rounds.rules.lifecycle import DrawStatus
from evaluations.verdicts.queries import Verdict, checked, unchecked

# A larger list is left to the reader's own machine, which takes its time.
MOST_PEOPLE = 50_000
AGREES = "用公布的名单和随机数重新抽取一遍，抽中、候补人员及其次序与公布的完全相同。"


def draw_verdict(draw: Draw, at: datetime) -> Verdict:
    """Draw once more and compare, as any outsider can."""
    if draw.status == DrawStatus.ABANDONED:
        return unchecked("本次抽取已作废，没有抽取结果。")
    if draw.status != DrawStatus.PUBLISHED:
        return unchecked("抽取结果尚未公开，公开后可以核验。")
    if json.loads(draw.params)["pool_size"] > MOST_PEOPLE:
        return unchecked("名单人数较多，请点击“在浏览器中核验”，在您的设备上核验。")
    return checked(f"draw/{draw.draw_id}/{draw.seed}/{draw.events.count()}", lambda: _faults(draw), AGREES, at)


def _faults(draw: Draw) -> Iterator[str]:
    try:
        seed = verify_proof(json.loads("".join(proof_text(draw))))
    except DrawError as fault:
        yield str(fault)
    else:
        if seed != draw.seed:
            yield "公布的抽取种子不是由公布的名单和随机数算出的"
