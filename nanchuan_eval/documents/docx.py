"""Official papers (公文) as .docx, for the office to edit and to sign: the same content as `paper.typ` prints.

The typefaces are named as official papers name them; a machine without them takes the alternative in the font table.
"""

import io
import re
from datetime import UTC, datetime

from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.section import WD_SECTION
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_LINE_SPACING
from docx.opc.oxml import serialize_part_xml
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.section import Section
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from nanchuan_eval.core import export_numbers
from nanchuan_eval.documents.papers import ANNEX, TEXT_WIDTH, Grid, Paper, Style, Text, break_title, grouped, text_width

FANGSONG, KAITI, HEITI, TITLE, SONGTI = "仿宋_GB2312", "楷体_GB2312", "黑体", "方正小标宋简体", "宋体"
# What a machine without the typeface takes instead; Office for Windows brings all of these.
ALTERNATIVES = {FANGSONG: "FangSong", KAITI: "KaiTi", HEITI: "SimHei", TITLE: "SimSun", SONGTI: "SimSun"}
LANGUAGE = "zh-CN"
DIGITS = "Courier New"  # a digest, in letters of one width
SECOND, THIRD, FOURTH, SMALL = Pt(22), Pt(16), Pt(14), Pt(12)
DIGEST = re.compile(r"([0-9a-f]{32,})")
LINES, CHARACTERS = 22, 28
TEXT_HEIGHT = 225
LINE = TEXT_HEIGHT / 25.4 * 72 / LINES  # points from line to line
RED, GREY = RGBColor(0xE6, 0x00, 0x12), RGBColor(0x5C, 0x66, 0x70)
# typeface and keep-with-next of each style at 三号
STYLES = {
    Style.HEADING: (HEITI, True),
    Style.SUBHEADING: (KAITI, True),
    Style.BODY: (FANGSONG, False),
    Style.STRONG: (HEITI, False),
    Style.NOTE: (FANGSONG, False),
}


def paper_docx(paper: Paper, *, at: datetime) -> bytes:
    """Return a paper as .docx; `at` = its creation date."""
    document = Document()
    _set_fonts(document)
    _set_language(document)
    _set_page(document.sections[0], paper)
    _set_properties(document, paper, at)
    _head(document, paper)
    for block in paper.blocks:
        if isinstance(block, Grid):
            _grid(document, block)
        else:
            _text(document, block)
    _ending(document, paper)
    if paper.annex:
        _annex(document, paper)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def _set_fonts(document: DocumentObject) -> None:
    normal = document.styles["Normal"]
    normal.font.size = THIRD
    _use_font(normal.element.get_or_add_rPr(), FANGSONG)
    squeeze = round((TEXT_WIDTH / 25.4 * 72 / CHARACTERS - THIRD.pt) * 20)
    normal.element.rPr.append(_element("spacing", val=str(squeeze)))
    part = next(each for each in document.part.package.iter_parts() if each.partname == "/word/fontTable.xml")
    table = parse_xml(part.blob)
    for name, alternative in ALTERNATIVES.items():
        table.append(
            parse_xml(
                f'<w:font {nsdecls("w")} w:name="{name}"><w:altName w:val="{alternative}"/>'
                '<w:charset w:val="86"/><w:family w:val="auto"/><w:pitch w:val="variable"/></w:font>'
            )
        )
    part._blob = serialize_part_xml(table)


def _set_language(document: DocumentObject) -> None:
    """Name Chinese as the language, so that a typeface for several countries shows the forms of the mainland."""
    for part, found in (
        (document.styles.element, ".//w:docDefaults//w:lang"),
        (document.settings.element, "w:themeFontLang"),
    ):
        for language in part.xpath(found):
            language.set(qn("w:eastAsia"), LANGUAGE)


