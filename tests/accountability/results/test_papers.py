"""制发公示和通报: office and commission take the papers of a published list, each download logged."""

import io
import json
from datetime import timedelta

import pytest
from django.utils import timezone
from docx import Document

from accountability.cases.models import Measure
from accountability.cases.rules.measures import MeasureKind
from evaluations.publication.models import Publication
from evaluations.rounds.models import RoundSection
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.workdays.rules import in_chinese
from tests.accountability.factories import make_counted_round, make_published_round
from tests.factories import make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def ask(client, round_, word="clerk", **changes):
    client.force_login(make_user(word))
    given = {"which": "units", "number": "", "dated_on": str(TODAY), "form": "docx"}
    return client.post(f"/commission/{round_.key}/papers/", given | changes)


def test_the_office_takes_a_circular_as_docx_and_that_is_logged(client):
    round_ = make_published_round()

    answer = ask(client, round_, number=f"南评办[{TODAY.year}]3号")

    document = Document(io.BytesIO(answer.content))
    entry = AuditEntry.objects.latest("seq")
    assert document.paragraphs[1].text == f"南评办〔{TODAY.year}〕3号"
    assert f"导出编号{entry.seq}" in document.core_properties.comments
    assert (entry.action, entry.detail["number"]) == ("top10.view", f"南评办〔{TODAY.year}〕3号")
    assert entry.detail["step_label"] == "导出：通报（各单位）"
    assert ".docx" in answer["Content-Disposition"]


def test_the_notice_has_the_day_of_publication_whatever_date_is_asked_for(client):
    round_ = make_published_round()
    year = Publication.objects.get().published_at.year

    document = Document(io.BytesIO(ask(client, round_, which="notice").content))

    assert any(line.text.startswith(f"{year}年") for line in document.paragraphs)
    assert not any(line.text == in_chinese(TODAY) for line in document.paragraphs)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"number": "3"}, "文号格式有误"),
        ({"number": "南评办〔2019〕3号"}, "文号中的年份为2019年"),
        ({"dated_on": "2000-01-01"}, "不得早于公示日期"),
        ({"dated_on": str(TODAY + timedelta(days=1))}, "不得晚于今天"),
        ({"which": "市公安局"}, "选择一个有效的选项"),
    ],
)
def test_what_cannot_be_made_is_refused_on_the_form_and_nothing_is_logged(client, changes, refusal):
    round_ = make_published_round()
    before = AuditEntry.objects.performed().count()

    answer = ask(client, round_, **changes)

    assert answer.status_code == 400
    assert refusal in answer.content.decode()
    assert AuditEntry.objects.performed().count() == before


def test_before_publication_there_is_no_paper(client):
    assert ask(client, make_counted_round()).status_code == 404


@pytest.mark.parametrize(
    ("word", "status"), [("chief", 200), ("commission", 200), ("personnel", 403), ("auditor", 403)]
)
def test_only_office_and_commission_take_papers(client, word, status):
    assert ask(client, make_published_round(), word, form="pdf").status_code == status


def test_the_measure_leads_to_the_circular_of_its_superior_unit(client):
    round_ = make_published_round()
    code = json.loads(Publication.objects.get().content)["entries"][0]["code"]
    RoundSection.objects.filter(round=round_, code=code).update(is_vertical=True, superior="市公安局")
    measure = Measure.objects.filter(case__result__section__code=code).exclude(kind=MeasureKind.NOTICE).first()
    Measure.objects.filter(pk=measure.pk).update(kind=MeasureKind.CIRCULAR, target="市公安局")
    client.force_login(make_user("commission"))

    page = client.get(f"/admin/accountability/case/{measure.case_id}/change/").content.decode()
    address = f"/commission/{round_.key}/papers/?to=%E5%B8%82%E5%85%AC%E5%AE%89%E5%B1%80"
    form = client.get(address).context["form"]

    assert address in page
    assert form["which"].value() == "市公安局"
    assert ask(client, round_, "commission", which="市公安局").status_code == 200


def test_the_example_of_a_number_is_of_the_year_that_the_paper_is_of(client):
    round_ = make_published_round()
    client.force_login(make_user("clerk"))
    address = f"/commission/{round_.key}/papers/"
    hint = client.get(address).context["form"].fields["number"].help_text
    Publication.objects.update(published_at=timezone.now())

    assert f"公示填南评办〔2020〕3号（公示年份），通报填南评办〔{TODAY.year}〕3号（成文年份）" in hint
    hint = client.get(address).context["form"].fields["number"].help_text
    assert hint.startswith(f"例如：南评办〔{TODAY.year}〕3号。")


def test_the_papers_stand_beside_the_workbook_at_the_head_of_the_page(client):
    round_ = make_published_round()
    client.force_login(make_user("clerk"))

    head = client.get(f"/commission/{round_.key}/").content.decode().split("</header>")
    assert any("制发公示和通报" in part and "导出 Excel 工作簿" in part for part in head)
