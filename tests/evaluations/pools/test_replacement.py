"""Replacing a pool: who is the same, and what becomes of exclusions that the office entered."""

import pytest

from evaluations.pools.rules.previews import answers_counted, preview_of
from evaluations.pools.rules.replacement import Standing, replace_pool
from tests.evaluations.pools.lists import parse, person

HAND = {"exclusion": "conflict", "exclusion_note": "本人申报"}
BY_LIST = {"exclusion": "conflict", "exclusion_note": "所在单位“公安局”是评议对象"}


def masked(phone):
    return f"****{phone[-4:]}"


def standing(pk=1, name="张三", phones=("13800000001",), **fields):
    given = {"stratum": "党代表", "unit": "", "dealt_with": "", **fields}
    return Standing(pk, name=name, phones=phones, **given)


def replaced(before, *people, answers=None):
    return replace_pool(before, parse(*people).people, answers or {}, masked)


def pairs(replacement):
    return [(line.before and line.before.pk, line.after and line.after.phone[-1]) for line in replacement.lines]


class TestTheSamePerson:
    def test_has_the_phone(self):
        assert pairs(replaced([standing(unit="某厂")], person(unit="另一厂"))) == [(1, "1")]

    def test_has_the_phone_as_corrected(self):
        before = standing(phones=("13800000009", "13800000001"))

        (line,) = replaced([before], person()).lines

        assert line.before == before
        assert not line.is_changed

    @pytest.mark.parametrize(
        "row",
        [
            person("张\u3000𬭎", unit="公安局"),
            person("张𬭎", unit="公 安\u3000局"),
            person("张\u200b𬭎", unit="公安局"),
        ],
    )
    def test_is_unchanged_in_another_spelling(self, row):
        (line,) = replaced([standing(name="张𬭎", unit="公安局", **BY_LIST)], row).lines

        assert not line.is_changed
        assert not line.is_renamed

    def test_is_changed_under_another_name_or_unit(self):
        for row in (person("张宏", unit="某厂"), person("张𬭎", unit="某公司")):
            (line,) = replaced([standing(name="张𬭎", unit="某厂")], row).lines
            assert line.is_changed
            assert line.is_renamed

    def test_has_name_and_unit_and_another_phone(self):
        found = replaced([standing(name="张\u3000三", unit="某厂")], person(phone="13800000002", unit="某 厂"))

        assert pairs(found) == [(1, "2")]
        assert found.lines[0].is_changed
        assert found.lines[0].is_renamed

    def test_is_not_known_by_a_name_without_a_unit(self):
        assert pairs(replaced([standing()], person(phone="13800000002"))) == [(1, None), (None, "2")]

    def test_is_not_known_by_name_and_unit_if_there_are_several(self):
        before = [standing(unit="某厂"), standing(2, phones=("13800000002",), unit="某厂")]

        found = replaced(before, person(phone="13800000003", unit="某厂"))

        assert pairs(found) == [(1, None), (2, None), (None, "3")]

    def test_who_keeps_the_name_comes_before_who_took_over_the_phone(self):
        before = [standing(1, "李四", ("13800000002", "13800000001")), standing(2)]

        assert pairs(replaced(before, person(), person("李四", "13800000002"))) == [(2, "1"), (1, "2")]


class TestAnExclusionByTheOffice:
    @pytest.mark.parametrize(
        "row",
        [person(unit="另一厂"), person("张　三"), person(phone="13800000002", unit="某厂"), person(relatives="公安局")],
    )
    def test_is_carried_over_to_the_same_person(self, row):
        (line,) = replaced([standing(unit="某厂", **HAND)], row).lines

        assert (line.after.exclusion, line.after.exclusion_note) == ("conflict", "本人申报")

    def test_is_asked_about_if_the_phone_has_another_name(self):
        found = replaced([standing(**HAND)], person("张小三"))

        (question,) = found.questions
        assert not question.default
        assert question.text == "“张三”（未填单位，****0001）原登记为“conflict”，是本次名单中的哪一位？"
        (same, _), (nobody, _) = question.choices
        assert nobody == "nobody"
        yes = replaced([standing(**HAND)], person("张小三"), answers={question.key: same})
        no = replaced([standing(**HAND)], person("张小三"), answers={question.key: "nobody"})
        assert [line.after.exclusion for line in (*yes.lines, *no.lines)] == ["conflict", ""]

    def test_is_asked_about_if_the_name_stands_there_with_another_phone(self):
        people = person(phone="13800000002"), person(phone="13800000003", unit="某厂"), person("李四", "13800000004")
        found = replaced([standing(**HAND)], *people)

        (question,) = found.questions
        assert len(question.choices) == 3
        second = replaced([standing(**HAND)], *people, answers={question.key: question.choices[1][0]})
        assert [line.after.exclusion for line in second.lines if line.after] == ["", "conflict", ""]

    def test_is_asked_about_if_two_people_exchanged_their_phones(self):
        before = [standing(**HAND), standing(2, "李四", ("13800000002",))]
        people = person("李四", "13800000001"), person("张三", "13800000002")

        (question,) = replaced(before, *people).questions

        assert [text[:14] for _, text in question.choices[:2]] == [
            "是工作表“名单”第2行的“李",
            "是工作表“名单”第3行的“张",
        ]
        found = replaced(before, *people, answers={question.key: question.choices[1][0]})
        assert {line.after.name: line.after.exclusion for line in found.lines} == {"李四": "", "张三": "conflict"}

    def test_is_named_as_lost_with_a_person_who_is_gone(self):
        found = replaced([standing(**HAND)], person("李四", "13800000002"))

        assert not found.questions
        assert found.notices == ("“张三”（未填单位，****0001）原登记为“conflict”，不在本次名单中，登记随之取消。",)


