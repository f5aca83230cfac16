"""Where evidence lies (佐证存放处): outside everything a web server serves, under names of our own.

The original is never changed. The viewing copy of a picture is painted on a fresh canvas: nothing that is not a
pixel (place, time, device, comments, what is glued behind the picture) goes with it.
"""

import hashlib
import os
import shutil
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

from nanchuan_eval.errors import RuleViolation

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2400
QUALITY = 85
CHUNK = 1024 * 1024
LEAST_FREE = 0.1  # of the disk: ballots and the trail must still find room
CLEAR, WHITE = "RGBA", (255, 255, 255)


def original_path(evidence_id: UUID, suffix: str) -> Path:
    """Return where the original lies."""
    return _folder(evidence_id) / f"{evidence_id}.{suffix}"


def copy_path(evidence_id: UUID) -> Path:
    """Return where the viewing copy of a picture lies."""
    return _folder(evidence_id) / f"{evidence_id}.view.jpg"


@contextmanager
def stored(evidence_id: UUID, suffix: str, file: BinaryIO) -> Iterator[str]:
    """Store an original and yield its SHA-256; when the deed around it fails, nothing is left behind."""
    target = original_path(evidence_id, suffix)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _refuse_full_disk(target.parent)
    try:
        yield _write(file, target)
    except BaseException:
        target.unlink(missing_ok=True)
        copy_path(evidence_id).unlink(missing_ok=True)
        raise


def remove(paths: Iterable[Path]) -> None:
    """Remove files whose row is gone."""
    for path in paths:
        path.unlink(missing_ok=True)


def make_copy(evidence_id: UUID, file: BinaryIO) -> None:
    """Make the viewing copy of a picture; a picture too large or broken is refused before it is decoded."""
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as picture:
                _paint(picture, copy_path(evidence_id))
        except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise RuleViolation("照片已损坏，或像素过大，请重新拍摄或缩小后再传。") from None
        except (OSError, ValueError, SyntaxError, EOFError):
            raise RuleViolation("照片已损坏，请重新拍摄后再传。") from None


def _paint(picture: Image.Image, target: Path) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise RuleViolation(f"照片超过{MOST_PIXELS // 10_000}万像素，请缩小后再传。")
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    canvas = Image.new("RGB", upright.size, WHITE)
    mask = upright.convert(CLEAR).getchannel("A") if upright.mode in {CLEAR, "LA", "P"} else None
    canvas.paste(upright.convert("RGB"), mask=mask)
    canvas.save(target, "JPEG", quality=QUALITY)


def _write(file: BinaryIO, target: Path) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    part = target.with_suffix(".part")
    try:
        with part.open("wb") as sink:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest()


def _refuse_full_disk(folder: Path) -> None:
    disk = shutil.disk_usage(folder)
    if disk.free < disk.total * LEAST_FREE:
        raise RuleViolation("服务器磁盘空间不足，暂时不能上传，请告知系统管理员。")


def _folder(evidence_id: UUID) -> Path:
    return Path(settings.EVIDENCE_ROOT) / evidence_id.hex[:2]
