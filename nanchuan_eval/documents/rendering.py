"""Printed documents (文书): a typst template in `templates/documents/` and ready data give PDF bytes.

Data goes in as JSON, never as markup, so no text can become a command. Equal data give equal bytes. The work is
done by child processes: typst keeps what it has read for ever, which a web process cannot afford.
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

CHILD = Path(__file__).with_name("child.py")
TEMPLATES = settings.BASE_DIR / "templates" / "documents"
BATCH = 100  # documents a child makes before its memory is given back
LENGTH_BYTES = 8
Data = Mapping[str, object]


class DocumentError(RuntimeError):
    """A template is at fault: nobody's input can be, so this is for the developers' log."""


def render_pdf(template: str, data: Data, *, at: datetime, tagged: bool = True) -> bytes:
    """Return the PDF of one document; `at` = its date in the file, `tagged` = readable aloud (32 kB a page)."""
    return next(render_pdfs(template, [data], at=at, tagged=tagged))


def render_pdfs(template: str, jobs: Iterable[Data], *, at: datetime, tagged: bool = False) -> Iterator[bytes]:
    """Yield a PDF per job, in order and with flat memory; `template` is a name without its ending."""
    mark = export_numbers.current()
    remaining = ({"mark": mark, **job} for job in jobs)
    while batch := list(islice(remaining, BATCH)):
        yield from _rendered(template, batch, at, tagged)


def qr_svg(text: str) -> str:
    """Return a QR code as SVG for a template: image(bytes(data.qr), format: "svg")."""
    target = io.BytesIO()
    # A fixed mask and level: a fifth of the time for thousands of ballots.
    segno.make(text, error="m", boost_error=False, mask=3, micro=False).save(
        target, kind="svg", border=2, xmldecl=False
    )
    return target.getvalue().decode()


def _rendered(template: str, batch: Sequence[Data], at: datetime, tagged: bool) -> Iterator[bytes]:
    order = {
        "template": str(TEMPLATES / f"{template}.typ"),
        "root": str(TEMPLATES),
        "timestamp": int(at.timestamp()),
        "tagged": tagged,
        "jobs": batch,
    }
    done = subprocess.run(  # noqa: S603  our own program, told what to do on its standard input
        [sys.executable, str(CHILD)],
        input=json.dumps(order, ensure_ascii=False).encode(),
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