def _set_page(section: Section, paper: Paper) -> None:
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(297 - 37 - TEXT_HEIGHT)
    section.left_margin, section.right_margin = Mm(28), Mm(210 - 28 - TEXT_WIDTH)
    section.footer_distance = Mm(25)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = _element("docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(round(LINE * 20)))
    section.part.document.settings.odd_and_even_pages_header_footer = True  # type: ignore[attr-defined]
    for header, footer, side in (
        (section.header, section.footer, ALIGN.RIGHT),
        (section.even_page_header, section.even_page_footer, ALIGN.LEFT),
    ):
        if paper.demo:
            _run(_centred(header.paragraphs[0]), paper.demo, SONGTI, Pt(10.5), RED)
        _page_number(footer.paragraphs[0], side)
        if mark := export_numbers.current():
            _run(footer.add_paragraph(), mark, SONGTI, Pt(8), GREY)


def _page_number(line: Paragraph, side: ALIGN) -> None:
    line.alignment = side
    # 一字 away from the edge of the text.
    line.paragraph_format.left_indent = line.paragraph_format.right_indent = FOURTH
    _run(line, "— ", SONGTI, FOURTH)
    run = _run(line, "", SONGTI, FOURTH)
    for kind in ("begin", "", "end"):
        if kind:
            part = _element("fldChar", fldCharType=kind)
        else:
            part = _element("instrText")
            part.text = "PAGE"
        run._r.append(part)
    _run(line, " —", SONGTI, FOURTH)


def _set_properties(document: DocumentObject, paper: Paper, at: datetime) -> None:
    known = document.core_properties
    known.title, known.author, known.language = paper.title_text, paper.office, LANGUAGE
    known.comments = export_numbers.current()
    known.created = known.modified = at.astimezone(UTC).replace(tzinfo=None)


def _head(document: DocumentObject, paper: Paper) -> None:
    issuer = _centred(document.add_paragraph())
    size = Pt(max(22, min(42, int(425 / len(paper.issuer)))))
    issuer.paragraph_format.space_before = Mm(22) if paper.number is not None else Pt(0)
    issuer.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    _run(issuer, paper.issuer, TITLE, size, RED)
    line = _centred(document.add_paragraph())
    if paper.number is not None:
        _run(line, paper.shown_number)
    line.paragraph_format.space_after = Pt(LINE)
    edge = '<w:bottom w:val="single" w:sz="12" w:space="6" w:color="E60012"/>'
    line._p.get_or_add_pPr().append(parse_xml(f"<w:pBdr {nsdecls('w')}>{edge}</w:pBdr>"))
    title = _centred(document.add_paragraph())
    title.paragraph_format.keep_with_next = True
    title.paragraph_format.line_spacing = Pt(36)
    title._p.get_or_add_pPr().append(_element("snapToGrid", val="0"))
    for number, words in enumerate(break_title(paper.title)):
        run = _run(title, words, TITLE, SECOND)
        if number:
            run._r.insert(1, _element("br"))
    if paper.subtitle:
        _run(_centred(document.add_paragraph()), paper.subtitle, KAITI)
    _blank(document)
    if paper.addressee:
        _run(_paragraph(document, indent=False), f"{paper.addressee}：")


def _text(document: DocumentObject, block: Text) -> Paragraph:
    font, keeps = STYLES[block.style]
    is_note = block.style == Style.NOTE
    paragraph = _paragraph(document, size=SMALL if is_note else THIRD)
    paragraph.paragraph_format.keep_with_next = keeps
    paragraph.paragraph_format.widow_control = True
    if is_note:
        _set_apart(paragraph)
    _run(paragraph, block.text, font, SMALL if is_note else THIRD)
    return paragraph


def _grid(document: DocumentObject, grid: Grid) -> None:
    document.paragraphs[-1].paragraph_format.keep_with_next = True
    table = document.add_table(rows=1, cols=len(grid.head), style="Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    margins = "".join(f'<w:{side} w:w="60" w:type="dxa"/>' for side in ("left", "right"))
    table._tbl.tblPr.append(parse_xml(f"<w:tblCellMar {nsdecls('w')}>{margins}</w:tblCellMar>"))
    whole = sum(grid.widths)
    widths = [Mm(TEXT_WIDTH * width / whole) for width in grid.widths]
    for number, values in enumerate([grid.head, *grid.rows]):
        row = table.rows[0] if number == 0 else table.add_row()
        _keep_whole(row, is_head=number == 0)
        for cell, width, value in zip(row.cells, widths, values, strict=True):
            cell.width = width
            cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
            _cell_text(cell.paragraphs[0], value, HEITI if number == 0 else FANGSONG)
            cell.paragraphs[0].paragraph_format.keep_with_next = number == 0
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width


def _cell_text(paragraph: Paragraph, value: str, font: str) -> None:
    _set_apart(paragraph)
    for number, words in enumerate(DIGEST.split(value)):
        if words:
            is_digest = number % 2 == 1
            _run(paragraph, grouped(words) if is_digest else words, DIGITS if is_digest else font, SMALL)


def _set_apart(paragraph: Paragraph) -> None:
    """Set the lines of smaller text closer than the page's grid has them."""
    paragraph.paragraph_format.line_spacing = Pt(17)
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(0)
    paragraph._p.get_or_add_pPr().append(_element("snapToGrid", val="0"))


def _keep_whole(row: _Row, *, is_head: bool) -> None:
    properties = row._tr.get_or_add_trPr()
    properties.append(_element("cantSplit"))
    if is_head:
        properties.append(_element("tblHeader"))


def _ending(document: DocumentObject, paper: Paper) -> None:
    """Write the last line, the name of the annex and 落款, with the last paragraph of the text on one page."""
    last = document.paragraphs[-1]
    last.paragraph_format.keep_with_next = last.paragraph_format.keep_together = True
    lines = [_text(document, Text(paper.ending))]
    if paper.annex:
        lines += [_blank(document), _text(document, Text(f"附件：{ANNEX}"))]
    lines.append(_blank(document))
    # As on papers without a seal: two characters stay free at the right, the date begins two right of the name.
    start = CHARACTERS - 2 - max(text_width(paper.office), 2 + text_width(paper.date))
    for words, at in ((paper.office, start), (paper.date, start + 2)):
        signed = _paragraph(document, indent=False)
        if start < 0:
            signed.alignment = ALIGN.RIGHT
        else:
            signed.paragraph_format.left_indent = Mm(TEXT_WIDTH / CHARACTERS * at)
        _run(signed, words)
        lines.append(signed)
    for line in lines[:-1]:
        line.paragraph_format.keep_with_next = True


def _annex(document: DocumentObject, paper: Paper) -> None:
    document.add_section(WD_SECTION.NEW_PAGE)
    _run(_paragraph(document, indent=False), "附件", HEITI)
    _run(_centred(document.add_paragraph()), ANNEX, TITLE, SECOND)
    _grid(document, Grid(("项目", "内容"), paper.annex, (34, 66)))
    _text(document, Text(paper.annex_note, Style.NOTE))


def _paragraph(document: DocumentObject, *, indent: bool = True, size: Pt = THIRD) -> Paragraph:
    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing = Pt(LINE)
    if indent:
        form.first_line_indent = Pt(2 * size.pt)
        paragraph.alignment = ALIGN.JUSTIFY
    return paragraph


def _blank(document: DocumentObject) -> Paragraph:
    return _paragraph(document, indent=False)


def _centred(paragraph: Paragraph) -> Paragraph:
    paragraph.alignment = ALIGN.CENTER
    paragraph.paragraph_format.space_after = Pt(0)
    return paragraph


def _run(
    paragraph: Paragraph, text: str, font: str = FANGSONG, size: Pt = THIRD, colour: RGBColor | None = None
) -> Run:
    run = paragraph.add_run(text)
    run.font.size = size
    _use_font(run._r.get_or_add_rPr(), font)
    run.font.color.rgb = colour or RGBColor(0, 0, 0)
    return run


def _use_font(properties: BaseOxmlElement, font: str) -> None:
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = _element("rFonts")
        properties.insert(0, fonts)
    for theme in [name for name in fonts.attrib if name.endswith("Theme")]:
        del fonts.attrib[theme]
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), font)


def _element(name: str, **attributes: str) -> BaseOxmlElement:
    element: BaseOxmlElement = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    return element
