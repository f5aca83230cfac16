"""The preview of a pool's list: figures, changes person by person, questions, what the confirmation means."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from evaluations.pools.rules.kinds import ExclusionReason
from evaluations.pools.rules.parsing import PoolFile
from evaluations.pools.rules.people import Person
from evaluations.pools.rules.replacement import Line, Replacement, Standing
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.lists.rules.previews import Change, Preview, Question

HEADINGS = ("身份类别", "姓名", "单位", "手机号", "办过事的科室", "不参加抽取")
GONE, CHANGED, NEW = "不再列入", "变更", "新增"
MOST_NOTES = 30  # of a kind; the others are in the table of changes
WITHDRAWS = "导入后{}撤回：公开页面注明撤回时间，已收到的异议留存；须重新公告，异议期重新计算。"
SAME = "名单与现有名单库一致，没有需要导入的内容。"


def preview_of(
    file: PoolFile, replacement: Replacement, masked: Callable[[str], str], *, announced: str = ""
) -> Preview:
    """Return what the confirmation of a list would do; `announced` describes the notice it would withdraw."""
    lines, questions = replacement.lines, (*file.questions, *replacement.questions)
    counts = Counter(_kind(line) for line in lines)
    # Who leaves or changes is looked at first; a first import shows its first rows.
    shown = [line for kind in (GONE, CHANGED, NEW) for line in lines if _kind(line) == kind]
    is_new = not any(line.before for line in lines)
    will_change = bool(shown or questions)
    notices = (
        *([WITHDRAWS.format(announced)] if announced and will_change else []),
        *file.notices,
        *replacement.notices,
        *_shortened(file.merges, "合并"),
        *_shortened(file.recusals, "回避"),
    )
    return Preview(
        figures=(*_sizes(lines), *(() if is_new else ((kind, counts[kind]) for kind in (NEW, CHANGED, GONE, "未变")))),
        headings=HEADINGS,
        changes=tuple(_change(line, masked) for line in shown),
        notices=notices,
        questions=questions,
        fingerprint=_fingerprint(lines, questions),
        nothing="" if will_change else SAME,
        consequence=_consequence(is_new=is_new, announced=announced),
    )


def answers_counted(questions: Sequence[Question], answers: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Return for each kind of question how often each answer was given: what the audit log holds of them."""
    counted: dict[str, dict[str, int]] = {}
    for question in questions:
        of_kind = counted.setdefault(question.key.partition("-")[0], {})
        answer = question.answer(answers)
        # Which row it is depends on the list.
        answer = "same" if answer.startswith("row-") else answer
        of_kind[answer] = of_kind.get(answer, 0) + 1
    return counted


def _kind(line: Line) -> str:
    if line.after is None:
        return GONE
    if line.before is None:
        return NEW
    return CHANGED if line.is_changed else "未变"


def _sizes(lines: Sequence[Line]) -> Iterator[tuple[str, int]]:
    people = [line.after for line in lines if line.after]
    yield "共计", len(people)
    yield from sorted(Counter(person.stratum for person in people).items())
    yield "不参加抽取", sum(bool(person.exclusion) for person in people)


def _change(line: Line, masked: Callable[[str], str]) -> Change:
    before = _standing_cells(line.before, masked) if line.before else ("",) * len(HEADINGS)
    after = _person_cells(line.after, masked) if line.after else ("",) * len(HEADINGS)
    if line.before and line.after:
        phone = HEADINGS.index("手机号")
        is_kept = line.after.phone in line.before.phones
        shown = before[phone] if is_kept else f"{after[phone]}（号码不同）"
        after = (*after[:phone], shown, *after[phone + 1 :])
    return Change(_kind(line), tuple(zip(before, after, strict=True)))


def _standing_cells(one: Standing, masked: Callable[[str], str]) -> tuple[str, ...]:
    excluded = _excluded(one.exclusion, one.exclusion_note)
    return one.stratum, one.name, one.unit, masked(one.phones[-1]), one.dealt_with, excluded


def _person_cells(one: Person, masked: Callable[[str], str]) -> tuple[str, ...]:
    excluded = _excluded(one.exclusion, one.exclusion_note)
    return one.stratum, one.name, one.unit, masked(one.phone), one.dealt_with, excluded


def _excluded(reason: str, note: str) -> str:
    return f"{ExclusionReason(reason).label}：{note}" if reason else ""


def _shortened(notes: Sequence[str], what: str) -> Iterator[str]:
    shown = notes if len(notes) <= MOST_NOTES + 1 else notes[:MOST_NOTES]
    yield from shown
    if len(shown) < len(notes):
        yield f"另有{len(notes) - len(shown)}处{what}，不再一一列出。"


def _consequence(*, is_new: bool, announced: str) -> str:
    if is_new:
        return ""
    withdrawn = f"，{announced}随即撤回，公开页面注明撤回时间；须重新公告并等异议期满。" if announced else "。"
    return f"导入后取代现有名单库{withdrawn}"


def _fingerprint(lines: Sequence[Line], questions: Sequence[Question]) -> str:
    """Digest of everything that would be saved, and of what it replaces."""
    whole = [
        [
            [line.before.pk, *line.before.phones, *_standing_cells(line.before, str)] if line.before else [],
            _person_cells(line.after, str) if line.after else [],
        ]
        for line in lines
    ]
    return sha256_hex(canonical_json({"lines": whole, "questions": [question.key for question in questions]}))
