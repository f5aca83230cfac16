"""Every printed document with long names, 40 rows, long reasons and digests: nothing is cut, nobody signs alone."""

import re
import subprocess
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from nanchuan_eval.documents import rendering
from nanchuan_eval.documents.rendering import qr_svg, render_pdf

pytestmark = pytest.mark.pdftext

AT = datetime(2020, 7, 1, 9, tzinfo=UTC)
MM = 72 / 25.4
UNIT = (
    "重庆市南川区规划和自然资源局不动产登记服务与建设用地审批综合管理事务联合办理中心"
    "（政务服务大厅二楼东区窗口甲乙丙丁）"
)
REASON = "依据、流程、收费标准不公开，或公开的与实际不符；用领导不在、系统坏了等理由，反复让人改天再来；"
LONG = f"{REASON * 40}理由完毕。"  # about 1,900 characters
DIGEST = "0123456789abcdef" * 4
OFFICE = "签发单位：" + UNIT[:40]
DATE = "2020年12月31日"
QR = qr_svg("https://pingyi.example/draws/D1/#" + DIGEST)
URL = "https://pingyi.example/draws/2020H1-evaluators/"
ROUND = "2020年上半年"
SIGNED = {"office": OFFICE, "date": DATE, "demo": "演示数据，非真实评议结果"}
FACTS = [["单位、科室", UNIT], ["事实和理由", LONG], ["复算", f"2020年7月1日 09:00复算，一致；校验值 {DIGEST}"]]
HEAD = {
    "title": f"关于{ROUND}最难办事科室群众评票箱密钥的公告",
    "subtitle": f"{ROUND}　{UNIT}",
    "facts": FACTS,
    **SIGNED,
}
ROWS = range(40)
WITNESSES = ["监督员", "监督员", "监督员", "评议办负责人"]
PEOPLE = [{"name": UNIT[:20], "unit": UNIT} for _ in ROWS]
DOCUMENTS = {
    "certificate": {**HEAD, "pairs": FACTS, "body": "评议人员身份依法保密，本答复不涉及任何评议人员信息。"},
    "order": {
        **HEAD,
        "title": "责令整改通知书",
        "to": f"{UNIT}：",
        "body": f"经暗访督查，你单位{UNIT}存在下列问题，请于2020年7月31日前整改到位，并反馈整改情况。",
        "findings": [["推", REASON, "严重"] for _ in ROWS],
        "demand": LONG,
    },
    "talk_notice": {
        **HEAD,
        "title": "谈话通知书",
        "to": f"{UNIT}：",
        "replaces": REASON,
        "body": REASON,
        "pairs": FACTS,
        "note": REASON,
        "number": "通知书编号：12（第2次安排）",
    },
    "record": {**HEAD, "title": "谈话提醒记录", "pairs": FACTS, "note": REASON, "signers": WITNESSES},
    "box_notice": {**HEAD, "statement": REASON, "key_id": DIGEST, "record_sha256": DIGEST, "note": REASON},
    "commitment": {
        **HEAD,
        **dict.fromkeys(("commit", "pool_sha256", "exclusions_sha256"), DIGEST),
        "pool_size": 1000,
        "excluded": 12,
        "waived": REASON,
        "qr": QR,
        "url": URL,
        "witnesses": WITNESSES,
        "strata": [[UNIT, 100, 50, 0] for _ in ROWS],
        "sources": [["福彩双色球", 7, "1至33", REASON] for _ in range(3)],
    },
    "count_record": {
        **HEAD,
        "figures": ["渠道", "发出", "收回", "有效", "计票"],
        "channels": [["定向评议", 1000, 812, 805, 805]] * 3,
        "columns_explained": REASON,
        "listed": [[number, UNIT, UNIT] for number in ROWS],
        "empty": "",
        "digests": [["规则文件 rulebook.json", DIGEST]] * 6,
        "signed": [f"监督员{number}（2020年7月1日 09:00）" for number in range(5)],
        "witnesses": WITNESSES,
    },
    "draw_record": {
        **HEAD,
        "commit": DIGEST,
        "seed": DIGEST,
        "head": DIGEST,
        "waived": REASON,
        "removals": REASON,
        "signed": "尚无",
        "anchors": [["承诺", ["第12条", DIGEST]]],
        "sources": [["福彩双色球", "2020071", "01 02 03 04 05 06 07"]],
        "strata": [[UNIT, 100, 90, 50, 50, 5] for _ in ROWS],
        "events": [[number, "2020年7月1日", REASON, DIGEST[:16]] for number in ROWS],
        "witnesses": WITNESSES,
        "tokens": [[UNIT, [DIGEST] * 40]],
    },
    "opening_record": {
        **HEAD,
        "root": DIGEST,
        "anchor": ["第12条", DIGEST],
        "wanted": 3,
        "signers": WITNESSES,
        "cards": [[f"{number}号卡", UNIT[:20], "已到场开箱"] for number in ROWS],
        "signed": [f"监督员{number}（2020年7月1日 09:00）" for number in range(5)],
    },
    "seal_record": {
        **HEAD,
        "root": DIGEST,
        "issued": DIGEST,
        "spent": DIGEST,
        "anchor": ["第12条", DIGEST],
        "note": REASON,
        "signers": WITNESSES,
        "channels": [["定向评议", 805], ["抽样评议", 500], ["其他评议", 239]],
        "sections": [[UNIT, "805", "500", "少于5"] for _ in ROWS],
    },
    "sample_record": {
        **HEAD,
        "result": DIGEST,
        "plan": DIGEST,
        "seed": DIGEST,
        "drawn_from": REASON,
        "conclusion": REASON,
        "channels": [["定向评议", "805", "60", "60", "0"]] * 3,
        "claims": [[UNIT, "明确", "相符"] for _ in ROWS],
        "differing": [["12", "不一致", REASON] for _ in ROWS],
        "signed": ["监督员（2020年7月1日 09:00）"],
        "signers": WITNESSES,
    },
    "notice_letters": {
        "recently": "近三个月",
        **HEAD,
        "opening": REASON,
        "what_to_do": REASON,
        "reply_by": DATE,
        "reply_hint": "",
        "contact": "（023-12345678）",
        "url": URL,
        "letters": [
            {
                "name": "张三",
                "sections": "",
                "first": "、".join([UNIT] * 14),
                "reference": UNIT,
                "salt": DIGEST,
                "token": DIGEST,
                "qr": QR,
                "standing": f"{UNIT[:20]}，第12名",
                "chances": chances,
            }
            for chances in (
                [],
                [{"standing": f"{UNIT}，第12位", "salt": DIGEST, "token": DIGEST, "qr": QR} for _ in range(5)],
            )
        ],
    },
    "message_letters": {
        "recently": "近三个月",
        "unknown": "不了解",
        **HEAD,
        "closes": f"{DATE}18:00",
        "contact": "咨询电话：023-12345678。",
        "letters": [
            {
                "name": "张三",
                "unit": UNIT,
                "site": URL,
                "is_bound": is_bound,
                "codes": [{"section": section, "first": first, "code": "ABCDE-FGHJK-MNPQR-STVWX", "qr": QR}] * codes,
            }
            for is_bound, section, first, codes in ((True, UNIT, "", 12), (False, "", "、".join([UNIT] * 14), 1))
        ],
    },
    "login_letter": {
        **SIGNED,
        "sheets": [
            {
                "facts": [["姓名", "张三"], ["单位", UNIT]],
                "good_until": DATE,
                "qr": QR,
                "address": URL + "ab-cd/" * 8,
                "site": URL,
                "has_factor": True,
                "next": REASON,
            }
        ],
    },
    "labels": {"people": PEOPLE, "office": OFFICE},
}
WITHOUT_FACTS = {"labels", "login_letter", "message_letters", "notice_letters"}
# Looked at in the tests of their own features.
ELSEWHERE = {"ballots", "box_card", "dossier", "signing_sheet"}


