"""The files of a published round: equal bytes for equal data, with length and digest, and the manifest over them."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache as cache_once
from functools import partial
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from evaluations.open_data import queries
from evaluations.open_data.queries import PublishedRound
from evaluations.open_data.rules import datasets
from evaluations.open_data.rules.datasets import DATASETS, Dataset, Scope
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.spreadsheets.csv_files import csv_chunks

Chunks = Callable[[], Iterator[bytes]]
# Documents that change after publication, by name; a later app registers its own.
UPDATED: dict[str, Callable[[Round], Mapping[str, Any]]] = {}
FORMAT = "nanchuan-data/1"
A_DAY = 24 * 3600
BALLOTS_AT_ONCE = 1000
# A ballot as canonical JSON writes it: both texts are letters and digits only.
BALLOT = b'{"commitment":"%s","receipt":"%s"}'
MEDIA_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True)
class Facts:
    """Length and SHA-256 of a file."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class DataFile:
    """One file; `fixed_by` is the publication that fixed its content, None if it is updated."""

    dataset: Dataset
    ending: str
    key: str
    version: int | None
    fixed_by: Publication | None
    chunks: Chunks

    @property
    def address(self) -> str:
        """The path at which it is served."""
        if self.version is None:
            return reverse("open-data-file", args=[self.key, self.dataset.name, self.ending])
        return reverse("open-data-version", args=[self.key, self.version, self.dataset.name, self.ending])

    @property
    def title(self) -> str:
        """What a page calls it."""
        return f"{self.dataset.title}（{self.ending.upper()}）"

    @property
    def name(self) -> str:
        """The name it is saved under: the checkers are called with these."""
        return f"{self.dataset.name}.{self.ending}"

    def facts(self) -> Facts:
        """Return length and digest; those of a fixed file are kept, for a box has many lines."""
        if self.fixed_by is None:
            return _measured(self.chunks())
        # Another version of the program may write another form of the same data.
        key = f"open-data/{settings.VERSION}/{self.fixed_by.content_sha256}/{self.name}"
        found: Any = cache.get_or_set(key, lambda: _measured(self.chunks()), A_DAY)
        return found if isinstance(found, Facts) else _measured(self.chunks())


def files_of(published: PublishedRound) -> list[DataFile]:
    """Return the files of a round that are public: of all versions, then of the round (one query: its responses)."""
    versions = [file for each in published.publications for file in _of_version(published, each)]
    return [*versions, *_of_round(published)]


def manifest(published: PublishedRound) -> bytes:
    """Return the manifest: what there is, where, how long, with which digest, and which version corrects which."""
    files = files_of(published)
    content = json.loads(published.newest.content)
    document = {
        "format": FORMAT,
        "round": content["round"],
        "is_demo": content["is_demo"],
        "publisher": profile_of(published.round).office,
        "terms": current_profile().data_terms,
        "version": published.newest.version,
        "published_at": _time(published.first.published_at),
        "list": reverse("public-list", args=[published.round.key]),
        "feed": reverse("open-data-feed"),
        "corrections": [
            {
                "version": each.version,
                "corrected_from": each.version - 1,
                "published_at": _time(each.published_at),
                "reason": each.reason,
            }
            for each in published.publications[1:]
        ],
        "files": [_entry(file, files) for file in files],
    }
    return canonical_json(document)


def catalog() -> bytes:
    """Return the list of all published rounds with their manifests (one query)."""
    rounds = [
        {
            "key": each.round.key,
            "name": each.round.name,
            "period_start": each.round.period_start.isoformat(),
            "period_end": each.round.period_end.isoformat(),
            "is_demo": each.round.is_demo,
            "version": each.version,
            "manifest": reverse("open-data-manifest", args=[each.round.key]),
        }
        for each in queries.published_rounds()
    ]
    return canonical_json({"format": FORMAT, "terms": current_profile().data_terms, "rounds": rounds})


def schema_address(name: str) -> str:
    """Return where the schema of a file is served."""
    return reverse("open-data-schema", args=[name])


