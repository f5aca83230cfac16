"""File types accepted as evidence, detected by content, and their size limits (security.md 4)."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import TextChoices

from nanchuan_eval.core.errors import RuleViolation

MIB = 1024 * 1024
HEAD_BYTES = 64  # enough to detect the type
LONGEST_NAME = 120
NOT_IN_NAMES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
PATH_PART = re.compile(r"[/\\]")


class FileKind(TextChoices):
    """Kinds of evidence files, recognised by content."""

    IMAGE = "image", "照片"
    AUDIO = "audio", "录音"
    VIDEO = "video", "录像"
    DOCUMENT = "document", "文档"


class ScanState(TextChoices):
    """Results of the virus scan (查毒结果)."""

    UNSCANNED = "unscanned", "未查杀病毒"
    CLEAN = "clean", "未发现病毒"


@dataclass(frozen=True)
class FileType:
    """An accepted file type with its suffix and size limit."""

    kind: FileKind
    suffix: str
    content_type: str
    largest: int


JPEG = FileType(FileKind.IMAGE, "jpg", "image/jpeg", 10 * MIB)
PNG = FileType(FileKind.IMAGE, "png", "image/png", 10 * MIB)
WEBP = FileType(FileKind.IMAGE, "webp", "image/webp", 10 * MIB)
PDF = FileType(FileKind.DOCUMENT, "pdf", "application/pdf", 20 * MIB)
MP4 = FileType(FileKind.VIDEO, "mp4", "video/mp4", 200 * MIB)
MOV = FileType(FileKind.VIDEO, "mov", "video/quicktime", 200 * MIB)
M4A = FileType(FileKind.AUDIO, "m4a", "audio/mp4", 50 * MIB)
MP3 = FileType(FileKind.AUDIO, "mp3", "audio/mpeg", 50 * MIB)
WAV = FileType(FileKind.AUDIO, "wav", "audio/wav", 50 * MIB)
TYPES = {each.suffix: each for each in (JPEG, PNG, WEBP, PDF, MP4, MOV, M4A, MP3, WAV)}
# Major brands of the "ftyp" box that set M4A and QuickTime apart from other MP4 files.
AUDIO_BRANDS, QUICKTIME_BRAND = frozenset({b"M4A ", b"M4B "}), b"qt  "
SIGNATURES: tuple[tuple[Callable[[bytes], bool], FileType], ...] = (
    (lambda head: head.startswith(b"\xff\xd8\xff"), JPEG),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), PNG),
    (lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP", WEBP),
    (lambda head: head.startswith(b"RIFF") and head[8:12] == b"WAVE", WAV),
    (lambda head: head.startswith(b"%PDF-"), PDF),
    (lambda head: head[4:8] == b"ftyp" and head[8:12] in AUDIO_BRANDS, M4A),
    (lambda head: head[4:8] == b"ftyp" and head[8:12] == QUICKTIME_BRAND, MOV),
    (lambda head: head[4:8] == b"ftyp", MP4),
    (lambda head: head.startswith(b"ID3") or head[:2] in {b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"}, MP3),
)


def file_type(head: bytes, size: int) -> FileType:
    """Detect the type from the first bytes; refuse empty, unsupported and oversized files."""
    if not size:
        raise RuleViolation("文件没有内容，请重新选择文件。")
    found = next((each for looks_like, each in SIGNATURES if looks_like(head)), None)
    if found is None:
        raise RuleViolation(
            "只收照片（JPEG、PNG、WebP）、录音（M4A、MP3、WAV）、录像（MP4、MOV）和 PDF；"
            "按内容识别，改扩展名无效。Word、Excel 文件请另存为 PDF。"
        )
    if size > found.largest:
        raise RuleViolation(
            f"{found.kind.label}不能超过{found.largest // MIB}MB，"
            f"该文件为{-(-size // MIB)}MB，请压缩或者分段后重新上传。"
        )
    return found


def shown_name(name: str) -> str:
    """Shorten a file name for display, without path and control characters; it is never used as a path."""
    last = PATH_PART.split(name)[-1]
    kept = "".join(c for c in last if unicodedata.category(c) not in NOT_IN_NAMES).strip(" .")
    return kept[-LONGEST_NAME:] or "未命名文件"


def refuse_too_many(count: int, total: int, more: int, *, most: int, largest: int) -> None:
    """Refuse a file that exceeds the number or the total size allowed per record."""
    if count >= most:
        raise RuleViolation(f"一份记录最多上传{most}个文件，已上传{count}个。请先撤回不需要的文件。")
    if total + more > largest:
        raise RuleViolation(f"一份记录的文件合计不能超过{largest // MIB}MB，请减少文件或者压缩后上传。")
