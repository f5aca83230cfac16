"""A roster file beside the sections held: what is filled in, what changes, what forbids taking it over."""

from datetime import date

import pytest

from departments.roster.rules.comparison import (
    CORRECT,
    REPLACE,
    UNKNOWN_START,
    HeadChange,
    Held,
    compare,
    faults,
    heads_question,
)
from departments.roster.rules.rows import RosterRow

JUNE, JULY, AUGUST = date(2019, 6, 1), date(2019, 7, 1), date(2019, 8, 1)
OFFICE = {
    "department_name": "发改委",
    "department_kind": "administrative",
    "is_vertical": False,
    "superior": "",
    "chief_leader": "赵一",
    "leader_in_charge": "钱二",
}


def row(code="D01-01", **changes):
    facts = {
        "where": "名录第2行",
        "department_code": "D01",
        "section_code": code,
        "section_name": "价格科",
        "service_kind": "service",
        "head_name": "孙三",
        "head_since": JULY,
        **OFFICE,
        **changes,
    }
    return RosterRow(**facts)


def differences(*rows, held=(), departments=None, **options):
    return compare(rows, {one.row.section_code: one for one in held}, departments or {}, **options)


def refused(*rows, held=()):
    known = {one.row.section_code: one for one in held}
    return [(fault.where, fault.text) for fault in faults(compare(rows, known, {}), known)]


def kinds(difference):
    return difference.is_new, difference.is_changed


class TestWhatChanges:
    def test_a_section_that_is_not_held_is_new(self):
        (one,) = differences(row())

        assert kinds(one) == (True, False)

    def test_a_section_as_it_is_held_is_neither_new_nor_changed(self):
        (one,) = differences(row(), held=[Held(row())])

        assert kinds(one) == (False, False)

    @pytest.mark.parametrize("held", [Held(row(service_kind="approval")), Held(row(), is_active=False)])
    def test_one_that_differs_or_takes_part_again_is_changed(self, held):
        (one,) = differences(row(), held=[held])

        assert kinds(one) == (False, True)


class TestEmptyCells:
    @pytest.mark.parametrize("blank", ["superior", "chief_leader", "leader_in_charge"])
    def test_keep_what_is_known_of_the_department(self, blank):
        known = {**OFFICE, "superior": "省局", "is_vertical": True}

        (one,) = differences(row(**{blank: "", "is_vertical": None}), departments={"D01": known})

        assert getattr(one.after, blank) == known[blank]
        assert one.after.is_vertical is True

    def test_take_what_another_row_says_of_the_department(self):
        first, second = differences(row(chief_leader=""), row("D01-02", section_name="收费科", chief_leader="周五"))

        assert first.after.chief_leader == second.after.chief_leader == "周五"

    def test_a_departments_name_is_that_of_the_file(self):
        (one,) = differences(row(), departments={"D01": {**OFFICE, "department_name": "计委"}})

        assert one.after.department_name == "发改委"

    def test_a_new_department_is_not_vertical_unless_it_says_so(self):
        assert [one.after.is_vertical for one in differences(row(is_vertical=None))] == [False]
        assert [one.after.is_vertical for one in differences(row(is_vertical=True))] == [True]

    def test_a_departments_code_is_its_own(self):
        (one, other) = differences(row(), row("D02-01", department_code="D02", chief_leader="周五"))

        assert (one.after.department_code, one.after.chief_leader) == ("D01", "赵一")
        assert (other.after.department_code, other.after.chief_leader) == ("D02", "周五")


