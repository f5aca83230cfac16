"""What people come for (办什么事), so that a citizen finds a section without knowing its name: a finding aid only."""

from collections.abc import Iterable

# What people call it, and the words in a section's name that stand for it.
Errands = tuple[tuple[str, tuple[str, ...]], ...]


def errands_of(section_name: str, service_topics: Errands) -> str:
    """Return the errands that a section's name stands for, or nothing."""
    return "；".join(topic for topic, words in service_topics if any(word in section_name for word in words))


def as_words(text: str) -> tuple[str, ...]:
    """Return the words of a field in which they are parted by blanks or Chinese commas."""
    return tuple(text.replace("、", " ").replace("，", " ").split())


def found_by(words: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the section names that hold one of the words."""
    wanted = tuple(words)
    return [name for name in names if any(word in name for word in wanted)]
