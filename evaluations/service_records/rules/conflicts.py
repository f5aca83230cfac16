"""Recusal of clients (回避), judged as for pools: staff of rated units, near relatives of staff, liaisons."""

from evaluations.pools.rules.conflicts import Recusals
from evaluations.pools.rules.people import Person, PoolRules, Written
from evaluations.service_records.rules.parsing import Line, person_key
from nanchuan_eval.core.faults import Fault


class Conflicts:
    """Judges clients one by one; units that are not certain exclude nobody and are listed for the office to check."""

    def __init__(self, rules: PoolRules) -> None:
        self._recusals = Recusals(rules, {})
        self._liaisons = frozenset(person_key(name) for name, _ in rules.liaisons)

    def note(self, line: Line) -> str:
        """Return why the person takes no part in a draw, or ""; most name no unit and need no judging."""
        if not line.unit and not line.relatives and person_key(line.name) not in self._liaisons:
            return ""
        written = Written(line.where, "", line.name, line.phone, line.unit, relatives=line.relatives)
        return self._recusals.note(Person((written,)))

    @property
    def doubts(self) -> list[Fault]:
        """Return the units that may be rated ones, with how many people named them."""
        return [
            Fault(
                "工作单位",
                f"{question}涉及{people}人，没有列为回避；是的，抽中后办理移除递补，原因选回避。",
                "单位写法不能确定",
            )
            for question, people in self._recusals.doubts
        ]
