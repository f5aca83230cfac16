"""Redaction of opinions (遮盖): words are covered, nothing is reworded."""

from collections.abc import Sequence

from nanchuan_eval.core.errors import RuleViolation

COVER = "█"
Span = tuple[int, int]


def spans_of(text: str, words: Sequence[str]) -> list[Span]:
    """Return every occurrence of the words, sorted; raises if a word does not occur."""
    wanted = [word.strip() for word in words if word.strip()]
    if not wanted:
        raise RuleViolation("请填写要遮盖的文字，每行一处。")
    missing = [word for word in wanted if word not in text]
    if missing:
        raise RuleViolation(f"意见中没有“{'”“'.join(missing)}”，请照原文填写。")
    return sorted({span for word in wanted for span in _places(text, word)})


def redact(text: str, spans: Sequence[Span]) -> str:
    """Replace each character of the spans by a block."""
    for start, end in spans:
        text = text[:start] + COVER * (end - start) + text[end:]
    return text


def _places(text: str, word: str) -> list[Span]:
    starts = [at for at in range(len(text)) if text.startswith(word, at)]
    return [(start, start + len(word)) for start in starts]
