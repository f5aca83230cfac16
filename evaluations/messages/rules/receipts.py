"""Receipts and answers as a gateway hands them in, in JSON or as rows of a file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evaluations.messages.rules.gateway import GATEWAY_ID
from evaluations.messages.rules.texts import PHONE, is_unsubscription

DELIVERED = ("delivered", "success", "delivrd", "0", "已送达", "成功")
UNDELIVERED = ("failed", "undelivered", "undeliv", "rejected", "expired", "1", "未送达", "失败")
MOST = 5000  # receipts in one delivery


@dataclass(frozen=True)
class Receipt:
    """What became of one message; `key` = our number or the gateway's."""

    key: str
    is_delivered: bool


@dataclass(frozen=True)
class Answer:
    """An answer to a message; `is_stop`: by it the phone's owner unsubscribes."""

    phone: str
    is_stop: bool = True


class ReceiptError(ValueError):
    """A delivery of receipts cannot be used; says why in Chinese, quoting nothing of it."""


def read_receipts(rows: object) -> list[Receipt | Answer]:
    """Return the receipts {"id", "state"} and answers {"phone", "text"} of a list, or of one object.

    Anything else is refused, and nothing is taken.
    """
    given = rows if isinstance(rows, list) else [rows]
    if not given:
        raise ReceiptError("没有回执。")
    if len(given) > MOST:
        raise ReceiptError(f"一次最多{MOST}条回执，请分次提交。")
    return list(_read(given))


def _read(rows: Iterable[object]) -> Iterable[Receipt | Answer]:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise ReceiptError(f"第{number}条不是回执，应为包含 id 和 state 的对象。")
        texts = {str(name): str(value).strip() for name, value in row.items() if value is not None}
        if texts.get("phone") and "text" in texts:
            phone = texts["phone"].removeprefix("+86").removeprefix("86")
            if not PHONE.fullmatch(phone):
                raise ReceiptError(f"第{number}条的手机号有误。")
            yield Answer(phone, is_unsubscription(texts["text"]))
            continue
        state = texts.get("state", "").lower()
        if not GATEWAY_ID.fullmatch(texts.get("id", "")) or state not in {*DELIVERED, *UNDELIVERED}:
            raise ReceiptError(
                f"第{number}条回执有误：id 为短信编号，state 为 delivered（已送达）或者 failed（未送达）。"
            )
        yield Receipt(texts["id"], state in DELIVERED)
