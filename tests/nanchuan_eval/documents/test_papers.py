"""Official papers by GB/T 9704: the same content as PDF and as .docx, looked at where its words stand."""

import io
from datetime import UTC, datetime

import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from nanchuan_eval.core import export_numbers
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.documents.docx import paper_docx
from nanchuan_eval.documents.papers import Grid, Paper, Style, Text, break_title, paper_number, paper_pdf
from tests.nanchuan_eval.documents.test_pages import DIGEST, MM, REASON, UNIT, outside, text_area, text_of, words_of

AT = datetime(2020, 7, 1, 9, tzinfo=UTC)
TITLE = ("关于", "2020年上半年", "最难办事科室", "群众评结果", "的公示")


def paper(rows=10, words=20, **changes):
    """A paper with a table of so many rows and a last paragraph of so many characters."""
    table = tuple((str(n), UNIT, "不动产登记服务科", f"始{n:02}{REASON}终{n:02}") for n in range(rows))
    blocks = (
        Text("根据评议规则，评议办组织群众进行评议。"),
        Text("一、上榜科室", Style.HEADING),
        Grid(("位次", "单位", "科室", "主要问题"), table, (12, 38, 38, 68)),
        Text("表中的位次是参加排名的93个科室的位次。", Style.NOTE),
        Text("（一）公示期", Style.SUBHEADING),
        Text((REASON * 30)[:words]),
    )
    given = {
        "title": TITLE,
        "blocks": blocks,
        "ending": "特此公示。",
        "office": "南川区最难办事科室群众评办公室",
        "date": "2020年7月1日",
        "issuer": "南川区最难办事科室群众评办公室",
        "code": "南评办",
        "annex": (("公示内容校验值（SHA-256）", DIGEST), ("操作记录校验（第12条）", DIGEST)),
        "annex_note": "以上校验值可以核对。",
    }
    return Paper(**given | changes)


class TestTheTitle:
    def test_a_title_that_fits_stands_in_one_line(self):
        assert break_title(("关于", "通报")) == ["关于通报"]

    def test_a_longer_one_breaks_between_its_parts_as_evenly_as_possible(self):
        assert break_title(TITLE) == ["关于2020年上半年", "最难办事科室群众评结果的公示"]

    def test_a_part_too_long_for_a_line_is_not_broken_by_us(self):
        assert break_title(("关于", "很" * 30, "的公示")) == ["关于", "很" * 30, "的公示"]


class TestTheNumber:
    @pytest.mark.parametrize(
        "typed", ["南评办〔2020〕3号", "南评办[2020]3号", "南评办（2020） 3", " 南评办【2020】3号 "]
    )
    def test_a_number_is_printed_in_its_usual_form(self, typed):
        assert paper_number(typed, year=2020, code="南评办") == "南评办〔2020〕3号"

    def test_none_leaves_a_line_to_fill_in(self):
        assert paper_number(" ", year=2020, code="南评办") == ""
        assert paper(number="", code="甲评办").shown_number == "甲评办〔2020〕　　　号"

    @pytest.mark.parametrize(
        "typed", ["3号", "南评办2020-3", "南评办〔2020〕03号", "南评办〔2020〕0号", "x〔2020〕3号"]
    )
    def test_what_is_no_number_is_refused(self, typed):
        with pytest.raises(RuleViolation, match="文号格式有误"):
            paper_number(typed, year=2020, code="南评办")

    def test_a_number_of_another_year_is_refused(self):
        with pytest.raises(RuleViolation, match="年份为2019年"):
            paper_number("南评办〔2019〕3号", year=2020, code="南评办")


