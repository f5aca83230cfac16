"""What an import of earlier lists would change, and what has to be asked: which section a listing means."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from accountability.history.rules.earlier_lists import EarlierEntry, EarlierLists
from accountability.history.rules.matching import Known, Match, Sections
from nanchuan_eval.lists.rules.previews import Change, Preview, Question
from nanchuan_eval.names.rules.keys import name_key

HEADINGS = ("轮次", "轮次名称", "评议期起", "位次", "单位", "科室", "主要问题", "对应现名录科室")
NONE = "无"
NOBODY, NOBODY_TEXT = "none", "不对应名录中的科室，不计入历次情况"
KEY_LENGTH = 16
MOST_NAMED = 20


@dataclass(frozen=True)
class Stored:
    """A listing as it is stored now; `section` = label of the section it counts for."""

    key: str
    name: str
    period_start: date
    rank: int
    department: str
    section_name: str
    problems: str
    section: str

    @property
    def identity(self) -> tuple[str, str, str]:
        """Round and section for comparing."""
        return self.key, name_key(self.department), name_key(self.section_name)

    @property
    def cells(self) -> tuple[str, ...]:
        """The values under `HEADINGS`."""
        fixed = (self.key, self.name, self.period_start.isoformat(), str(self.rank))
        return (*fixed, self.department, self.section_name, self.problems, self.section)


@dataclass(frozen=True)
class Line:
    """A listing of the file, and the section that it counts for, if any."""

    entry: EarlierEntry
    section: Known | None

    @property
    def stored(self) -> Stored:
        """The listing as it would be stored."""
        one, label = self.entry, f"{self.section.code} {self.section.now}" if self.section else NONE
        return Stored(one.key, one.name, one.period_start, one.rank, one.department, one.section, one.problems, label)


@dataclass(frozen=True)
class Comparison:
    """All lines of a file with their sections, the changes they make, and the questions that they raise."""

    lists: EarlierLists
    lines: tuple[Line, ...]
    changes: tuple[Change, ...]
    questions: tuple[Question, ...]
    undecided: frozenset[str] = frozenset()  # questions without an answer
    replaced: tuple[str, ...] = ()  # rounds of the file that were imported before

    @property
    def fingerprint(self) -> str:
        """Digest of everything that the import would store and delete."""
        return hashlib.sha256(repr((self.lines, self.changes)).encode()).hexdigest()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Listed sections that count for none of the roster, each once."""
        return tuple(dict.fromkeys(line.entry.title for line in self._nobodys))

    @property
    def _nobodys(self) -> list[Line]:
        return [line for line in self.lines if line.section is None and question_key(line.entry) not in self.undecided]

    @property
    def not_in_roster(self) -> tuple[str, ...]:
        """Listed sections that can be none of the roster's, so that nothing is asked about them."""
        asked = {question.key for question in self.questions}
        lines = (line for line in self.lines if line.section is None and question_key(line.entry) not in asked)
        return tuple(dict.fromkeys(line.entry.title for line in lines))

    @property
    def asked(self) -> dict[str, Question]:
        """Return the questions by the unit and section that they ask about."""
        questions = {question.key: question for question in self.questions}
        keys = {line.entry.title: question_key(line.entry) for line in self.lines}
        return {title: questions[key] for title, key in keys.items() if key in questions}

    def open_questions(self, answers: Mapping[str, str]) -> list[Question]:
        """Return the questions without an answer."""
        return [question for question in self.questions if not question.answer(answers)]

    def preview(self) -> Preview:
        """Return what the page shows before the confirmation."""
        kinds = [change.kind for change in self.changes]
        replaced = "、".join(self.replaced)
        return Preview(
            figures=(
                ("轮次", len(self.lists.rounds)),
                ("上榜科室", len(self.lines)),
                *((kind, kinds.count(kind)) for kind in ("新增", "变更", "删除")),
                ("不计入历次情况", len(self._nobodys)),
            ),
            headings=HEADINGS,
            changes=self.changes,
            notices=(*self.lists.notices, *self._unknown_notice()),
            questions=self.questions,
            fingerprint=self.fingerprint,
            nothing="" if self.changes or self.questions else "文件与已导入的往期上榜名单一致，没有需要导入的内容。",
            consequence=f"轮次{replaced}原有的往期上榜名单由文件内容取代。" if replaced else "",
        )

    def _unknown_notice(self) -> list[str]:
        named = self.not_in_roster
        more = f"等{len(named)}个" if len(named) > MOST_NAMED else ""
        return [f"名录中没有、不计入历次情况的科室：{'、'.join(named[:MOST_NAMED])}{more}。"] if named else []


def compare(
    lists: EarlierLists, sections: Sections, stored: Sequence[Stored], answers: Mapping[str, str]
) -> Comparison:
    """Return what the lists change and ask, given the answers so far."""
    matches = [(entry, sections.match(entry.department, entry.section, entry.period_start)) for entry in lists.entries]
    questions = _questions(matches)
    undecided = frozenset(key for key, question in questions.items() if not question.answer(answers))
    lines = tuple(Line(entry, _meant(entry, match, questions, answers)) for entry, match in matches)
    before = {one.identity: one for one in stored}
    after = [line.stored for line in lines]
    changes = [change for one in after if (change := _change(before.get(one.identity), one))]
    left = {one.identity for one in after}
    gone = [_change(one, None) for one in stored if one.identity not in left]
    replaced = tuple(key for key in lists.rounds if key in {one.key for one in stored})
    return Comparison(lists, lines, (*changes, *filter(None, gone)), tuple(questions.values()), undecided, replaced)


def question_key(entry: EarlierEntry) -> str:
    """Return the key of the question which section is meant; one question for all rounds."""
    return hashlib.sha256("\n".join(entry.section_key).encode()).hexdigest()[:KEY_LENGTH]


def _questions(matches: Sequence[tuple[EarlierEntry, Match]]) -> dict[str, Question]:
    asked: dict[str, list[tuple[EarlierEntry, Match]]] = {}
    for entry, match in matches:
        if match.sure is None and match.possible:
            asked.setdefault(question_key(entry), []).append((entry, match))
    return {key: _question(key, alike) for key, alike in asked.items()}


def _question(key: str, alike: Sequence[tuple[EarlierEntry, Match]]) -> Question:
    possible = {known.code: known.label for _, match in alike for known in match.possible}
    entry, rounds = alike[0][0], "、".join(entry.key for entry, _ in alike)
    is_near = any(match.is_near for _, match in alike)
    return Question(
        key,
        f"“{entry.department} {entry.section}”（{rounds}）是名录中的哪个科室？",
        (*possible.items(), (NOBODY, NOBODY_TEXT)),
        # Of another name in the same unit it is probably none; what may be one is for the office to say.
        default="" if is_near else NOBODY,
    )


def _meant(
    entry: EarlierEntry, match: Match, questions: Mapping[str, Question], answers: Mapping[str, str]
) -> Known | None:
    if match.sure or not match.possible:
        return match.sure
    chosen = questions[question_key(entry)].answer(answers)
    return next((known for known in match.possible if known.code == chosen), None)


def _change(before: Stored | None, after: Stored | None) -> Change | None:
    empty = ("",) * len(HEADINGS)
    was, becomes = before.cells if before else empty, after.cells if after else empty
    if was == becomes:
        return None
    kind = "新增" if before is None else "删除" if after is None else "变更"
    return Change(kind, tuple(zip(was, becomes, strict=True)))
