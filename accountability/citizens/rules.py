"""States and numbers of citizens' suggestions (群众建议)."""

import unicodedata

from django.db.models import TextChoices

from evaluations.protocol.codes import ALPHABET, FORGIVEN, SEPARATORS, encode_code
from nanchuan_eval.core.errors import RuleViolation

# 50 random bits: with the limit of requests, nobody finds another's number by trying.
NUMBER_LENGTH = 10
HALF = NUMBER_LENGTH // 2


class SuggestionState(TextChoices):
    """States of a citizen's suggestion (建议状态)."""

    NEW = "new", "已收到"
    IN_HAND = "in_hand", "办理中"
    ADOPTED = "adopted", "已采纳"
    DECLINED = "declined", "未采纳"


UNANSWERED = (SuggestionState.NEW, SuggestionState.IN_HAND)


def number_from(data: bytes) -> str:
    """Return the number of a suggestion (建议编号) from at least 13 random bytes."""
    return encode_code(data)[:NUMBER_LENGTH]


def format_number(number: str) -> str:
    """Format a number in two halves: XXXXX-XXXXX."""
    return f"{number[:HALF]}-{number[HALF:]}"


def normalize_number(text: str) -> str:
    """Return the characters of a typed number; full width, any case and separators are accepted."""
    folded = unicodedata.normalize("NFKC", text).upper()
    number = "".join(c for c in folded if c not in SEPARATORS and not c.isspace()).translate(FORGIVEN)
    if len(number) != NUMBER_LENGTH or any(c not in ALPHABET for c in number):
        raise RuleViolation(f"建议编号由{NUMBER_LENGTH}位数字和字母组成，请核对后重新输入。")
    return number