class TestTheHead:
    @pytest.mark.parametrize(
        ("said", "held", "after"),
        [
            # an empty cell keeps the head in office, and the day since when
            (("", None), ("孙三", JULY), ("孙三", JULY)),
            (("孙三", None), ("孙三", JULY), ("孙三", JULY)),
            (("孙三", JUNE), ("孙三", JULY), ("孙三", JUNE)),
            # another head takes over on the day given, and none is assumed
            (("李四", AUGUST), ("孙三", JULY), ("李四", AUGUST)),
            # another name alone may be a correction
            (("李四", None), ("孙三", JULY), ("李四", JULY)),
            (("李四", JULY), ("孙三", JULY), ("李四", JULY)),
            # another spelling is the same head
            (("孙　三", None), ("孙三", JULY), ("孙三", JULY)),
            (("孙　三", JUNE), ("孙三", JULY), ("孙三", JUNE)),
            # the first head known has been in office all the time
            (("孙三", None), None, ("孙三", UNKNOWN_START)),
            (("孙三", JULY), None, ("孙三", JULY)),
            (("孙三", None), ("", None), ("孙三", UNKNOWN_START)),
            (("", None), None, ("", None)),
            (("", None), ("", None), ("", None)),
        ],
    )
    def test_is_filled_in(self, said, held, after):
        known = [Held(row(head_name=held[0], head_since=held[1]))] if held else []

        (one,) = differences(row(head_name=said[0], head_since=said[1]), held=known)

        assert (one.after.head_name, one.after.head_since) == after

    def test_of_a_vacant_office_is_not_the_first(self):
        vacant = Held(row(head_name="", head_since=None), vacant_since=JULY)

        (one,) = differences(row(head_since=None), held=[vacant])

        assert one.after.head_since is None

    def test_unknown_start_is_far_enough_back_for_every_round(self):
        assert date(2000, 1, 1) == UNKNOWN_START

    def test_takes_over_after_the_predecessors_first_day(self):
        held = Held(row(head_name="李四", head_since=JULY))

        assert refused(row(head_since=AUGUST), held=[held]) == []
        assert refused(row(head_since=JUNE), held=[held]) == [
            ("名录第2行", "“孙三”的任职日期2019-06-01应晚于前任的2019-07-01。")
        ]

    def test_takes_over_after_the_last_day_of_a_vacant_office(self):
        held = Held(row(head_name="", head_since=None), vacant_since=JULY)

        assert refused(row(head_since=AUGUST), held=[held]) == []
        assert refused(row(head_since=None), held=[held]) == [("名录第2行", "科室负责人换为“孙三”，请填写任职日期。")]
        for on in (JUNE, JULY):
            assert refused(row(head_since=on), held=[held]) == [
                ("名录第2行", f"“孙三”的任职日期{on}应晚于前任的2019-07-01。")
            ]

    def test_a_corrected_first_day_lies_after_the_predecessors_last(self):
        held = Held(row(head_since=AUGUST), last_left=JUNE)

        assert refused(row(head_since=JULY), held=[held]) == []
        assert refused(row(head_since=JUNE), held=[held]) == [
            ("名录第2行", "“孙三”的任职日期2019-06-01应晚于前任的离任日期2019-06-01。")
        ]

    @pytest.mark.parametrize("held", [None, Held(row(head_since=AUGUST)), Held(row(head_name="", head_since=None))])
    def test_may_have_any_day_if_nobody_else_was_known(self, held):
        assert refused(row(head_since=JUNE), held=[held] if held else []) == []

    def test_a_head_without_a_known_day_is_followed_by_one_without(self):
        held = Held(row(head_name="李四", head_since=None))

        assert refused(row(head_since=None), held=[held]) == []
        assert refused(row(head_since=JUNE), held=[held]) == []


