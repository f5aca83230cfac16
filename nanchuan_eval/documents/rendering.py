"""Documents (文书): PDFs from a typst template in `templates/documents/` and data.

Data is passed as JSON, never as markup, so that no text can become a command. Equal data give equal bytes. Rendering
runs in child processes, since typst never frees the memory it has used.
"""

import io
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import segno
from django.conf import settings

from nanchuan_eval.core import export_numbers
from nanchuan_eval.documents.glyphs import font_paths, printable

CHILD = Path(__file__).with_name("child.py")
TEMPLATES = settings.BASE_DIR / "templates" / "documents"
BATCH = 100  # documents per child process, which limits its memory
LENGTH_BYTES = 8
Data = Mapping[str, object]


class DocumentError(RuntimeError):
    """A template failed; no input can cause this, so it is an error for the developers."""


def render_pdf(template: str, data: Data, *, at: datetime, tagged: bool = True) -> bytes:
    """Return the PDF of one document; `at` = its creation date, `tagged` = accessible (32 kB more per page)."""
    return next(render_pdfs(template, [data], at=at, tagged=tagged))


def render_pdfs(template: str, jobs: Iterable[Data], *, at: datetime, tagged: bool = False) -> Iterator[bytes]:
    """Yield one PDF per job, in order, with constant memory; `template` = file name without extension.

    Every job has the export's number, and whether the district has fonts of its own.
    """
    shared = {"mark": export_numbers.current(), "has_fonts": bool(settings.DOCUMENT_FONTS)}
    remaining = ({**shared, **job} for job in jobs)
    while batch := list(islice(remaining, BATCH)):
        yield from _rendered(template, batch, at, tagged)


def qr_svg(text: str, *, fits: bool = False) -> str:
    """Return a QR code as SVG; in a template: image(bytes(data.qr), format: "svg").

    `fits` = as wide as its place on a page of the site; otherwise it has a size of its own.
    """
    target = io.BytesIO()
    # A fixed mask and level take a fifth of the time, which matters for thousands of ballots.
    segno.make(text, error="m", boost_error=False, mask=3, micro=False).save(
        target, kind="svg", border=2, xmldecl=False, omitsize=fits
    )
    return target.getvalue().decode()


def _rendered(template: str, batch: Sequence[Data], at: datetime, tagged: bool) -> Iterator[bytes]:
    order = {
        "template": str(TEMPLATES / f"{template}.typ"),
        "root": str(TEMPLATES),
        "fonts": [str(path) for path in font_paths(settings.DOCUMENT_FONTS)],
        "timestamp": int(at.timestamp()),
        "tagged": tagged,
        "jobs": batch,
    }
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, str(CHILD)],
        input=printable(json.dumps(order, ensure_ascii=False), settings.DOCUMENT_FONTS).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise DocumentError(done.stderr.decode(errors="replace"))
    yield from _split(done.stdout)


def _split(output: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(output):
        start = at + LENGTH_BYTES
        at = start + int.from_bytes(output[start - LENGTH_BYTES : start], "big")
        yield output[start:at]
