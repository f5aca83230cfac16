"""Child process that reads workbooks, so that a malicious file cannot crash the web process.

Reads the workbook on standard input; writes its rows, its faults or the reasons for rejecting it as JSON.
"""

import json
import resource
import sys

from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.spreadsheets.reading import read_workbook

MOST_MEMORY = 1024 * 1024 * 1024
MOST_SECONDS = 30


def main() -> None:
    """Read the workbook within limits of memory, CPU time and open files."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    sys.stdout.write(answer(sys.stdin.buffer.read()))


def answer(content: bytes) -> str:
    """Return the workbook's rows, its faults or the reasons for rejecting it as JSON."""
    try:
        found: object = {"rows": read_workbook(content)}
    except FileRefused as refusal:
        found = {"faults": refusal.faults}
    except RuleViolation as refusal:
        found = {"reasons": refusal.reasons}
    return json.dumps(found)
