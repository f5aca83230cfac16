"""Everything that an account or a visitor can open of a site, as text: pages, PDFs, workbooks, papers, files."""

import io
import re
import subprocess
import zipfile
from collections.abc import Iterator
from html import unescape
from urllib.parse import urldefrag

from django.test import Client

from nanchuan_eval.users.models import User

HREF = re.compile(r'\b(?:href|src)="(/[^"]*)"')
# Two pages with the same digits replaced are alike; so many of each kind are read.
NUMBER = re.compile(r"\d+|D\d\d-\d\d|[0-9a-f]{16,}")
MOST_ALIKE = 3
# What ends a session, and what is asked by a query in endless ways.
NOT_FOLLOWED = re.compile(r"^/(static|logout|account/sessions|admin/jsi18n)")
STARTS = ("/", "/home/", "/ballot/", "/list/", "/privacy/", "/login/", "/admin/profile/", "/admin/policy/")
ZIPPED = ("spreadsheetml", "wordprocessingml", "application/zip")


def everything(account: User | None) -> Iterator[tuple[str, str]]:
    """Yield the address and the text of all that links lead to, for an account or a visitor."""
    client = Client()
    if account:
        client.force_login(account)
    due, seen, alike = list(STARTS), set(STARTS), {}
    for address in due:
        answer = client.get(address, follow=True)
        content = answer.getvalue() if answer.streaming else answer.content
        text = read(answer.headers.get("Content-Type", ""), content)
        yield address, text
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        for link in sorted({urldefrag(unescape(found)).url for found in HREF.findall(text)} - seen):
            kind = NUMBER.sub("#", link.partition("?")[0])
            alike[kind] = alike.get(kind, 0) + 1
            if alike[kind] <= MOST_ALIKE and not NOT_FOLLOWED.match(link):
                seen.add(link)
                due.append(link)


def read(kind: str, content: bytes) -> str:
    """Return the text of an answer by its content type."""
    if kind.startswith("application/pdf"):
        return pdf_text(content)
    if any(part in kind for part in ZIPPED):
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return "".join(re.sub(r"<[^>]*>", "", file.read(name).decode(errors="replace")) for name in file.namelist())
    return content.decode(errors="replace")


def pdf_text(content: bytes) -> str:
    """Return the text of a PDF."""
    done = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())
