"""Encrypted storage of evidence (佐证存放处), outside every folder that a web server serves.

Originals are never changed; each file has its own age identity (`Evidence.file_key`). A picture's viewing copy is
redrawn on a new canvas, so that it carries pixels only: no place, time, device, comments or appended data.
"""

import hashlib
import io
import os
import shutil
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.sealed_bytes import CHUNK, Tampered, decrypt_stream, decrypted, encrypt_stream

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2400
QUALITY = 85
LEAST_FREE = 0.1  # share of the disk kept for ballots and the audit log
CLEAR, WHITE = "RGBA", (255, 255, 255)


def original_path(evidence_id: UUID, suffix: str) -> Path:
    """Path of the original."""
    return _folder(evidence_id) / f"{evidence_id}.{suffix}"


def copy_path(evidence_id: UUID) -> Path:
    """Path of a picture's viewing copy."""
    return _folder(evidence_id) / f"{evidence_id}.view.jpg"


@contextmanager
def stored(evidence_id: UUID, suffix: str, file: BinaryIO, key: str) -> Iterator[str]:
    """Store an encrypted original and yield its SHA-256; if the caller's block fails, delete its files."""
    target = original_path(evidence_id, suffix)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _refuse_full_disk(target.parent)
    try:
        file.seek(0)
        yield encrypt_into(target, file, key)
    except BaseException:
        target.unlink(missing_ok=True)
        copy_path(evidence_id).unlink(missing_ok=True)
        raise


def remove(paths: Iterable[Path]) -> None:
    """Delete files, missing ones too."""
    for path in paths:
        path.unlink(missing_ok=True)


def make_copy(evidence_id: UUID, file: BinaryIO, key: str) -> None:
    """Write a picture's encrypted viewing copy; refuse a broken or oversized picture."""
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as picture:
                copy = _paint(picture)
        except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise RuleViolation("照片已损坏，或像素过大，请重新拍摄或缩小后再传。") from None
        except (OSError, ValueError, SyntaxError, EOFError):
            raise RuleViolation("照片已损坏，请重新拍摄后再传。") from None
    encrypt_into(copy_path(evidence_id), copy, key)


def read(path: Path, key: str) -> Iterator[bytes]:
    """Yield a stored file's decrypted bytes."""
    with path.open("rb") as source, opened(source, key) as plain:
        yield from iter(lambda: plain.read(CHUNK), b"")


def opened(source: BinaryIO, key: str) -> AbstractContextManager[BinaryIO]:
    """Open a stored file for decrypted reading; files without a key are stored in the clear."""
    return decrypted(source, [key]) if key else nullcontext(source)


def digest_of(path: Path, key: str) -> str:
    """SHA-256 of a stored file's decrypted bytes; raises `Tampered` if it is missing or cannot be decrypted."""
    try:
        with path.open("rb") as source, Path(os.devnull).open("wb") as nowhere:
            if key:
                return decrypt_stream(source, nowhere, [key])
            return hashlib.file_digest(source, "sha256").hexdigest()
    except FileNotFoundError:
        raise Tampered("未找到该文件，请告知系统管理员。") from None


def encrypt_into(target: Path, file: BinaryIO, key: str) -> str:
    """Encrypt a file to its target atomically; returns the SHA-256 of the plain bytes."""
    part = target.with_suffix(f"{target.suffix}.part")
    try:
        with part.open("wb") as sink:
            digest = encrypt_stream(file, sink, key)
            sink.flush()
            os.fsync(sink.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return digest


def _paint(picture: Image.Image) -> io.BytesIO:
    if picture.width * picture.height > MOST_PIXELS:
        raise RuleViolation(f"照片超过{MOST_PIXELS // 10_000}万像素，请缩小后再传。")
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    canvas = Image.new("RGB", upright.size, WHITE)
    mask = upright.convert(CLEAR).getchannel("A") if upright.mode in {CLEAR, "LA", "P"} else None
    canvas.paste(upright.convert("RGB"), mask=mask)
    target = io.BytesIO()
    canvas.save(target, "JPEG", quality=QUALITY)
    target.seek(0)
    return target


def _refuse_full_disk(folder: Path) -> None:
    disk = shutil.disk_usage(folder)
    if disk.free < disk.total * LEAST_FREE:
        raise RuleViolation("服务器磁盘空间不足，暂时不能上传，请告知系统管理员。")


def _folder(evidence_id: UUID) -> Path:
    return Path(settings.EVIDENCE_ROOT) / evidence_id.hex[:2]
