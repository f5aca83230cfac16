"""Ballot PDFs against one bare typst run of the same pages."""

import resource

from bench.measure import interleaved, report
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.codes.services.issuing import new_code
from evaluations.paper_ballots.documents import BALLOTS_PER_FILE, ballot_files
from tests.factories import make_open_round

PRINTED = 96


def run() -> None:
    """Print the ratio and the peak of memory of a child."""
    round_ = make_open_round(sections=102)
    ballot_form = ballot_form_by_digest(round_.ballot_form_sha256)
    codes = [new_code() for _ in range(PRINTED)]
    _print(ballot_form, codes, BALLOTS_PER_FILE)
    print(f"{f'peak of a child, {BALLOTS_PER_FILE} ballots a file':<44} {_peak_of_children()} MB")
    floor, ours = interleaved(
        lambda: _print(ballot_form, codes, 10**6), lambda: _print(ballot_form, codes, BALLOTS_PER_FILE), 3
    )
    report(f"{PRINTED} ballot PDFs against one typst run", floor, ours, 1.2, unit="s", times=1)


def _print(ballot_form, codes: list[str], size: int) -> None:
    from evaluations.paper_ballots import documents as paper_ballots_documents  # noqa: PLC0415  its file size is what the two runs differ in

    kept, paper_ballots_documents.BALLOTS_PER_FILE = paper_ballots_documents.BALLOTS_PER_FILE, size
    try:
        assert sum(count for count, _ in ballot_files(ballot_form, codes, site="https://x.example", closes="")) == len(
            codes
        )
    finally:
        paper_ballots_documents.BALLOTS_PER_FILE = kept


def _peak_of_children() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