@pytest.mark.pdftext
class TestThePdf:
    def test_every_word_stands_inside_the_text_area_and_no_row_is_split(self):
        words = words_of(paper_pdf(paper(rows=40, number="南评办〔2020〕3号"), at=AT))
        feet = [word for word in words if word.bottom > (297 - 35) * MM]

        assert outside(words, top=36) == []
        assert {word.text for word in feet if not word.text.isdigit()} == {"—"}
        for n in range(40):
            (start,) = [word.page for word in words if f"始{n:02}" in word.text]
            (end,) = [word.page for word in words if f"终{n:02}" in word.text]
            assert start == end

    @pytest.mark.parametrize("words", range(20, 620, 50))
    def test_the_signature_stands_below_lines_of_the_text(self, words):
        found = words_of(paper_pdf(paper(words=words), at=AT))
        (page,) = {word.page for word in found if word.text == "南川区最难办事科室群众评办公室" and word.left > 250}

        before = text_of(text_area([w for w in found if w.page == page])).split("特此公示")[0]
        assert REASON[:10] in before or REASON[:8] in before

    def test_digests_stand_in_the_annex_on_a_page_of_its_own(self):
        words = words_of(paper_pdf(paper(), at=AT))
        last = max(word.page for word in words)
        (signed,) = {word.page for word in words if word.text == "2020年7月1日"}

        assert {word.page for word in words if word.text in {DIGEST[:8], DIGEST[8:16]}} == {last}
        assert signed == last - 1
        assert text_of([word for word in words if word.page == last]).startswith("附件核验信息")

    def test_the_head_has_the_issuing_body_in_red_and_the_number(self):
        words = words_of(paper_pdf(paper(number="甲评办〔2020〕3号", issuer="甲区评议办公室"), at=AT))

        assert [word.text for word in words[:2]] == ["甲区评议办公室", "甲评办〔2020〕3号"]
        assert words[0].left > 28 * MM
        assert words[0].bottom - words[0].top > 40

    @pytest.mark.parametrize("office", ["南川区最难办事科室群众评办公室", "甲评议办公室"])
    def test_the_date_begins_two_characters_right_of_the_name_and_two_stay_free_at_the_right(self, office):
        words = words_of(paper_pdf(paper(office=office), at=AT))
        signed, date = [word for word in words if word.left > 250 and word.text in {office, "2020年7月1日"}][-2:]

        assert date.left - signed.left == pytest.approx(32, abs=1)
        assert max(date.right, signed.right) == pytest.approx((210 - 26) * MM - 32, abs=1)
        assert date.top - signed.top == pytest.approx(29, abs=0.5)

    def test_a_name_as_long_as_the_line_is_signed_inside_the_text_area(self):
        words = words_of(paper_pdf(paper(office=UNIT[:40]), at=AT))

        assert outside(words, top=36) == []
        assert UNIT[:40] in text_of(words)

    def test_the_head_is_heavier_where_the_district_has_no_typeface_for_it(self, settings, tmp_path):
        drawn = paper_pdf(paper(rows=1), at=AT)
        settings.DOCUMENT_FONTS = str(tmp_path)

        assert len(paper_pdf(paper(rows=1), at=AT)) < len(drawn)

    def test_a_paper_that_anybody_may_fetch_has_no_line_for_a_number(self):
        assert "〔" not in text_of(words_of(paper_pdf(paper(number=None), at=AT)))

    def test_equal_papers_have_equal_bytes(self):
        assert paper_pdf(paper(rows=1), at=AT) == paper_pdf(paper(rows=1), at=AT)


def read(content):
    return Document(io.BytesIO(content))


def font_of(run):
    return run._r.rPr.rFonts.get(qn("w:eastAsia"))


def line_with(document, text):
    (line,) = [each for each in document.paragraphs if each.text.startswith(text)]
    return line


def signature_of(made):
    """The lines of a paper down to the date of its signature."""
    lines = read(paper_docx(made, at=AT)).paragraphs
    return lines[: next(n for n, line in enumerate(lines) if line.text == made.date) + 1]


