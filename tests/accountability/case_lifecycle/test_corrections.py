"""What a correction leaves behind: every page says alike which sections were withdrawn, when and why."""

import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.cases.models import Case
from accountability.results.pages.tables import ranked_table
from accountability.results.queries.results import read_result
from accountability.results.workbooks.top_ten import top10_workbook
from accountability.section_story.queries.story import read_story
from accountability.worklist.pages import case_figures
from evaluations.publication.files import notice_paper
from evaluations.publication.queries import version_that_struck
from evaluations.publication.services import Correction, strike_unpublished
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.documents.papers import Text
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, NOON, TODAY, make_account, make_counted_round, make_liaison
from tests.pages import compact

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIST = "/admin/accountability/case/"


@pytest.fixture
def twice():
    """A list published at noon and corrected twice, each time by the withdrawal of one section."""
    round_ = make_counted_round(places=12)
    publish_and_start(round_id=round_.pk, by=make_account(name="李主任"), at=NOON)
    for version, code, reason in ((2, "D01-01", "职责已转出"), (3, "D02-02", "评议对象有误")):
        correction = Correction(reason, (code,))
        by = make_account(name="王主任")
        correct_and_follow(round_id=round_.pk, correction=correction, by=by, at=NOON + version * DAY)
    round_.refresh_from_db()
    return round_


def case_of(round_, code):
    return Case.objects.of_round(round_.pk).get(result__section__code=code)


def page(client, address):
    client.force_login(make_account())
    return client.get(address).content.decode()


def test_only_newly_withdrawn_sections_lose_their_case_at_a_correction(twice):
    rows = [row for row in AuditEntry.objects.order_by("seq") if row.detail.get("step_label") == "撤销问责事项"]

    assert [(row.object_id, row.reason) for row in rows] == [
        (str(case_of(twice, "D01-01").pk), "职责已转出"),
        (str(case_of(twice, "D02-02").pk), "评议对象有误"),
    ]


def test_a_section_taken_off_before_publication_is_nowhere_said_to_be_corrected(client):
    round_ = make_counted_round(places=12)
    strike_unpublished(round_, "D01-01")
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    round_.refresh_from_db()
    result = read_result(round_)
    line = next(line for line in result.ranked if line.section.code == "D01-01")
    label = next(column for column in ranked_table(result).columns if column.notes)

    client.force_login(make_liaison("D01"))
    own = client.get("/unit/").content.decode()
    dossier = page(client, "/commission/2020H1/sections/D01-01/")
    client.force_login(make_account(Role.PERSONNEL))
    places = client.get("/personnel/places/2020H1/").content.decode()

    assert line.sentence == "本科室已从名单中撤下，没有上榜。"
    assert "公示前撤下" in label.notes(line)
    for text in (own, dossier, places):
        assert "公示前撤下" in text
        assert "更正后撤下" not in text
    sheet = load_workbook(io.BytesIO(top10_workbook(round_)))
    cells = [str(cell.value) for each in sheet for row in each.iter_rows() for cell in row]
    assert "明确，公示前撤下" in cells


@pytest.mark.parametrize(("chosen", "count"), [("open", 8), ("closed", 0), ("cancelled", 2)])
def test_the_list_of_cases_and_its_filter_say_what_the_home_page_counts(client, twice, chosen, count):
    client.force_login(make_account())
    shown = client.get(f"{LIST}?standing={chosen}").context["cl"].result_list
    figures = case_figures(make_account(), TODAY)

    assert len(shown) == count
    assert (figures.open, figures.closed, figures.withdrawn) == (8, 0, 2)


def test_a_cancelled_case_is_listed_as_such(client, twice):
    text = page(client, f"{LIST}?standing=cancelled")

    assert text.count("更正后撤销</td>") == 2
    assert text.count("不再办理</td>") == 2
    assert "已办结</td>" not in text


def test_the_page_of_a_cancelled_case_names_the_correction_and_its_reason(client, twice):
    text = compact(page(client, f"{LIST}{case_of(twice, 'D01-01').pk}/change/"))

    assert "更正后撤销" in text
    assert "更正公示第2版（2020年7月12日）已将该科室撤出名单" in text
    assert "更正说明：职责已转出" in text
    assert ">已办结<" not in text
    assert "更正公示第" not in compact(page(client, f"{LIST}{case_of(twice, 'D01-02').pk}/change/"))


