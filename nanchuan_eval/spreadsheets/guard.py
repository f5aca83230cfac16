"""Checks before a workbook is opened (security.md 6, no. 26 and 27).

They read the zip's directory only, so that a zip bomb is rejected before it is unpacked.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from nanchuan_eval.core.errors import RuleViolation

MIB = 1024 * 1024
LARGEST_FILE = 10 * MIB
LARGEST_UNPACKED = 60 * MIB
LARGEST_RATIO = 100  # spreadsheets compress 5 to 30 times, a bomb 250 times and more
MOST_PARTS = 1000
MOST_STRINGS = 500_000
ZIP_MAGIC, OLE_MAGIC = b"PK", b"\xd0\xcf\x11\xe0"
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
ENCRYPTED_PART = 0x1
WORKBOOK = "xl/workbook.xml"
STRINGS = "xl/sharedStrings.xml"
STRICT = b"http://purl.oclc.org/ooxml/"
SAVE_ANEW = "可能只是改了扩展名，请用 Excel 或 WPS 另存为 .xlsx。"
OTHER_KINDS = {
    ".xls": "旧版 .xls 文件不能导入，请用 Excel 或 WPS 另存为 .xlsx。",
    ".xlsm": "带宏的 .xlsm 工作簿不能导入，请另存为不含宏的 .xlsx。",
    ".et": "WPS 的 .et 文件不能导入，请用 WPS 另存为 .xlsx。",
}


@dataclass(frozen=True)
class Limits:
    """How much of a file is read: rows, bytes unpacked, texts that cells share, seconds of CPU."""

    rows: int = 50_000
    unpacked: int = LARGEST_UNPACKED
    strings: int = MOST_STRINGS
    seconds: int = 30


LISTS = Limits()


def check_file(content: bytes, filename: str) -> None:
    """Refuse a file that is neither a sound `.xlsx` nor plain text named `.csv`, with a specific reason."""
    if len(content) > LARGEST_FILE:
        raise RuleViolation(f"文件超过{LARGEST_FILE // MIB}MB，请拆分后导入。")
    if not content:
        raise RuleViolation("文件没有内容，请重新选择文件。")
    name = filename.lower()
    if name.endswith(".xlsx"):
        check_workbook(io.BytesIO(content), LISTS)
    elif not name.endswith(".csv"):
        raise RuleViolation(wrong_kind(name))
    elif content.startswith((ZIP_MAGIC, OLE_MAGIC)):
        raise RuleViolation(f"文件名是 .csv，内容却是工作簿：{SAVE_ANEW}")


def wrong_kind(name: str) -> str:
    """Return why a file of this name is not read."""
    reasons = (reason for ending, reason in OTHER_KINDS.items() if name.endswith(ending))
    return next(reasons, "只能导入 .xlsx 或 .csv 文件。")


def check_workbook(source: BinaryIO, limits: Limits) -> None:
    """Refuse what is no sound workbook within the limits; reads no more than the zip's directory and two parts."""
    start = source.read(len(OLE_MAGIC))
    source.seek(0)
    if start == OLE_MAGIC:
        encrypted = ENCRYPTED_STREAM in source.read(LARGEST_FILE)
        raise RuleViolation(
            "工作簿设有打开密码，请去掉密码后再导入。"
            if encrypted
            else f"文件名是 .xlsx，内容却是旧版 .xls：{SAVE_ANEW}"
        )
    if not start.startswith(ZIP_MAGIC):
        raise RuleViolation(f"文件名是 .xlsx，内容却不是工作簿：{SAVE_ANEW}")
    try:
        with zipfile.ZipFile(source) as archive:
            _check_parts(archive.infolist(), limits)
            _check_standard(archive)
            _check_strings(archive, limits)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise RuleViolation("工作簿已损坏，请重新保存后再导入。") from None


def _check_parts(parts: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    names = [part.filename for part in parts]
    if len(names) > MOST_PARTS or len(set(names)) != len(names):
        raise RuleViolation("工作簿内部的部件过多或重复，疑似异常文件，不予导入。")
    if any(part.flag_bits & ENCRYPTED_PART for part in parts):
        raise RuleViolation("工作簿内部已加密，请去掉密码后再导入。")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise RuleViolation("工作簿含有宏，请另存为不含宏的 .xlsx。")
    if WORKBOOK not in names:
        raise RuleViolation(f"文件名为 .xlsx，但内容是其他压缩文件：{SAVE_ANEW}")
    _check_size(parts, limits)


def _check_size(parts: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    """Check the declared sizes; they can be trusted, since Python unpacks no more than they declare."""
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    if unpacked > limits.unpacked:
        raise RuleViolation(
            f"工作簿解压后超过{limits.unpacked // MIB}MB，疑似异常文件，不予导入。请另存为新文件后重试。"
        )
    if unpacked > MIB and unpacked > packed * LARGEST_RATIO:
        raise RuleViolation("工作簿压缩比异常，不予导入。请另存为新文件后重试。")


def _check_standard(archive: zipfile.ZipFile) -> None:
    """Refuse the strict variant of the standard, whose parts have other names that the reader would find empty."""
    if STRICT in archive.read(WORKBOOK):
        raise RuleViolation("工作簿是“Strict Open XML 电子表格”格式，请另存为“Excel 工作簿(.xlsx)”后再导入。")


def _check_strings(archive: zipfile.ZipFile, limits: Limits) -> None:
    """Limit the number of shared strings: even empty ones, which compress to nothing, take time."""
    if STRINGS not in archive.namelist():
        return
    count, rest = 0, b""
    with archive.open(STRINGS) as part:
        while block := part.read(MIB):
            count += (rest + block).count(b"<si")
            rest = block[-2:]  # a tag that two blocks share
    if count > limits.strings:
        raise RuleViolation("工作簿的文字单元格过多，请拆分后再导入。")
