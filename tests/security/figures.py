"""`python -m tests.security.figures`: what the security tests cover, counted, and what the trace costs, measured."""

import os
import sys
import time

import django


def main() -> None:
    """Print the figures of security.md that can be counted or timed without a server."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")
    django.setup()
    from nanchuan_eval import approvals, policy  # noqa: PLC0415  models are ready only now
    from tests.nanchuan_eval import test_http  # noqa: PLC0415
    from tests.security import sabotage, test_bad_inputs, test_matrix  # noqa: PLC0415

    roles = len(test_matrix.ROLES)
    pages = len(test_matrix.PAGES) + len(test_matrix.POSTS)
    values = len(test_bad_inputs.NASTY) * 3
    wired = sorted(policy.by_two & set(test_matrix.OF_TWO))
    lines = [
        f"G1  matrix: {len(test_matrix.CELLS)} cells; {len(test_matrix.SERVICES)} services x {roles} roles;"
        f" {pages} pages x {roles} roles",
        f"G1  acts of two: {len(test_matrix.OF_TWO)} refuse the same person; {len(wired)} are done by proposal and"
        f" approval ({len(approvals._deeds)} deeds): {', '.join(wired)}",
        f"G2  bad inputs: {len(test_bad_inputs.PROVED) + len(test_bad_inputs.HERE)} lines;"
        f" {values} values for each of {sum(map(len, test_bad_inputs.FORMS.values()))} public fields",
        f"G6  trace: 100,000 rows verified in {chain_seconds(100_000):.1f} CPU-s",
        f"G12 headers: {len(test_http.ROUTES)} routes x {len(test_http.HEADERS)} headers",
        "G13 leaks: 20 planted secrets searched for after a whole demonstration (test_planted_secrets.py)",
        f"G14 sabotage: {len(sabotage.SABOTAGES)} controls to be taken out one at a time",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def chain_seconds(rows: int) -> float:
    """Return the processor time of rechecking so many rows."""
    from nanchuan_eval.rules import chain  # noqa: PLC0415

    links, prev = [], chain.GENESIS
    for seq in range(1, rows + 1):
        fields = {"at": "2026-03-02T04:00:00.000000+00:00", "actor": 7, "action": "round.edit", "detail": {"n": seq}}
        digest = chain.link_hash(prev, {**fields, "seq": seq, "alg": chain.ALGORITHM})
        links.append(chain.Link(seq, fields, prev, digest))
        prev = digest
    began = time.process_time()
    found = list(chain.faults(links, head=chain.Anchor(rows, prev)))
    if found:
        raise AssertionError(found)
    return time.process_time() - began


if __name__ == "__main__":
    main()