class Word(NamedTuple):
    page: int
    left: float
    top: float
    right: float
    bottom: float
    text: str


def words_of(pdf):
    """The words of a PDF with their places, in points from the upper left corner."""
    done = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True)
    pattern = re.compile(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)</word>')
    pages = done.stdout.decode().split("<page ")[1:]
    return [Word(at, *map(float, each[:4]), each[4]) for at, page in enumerate(pages) for each in pattern.findall(page)]


def text_of(words):
    return "".join(word.text for word in words)


def outside(words, *, left=28, right=26, top=0, bottom=0):
    """The words that stand beyond the margins, given in millimetres."""
    # The blank half of a mark at either end of a line may stand beyond the margin.
    hanging = {word: (word.bottom - word.top) / 2 if word.text[-1:] in "，。；：、）》”" else 0 for word in words}
    opening = {word: (word.bottom - word.top) / 2 if word.text[:1] in "（《“" else 0 for word in words}
    edges = (left * MM - 1, (210 - right) * MM + 1, top * MM - 1, (297 - bottom) * MM + 1)
    return [
        w
        for w in words
        if w.left + opening[w] < edges[0] or w.right - hanging[w] > edges[1] or w.top < edges[2] or w.bottom > edges[3]
    ]


def text_area(words):
    """The words of the text itself, without what stands in the head and foot of a page."""
    return [word for word in words if 36 * MM < word.top < (297 - 34) * MM]


