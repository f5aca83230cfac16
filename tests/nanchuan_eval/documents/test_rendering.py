"""Documents: data never becomes markup, equal data give equal bytes, fonts are embedded."""

import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from nanchuan_eval.documents import rendering as documents_rendering
from nanchuan_eval.documents.rendering import DocumentError, qr_svg, render_pdf, render_pdfs

AT = datetime(2020, 7, 1, 9, tzinfo=UTC)
TEMPLATE = """#import "official.typ": *
#show: official.with(title: data.title, demo: data.demo)
#data.text
#facts((("编号", "甲1"), ("指纹", "ab")))
#mark("0123456789abcdef")
#qr(data.qr, caption: "https://example.cn/")
#signatures(("监督员", "公证员"))
#closing("南川区评议办公室", "2020年7月1日")
"""
HOSTILE = '#sys.version *粗* $x$ #include "/etc/passwd" <script> \\ 𫍯䶮'


def page(**changes):
    return {"title": "承诺书", "demo": "", "text": "正文", "qr": qr_svg("https://example.cn/#A"), **changes}


@pytest.fixture(autouse=True)
def letter(tmp_path, monkeypatch):
    shutil.copy(documents_rendering.TEMPLATES / "official.typ", tmp_path)
    (tmp_path / "letter.typ").write_text(TEMPLATE, encoding="utf-8")
    monkeypatch.setattr(documents_rendering, "TEMPLATES", tmp_path)


def text_of(pdf, tmp_path):
    (tmp_path / "out.pdf").write_bytes(pdf)
    return subprocess.run(
        ["pdftotext", str(tmp_path / "out.pdf"), "-"], capture_output=True, check=True
    ).stdout.decode()


def test_a_document_is_a_pdf_with_its_fonts_inside():
    pdf = render_pdf("letter", page(), at=AT)

    assert pdf.startswith(b"%PDF")
    assert b"NotoSansCJKsc" in pdf


def test_equal_data_give_equal_bytes():
    assert render_pdf("letter", page(), at=AT) == render_pdf("letter", page(), at=AT)


@pytest.mark.pdftext
def test_text_is_rendered_verbatim_and_never_executed(tmp_path):
    shown = text_of(render_pdf("letter", page(text=HOSTILE), at=AT), tmp_path)

    assert '#sys.version *粗* $x$ #include "/etc/passwd" <script>' in shown.replace("\n", " ")


@pytest.mark.pdftext
def test_many_documents_come_in_order_and_in_batches(monkeypatch, tmp_path):
    monkeypatch.setattr(documents_rendering, "BATCH", 2)

    pdfs = list(render_pdfs("letter", (page(text=f"第{n}份") for n in range(5)), at=AT))

    assert [f"第{n}份" in text_of(pdf, tmp_path) for n, pdf in enumerate(pdfs)] == [True] * 5


def test_a_template_without_its_data_raises():
    with pytest.raises(DocumentError, match="text"):
        render_pdf("letter", {"title": "", "demo": ""}, at=AT)
