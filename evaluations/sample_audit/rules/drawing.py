"""Which ballots are compared: a seed from the frozen plan and the dice, then the draws' own tickets (protocol 3.9)."""

from collections.abc import Iterable, Mapping

from evaluations.protocol.drawing import drawing_order, hash_lines, ticket
from nanchuan_eval.core.errors import RuleViolation

FORMAT = "nanchuan-sample/1"
DICE = 20  # ten-sided dice; 66 bits, as much as the draws ask for


def read_dice(text: str) -> str:
    """Return the digits of the dice in the order in which they were read out."""
    digits = "".join(text.split())
    if len(digits) != DICE or not (digits.isascii() and digits.isdigit()):
        raise RuleViolation(f"应为{DICE}枚十面骰子依次读出的{DICE}位数字。")
    return digits


def sample_seed(plan_sha256: str, digits: str) -> str:
    """Return the seed; the plan names round, box, count and sizes, so that no other draw has the same."""
    return hash_lines(f"{FORMAT}/seed", plan_sha256, digits)


def draw_sample(seed: str, receipts: Mapping[str, Iterable[str]], sizes: Mapping[str, int]) -> dict[str, list[str]]:
    """Return channel -> drawn receipts by ascending ticket."""
    return {channel: drawing_order(seed, channel, of)[: sizes[channel]] for channel, of in receipts.items()}


def last_tickets(seed: str, drawn: Mapping[str, list[str]]) -> dict[str, str]:
    """Return channel -> ticket of its last drawn ballot; whoever has a receipt can tell whether it was drawn."""
    return {channel: ticket(seed, channel, receipts[-1]) for channel, receipts in drawn.items() if receipts}