class TestTheQuestionAboutHeads:
    HELD = (Held(row(head_name="李四", head_since=JULY)), Held(row("D01-02", section_name="收费科", head_name="周五")))

    def of(self, *rows, **options):
        return differences(*rows, held=self.HELD, **options)

    @pytest.mark.parametrize(
        ("name", "since", "change"),
        [
            ("李四", None, HeadChange.KEPT),
            ("李　四", JULY, HeadChange.KEPT),
            ("", None, HeadChange.KEPT),
            ("李四", JUNE, HeadChange.DAY_CORRECTED),
            ("李思", None, HeadChange.ASKED),
            ("李思", JULY, HeadChange.ASKED),
            ("李思", AUGUST, HeadChange.REPLACED),
            ("李思", JUNE, HeadChange.REPLACED),
        ],
    )
    def test_is_asked_if_the_name_differs_and_the_day_does_not(self, name, since, change):
        (one,) = self.of(row(head_name=name, head_since=since))

        assert one.head is change
        assert bool(heads_question([one])) is (change is HeadChange.ASKED)

    def test_is_one_for_all_of_them_with_each_listed(self):
        found = self.of(row(head_name="李思"), row("D01-02", section_name="收费科", head_name="周武"))

        question = heads_question(found)

        assert question.text.startswith("2个科室的负责人姓名与现有登记不同")
        assert [value for value, _ in question.choices] == [CORRECT, REPLACE]
        assert question.default == ""
        assert question.detail[0] == "D01-01 发改委价格科：李四 → 李思，2019-07-01任职（名录第2行）"
        assert len(question.detail) == 2

    def test_answered_with_a_correction_keeps_the_tenure(self):
        (one,) = self.of(row(head_name="李思", head_since=None), correct_heads=True)

        assert one.head is HeadChange.CORRECTED
        assert (one.after.head_name, one.after.head_since) == ("李思", JULY)
        assert heads_question([one]) is not None

    def test_a_replacement_stays_one_when_others_are_corrected(self):
        (one,) = self.of(row(head_name="李思", head_since=AUGUST), correct_heads=True)

        assert one.head is HeadChange.REPLACED

    def test_a_first_head_is_entered(self):
        (new,) = differences(row())
        (none,) = differences(row(), held=[Held(row(head_name="", head_since=None))])

        assert (new.head, none.head) == (HeadChange.ENTERED, HeadChange.ENTERED)


class TestNames:
    @pytest.mark.parametrize("key", ["department_name", "section_name", "superior", "chief_leader", "leader_in_charge"])
    def test_another_spelling_changes_nothing(self, key):
        known = Held(row(superior="市局"))
        typed = "　".join(getattr(known.row, key))

        (one,) = differences(
            row(**{"superior": "市局", key: typed}), held=[known], departments={"D01": {**OFFICE, "superior": "市局"}}
        )

        assert one.after == known.row

    def test_a_renamed_department_keeps_its_old_name_as_a_former_one(self):
        (one,) = differences(row(department_name="发展改革委"), departments={"D01": {**OFFICE, "former_names": "计委"}})

        assert one.after.former_names == "计委、发改委"

    @pytest.mark.parametrize("known", [{"short_names": "发改委"}, {"former_names": "发改委"}])
    def test_an_old_name_that_is_known_is_not_repeated(self, known):
        (one,) = differences(row(department_name="发展改革委"), departments={"D01": {**OFFICE, **known}})

        assert [one.after.short_names, one.after.former_names].count("发改委") == 1

    def test_a_former_name_too_many_for_the_column_is_left_out(self):
        full = "名" * 299

        (one,) = differences(row(department_name="发展改革委"), departments={"D01": {**OFFICE, "former_names": full}})

        assert one.after.former_names == full


class TestASectionUnderAnotherCode:
    TEXT = "“发改委”的科室“价格科”已以代码“D01-09”参评，请沿用原代码，或先停止原科室参评。"

    def test_is_refused_while_the_old_one_takes_part(self):
        assert refused(row(), held=[Held(row("D01-09"))]) == [("名录第2行", self.TEXT)]

    @pytest.mark.parametrize(
        "held",
        [
            Held(row("D01-09"), holds_name=False),
            Held(row("D01-09", section_name="收费科")),
            Held(row("D01-09", department_code="D02")),
        ],
    )
    def test_is_taken_if_the_old_one_does_not_hold_its_name(self, held):
        assert refused(row(), held=[held]) == []

    def test_is_taken_if_the_file_gives_the_old_one_another_name(self):
        assert refused(row(), row("D01-09", section_name="收费科"), held=[Held(row("D01-09"))]) == []

    def test_both_faults_of_a_row_are_reported(self):
        held = [Held(row("D01-09")), Held(row(section_name="旧名", head_name="李四"))]

        assert [text for _, text in refused(row(head_since=JUNE), held=held)] == [
            self.TEXT,
            "“孙三”的任职日期2019-06-01应晚于前任的2019-07-01。",
        ]