def test_what_was_carried_out_before_is_said_on_the_page(client):
    round_ = make_counted_round(places=2)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    case = case_of(round_, "D01-01")
    done = case.measures.get(kind="assessment")
    record = {"state": "done", "done_on": TODAY, "record": "扣2分", "done_by": make_account()}
    case.measures.filter(pk=done.pk).update(**record)
    correct_and_follow(
        round_id=round_.pk, correction=Correction("职责已转出", ("D01-01",)), by=make_account(), at=LATER
    )

    text = compact(page(client, f"{LIST}{case.pk}/change/"))
    assert "此前已经办理的：" in text
    assert f"{done}（{done.responsible}）。" in text
    assert "更正不会自动撤回；考核和绩效奖列入“年度综合考核”的“更正后应撤回”。" in text


def test_the_page_of_the_commission_says_when_it_was_first_published_and_all_corrections(client, twice):
    text = compact(page(client, "/commission/2020H1/"))

    assert "公示于<span>2020年7月10日 12:00</span>，由李主任批准" in text
    assert "第2版更正于<span>2020年7月12日 12:00</span>，由王主任批准" in text
    assert "第3版更正于<span>2020年7月13日 12:00</span>，由王主任批准" in text
    assert_says_all(text)


@pytest.mark.parametrize("address", ["/list/2020H1/", "/list/2020H1/3/notice.html"])
def test_the_current_list_says_all_corrections_with_their_rows_and_why_places_are_vacant(client, twice, address):
    assert_says_all(compact(client.get(address).content.decode()))


def test_a_list_says_the_corrections_up_to_it_only(client, twice):
    text = compact(client.get("/list/2020H1/?version=2").content.decode())
    first = text.split("历次版本")[0]

    assert "职责已转出" in first
    assert "评议对象有误" not in first
    assert "名单中第1位空缺。" in first


def test_the_paper_says_them_too(twice):
    paper = notice_paper(twice.publications.latest("version"))
    lines = [block.text for block in paper.blocks if isinstance(block, Text)]

    assert lines[0] == "更正说明（第3版，2020年7月13日）：评议对象有误。"
    assert "更正说明（第2版，2020年7月12日）：职责已转出。" in lines
    assert any(line.endswith("名单中第1位、第4位空缺。") for line in lines)


def test_the_workbook_says_when_it_was_published_and_corrected_and_what_was_withdrawn(twice):
    book = load_workbook(io.BytesIO(top10_workbook(twice)))
    front = [str(cell.value) for row in book["明细"].iter_rows() for cell in row if cell.value]
    ranked = [str(cell.value) for row in book["科室排名"].iter_rows() for cell in row if cell.value]

    ends = "公示日期2020年7月10日（2020年7月13日更正，现行第3版）"
    assert any(ends in text for text in front)
    assert_says(front, "更正说明（第2版，2020年7月12日）：职责已转出", "更正说明（第3版，2020年7月13日）：评议对象有误")
    for sheet in ("前十名", "明细", "科室排名"):
        notes = [str(cell.value) for row in book[sheet].iter_rows() for cell in row if cell.value]
        assert_says(notes, "名单中第1位、第4位空缺。")
    assert ranked.count("明确，更正后撤下") == 2


def test_the_table_of_all_sections_marks_the_withdrawn(client, twice):
    rows = ranked_table(read_result(twice))
    label = next(column for column in rows.columns if column.key == "label")

    marked = [line.section.code for line in rows.rows if "更正后撤下" in label.notes(line)]
    assert marked == ["D01-01", "D02-02"]


def test_the_story_of_the_section_says_that_its_case_was_cancelled(twice):
    told = [entry.what for chapter in read_story("D01-01", by=make_account()) for entry in chapter.entries]

    assert "问责事项撤销" in told
    assert "问责事项办结" not in told


def test_the_correction_that_struck_a_section_is_found(twice):
    assert version_that_struck(twice, "D02-02").version == 3
    assert version_that_struck(twice, "D01-02") is None


def assert_says(texts, *wanted):
    assert all(any(each in text for text in texts) for each in wanted)


def assert_says_all(text):
    assert "更正说明（第2版，2020年7月12日）：职责已转出" in text
    assert "更正说明（第3版，2020年7月13日）：评议对象有误" in text
    assert text.count("撤下，不再上榜") == 2
    assert "经更正撤下：D01局第D01-01科（原第1位）、D02局第D02-02科（原第4位）。" in text
    assert "撤下后其他科室不递补，名单中第1位、第4位空缺。" in text


def test_the_sections_page_says_that_its_case_was_cancelled(client, twice):
    client.force_login(make_account())

    text = compact(client.get(f"/commission/{twice.key}/sections/D01-01/").content.decode())

    assert "问责措施（更正后撤销）" in text