def rendered(name):
    return words_of(render_pdf(name, DOCUMENTS[name], at=AT))


def test_every_template_is_tried_here():
    named = {template.stem for template in rendering.TEMPLATES.glob("*.typ")}

    assert named - ELSEWHERE - {"official", "paper"} == set(DOCUMENTS)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_nothing_stands_beyond_the_margins(name):
    margins = {"labels": {"left": 7, "right": 7}}

    words = rendered(name)

    assert outside(words, **margins.get(name, {})) == []
    feet = [word for word in words if word.bottom > (297 - 33) * MM]
    assert {re.sub(r"\d+", "1", word.text) for word in feet} <= {"—", "1"} or name == "labels"
    assert ("理由完毕" in text_of(words)) is (name not in WITHOUT_FACTS)


def test_the_longest_names_stay_on_their_own_label():
    words = [word for word in rendered("labels") if word.page == 0]

    for each in words:
        row = (each.top - 13 * MM) // (33.8 * MM)
        assert row == (each.bottom - 13 * MM) // (33.8 * MM), each


@pytest.mark.parametrize(
    "name", sorted(set(DOCUMENTS) - {"labels", "record", "login_letter", "message_letters", "notice_letters"})
)
def test_whoever_signs_does_not_stand_alone_on_a_page(name):
    words = rendered(name)
    (page,) = {word.page for word in words if word.text.startswith("签发单位")}
    on_it = text_area([word for word in words if word.page == page])

    before = text_of(on_it).split("签发单位")[0]
    assert len(before) > 10


@pytest.mark.parametrize("name", ["order", "certificate"])
@pytest.mark.parametrize("length", range(0, 900, 60))
def test_a_signature_goes_with_the_text_however_long_it_is(name, length):
    text = (REASON * 20)[: 20 + length]
    data = {**DOCUMENTS[name], "demand": text, "findings": [["推", "不办", "严重"]] * 3, "pairs": [["事由", text]]}
    words = words_of(render_pdf(name, data, at=AT))
    (page,) = {word.page for word in words if word.text.startswith("签发单位")}

    assert len(text_of(text_area([w for w in words if w.page == page])).split("签发单位")[0]) > 10


def test_a_digest_inside_a_sentence_is_broken_into_groups():
    assert {"01234567", "89abcdef"} <= {word.text for word in rendered("certificate")}
