"""Key cards (密钥卡) of the box key: their text, and reading what was typed or scanned (box-key.md 4).

No message and no `repr` quotes a card.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evaluations.protocol.box import TAG_LENGTH, base32, share_sha256, tag
from evaluations.protocol.codes import ALPHABET, FORGIVEN, SEPARATORS

QR_PREFIX = "NCBOX1:"
KINDS = "SPQ"
MOST_NUMBER = 16
GROUPS = 8
GROUP_LENGTH = 5  # four characters and their check character
CARD_LENGTH = GROUPS * GROUP_LENGTH
SHARE_AT = 2 + TAG_LENGTH
SHARE_LENGTH = 26
SHARE_BYTES = 16
PADDING_BITS = 2
WEIGHTS = (2, 3, 4, 5)
POLYNOMIAL = 0b100101  # x^5 + x^2 + 1


@dataclass(frozen=True)
class Card:
    """One card: its kind (S supervisor, P and Q halves of the recovery share), number and share."""

    kind: str
    number: int
    share: bytes = field(repr=False)

    @property
    def label(self) -> str:
        """The card's name in the record: S1, P6."""
        return f"{self.kind}{self.number}"


@dataclass(frozen=True)
class CardFault:
    """Why a typed card cannot be used; `group` is 0 where no single group is at fault."""

    kind: str
    group: int = 0

    def text(self, place: int) -> str:
        """Return the message for the field with that number."""
        if self.group:
            return f"第{place}格第{self.group}组有误，请对照密钥卡重新输入这一组"
        return FAULT_TEXTS[self.kind].format(place=place)


FAULT_TEXTS = {
    "empty": "第{place}格还没有输入密钥卡，请输入卡上的40个字符",
    "length": "第{place}格应为40个字符，请对照密钥卡核对有无漏输或多输",
    "tag": "第{place}格有误：这张卡属于另一个票箱密钥",
    "unknown": "第{place}格的密钥卡不在本轮登记之中，请对照密钥卡逐组核对",
    "twice": "第{place}格与前面一格是同一张密钥卡，请换另一张",
}


def card_text(card: Card, key_id: str) -> str:
    """Return the eight groups of five characters as printed, joined by hyphens."""
    share = base32(int.from_bytes(card.share, "big") << PADDING_BITS, SHARE_LENGTH)
    data = card.kind + ALPHABET[card.number] + tag(key_id) + share
    groups = (data[at : at + GROUP_LENGTH - 1] for at in range(0, len(data), GROUP_LENGTH - 1))
    return "-".join(group + _check(place, group) for place, group in enumerate(groups, 1))


def qr_text(card: Card, key_id: str) -> str:
    """Return what the card's QR code holds."""
    return QR_PREFIX + card_text(card, key_id).replace("-", "")


def read_card(typed: str, key_id: str, share_hashes: Mapping[str, str]) -> Card | CardFault:
    """Read one card; `share_hashes` holds the record's `share_sha256` by label."""
    text = _normalized(typed)
    fault = _text_fault(text)
    if fault:
        return fault
    data = "".join(group[:-1] for group in _groups(text))
    kind, number = data[0], ALPHABET.index(data[1])
    if kind not in KINDS or not 1 <= number <= MOST_NUMBER:
        return CardFault("kind", 1)
    if data[2:SHARE_AT] != tag(key_id):
        return CardFault("tag")
    bits = 0
    for character in data[SHARE_AT:]:
        bits = bits << 5 | ALPHABET.index(character)
    share, padding = divmod(bits, 1 << PADDING_BITS)
    if padding:
        return CardFault("bits", GROUPS)
    card = Card(kind, number, share.to_bytes(SHARE_BYTES, "big"))
    if share_hashes.get(card.label) != share_sha256(key_id, card.label, card.share):
        return CardFault("unknown")
    return card


def read_cards(typed: Sequence[str], key_id: str, share_hashes: Mapping[str, str]) -> list[Card | CardFault]:
    """Read all fields of a form in their order; a card that an earlier field holds is `twice`."""
    found: list[Card | CardFault] = []
    for text in typed:
        read = read_card(text, key_id, share_hashes)
        found.append(CardFault("twice") if isinstance(read, Card) and read in found else read)
    return found


def points(cards: Sequence[Card]) -> list[tuple[int, bytes]]:
    """Return the points (x, share) of different cards; the recovery halves count only together, as one point."""
    halves = {card.kind: card for card in cards if card.kind != "S"}
    found = [(card.number, card.share) for card in cards if card.kind == "S"]
    if len(halves) == 2:
        found.append((halves["P"].number, exclusive_or(halves["P"].share, halves["Q"].share)))
    return found


def exclusive_or(one: bytes, other: bytes) -> bytes:
    """Return R of the halves P and Q, or Q of R and P."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _normalized(typed: str) -> str:
    folded = unicodedata.normalize("NFKC", typed).upper().strip().removeprefix(QR_PREFIX)
    return "".join(c for c in folded if c not in SEPARATORS and not c.isspace()).translate(FORGIVEN)


def _text_fault(text: str) -> CardFault | None:
    if not text:
        return CardFault("empty")
    foreign = next((at for at, character in enumerate(text) if character not in ALPHABET), None)
    if foreign is not None:
        return CardFault("character", min(foreign // GROUP_LENGTH + 1, GROUPS))
    if len(text) != CARD_LENGTH:
        return CardFault("length")
    wrong = (place for place, group in enumerate(_groups(text), 1) if _check(place, group[:-1]) != group[-1])
    first = next(wrong, None)
    return CardFault("group", first) if first else None


def _groups(text: str) -> Iterator[str]:
    return (text[at : at + GROUP_LENGTH] for at in range(0, CARD_LENGTH, GROUP_LENGTH))


def _check(place: int, group: str) -> str:
    value = place
    for weight, character in zip(WEIGHTS, group, strict=True):
        value ^= _product(weight, ALPHABET.index(character))
    return ALPHABET[value]


def _product(one: int, other: int) -> int:
    """Multiply in GF(32)."""
    product = 0
    while one:
        if one & 1:
            product ^= other
        one >>= 1
        other <<= 1
        if other & 32:
            other ^= POLYNOMIAL
    return product
