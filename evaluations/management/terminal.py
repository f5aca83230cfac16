"""Secrets typed or scanned at a terminal: never shown, never an argument of a command."""

import sys
from getpass import getpass

from django.views.decorators.debug import sensitive_variables


@sensitive_variables()
def read_secret(prompt: str) -> str:
    """Return a line without echo, or from standard input if that is no terminal; raises EOFError at its end."""
    if sys.stdin.isatty():
        return getpass(prompt)
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        return ""  # refused as what was typed
    if not line:
        raise EOFError
    return line.rstrip("\n")
