"""公示 and 通报 from one content: what each says, to whom, and that nothing is cut."""

import json
from datetime import date, timedelta

import pytest
from django.utils import timezone

from departments.models import DepartmentKind
from evaluations.publication.files import notice_paper, notice_pdf, superior_circular, units_circular
from evaluations.publication.models import Publication
from evaluations.publication.queries import superiors
from evaluations.publication.rules import last_day
from evaluations.publication.services import Correction, correct_publication
from evaluations.rounds.models import RoundSection
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.documents.papers import Grid, Text
from nanchuan_eval.workdays.rules import in_chinese
from tests.accountability.factories import make_published_round
from tests.factories import NOON, make_user
from tests.nanchuan_eval.documents.test_pages import outside, text_of, words_of

pytestmark = pytest.mark.django_db
DAY = date(2020, 7, 20)


def published():
    return Publication.objects.get(round=make_published_round())


def texts(paper):
    return [block.text for block in paper.blocks if isinstance(block, Text)]


def table(paper):
    return next(block for block in paper.blocks if isinstance(block, Grid) and "主要问题" in block.head).rows


def sections_of(publication):
    return RoundSection.objects.filter(round=publication.round)


def report_to(publication, superior, number):
    """Let one listed section be of a vertical unit."""
    code = json.loads(publication.content)["entries"][number]["code"]
    sections_of(publication).filter(code=code).update(is_vertical=True, superior=superior)
    return code


def test_notice_and_circular_name_the_same_sections():
    publication = published()
    notice, circular = notice_paper(publication), units_circular(publication, number="", dated_on=DAY)

    assert table(notice) == table(circular)
    assert len(table(notice)) == 10
    assert (notice.title_text[-3:], circular.title_text[-3:]) == ("的公示", "的通报")
    assert (notice.addressee, circular.addressee) == ("", "各被评议单位")
    assert (notice.ending, circular.ending) == ("特此公示。", "特此通报。")
    assert circular.date == "2020年7月20日"
    assert notice.annex == circular.annex


def test_the_circular_says_the_terms_of_the_rounds_own_rulebook():
    publication = published()
    rules = {**publication.round.rulebook, "plan_workdays": 7, "report_months": 2, "at_once_workdays": 9}
    type(publication.round).objects.filter(pk=publication.round_id).update(rulebook=rules)
    said = "".join(texts(units_circular(Publication.objects.get(), number="", dated_on=DAY)))

    assert "7个工作日内报送整改方案，2个月内报送整改报告" in said
    assert "在9个工作日内完成" in said


def test_a_circular_says_that_the_term_for_an_appeal_is_over_once_it_is():
    publication = published()
    last = last_day(timezone.localdate(publication.published_at), publication.round.rulebook)
    appeals = [
        texts(units_circular(publication, number="", dated_on=last + timedelta(days=days)))[-1] for days in (0, 1)
    ]

    period = f"公示期：2020年7月10日至{in_chinese(last)}。"
    assert appeals[0].startswith(f"{period}被评议单位不服的，由本单位联络员在公示期内提出申诉")
    assert appeals[1] == f"{period}公示期已满。被评议单位提出申诉的期限已满。"


def test_what_the_notice_demands_has_a_heading_of_its_own():
    said = texts(notice_paper(published()))

    assert said[-2:] == ["四、整改要求", "上榜科室所在单位应当认真整改，整改情况接受暗访督查和社会监督。"]


def test_a_superior_unit_is_told_of_its_own_sections_only():
    publication = published()
    code, other = report_to(publication, "市公安局", 1), report_to(publication, "市税务局", 2)
    circular = superior_circular(publication, "市公安局", number="南评办〔2020〕3号", dated_on=DAY)

    assert superiors(publication) == {"市公安局": {code}, "市税务局": {other}}
    assert table(circular) == (table(notice_paper(publication))[1],)
    assert (circular.addressee, circular.number) == ("市公安局", "南评办〔2020〕3号")


def test_an_unnamed_superior_is_described_and_a_utility_has_one():
    publication = published()
    code = json.loads(publication.content)["entries"][0]["code"]
    sections_of(publication).filter(code=code).update(department_kind=DepartmentKind.UTILITY, superior="")
    unit = sections_of(publication).get(code=code).department_name

    assert superiors(publication) == {f"{unit}的上级主管单位": {code}}


def test_no_circular_goes_to_a_unit_that_manages_none_of_the_listed():
    with pytest.raises(RuleViolation, match="没有“市公安局”管理的科室"):
        superior_circular(published(), "市公安局", number="", dated_on=DAY)


def test_a_correction_says_so_below_its_title_and_gives_its_reason():
    publication = published()
    code = json.loads(publication.content)["entries"][0]["code"]
    change = Correction("评议对象登记有误", withdrawn=(code,))
    second = correct_publication(round_id=publication.round_id, correction=change, by=make_user("commission"), at=NOON)

    for paper in (notice_paper(second), units_circular(second, number="", dated_on=DAY)):
        assert paper.subtitle == "（第2版，更正）"
        assert "更正说明（第2版，2026年3月2日）：评议对象登记有误。" in texts(paper)
        assert any(line.startswith("经更正撤下：") for line in texts(paper))
        assert len(table(paper)) == 9
        (changed,) = paper.blocks[2].rows
        assert changed[2] == "撤下，不再上榜"


@pytest.mark.pdftext
def test_a_real_list_is_printed_whole_with_its_digests_in_the_annex():
    publication = published()
    words = words_of(notice_pdf(publication))
    last = [word for word in words if word.page == max(each.page for each in words)]

    assert outside(words, top=15) == []
    assert publication.content_sha256 in text_of(last)
    assert publication.content_sha256[:8] not in text_of([word for word in words if word not in last])