def _entry(file: DataFile, files: Sequence[DataFile]) -> dict[str, Any]:
    facts, version = file.facts(), file.version
    before = [
        each.address
        for each in files
        if version and each.version == version - 1 and (each.dataset, each.ending) == (file.dataset, file.ending)
    ]
    return {
        "name": file.dataset.name,
        "title": file.dataset.title,
        "address": file.address,
        "media_type": MEDIA_TYPES[file.ending],
        "bytes": facts.bytes,
        "sha256": facts.sha256,
        "schema": schema_address(file.dataset.name) if file.ending == "json" else None,
        "version": version,
        "corrected_from": before[0] if before else None,
        "is_fixed": file.fixed_by is not None,
    }


def _of_version(published: PublishedRound, publication: Publication) -> Iterator[DataFile]:
    is_annulled = publication.version in published.annulled
    stored = {} if is_annulled else {datasets.LIST: publication.content}
    if tally := published.counts.get(publication.version):
        stored |= {datasets.RULEBOOK: tally.rulebook, datasets.CELLS: tally.cells}
    for dataset, text in stored.items():
        yield from _pair(dataset, published, publication, partial(json.loads, text), text.encode())
    yield from _pair(datasets.TURNOUT, published, publication, partial(queries.turnout_document, publication))


def _of_round(published: PublishedRound) -> Iterator[DataFile]:
    yield from _pair(datasets.SECTIONS, published, None, partial(queries.sections_document, published))
    if response := queries.response_document(published):
        yield from _pair(datasets.RESPONSE, published, None, lambda: response)
    yield from _pair(datasets.DRAWS, published, None, partial(queries.draws_document, published))
    for ending, chunks in (("json", _closing_json), ("csv", _closing_csv)):
        yield _file(datasets.CLOSING_LIST, ending, published, None, partial(chunks, published))
    for name, read in UPDATED.items():
        yield from _pair(DATASETS[name], published, None, cache_once(partial(read, published.round)))


def _pair(
    dataset: Dataset,
    published: PublishedRound,
    publication: Publication | None,
    document: Callable[[], Mapping[str, Any]],
    stored: bytes | None = None,
) -> Iterator[DataFile]:
    """Yield the JSON file, to the byte as stored where it is, and its CSV twin."""

    def as_json() -> Iterator[bytes]:
        yield canonical_json(document()) if stored is None else stored

    def as_csv() -> Iterator[bytes]:
        return csv_chunks(dataset.heads, dataset.rows(document()))

    yield _file(dataset, "json", published, publication, as_json)
    yield _file(dataset, "csv", published, publication, as_csv)


def _file(
    dataset: Dataset, ending: str, published: PublishedRound, publication: Publication | None, chunks: Chunks
) -> DataFile:
    version = publication.version if publication else None
    fixed_by = None if dataset.scope == Scope.UPDATED else publication or published.first
    return DataFile(dataset, ending, published.round.key, version, fixed_by, chunks)


def _closing_json(published: PublishedRound) -> Iterator[bytes]:
    """Yield the document piece by piece: "ballots" is the first of its keys in order."""
    lines: list[bytes] = []
    yield b'{"ballots":['
    is_first = True
    for receipt, commitment in queries.closing_ballots(published):
        lines.append(BALLOT % (commitment.encode(), receipt.encode()))
        if len(lines) == BALLOTS_AT_ONCE:
            yield (b"" if is_first else b",") + b",".join(lines)
            is_first, lines = False, []
    if lines:
        yield (b"" if is_first else b",") + b",".join(lines)
    yield b"]," + canonical_json(queries.closing_list_facts(published))[1:]


def _closing_csv(published: PublishedRound) -> Iterator[bytes]:
    return csv_chunks(datasets.CLOSING_LIST.heads, queries.closing_ballots(published))


def _measured(chunks: Iterator[bytes]) -> Facts:
    digest, length = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        length += len(chunk)
    return Facts(length, digest.hexdigest())


def _time(moment: datetime) -> str:
    return timezone.localtime(moment).isoformat(timespec="seconds")
