"""What is said of a round's box key, on pages and on paper (box-key.md 10, 14): one sentence, one place."""

from collections.abc import Mapping
from typing import Any

from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors

KEPT_BY_SERVER = "本轮票箱密钥由评议系统保管，投票截止后自动开箱；掌握系统密钥的管理员能够解密评议票。"


def key_statement(rulebook: Mapping[str, Any]) -> str:
    """Return what the public is told about who can open the ballots of a round."""
    if not is_opened_by_supervisors(rulebook):
        return KEPT_BY_SERVER
    return (
        "评议票提交后立即用公布的票箱公钥加密，从提交到开箱，数据库、日志和备份中只有密文，没有中途结果。"
        f"投票截止后，由随机抽取的{rulebook['supervisors']}名监督员中至少{rulebook['box_needed']}人持密钥卡当场开箱"
        "（纪委监委两人共同保管的备用卡最多代替其中1张），开箱时打乱全部评议票的顺序，密钥卡随即销毁。"
        "评议票在提交的一瞬间经过评议系统的服务器，系统不能防止有人改动服务器程序或者在旁观看您填写。"
    )


def key_warning(rulebook: Mapping[str, Any]) -> str:
    """Return what stands on everything printed or shown of a round whose key the server keeps."""
    return "" if is_opened_by_supervisors(rulebook) else KEPT_BY_SERVER


def document_mark(rulebook: Mapping[str, Any], *, is_demo: bool) -> str:
    """Return the mark at the head of a round's documents: demonstration data, key kept by the server."""
    return "；".join(filter(None, [DEMO_NOTICE if is_demo else "", key_warning(rulebook)]))
