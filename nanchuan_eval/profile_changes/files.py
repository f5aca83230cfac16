"""A logo (徽标) drawn anew from an upload, pixels only; and a district's profile in a file (TOML)."""

import io
import tomllib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.profile.rules.profile import Profile, parse_profile, require_sound

MOST_BYTES = 512 * 1024
MOST_PIXELS = 16_000_000
LONGEST_SIDE = 192
NO_PICTURE = "徽标须为 PNG、JPEG 或 WebP 图片。SVG 等矢量图可能含有程序，请另存为 PNG 后上传。"


def redrawn(upload: BinaryIO) -> bytes:
    """Return the picture as PNG on a new canvas; refuse what is none, broken or too large."""
    if upload.seek(0, io.SEEK_END) > MOST_BYTES:
        raise RuleViolation(f"徽标文件不得超过{MOST_BYTES // 1024}KB，请缩小后上传。")
    upload.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(upload, formats=("PNG", "JPEG", "WEBP")) as picture:
                return _painted(picture)
        except UnidentifiedImageError:
            raise RuleViolation(NO_PICTURE) from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise RuleViolation("徽标的像素过大，请缩小后上传。") from None
        except (OSError, ValueError, SyntaxError, EOFError):
            raise RuleViolation("徽标图片已损坏，请重新导出后上传。") from None


def _painted(picture: Image.Image) -> bytes:
    if picture.width * picture.height > MOST_PIXELS:
        raise RuleViolation("徽标的像素过大，请缩小后上传。")
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    canvas = Image.new("RGBA", upright.size)
    canvas.paste(upright)
    target = io.BytesIO()
    canvas.save(target, "PNG", optimize=True)
    return target.getvalue()


class District(NamedTuple):
    """A profile from a file, and the roster that the file names, if any."""

    profile: Profile
    roster: Path | None


def read_profile(text: str) -> Profile:
    """Return the sound profile in the text of a file: the fields of its table `profile`."""
    return _profile_in(_parsed(text))


def read_district(text: str, folder: Path) -> District:
    """Return the profile in the text of a file, and the roster that `roster` names in the file's folder."""
    found = _parsed(text)
    profile = _profile_in(found)
    roster = folder / str(found["roster"]) if found.get("roster") else None
    if roster and not roster.is_file():
        raise RuleViolation(f"没有找到名录文件“{roster}”。")
    return District(profile, roster)


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise RuleViolation("机构信息文件不是有效的 TOML 格式，请对照 deploy/example-district/profile.toml。") from None


def _profile_in(found: Mapping[str, Any]) -> Profile:
    profile = parse_profile(found.get("profile"))
    require_sound(profile)
    return profile
