"""File types accepted as evidence, detected by content, and their size limits (security.md 4)."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from django.db.models import TextChoices

from nanchuan_eval.core.errors import RuleViolation

MIB = 1024 * 1024
HEAD_BYTES = 64  # enough to detect the type
LONGEST_NAME = 120
MOST_BOXES = 10_000  # of a film are read; millions of empty ones would keep the server busy
TAIL_BYTES = FRAME_BYTES = 64 * 1024
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


def refuse_incomplete(kind: FileType, file: BinaryIO, size: int) -> None:
    """Refuse a film, sound or PDF that only begins like one; pictures are decoded for their viewing copy instead."""
    is_complete = COMPLETE.get(kind.suffix)
    if is_complete and not is_complete(file, size):
        raise RuleViolation(
            f"该文件不完整或者已损坏，不是能够正常打开的{kind.kind.label}。请在原设备上打开确认后重新上传。"
        )


def _is_film(file: BinaryIO, size: int) -> bool:
    """True if index (`moov` with a track) and data (`mdat`) are there as a whole (ISO/IEC 14496-12)."""
    has_index = has_data = False
    for name, start, end in _boxes(file, 0, size):
        has_data |= name == b"mdat" and end > start
        if name == b"moov":
            has_index |= {b"mvhd", b"trak"} <= {inner for inner, *_ in _boxes(file, start, end)}
        if has_index and has_data:
            return True
    return False


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Return name, start and end of the content of each box, up to one that is cut off."""

    def each(at: int) -> Iterator[tuple[bytes, int, int]]:
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            length, content = int.from_bytes(head[:4]), at + 8
            if length == 1:
                length, content = int.from_bytes(head[8:]), at + 16
            after = at + length if length else end
            if not content <= after <= end:
                return
            yield head[4:8], content, after
            at = after

    return islice(each(start), MOST_BOXES)


def _is_wave(file: BinaryIO, size: int) -> bool:
    """True if format and samples follow each other; recorders that were cut off do not know the samples' length."""
    found: set[bytes] = set()
    at = 12
    while at + 8 < size and len(found) < MOST_BOXES:
        file.seek(at)
        name, length = file.read(4), int.from_bytes(file.read(4), "little")
        if name == b"data":
            return b"fmt " in found
        found.add(name)
        at += 8 + length + length % 2
    return False


def _is_mp3(file: BinaryIO, size: int) -> bool:
    """True if two frames of sound follow each other after the tag."""
    file.seek(0)
    tag = file.read(10)
    # The tag's length has 7 bits a byte (ID3v2).
    length = sum(byte << shift for byte, shift in zip(tag[6:], (21, 14, 7, 0), strict=True)) if len(tag) == 10 else 0
    file.seek(10 + length if tag.startswith(b"ID3") else 0)
    sound = file.read(FRAME_BYTES)
    at = sound.find(b"\xff")
    while at >= 0:
        frame = _mp3_frame(sound[at : at + 4])
        if frame and _mp3_frame(sound[at + frame : at + frame + 4]):
            return True
        at = sound.find(b"\xff", at + 1)
    return False


def _mp3_frame(head: bytes) -> int:
    """Return the length of the frame (MPEG-1, 2 or 2.5, layer III) that begins so, or 0."""
    bits = int.from_bytes(head)
    version, layer, rate, frequency = bits >> 19 & 3, bits >> 17 & 3, bits >> 12 & 15, bits >> 10 & 3
    if len(head) < 4 or bits >> 21 != 0x7FF or version == 1 or layer != 1 or rate in {0, 15} or frequency == 3:
        return 0
    is_first = version == 3
    hertz = (44_100, 48_000, 32_000)[frequency] // {3: 1, 2: 2, 0: 4}[version]
    return (144 if is_first else 72) * MP3_RATES[is_first][rate - 1] * 1000 // hertz + (bits >> 9 & 1)


def _is_pdf(file: BinaryIO, size: int) -> bool:
    """True if the end says where the table of contents is."""
    file.seek(max(0, size - TAIL_BYTES))
    tail = file.read()
    return b"startxref" in tail and b"%%EOF" in tail


# Kilobits a second of layer III, by whether it is MPEG-1.
MP3_RATES = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
COMPLETE: Mapping[str, Callable[[BinaryIO, int], bool]] = {
    "mp4": _is_film,
    "mov": _is_film,
    "m4a": _is_film,
    "wav": _is_wave,
    "mp3": _is_mp3,
    "pdf": _is_pdf,
}


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
