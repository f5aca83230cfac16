"""Who of a stratum's drawn people without a letter or message gets a code now, and why the others do not.

As many codes are valid as people are drawn, never more: nobody's ballot may count twice.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.db.models import TextChoices

MOST_NAMED = 3  # strata in one sentence


class Without(TextChoices):
    """Why people get no code in this act; the sentence that says so, with their number and strata."""

    ELSEWHERE = "elsewhere", "{people}人的票号已经另行生成，没有重复生成，请按原来的方式发放：{strata}。"
    HANDED = (
        "handed",
        "{people}人接替的是通知已经发出的人员，尚不能生成票号：{strata}。请收回原来的票号，在“票号批次”作废后再生成；"
        "收不回的不另发，以免一个名额有两个有效票号。",
    )
    MIXED = (
        "mixed",
        "{people}人的票号有一部分是另行生成的：{strata}。"
        "请用“生成票号”补齐，按原来的方式发放；或者先作废另行生成而没有发出的票号。",
    )
    THIN = "thin", "抽中的办事群众过少，不生成绑定票号，由其他评议人员评议：{strata}。"


class Share(NamedTuple):
    """Which of the people without a letter or message, in the order of their places, get a code: a slice of them."""

    start: int
    end: int
    why: Without | None


def allot(people: int, due: int, gone: int, earlier_seats: Collection[int]) -> Share:
    """Return who gets one of the `due` codes.

    `gone` = codes that went out to people removed since: as many wait, those drawn last. `earlier_seats` = the seats
    of earlier committed rounds, if nobody of the stratum was removed: if so many have their codes otherwise, they are
    those drawn then, and everybody drawn by the top-up gets one now.
    """
    short = people - due
    if short <= 0:
        return Share(0, people, None)
    if short <= gone:
        return Share(0, due, Without.HANDED)
    if due and short in earlier_seats:
        return Share(short, people, Without.ELSEWHERE)
    return Share(0, 0, Without.MIXED if due else Without.ELSEWHERE)


def in_words(why: Without, strata: Iterable[tuple[str, int]]) -> str:
    """Return the sentence for strata and their numbers of people."""
    found = sorted(strata)
    named = "、".join(f"“{stratum}”{number}人" for stratum, number in found[:MOST_NAMED])
    more = f"等{len(found)}类" if len(found) > MOST_NAMED else ""
    return why.label.format(people=sum(number for _, number in found), strata=named + more)