class TestTheDocx:
    def test_the_page_is_that_of_an_official_paper(self):
        section = read(paper_docx(paper(), at=AT)).sections[0]

        assert (section.page_width.mm, section.page_height.mm) == pytest.approx((210, 297), abs=0.1)
        assert (section.top_margin.mm, section.left_margin.mm) == pytest.approx((37, 28), abs=0.1)
        width = section.page_width - section.left_margin - section.right_margin
        height = section.page_height - section.top_margin - section.bottom_margin
        assert (width.mm if hasattr(width, "mm") else width / Mm(1)) == pytest.approx(156, abs=0.1)
        assert height / Mm(1) == pytest.approx(225, abs=0.1)
        assert 22 * int(section._sectPr.find(qn("w:docGrid")).get(qn("w:linePitch"))) / 20 == pytest.approx(638, abs=1)

    @pytest.mark.parametrize(
        ("text", "font", "size"),
        [
            ("关于2020年", "方正小标宋简体", 22),
            ("一、上榜科室", "黑体", 16),
            ("（一）公示期", "楷体_GB2312", 16),
            ("根据评议规则", "仿宋_GB2312", 16),
            ("特此公示。", "仿宋_GB2312", 16),
            ("表中的位次", "仿宋_GB2312", 12),
        ],
    )
    def test_every_level_has_its_typeface_and_size(self, text, font, size):
        run = line_with(read(paper_docx(paper(), at=AT)), text).runs[0]

        assert (font_of(run), run.font.size) == (font, Pt(size))

    def test_a_machine_without_a_typeface_finds_another(self):
        package = read(paper_docx(paper(), at=AT)).part.package
        (table,) = [part.blob.decode() for part in package.iter_parts() if part.partname == "/word/fontTable.xml"]

        for font, other in (("仿宋_GB2312", "FangSong"), ("楷体_GB2312", "KaiTi"), ("黑体", "SimHei")):
            assert f'w:name="{font}"' in table
            assert f'<w:altName w:val="{other}"/>' in table

    def test_its_language_is_chinese_so_that_marks_stand_where_the_mainland_has_them(self):
        document = read(paper_docx(paper(), at=AT))
        (standard,) = document.styles.element.xpath(".//w:docDefaults//w:lang")
        (theme,) = document.settings.element.xpath("w:themeFontLang")

        assert {each.get(qn("w:eastAsia")) for each in (standard, theme)} == {"zh-CN"}
        assert document.core_properties.language == "zh-CN"

    @pytest.mark.parametrize(
        ("office", "characters"),
        # Of 28 characters two stay free at the right; the date is 6 wide and begins two later than the name.
        [("南川区最难办事科室群众评办公室", 11), ("甲评议办公室", 18)],
    )
    def test_the_signature_stands_as_in_the_pdf(self, office, characters):
        *_, signed, date = signature_of(paper(office=office))

        assert (signed.text, date.text) == (office, "2020年7月1日")
        for line, place in ((signed, characters), (date, characters + 2)):
            assert line.paragraph_format.left_indent / Mm(156 / 28) == pytest.approx(place, abs=0.01)

    def test_a_name_as_long_as_the_line_begins_at_its_start(self):
        *_, signed, date = signature_of(paper(office=UNIT[:40]))

        assert {signed.alignment, date.alignment} == {WD_ALIGN_PARAGRAPH.RIGHT}
        assert signed.paragraph_format.left_indent is None

    def test_rows_are_whole_and_the_head_is_repeated(self):
        table = read(paper_docx(paper(rows=40), at=AT)).tables[0]

        assert len(table.rows) == 41
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
        assert [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows] == [True] + [False] * 40

    def test_the_signature_stays_with_the_last_paragraph(self):
        lines = read(paper_docx(paper(), at=AT)).paragraphs
        last = next(n for n, line in enumerate(lines) if line.text == "2020年7月1日")
        first = next(n for n, line in enumerate(lines) if line.text == "特此公示。") - 1

        assert all(line.paragraph_format.keep_with_next for line in lines[first:last])
        assert not lines[last].paragraph_format.keep_with_next

    def test_head_annex_mark_and_export_number(self):
        with export_numbers.stamped("导出编号7（h，2020-07-01 09:00）"):
            document = read(paper_docx(paper(number="", demo="演示数据"), at=AT))
        issuer, number = document.paragraphs[:2]

        assert (issuer.text, str(issuer.runs[0].font.color.rgb)) == ("南川区最难办事科室群众评办公室", "E60012")
        assert number.text == "南评办〔2020〕　　　号"
        assert [row.cells[1].text.replace(" ", "") for row in document.tables[-1].rows[1:]] == [DIGEST, DIGEST]
        assert len(document.sections) == 2
        for foot in (document.sections[0].footer, document.sections[0].even_page_footer):
            assert "导出编号7" in foot.paragraphs[1].text
            assert foot.paragraphs[0].text == "—  —"
        assert document.sections[0].header.paragraphs[0].text == "演示数据"
        assert "导出编号7" in document.core_properties.comments

    def test_both_forms_say_the_same(self):
        document = read(paper_docx(paper(rows=3), at=AT))
        said = [line.text for line in document.paragraphs] + [
            cell.text for table in document.tables for row in table.rows for cell in row.cells
        ]
        printed = text_of(words_of(paper_pdf(paper(rows=3), at=AT)))

        for block in paper().blocks:
            if isinstance(block, Text):
                assert block.text in said
                assert "".join(block.text.split())[:12] in printed
