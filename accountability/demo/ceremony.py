"""A draw of the demonstration from the register to the published proof, with truly random numbers (演示)."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accountability.demo.by_two import READ, by_two
from accountability.demo.people import Office
from evaluations.draws.approvals import ISSUE_CODES, commitment
from evaluations.draws.models import Draw, PlannedDraw, SigningSheet
from evaluations.draws.services import ceremony, signing
from evaluations.draws.services.ceremony import Reading, needs_issue
from evaluations.draws.services.commitment import plan_draw
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose

WITNESSES = "纪委监委、人大代表、市民代表、企业代表"
PLACE = "政务服务中心一楼大厅"
STEP = timedelta(minutes=15)


@dataclass
class Ceremony:
    """Participants of the draws: two clerks enter the numbers, one proposes, the chief approves, supervisors sign."""

    office: Office
    codes: list[list[str]] = field(default_factory=list)

    def plan(self, round_: Round, purpose: DrawPurpose, *, held_at: datetime, at: datetime) -> None:
        """Announce a draw in the register."""
        planned = PlannedDraw(round=round_, purpose=purpose, planned_at=held_at, place=PLACE, witnesses=WITNESSES)
        plan_draw(planned=planned, by=self.office.clerk, at=at)

    def hold(self, round_: Round, purpose: DrawPurpose, *, committed_at: datetime, held_at: datetime) -> Draw:
        """Commit a draw and hold its ceremony up to the published proof."""
        by_two(commitment(purpose), round_, self.office.desk, at=committed_at, purpose=purpose.value)
        return self.finish(round_.draws.standing().get(purpose=purpose), at=held_at)

    def finish(self, draw: Draw, *, at: datetime) -> Draw:
        """Hold the ceremony of a committed draw: dice and lottery read twice, drawn, signed, published."""
        for number, source in enumerate(json.loads(draw.params)["randomness"]):
            issue = f"{at:%Y}{at.timetuple().tm_yday:03d}" if needs_issue(source) else ""
            reading = Reading(number, _thrown(source), issue)
            for minutes, clerk in enumerate((self.office.clerk, self.office.second_clerk)):
                moment = at + timedelta(hours=12 * number, minutes=minutes)
                ceremony.enter_randomness(draw_id=draw.pk, reading=reading, by=clerk, at=moment)
        evening = at + timedelta(hours=13)
        draw.refresh_from_db()
        by_two("draw.run", draw, self.office.desk, at=evening)
        draw.refresh_from_db()
        self._sign(draw, evening + STEP)
        by_two("draw.publish", draw, self.office.desk, at=evening + 2 * STEP)
        draw.refresh_from_db()
        return draw

    def _sign(self, draw: Draw, at: datetime) -> None:
        if draw.purpose == DrawPurpose.SUPERVISORS:
            self.codes = self._hand_out_codes(draw, at)
            return
        for codes in self.codes[: ceremony.signatures_wanted(draw)]:
            ceremony.sign_draw(draw_id=draw.pk, code=codes.pop(), at=at)

    def _hand_out_codes(self, draw: Draw, at: datetime) -> list[list[str]]:
        """Issue the supervisors' codes by two: one clerk takes the sheets out, the other confirms their handing."""
        by_two(ISSUE_CODES, draw, self.office.desk, at=at)
        sheets = SigningSheet.objects.filter(entry__draw=draw).order_by("pk")
        later = at + READ
        codes = [signing.seal_codes(sheet_id=sheet.pk, by=self.office.clerk, at=later)[1] for sheet in sheets]
        handed = [sheet.pk for sheet in sheets]
        signing.hand_over_codes(draw_id=draw.pk, sheet_ids=handed, by=self.office.second_clerk, at=later)
        return codes


def _thrown(source: dict[str, Any]) -> list[int]:
    """Return random numbers in place of the witnesses' dice and the lottery."""
    rng = secrets.SystemRandom()
    span = range(source["min"], source["max"] + 1)
    if source["order"] == "sorted":
        return sorted(rng.sample(span, source["n"]))
    return [rng.choice(span) for _ in range(source["n"])]
