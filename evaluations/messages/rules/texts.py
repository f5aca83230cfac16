"""Texts of the messages: a link for each section, how many short messages that makes, how a text is shown masked."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

# A text in Chinese is sent as one short message up to 70 characters, or in parts of 67 that the phone joins again.
ONE_MESSAGE, PART_OF_SEVERAL = 70, 67
# What people answer: the letters alone, or words anywhere in a sentence that does not deny them.
UNSUBSCRIBE_LETTERS = frozenset({"TD", "T", "回复TD", "回复T", "回TD", "发TD"})
UNSUBSCRIBE_WORDS = re.compile(
    r"(?<![不别没未勿])(?<!不要)(?<!不想)(?<!不用)(?<!不会)(?<!没有)(退订|取消订阅|停止发送)|(不要|别|请勿|勿)再?(给我|向我)?再?发"
)
NOT_SAID = re.compile(r"[\W_]+")
CODE = re.compile(r"#[0-9A-Z-]{20,24}")
PHONE = re.compile(r"1\d{10}")


class CodeLine(NamedTuple):
    """One code: the section its ballot is bound to ("" = any), and those that the ballot's page offers first."""

    section: str
    code: str
    first: tuple[str, ...] = ()


def link(site: str, line: CodeLine) -> str:
    """Return the address that opens the ballot; what stands after the # never leaves the reader's device."""
    offered = f".{','.join(line.first)}" if line.first else ""
    return f"{site.rstrip('/')}/ballot/#{line.code}{offered}"


def invitation(*, sign: str, name: str, site: str, closes: str, lines: Sequence[CodeLine], recently: str) -> str:
    """Return the message with a link for each code."""
    if not all(line.section for line in lines):
        links = " ".join(link(site, line) for line in lines)
        asked = f"您被抽中参加最难办事科室群众评，请评议您{recently}办过事的科室"
        return f"【{sign}】{name}：{asked}，{closes}截止。链接限用一次，请勿转发：{links} 回复TD退订"
    links = " ".join(f"{line.section} {link(site, line)}" for line in lines)
    number = f"，共{len(lines)}个科室，一个科室一条链接" if len(lines) > 1 else ""
    asked = f"您{recently}在下列科室办过事，被抽中匿名评议{number}"
    return f"【{sign}】{name}：{asked}，{closes}截止。链接限用一次，请勿转发：{links} 回复TD退订"


def reminder(*, sign: str, closes: str) -> str:
    """Return the reminder, the same for everybody: nobody can know who has voted; it holds no code."""
    return (
        f"【{sign}】您被抽中参加最难办事科室群众评，评议{closes}截止，请打开此前短信或者信函中的链接评议。"
        "评议匿名，系统不知道谁已提交，已提交的请忽略。回复TD退订"
    )


def parts(text: str) -> int:
    """Return as how many short messages a text is charged."""
    return 1 if len(text) <= ONE_MESSAGE else -(-len(text) // PART_OF_SEVERAL)


def masked(text: str) -> str:
    """Return a text without phones and codes, as a log may hold it."""
    return PHONE.sub(lambda found: f"{found[0][:3]}****{found[0][-4:]}", CODE.sub("#（票号）", text))


def is_unsubscription(text: str) -> bool:
    """True if an answer to a message asks for no more of them."""
    # A Chinese keyboard sends full-width letters and closes a sentence with 。
    said = NOT_SAID.sub("", unicodedata.normalize("NFKC", text)).upper()
    return said in UNSUBSCRIBE_LETTERS or bool(UNSUBSCRIBE_WORDS.search(said))
