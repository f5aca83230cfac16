"""The goals of security.md 7 that this machine can measure, and the tests that measure them."""

import time
from collections.abc import Callable

from nanchuan_eval.audit import rules as audit_rules


def of(*parts: str) -> Callable[[str], bool]:
    """Choose the tests whose full name holds one of the parts."""
    return lambda test: any(part in test for part in parts)


GOALS = [
    (
        "G1",
        "matrix: 1,339 cells; services and addresses, own and foreign, right and wrong",
        of("test_matrix", "test_walk"),
    ),
    (
        "G1",
        "two-person actions refuse the same person",
        of("refuses_the_same_person", "test_who_may_put", "test_approvals"),
    ),
    ("G2", "forty bad inputs, 200 values a field", of("test_bad_inputs", "test_hostile_", "test_out_of_order")),
    ("G3", "killed servers lose nothing", of("test_crashes")),
    ("G4", "races", of("races", "two_who_seal", "eight_writers")),
    ("G5", "anonymity of the sealed box", of("test_secrecy", "sealing.test_services")),
    ("G6", "one row per action, seven tamperings", of("audit.test_services", "test_attempts")),
    ("G7", "backup and restore", of("backups.test_services", "restore")),
    ("G8", "bombs and fakes before opening", of("a_bomb_is", "cannot_be_read", "the_far_end")),
    ("G9", "hostile uploads", of("accountability.evidence.test_", "test_hostile_files")),
    ("G10", "no formula in any export", of("becomes_a_formula", "test_top_ten")),
    ("G12", "headers on every route", of("every_route", "error_pages_send", "web.test_middleware")),
    ("G13", "20 planted secrets", of("test_planted_secrets")),
    ("G15", "register of personal data, purging", of("test_personal_data", "test_retention", "purge")),
    ("G16", "log-in limits", of("accounts.test_services", "TestRateLimits", "TestAllowedNetworks")),
]


def chain_seconds(rows: int) -> float:
    """Return the processor time of rechecking so many rows of the audit log."""
    links, prev = [], audit_rules.GENESIS
    for seq in range(1, rows + 1):
        fields = {"at": "2026-03-02T04:00:00.000000+00:00", "actor": 7, "action": "round.edit", "detail": {"n": seq}}
        digest = audit_rules.link_hash(prev, {**fields, "seq": seq, "alg": audit_rules.ALGORITHM})
        links.append(audit_rules.Link(seq, fields, prev, digest))
        prev = digest
    began = time.process_time()
    found = list(audit_rules.faults(links, head=audit_rules.Anchor(rows, prev)))
    if found:
        raise AssertionError(found)
    return time.process_time() - began
