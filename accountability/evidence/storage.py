"""Where evidence lies (佐证存放处): outside everything a web server serves, under names of our own, encrypted.

The original is never changed; each piece has an age identity of its own (`Evidence.file_key`). The viewing copy of a
picture is painted on a fresh canvas: nothing that is not a pixel (place, time, device, comments, what is glued behind
the picture) goes with it.
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
LEAST_FREE = 0.1  # of the disk: ballots and the trail must still find room
CLEAR, WHITE = "RGBA", (255, 255, 255)


def original_path(evidence_id: UUID, suffix: str) -> Path:
    """Return where the original lies."""
    return _folder(evidence_id) / f"{evidence_id}.{suffix}"


def copy_path(evidence_id: UUID) -> Path:
    """Return where the viewing copy of a picture lies."""
    return _folder(evidence_id) / f"{evidence_id}.view.jpg"


@contextmanager
def stored(evidence_id: UUID, suffix: str, file: BinaryIO, key: str) -> Iterator[str]:
    """Store an original encrypted and yield its SHA-256; when the deed around it fails, nothing is left behind."""
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
    """Remove files whose row is gone."""
    for path in paths:
        path.unlink(missing_ok=True)


def make_copy(evidence_id: UUID, file: BinaryIO, key: str) -> None:
    """Make and encrypt the viewing copy of a picture; one too large or broken is refused before it is decoded."""
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
    """Yield a stored file's plain bytes in order."""
    with path.open("rb") as source, opened(source, key) as plain:
        yield from iter(lambda: plain.read(CHUNK), b"")


def opened(source: BinaryIO, key: str) -> AbstractContextManager[BinaryIO]:
    """Open a stored file's plain bytes; a file from before the encryption (no key) as it is stored."""
    return decrypted(source, [key]) if key else nullcontext(source)


def digest_of(path: Path, key: str) -> str:
    """Return the SHA-256 of a stored file's plain bytes; `Tampered` where it does not open."""
    try:
        with path.open("rb") as source, Path(os.devnull).open("wb") as nowhere:
            if key:
                return decrypt_stream(source, nowhere, [key])
            return hashlib.file_digest(source, "sha256").hexdigest()
    except FileNotFoundError:
        raise Tampered("未找到该文件，请告知系统管理员。") from None


def encrypt_into(target: Path, file: BinaryIO, key: str) -> str:
    """Encrypt a file's bytes into their place, all or nothing; returns their SHA-256."""
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
