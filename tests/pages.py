"""Pages as tests ask for them and compare them."""

import re
from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext


def compact(page: str) -> str:
    """Collapse white space to single blanks, and remove it beside tags."""
    return re.sub(r"\s*(<[^>]*>)\s*", lambda found: found[1].replace(" >", ">"), re.sub(r"[ \n]+", " ", page))


@contextmanager
def exactly(number: int):
    """Fail unless the block takes this number of queries, whichever test ran before."""
    ContentType.objects.clear_cache()
    with CaptureQueriesContext(connection) as queries:
        yield queries
    shown = "\n".join(query["sql"] for query in queries)
    assert len(queries) == number, f"{len(queries)} queries instead of {number}:\n{shown}"


def page_in(client, address, *, queries, shows, data=None):
    """Get the page, or post the data: this number of queries, no redirect, and the page that shows the text."""
    with exactly(queries):
        answer = client.post(address, data) if data else client.get(address)
    assert answer.status_code == 200, (answer.status_code, answer.get("Location"))
    assert shows in answer.content.decode()
    return answer