class TestAnExclusionByAList:
    def test_falls_with_the_list_but_never_silently(self):
        found = replaced([standing(unit="公安局", **BY_LIST)], person(unit="某厂"))

        assert found.lines[0].after.exclusion == ""
        assert found.notices == ("“张三”（公安局，****0001）原为“conflict”，按本次名单参加抽取，请核对。",)

    def test_of_somebody_gone_is_not_told(self):
        assert not replaced([standing(unit="公安局", **BY_LIST)], person("李四", "13800000002")).notices


class TestSomebodyAdmittedAgain:
    BEFORE = (standing(exclusion_note="查明无关"),)

    def test_keeps_the_note(self):
        (line,) = replaced(self.BEFORE, person()).lines

        assert not line.is_changed

    def test_is_told_if_the_list_excludes_them_again(self):
        found = replaced(self.BEFORE, person(unit="公安局"))

        assert found.lines[0].after.exclusion == "conflict"
        assert found.notices == ("“张三”（未填单位，****0001）原已恢复参加抽取，按本次名单又列为回避，请核对。",)


def shown(before, *people, answers=None, announced=""):
    file = parse(*people, answers=answers)
    replacement = replace_pool(before, file.people, answers or {}, masked)
    return preview_of(file, replacement, masked, announced=announced)


class TestThePreview:
    def test_of_a_first_list_shows_its_first_rows_with_masked_phones(self):
        preview = shown([], person(unit="公安局", codes="A01"), person("李四", "13800000002", "企业"))

        assert preview.figures == (("共计", 2), ("企业", 1), ("党代表", 1), ("不参加抽取", 1))
        assert [change.kind for change in preview.changes] == ["新增", "新增"]
        assert preview.changes[0].texts() == [
            *("党代表", "张三", "公安局", "****0001", "A01", "回避：所在单位“公安局”是评议对象")
        ]
        assert preview.consequence == ""
        assert preview.notices[-1].endswith("列为回避，不参加抽取。")

    def test_of_a_later_list_shows_who_is_gone_changed_and_new(self):
        before = [
            standing(1, unit="某厂"),
            standing(2, "李四", ("13800000002",), unit="某厂"),
            standing(3, "王五", ("13800000003",)),
            standing(4, "赵六", ("13800000004",)),
        ]
        rows = (
            person("周七", "13800000007"),
            person("赵六", "13800000004"),
            person(codes="A01", unit="某厂"),
            person("李四", "13900000002", unit="某厂"),
        )

        preview = shown(before, *rows, announced="7月1日的公告")

        assert preview.figures[3:] == (("新增", 1), ("变更", 2), ("不再列入", 1), ("未变", 1))
        kinds = [(change.kind, change.texts()[1]) for change in preview.changes]
        assert kinds == [("不再列入", "王五 → （空）"), ("变更", "张三"), ("变更", "李四"), ("新增", "周七")]
        assert preview.changes[1].texts()[4] == "（空） → A01"
        assert preview.changes[2].texts()[3] == "****0002 → ****0002（号码不同）"
        assert preview.consequence == (
            "导入后取代现有名单库，7月1日的公告随即撤回，公开页面注明撤回时间；须重新公告并等异议期满。"
        )
        assert preview.notices[0].startswith("导入后7月1日的公告撤回")

    def test_of_the_same_list_has_nothing_to_confirm(self):
        same = shown([standing()], person(), announced="7月1日的公告")
        assert same.nothing
        assert not any("撤回" in notice for notice in same.notices)
        assert not shown([standing()], person(codes="A01")).nothing

    def test_has_a_fingerprint_of_everything_that_it_would_change(self):
        rows = person(unit="某厂"), person(phone="13800000002", unit="某厂")
        prints = {
            shown([], *rows).fingerprint,
            shown([], *rows, answers={shown([], *rows).questions[0].key: "same"}).fingerprint,
            shown([], rows[0]).fingerprint,
            shown([], person(unit="某厂"), person(phone="13900000002", unit="某厂")).fingerprint,
            shown([standing()], *rows).fingerprint,
            shown([standing(9)], *rows).fingerprint,
            shown([standing(**HAND)], *rows).fingerprint,
        }
        assert len(prints) == 7

    def test_sums_up_many_merges(self):
        preview = shown([], *[person()] * 60)

        assert len(preview.notices) == 31
        assert preview.notices[-1] == "另有29处合并，不再一一列出。"


def test_answers_are_counted_without_names():
    rows = (
        person(unit="某厂"),
        person(phone="13800000002", unit="某厂"),
        person("李四", "13800000003", unit="公安局大队"),
    )
    questions = [*parse(*rows).questions, *replaced([standing(**HAND)], person("张小三")).questions]

    counted = answers_counted(questions, {questions[0].key: "no", questions[2].key: questions[2].choices[0][0]})

    assert counted == {"unit": {"no": 1}, "people": {"different": 1}, "excluded": {"same": 1}}
