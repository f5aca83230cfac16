"""Virus scanning with clamd (INSTREAM); fails closed. Without a scanner, files are marked as unscanned."""

import socket
from typing import BinaryIO

from django.conf import settings

from accountability.evidence.rules import ScanState
from nanchuan_eval.core.errors import RuleViolation

CHUNK = 64 * 1024
TIMEOUT = 60  # seconds
CLEAN, FOUND = b"OK", b"FOUND"


def scan(file: BinaryIO) -> ScanState:
    """Scan a file; refuse it if it is infected or the scanner does not respond."""
    if not settings.CLAMD_ADDRESS:
        return ScanState.UNSCANNED
    file.seek(0)
    try:
        answer = _ask(file)
    except OSError:
        raise RuleViolation("病毒查杀程序没有响应，文件未保存。请稍后重新上传，或者告知系统管理员。") from None
    if answer.endswith(FOUND):
        raise RuleViolation("文件含有病毒，未保存。请查杀病毒后重新上传。")
    if not answer.endswith(CLEAN):
        raise RuleViolation("病毒查杀程序无法确认文件安全，文件未保存。请稍后重新上传，或者告知系统管理员。")
    return ScanState.CLEAN


def _ask(file: BinaryIO) -> bytes:
    with _connect(settings.CLAMD_ADDRESS) as connection:
        connection.sendall(b"zINSTREAM\0")
        while chunk := file.read(CHUNK):
            connection.sendall(len(chunk).to_bytes(4, "big") + chunk)
        connection.sendall(bytes(4))
        answer = b""
        while part := connection.recv(CHUNK):
            answer += part
    return answer.strip(b"\0\r\n ")


def _connect(address: str) -> socket.socket:
    """Connect to `unix:/run/clamav/clamd.ctl` or `host:port`."""
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT)
        connection.connect(address.removeprefix("unix:"))
        return connection
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=TIMEOUT)
