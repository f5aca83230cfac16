"""The published list in a browser: two pages of paper without a split row, the way to a rectification and back."""

import json
import shutil
import subprocess

import pytest

from evaluations.publication.files import notice_pdf
from evaluations.publication.models import Publication
from evaluations.scoring.wording import interval_sentence
from evaluations.turnout.queries import COLUMNS_EXPLAINED
from tests.accountability.factories import make_published_round
from tests.e2e.conftest import check_page, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# The three longest 表象, as they are proposed; with a mark at each end, by which a split row is found.
PROBLEMS = (
    "依据、流程、收费标准不公开，或公开的与实际不符；用领导不在、系统坏了等理由，反复让人改天再来；"
    "科室之间、上下级之间来回踢皮球，让群众"
)
CHANNELS = [("定向评议", 1000, 812, 805, 805), ("抽样评议", 12000, 6840, 6795, 500), ("其他评议", 5000, 240, 239, 239)]


def long_content(content):
    """A list as long as real ones are: ten sections, a decision with its reason, a correction, thin sections."""
    for number, entry in enumerate(content["entries"], start=1):
        entry |= {
            "department": "重庆市南川区规划和自然资源局",
            "section": f"建设用地审批与不动产登记服务科（第{number}窗口）",
            "problems": f"始{number:02}{PROBLEMS}终{number:02}",
            "label": "误差范围内",
            "rank_low": number,
            "rank_high": number + 9,
        }
    keys = ("label", "issued", "returned", "valid", "counted")
    content["channels"] = [dict(zip(keys, row, strict=True)) for row in CHANNELS]
    return content | {
        "columns_explained": COLUMNS_EXPLAINED,
        "places": "参加排名的93个科室",
        "margin": "本轮上榜科室与未上榜科室的差别均在误差范围内，没有一个科室能够明确认定为最难办的十个科室之一。",
        "note": "说明：本轮105个科室中，83个有效评议足够，参加排名；22个样本不足，未参加排名。经2020年7月20日决定公示，"
        + "理由：样本不足的科室办件量很少，补充评议需要两个月以上，推迟公示会影响整改，且不影响对其他科室的判断。",
        "interval": interval_sentence("1.96", 105),
        "labels": [
            ["明确", "位次区间全部在公布名额之内"],
            ["误差范围内", "位次区间超出公布名额，运用结果应当从严把握"],
        ],
        "withdrawn": [content["entries"][3] | {"rank": 4}],
        "reason": "第4位科室的评议对象登记有误，经复核撤下，其他科室位次不变。",
        "unranked_sections": [{"department": "南川区某某局", "section": f"第{n}科"} for n in range(22)],
    }


@pytest.fixture
def published(transactional_db):
    """A published round whose list is as long as real ones are."""
    round_ = make_published_round()
    publication = Publication.objects.get(round=round_)
    publication.content = json.dumps(long_content(json.loads(publication.content)))
    publication.save(update_fields=["content"])
    return round_


def pages_of(pdf):
    """The texts of a PDF's pages, without blanks."""
    done = subprocess.run([shutil.which("pdftotext"), "-", "-"], input=pdf, capture_output=True, check=True)
    return ["".join(page.split()) for page in done.stdout.decode().split("\f")[:-1]]


def split_rows(pages):
    """The rows that do not begin and end on one and the same page."""
    places = {n: [[f"{mark}{n:02}" in text for text in pages] for mark in "始终"] for n in range(1, 11)}
    return [n for n, (start, end) in places.items() if start != end or sum(start) != 1]


@pytest.mark.pdftext
def test_the_list_prints_on_two_pages_without_splitting_a_row(open_page, published):
    page = open_page(1280)
    page.goto(f"/list/{published.key}/")

    for size in ("", "largest"):
        page.evaluate("size => document.documentElement.className = size", size)
        pages = pages_of(page.pdf(format="A4", prefer_css_page_size=True))

        assert split_rows(pages) == []
        assert len(pages) == 2
        text = "".join(pages)
        assert all(word in text for word in ("公示期：", "怎样反映意见", "经更正撤下", *(row[0] for row in CHANNELS)))
        assert "专业核验" not in text
        assert "跳到正文" not in text
    # The notice is an official paper: its text at 三号 on four pages, the annex on one.
    pages = pages_of(notice_pdf(Publication.objects.get(round=published)))
    assert (split_rows(pages), len(pages)) == ([], 5)


def test_each_listed_section_leads_to_its_rectification_and_back(open_page, published):
    for width in (320, 1280):
        page = open_page(width, color_scheme="dark" if width == 320 else "light")
        page.goto(f"/list/{published.key}/")
        check_page(page)
        screenshot(page, f"published-list-{width}")
        page.get_by_role("link", name="整改情况").nth(2).click()
        code = page.url.partition("#")[2]
        section = page.locator(f"#{code}")
        assert section.get_by_role("heading", name="3．").is_visible()
        check_page(page)
        screenshot(page, f"rectification-{width}")
        section.get_by_role("link", name="公示结果：第3位").click()
        assert page.url.endswith(f"/list/{published.key}/#{code}")
        assert page.locator(f"#{code} .rank").inner_text().endswith("3")
