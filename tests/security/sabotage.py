"""`python -m tests.security.sabotage`: remove the controls one at a time; a test must fail each time (security.md G14).

Each line: what is taken out, where, what stands in its place, and the test that must notice. The controls are patched
in a process of their own (SABOTAGE=name, see tests/conftest.py), so nothing on the disk is touched.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

from django.http import Http404


@dataclass(frozen=True)
class Sabotage:
    """A control, what replaces it, and the test that must turn red."""

    target: str
    instead: Callable[..., Any] | object
    test: str


def nothing(*args: Any, **kwargs: Any) -> None:
    return None


def copied(source: BinaryIO, target: BinaryIO, key: str) -> str:
    content = source.read()
    target.write(content)
    return hashlib.sha256(content).hexdigest()


SABOTAGES = {
    "rights are not asked": Sabotage(
        "nanchuan_eval.permissions.policy.check", nothing, "tests/security/test_matrix.py::TestTheServices"
    ),
    "everybody may see": Sabotage(
        "nanchuan_eval.permissions.policy.may_see",
        lambda *a, **k: True,
        "tests/nanchuan_eval/audit/test_services.py::TestTheStaffSite",
    ),
    "own objects are not asked for": Sabotage(
        "nanchuan_eval.permissions.policy._has",
        lambda actor, action, letters, own: (
            import_module("nanchuan_eval.permissions.policy").table()[action].get(actor.role, "-")[:1] in letters
        ),
        "tests/security/test_matrix.py::TestTheTable::test_every_cell",
    ),
    "two persons are not needed": Sabotage(
        "nanchuan_eval.permissions.policy.requires_approval",
        lambda action: False,
        "tests/evaluations/lifecycle/test_approvals.py",
    ),
    "the approver may be the proposer": Sabotage(
        "nanchuan_eval.approvals.services.check_approver", nothing, "tests/nanchuan_eval/approvals/test_services.py"
    ),
    "the digest is always the same": Sabotage(
        "nanchuan_eval.approvals.services._digest",
        lambda *a: "0" * 64,
        "tests/nanchuan_eval/approvals/test_services.py",
    ),
    "the chain is not checked": Sabotage(
        "nanchuan_eval.audit.rules._faults_of",
        lambda *a: iter(()),
        "tests/nanchuan_eval/audit/test_services.py::TestTampering",
    ),
    "refusals leave no trace": Sabotage(
        "nanchuan_eval.audit.services.record_denial", nothing, "tests/security/test_matrix.py::TestThePages"
    ),
    "refusals by a rule leave no trace": Sabotage(
        "nanchuan_eval.audit.services.record_refusal",
        nothing,
        "tests/nanchuan_eval/core/test_attempts.py::TestEachActionIsLoggedOnce",
    ),
    "control characters stay in reasons": Sabotage(
        "nanchuan_eval.audit.services.plain",
        lambda text: text,
        "tests/nanchuan_eval/audit/test_services.py::TestTheChain",
    ),
    "forwarded addresses are believed": Sabotage(
        "nanchuan_eval.core.http.client_address",
        lambda request: request.META.get("HTTP_X_FORWARDED_FOR", request.META.get("REMOTE_ADDR", "")).split(",")[0],
        "tests/nanchuan_eval/web/test_middleware.py::TestTheAddress",
    ),
    "sessions are not renewed": Sabotage(
        "nanchuan_eval.models.User.renew_sessions",
        nothing,
        "tests/nanchuan_eval/accounts/test_services.py::TestSessions",
    ),
    "no session runs out": Sabotage(
        "nanchuan_eval.accounts.middleware.expiry_reason",
        lambda *a, **k: "",
        "tests/nanchuan_eval/accounts/test_services.py::TestSessions",
    ),
    "no second factor": Sabotage(
        "nanchuan_eval.accounts.middleware.needs_second_factor",
        lambda request: False,
        "tests/nanchuan_eval/accounts/test_services.py::TestTheSecondFactor",
    ),
    "any password will do": Sabotage(
        "nanchuan_eval.accounts.services.password_faults",
        lambda *a, **k: [],
        "tests/nanchuan_eval/accounts/test_services.py::TestThePassword",
    ),
    "roles are not kept apart": Sabotage(
        "nanchuan_eval.accounts.services.conflicts",
        lambda roles: [],
        "tests/nanchuan_eval/accounts/test_services.py::TestOpening",
    ),
    "phones lie in the clear": Sabotage(
        "nanchuan_eval.encryption.fields.EncryptedField.get_prep_value",
        lambda self, value: value,
        "tests/evaluations/personal_data/test_people.py::test_the_database_holds_no_phone_in_the_clear",
    ),
    "the desk is open everywhere": Sabotage(
        "nanchuan_eval.core.http.is_from_allowed_network",
        lambda request: True,
        "tests/nanchuan_eval/web/test_middleware.py::TestAllowedNetworks",
    ),
    "a liaison may be drawn": Sabotage(
        "nanchuan_eval.users.rules.may_be_one_person",
        lambda *a: False,
        "tests/evaluations/draws/test_liaisons.py::TestImportingALiaison",
    ),
    "hidden things leave no trace": Sabotage(
        "nanchuan_eval.permissions.policy.Hidden",
        Http404,
        "tests/security/test_walk.py::TestTheAddresses::test_each_role_on_own_and_foreign_objects_in_the_right_state",
    ),
    "rates are not limited": Sabotage(
        "nanchuan_eval.web.rate_limits.LIMITS", {}, "tests/nanchuan_eval/web/test_middleware.py::TestRateLimits"
    ),
    "no headers are added": Sabotage(
        "nanchuan_eval.web.middleware.HEADERS", {}, "tests/nanchuan_eval/web/test_middleware.py"
    ),
    "files are not looked at before they are opened": Sabotage(
        "nanchuan_eval.spreadsheets.reading.check_file", nothing, "tests/nanchuan_eval/spreadsheets/test_reading.py"
    ),
    "exports are not marked": Sabotage(
        "nanchuan_eval.audit.services.export_number", lambda entry: "", "tests/accountability/results/test_top_ten.py"
    ),
    "files for handing out carry no number": Sabotage(
        "nanchuan_eval.core.export_numbers.numbered_filename",
        lambda name, *a, **k: name,
        "tests/security/test_export_numbers.py",
    ),
    "a permit is never used up": Sabotage(
        "nanchuan_eval.approvals.authorizations.consume",
        lambda *a, **k: import_module("nanchuan_eval.approvals.authorizations").authorization_of(*a, **k),
        "tests/evaluations/draws/test_exports.py::TestExportingAPool",
    ),
    "approving asks for no fresh code": Sabotage(
        "nanchuan_eval.second_factor.services.confirm_again",
        nothing,
        "tests/nanchuan_eval/decisions/test_views.py::TestTheSecondFactor",
    ),
    "evidence lies in the clear": Sabotage(
        "nanchuan_eval.encryption.sealed_bytes.encrypt_stream",
        copied,
        "tests/accountability/evidence/test_storage.py",
    ),
    "filters are free": Sabotage(
        "nanchuan_eval.admin_site.model_admin.PolicyAdmin.lookup_allowed",
        lambda *a, **k: True,
        "tests/security/test_bad_inputs.py::test_no_filter_is_an_oracle",
    ),
}


def apply(name: str) -> None:
    """Take a control out of this process."""
    target, instead = SABOTAGES[name].target, SABOTAGES[name].instead
    path, attribute = target.rsplit(".", maxsplit=1)
    try:
        holder: Any = import_module(path)
    except ModuleNotFoundError:
        module, holder_name = path.rsplit(".", maxsplit=1)
        holder = getattr(import_module(module), holder_name)
    old = getattr(holder, attribute)
    if isinstance(instead, dict):
        old.clear()
        return
    setattr(holder, attribute, instead)
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").split(".")[0] in {"nanchuan_eval", "evaluations", "accountability"}:
            for known, value in list(vars(module).items()):
                if value is old:
                    setattr(module, known, instead)


def turns_red(name: str, environment: Mapping[str, str]) -> bool:
    """Say whether the named test fails without the control (and only then)."""
    url = environment.get("DATABASE_URL", "")
    if url.startswith("postgres"):  # two at once need a database each
        url = f"{url}_{list(SABOTAGES).index(name)}"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", SABOTAGES[name].test]
    given = {**environment, "SABOTAGE": name, "DATABASE_URL": url} if url else {**environment, "SABOTAGE": name}
    done = subprocess.run(command, env=given, capture_output=True, check=False)
    return done.returncode == 1


def try_all(environment: Mapping[str, str] = os.environ) -> bool:
    """Try all; say whether every control was missed."""
    seen = {}
    with ThreadPoolExecutor(2) as pool:
        for name, is_red in zip(SABOTAGES, pool.map(lambda name: turns_red(name, environment), SABOTAGES), strict=True):
            sys.stdout.write(f"{'red  ' if is_red else 'GREEN'}  {name}\n")
            sys.stdout.flush()
            seen[name] = is_red
    sys.stdout.write(f"G14 sabotage: {sum(seen.values())} of {len(seen)} controls, once taken out, turn a test red\n")
    return all(seen.values())


if __name__ == "__main__":
    sys.exit(0 if try_all() else 1)
