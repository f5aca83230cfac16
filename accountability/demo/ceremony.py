"""A draw of the demonstration from the register to the published proof, with truly random numbers (演示)."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from evaluations.draws.models import Draw, PlannedDraw
from evaluations.draws.services import ceremony
from evaluations.draws.services.ceremony import Reading, needs_issue
from evaluations.draws.services.commitment import commit_draw, plan_draw
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.users.models import User

WITNESSES = "区纪委监委、区人大代表、市民代表、企业代表"
PLACE = "区政务服务中心一楼大厅"


@dataclass
class Ceremony:
    """Participants of the draws: two clerks enter the numbers, the chief draws, supervisors sign."""

    clerks: Sequence[User]
    chief: User
    codes: list[list[str]] = field(default_factory=list)

    def plan(self, round_: Round, purpose: DrawPurpose, *, held_at: datetime, at: datetime) -> None:
        """Announce a draw in the register."""
        planned = PlannedDraw(round=round_, purpose=purpose, planned_at=held_at, place=PLACE, witnesses=WITNESSES)
        plan_draw(planned=planned, by=self.chief, at=at)

    def hold(self, round_: Round, purpose: DrawPurpose, *, committed_at: datetime, held_at: datetime) -> Draw:
        """Commit a draw and hold its ceremony up to the published proof."""
        draw = commit_draw(round_id=round_.pk, purpose=purpose, by=self.chief, at=committed_at)
        return self.finish(draw, at=held_at)

    def finish(self, draw: Draw, *, at: datetime) -> Draw:
        """Hold the ceremony of a committed draw: dice and lottery read twice, drawn, signed, published."""
        for number, source in enumerate(json.loads(draw.params)["randomness"]):
            issue = f"{at:%Y}{at.timetuple().tm_yday:03d}" if needs_issue(source) else ""
            reading = Reading(number, _thrown(source), issue)
            for minutes, clerk in enumerate(self.clerks):
                moment = at + timedelta(hours=12 * number, minutes=minutes)
                ceremony.enter_randomness(draw_id=draw.pk, reading=reading, by=clerk, at=moment)
        evening = at + timedelta(hours=13)
        draw = ceremony.run_draw(draw_id=draw.pk, by=self.chief, at=evening)
        self._sign(draw, evening)
        return ceremony.publish_draw(draw_id=draw.pk, by=self.chief, at=evening)

    def _sign(self, draw: Draw, at: datetime) -> None:
        if draw.purpose == DrawPurpose.SUPERVISORS:
            made = ceremony.issue_signing_codes(draw_id=draw.pk, by=self.clerks[0], at=at)
            self.codes = list(made.values())
            return
        for codes in self.codes[: ceremony.signatures_wanted(draw)]:
            ceremony.sign_draw(draw_id=draw.pk, code=codes.pop(), at=at)


def _thrown(source: dict[str, Any]) -> list[int]:
    """Return random numbers in place of the witnesses' dice and the lottery."""
    rng = secrets.SystemRandom()
    span = range(source["min"], source["max"] + 1)
    if source["order"] == "sorted":
        return sorted(rng.sample(span, source["n"]))
    return [rng.choice(span) for _ in range(source["n"])]
