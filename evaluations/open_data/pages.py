"""The pages of the open data, and the feed of publications and corrections (RFC 4287)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape

from evaluations.open_data.files import DataFile, Facts, files_of
from evaluations.open_data.queries import PublishedRound, published_rounds
from evaluations.open_data.rules.datasets import DATASETS, Dataset
from evaluations.publication.models import Publication
from evaluations.publication.rules import change_in_short
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from evaluations.scoring.wording import ALONE, FEW
from nanchuan_eval.audit.models import AuditAnchor
from nanchuan_eval.profile.queries import current_profile

# Identifiers are made from digests that no other installation has, never from a host name, which may change.
NAMESPACE = UUID("5c0d9a3e-6a0b-5d53-9b6e-0f8f3c1d7a42")
BEFORE_ANYTHING = datetime(1970, 1, 1, tzinfo=UTC)
PUBLISHED, CORRECTED, WITHDRAWN = "公示", "更正", "撤下"


class Feed(Atom1Feed):
    """An Atom feed that is as old as its newest entry, also when it has none."""

    def latest_post_date(self) -> datetime:
        """Return the time of the newest entry, or the one from before there was any."""
        since: datetime = self.feed["since"]
        return max((item["updateddate"] for item in self.items), default=since)


@dataclass(frozen=True)
class FileLine:
    """A file as the page of a round lists it."""

    file: DataFile
    facts: Facts


@dataclass(frozen=True)
class DataPage:
    """开放数据: the published rounds, what the files say, and an example with an address that exists."""

    rounds: Sequence[Publication]
    datasets: Sequence[Dataset]
    terms: str
    example: str
    # What stands in place of a figure that is not published.
    hidden: tuple[str, str] = (FEW, ALONE)


@dataclass(frozen=True)
class RoundPage:
    """The files of one round: of each version, the newest first, and of the round."""

    published: PublishedRound
    versions: Sequence[tuple[Publication, Sequence[FileLine]]]
    others: Sequence[FileLine]


def data_page() -> DataPage:
    """Return what the page says (one query)."""
    rounds = list(published_rounds())
    return DataPage(
        rounds=rounds,
        datasets=list(DATASETS.values()),
        terms=current_profile().data_terms,
        example=rounds[0].round.key if rounds else "",
    )


def round_page(published: PublishedRound) -> RoundPage:
    """Return the files of a round as its page lists them."""
    lines = [FileLine(file, file.facts()) for file in files_of(published)]
    return RoundPage(
        published=published,
        versions=[
            (each, [line for line in lines if line.file.version == each.version])
            for each in reversed(published.publications)
        ],
        others=[line for line in lines if line.file.version is None],
    )


def feed(absolute: Callable[[str], str]) -> bytes:
    """Return the feed of all publications and corrections, the newest first (two queries).

    `absolute` makes a whole address of a path: many readers of feeds do not follow relative ones.
    """
    (since, origin), office = _beginning(), current_profile().office
    made = Feed(
        title=f"{office}：结果公示和更正",
        link=absolute(reverse("lists")),
        description="",
        language="zh-Hans",
        author_name=office,
        feed_url=absolute(reverse("open-data-feed")),
        feed_guid=uuid5(NAMESPACE, f"feed/{origin}").urn,
        since=since,
    )
    for publication in Publication.objects.select_related("round").order_by("-published_at", "-pk"):
        _add(made, publication, absolute)
    return made.writeString("utf-8").encode()


def _beginning() -> tuple[datetime, str]:
    """Return when the audit log was first anchored and that anchor, which no other installation has."""
    first = AuditAnchor.objects.first()
    return (first.at, first.hash) if first else (BEFORE_ANYTHING, "")


def _add(made: Feed, publication: Publication, absolute: Callable[[str], str]) -> None:
    content = json.loads(publication.content)
    key, version = publication.round.key, publication.version
    withdrawn = any(each["is_withdrawn"] and not each["now"] for each in content.get("changes", []))
    made.add_item(
        title=_title(content),
        link=absolute(f"{reverse('public-list', args=[key])}?version={version}"),
        description=escape(_summary(publication, content)),
        pubdate=publication.published_at,
        updateddate=publication.published_at,
        unique_id=uuid5(NAMESPACE, f"publication/{publication.content_sha256}").urn,
        categories=[CORRECTED if version > 1 else PUBLISHED, *([WITHDRAWN] if withdrawn else [])],
    )


def _title(content: Mapping[str, Any]) -> str:
    version = content["version"]
    kind = f"更正公示（第{version}版）" if version > 1 else "公示"
    mark = f"（{DEMO_NOTICE}）" if content["is_demo"] else ""
    return f"{content['round']['name']}最难办事科室群众评结果{kind}{mark}"


def _summary(publication: Publication, content: Mapping[str, Any]) -> str:
    """Return the listed sections of a first version, or reason and changes of a correction."""
    if publication.version == 1:
        listed = "；".join(f"{each['rank']}．{each['department']}{each['section']}" for each in content["entries"])
        return f"上榜科室：{listed}。" if listed else "本轮没有上榜科室。"
    changes = content.get("changes", [])
    said = "；".join(f"{each['department']}{each['section']}：{change_in_short(each)}" for each in changes)
    return f"更正说明：{publication.reason.rstrip('。')}。{said or '名单各行没有变化'}。"
