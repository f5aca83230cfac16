"""Reading a file of service records row by row: half a million rows pass through, and none is kept."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from operator import itemgetter, le
from typing import NamedTuple, Protocol

from evaluations.service_records.rules.columns import COLUMNS, KIND
from evaluations.service_records.rules.kinds import ClientKind
from evaluations.service_records.rules.sections import SectionNames
from nanchuan_eval.core.faults import Fault, shortened
from nanchuan_eval.lists.rules import values
from nanchuan_eval.lists.rules.tables import (
    HEADER_WITHIN,
    TEMPLATE_SHEETS,
    Header,
    SourceRow,
    TableError,
    footer_of,
    passed_over,
)
from nanchuan_eval.names.rules.keys import name_key, unprintable

MOST_FAULTS = 5000  # listed; with more, the file is not read on
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(0[0-9]{2,3})?[2-9][0-9]{6,7}")
_ZONE = re.compile(r"\d(Z|[+-]\d\d:?\d\d)$")
CHINA = timezone(timedelta(hours=8))
_DIGITS = re.compile(r"\d")
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]+")
_KEYS = tuple(column.key for column in COLUMNS)
_required = itemgetter(*(n for n, column in enumerate(COLUMNS) if column.is_required))
_MOST = tuple(column.most for column in COLUMNS)
_TEXTS = tuple((column.key, column.label, column.most, column.is_required) for column in COLUMNS)


class Line(NamedTuple):
    """One record as a file states it; `phone` is "" where there is no mobile number."""

    where: str
    number: str
    section: str
    topic: str
    finished_on: date
    name: str
    phone: str
    kind: str
    unit: str
    relatives: str


class Knows(Protocol):
    """What tells a section by its code or name."""

    def find(self, text: str, unit: str) -> tuple[str, str]: ...


@dataclass(frozen=True)
class Bounds:
    """The days that a record may be of, and why a day outside is refused."""

    first: date
    last: date
    early: str
    late: str


@dataclass
class RecordReader:
    """Yields the lines of a file; what is wrong is collected, at most `MOST_FAULTS` of it."""

    sections: SectionNames | Knows
    bounds: Bounds
    faults: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    landlines: int = 0
    _days: dict[str, tuple[date | None, str]] = field(default_factory=dict)
    _kinds: Mapping[str, str] = field(default_factory=lambda: {name_key(w): str(v) for w, v in KIND.choices.items()})

    def lines(self, rows: Iterable[SourceRow]) -> Iterator[Line]:
        """Yield every sound line; a sheet without a sound header is a fault."""
        for sheet, rows_of_sheet in itertools.groupby(rows, key=lambda row: row.sheet):
            yield from self._of_sheet(sheet, rows_of_sheet)

    def refuse(self, where: str, text: str, kind: str) -> None:
        """Note a fault; raises `TableError` when there are too many to go on."""
        self.faults.append(Fault(where, text, kind))
        if len(self.faults) >= MOST_FAULTS:
            more = f"错误达到{MOST_FAULTS}处，没有再往下读；请先改正列出的错误。"
            raise TableError([*self.faults, Fault("", more, "错误过多")])

    def _of_sheet(self, sheet: str, below: Iterator[SourceRow]) -> Iterator[Line]:
        first = list(itertools.islice(below, HEADER_WITHIN))
        if first[0].in_hidden_sheet:
            self.notices.append(f"工作表“{sheet}”是隐藏的，没有读取。")
            return
        if sheet in TEMPLATE_SHEETS:
            self.notices.append(f"工作表“{sheet}”是模板的说明，没有读取。")
            return
        header = Header.best(first, COLUMNS)
        wrong = [*header.faults(COLUMNS)] or [*passed_over(first[header.index :], header, COLUMNS)]
        for fault in wrong:
            self.refuse(*fault)
        if wrong:
            return
        places = [header.places.get(key, -1) for key, *_ in _TEXTS]
        heading = first[header.index].cells[places[0]].strip()
        for row in itertools.chain(first[header.index + 1 :], below):
            cells = row.cells
            size = len(cells)
            texts = [cells[at].strip() if 0 <= at < size else "" for at in places]
            # The header again, as at the top of a printed page, an empty row, or the total below.
            if texts[0] == heading or not any(texts) or self._is_footer(row.number, texts):
                continue
            line = self._line(f"第{row.number}行", texts)
            if line:
                yield line

    def _is_footer(self, number: int, texts: Sequence[str]) -> bool:
        """True if the row closes the table (合计); a row with all that a record needs is never taken for one."""
        if all(_required(texts)):
            return False
        footer = footer_of(dict(zip(_KEYS, texts, strict=True)), COLUMNS)
        if footer:
            self.notices.append(f"第{number}行“{shortened(footer)}”是表尾的说明，没有读取。")
        return bool(footer)

    def _line(self, where: str, texts: Sequence[str]) -> Line | None:
        known = len(self.faults)
        if not (all(map(le, map(len, texts), _MOST)) and all(_required(texts))):
            self._refuse_texts(where, texts)
            return None
        number, unit, section, topic, finished, name, phone, kind, firm, relatives = texts
        day = self._day(where, finished)
        code = self._section(where, section, unit)
        mobile = self._phone(where, phone)
        which = self._kind(where, kind, firm)
        self._check_name(where, name)
        if len(self.faults) > known or day is None:
            return None
        return Line(where, number, code, topic, day, name, mobile, which, firm, relatives)

    def _refuse_texts(self, where: str, texts: Sequence[str]) -> None:
        for text, (_, label, most, is_required) in zip(texts, _TEXTS, strict=True):
            if len(text) > most:
                self.refuse(where, f"“{label}”超过{most}字：{_masked(text[:20])}…", f"“{label}”超过{most}字")
            elif is_required and not text:
                self.refuse(where, f"“{label}”为空，请填写。", f"“{label}”为空")

    def _section(self, where: str, text: str, unit: str) -> str:
        code, problem = self.sections.find(text, unit)
        if problem:
            self.refuse(where, problem, "科室不能识别")
        return code

    def _day(self, where: str, text: str) -> date | None:
        if text not in self._days:
            self._days[text] = self._read_day(text)
        day, problem = self._days[text]
        if problem:
            self.refuse(where, f"“办结日期”的“{shortened(text)}”{problem}", "“办结日期”不对")
        return day

    def _read_day(self, text: str) -> tuple[date | None, str]:
        found = values.day(_day_part(text) if ":" in text else text)
        if found is None or not found.is_day:
            return None, "不是日期，请按“2026-07-01”的格式填写。"
        if found.first < self.bounds.first:
            return None, self.bounds.early
        if found.first > self.bounds.last:
            return None, self.bounds.late
        return found.first, ""

    def _phone(self, where: str, text: str) -> str:
        if not text or _MOBILE.fullmatch(text):
            return text
        if mobile := values.phone(text):
            return mobile
        if _LANDLINE.fullmatch("".join(_DIGITS.findall(values.half_width(text)))):
            self.landlines += 1
            return ""
        self.refuse(
            where, f"“手机号”的“{_masked(shortened(text))}”不是11位手机号，请核对；没有手机号的，留空。", "不是手机号"
        )
        return ""

    def _kind(self, where: str, text: str, firm: str) -> str:
        if not text:
            return ClientKind.FIRM.value if firm else ClientKind.PERSON.value
        found = self._kinds.get(name_key(text), "")
        if not found:
            self.refuse(where, f"“类别”的“{shortened(text)}”无法识别，应为：个人、企业。", "“类别”无法识别")
        return found

    def _check_name(self, where: str, name: str) -> None:
        if not _PLAIN_NAME.fullmatch(name) and unprintable(name):
            self.refuse(where, "“姓名”中有造字区的字，打印时会成为方框，请改用规范汉字。", "有造字区的字")


def _day_part(text: str) -> str:
    """Return the day of a day with a time, which says nothing here; a time of another zone is of China's day."""
    if _ZONE.search(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text).astimezone(CHINA).date().isoformat()
    return text.replace("T", " ").split(" ")[0]


def oldest_day(today: date, days_back: int) -> date:
    """Return the first day that a record, a delivery or a stated count may be of: a mistyped year never gets in."""
    return today - timedelta(days=days_back)


def person_key(name: str) -> str:
    """Return the key by which names of clients are compared; most names are their own key."""
    return name if _PLAIN_NAME.fullmatch(name) else name_key(name)


def _masked(text: str) -> str:
    """Return a cell for a message without most of its digits: it may be somebody's phone."""
    left = len(_DIGITS.findall(text)) - 4
    return _DIGITS.sub("*", text, count=left) if left > 0 else text
