"""Changes, questions and grouped errors of a preview."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.previews import Change, Preview, Question, fault_lines

PHONES = Question("phones", "以哪个为准？", (("new", "新的"), ("old", "原来的")))


def preview(*questions, changes=(), headings=()):
    return Preview((), headings, changes, questions=questions)


def test_a_change_shows_before_and_after_where_they_differ_only():
    change = Change("变更", (("张三", "张三"), ("1", "2"), ("", "局"), ("甲", "")))

    assert change.texts() == ["张三", "1 → 2", "（空） → 局", "甲 → （空）"]


def test_a_new_line_shows_its_values_alone():
    change = Change("新增", (("", "张三"), ("", "")))

    assert change.is_new
    assert change.texts() == ["张三", ""]


def test_a_question_without_a_default_is_open_until_it_is_answered():
    assert preview(PHONES).open_questions({}) == [PHONES]
    assert preview(PHONES).open_questions({"phones": "old"}) == []


def test_a_default_counts_as_the_answer():
    asked = Question("phones", "以哪个为准？", PHONES.choices, default="new")

    assert preview(asked).open_questions({}) == []
    assert preview(asked).answered({}) == {"phones": "new"}
    assert asked.answer_text({"phones": "old"}) == "原来的"


def test_an_answer_that_is_no_choice_does_not_count():
    assert PHONES.answer({"phones": "both"}) == ""
    assert preview(PHONES).answered({"phones": "both", "other": "new"}) == {}


def test_columns_without_content_are_left_out():
    shown = preview(
        changes=(Change("新增", (("", "甲"), ("", ""))), Change("变更", (("乙", "乙"), ("", "")))),
        headings=("姓名", "单位"),
    ).arranged()

    assert shown.headings == ("姓名",)
    assert [change.cells for change in shown.changes] == [(("", "甲"),), (("乙", "乙"),)]


def test_columns_in_which_something_changes_stand_behind_the_keys():
    found = preview(
        changes=(
            Change("新增", (("", "1"), ("", "甲"), ("", "局"), ("", "139"))),
            Change("变更", (("2", "2"), ("乙", "丙"), ("局", "局"), ("138", "137"))),
        ),
        headings=("代码", "姓名", "单位", "手机号"),
    )

    assert replace(found, keys=2).arranged().headings == ("代码", "姓名", "手机号", "单位")
    assert replace(found, keys=3).arranged().headings == ("代码", "姓名", "单位", "手机号")
    assert found.arranged().changes[1].texts() == ["2", "乙 → 丙", "138 → 137", "局"]


def test_equal_errors_are_one_line_with_the_first_places():
    faults = [Fault(f"第{n}行", "“姓名”为空，请填写。", "“姓名”为空") for n in range(2, 39)]

    (line,) = fault_lines(faults)

    assert (line.text, line.count) == ("“姓名”为空，请填写。", 37)
    assert line.places == "第2行、第3行、第4行等37处"


def test_of_errors_of_one_kind_with_different_texts_five_are_shown():
    faults = [Fault(f"第{n}行", f"“{n}”不是11位手机号。", "不是11位手机号") for n in range(2, 102)]

    lines = fault_lines(faults)

    assert [line.count for line in lines] == [1, 1, 1, 1, 1, 95]
    assert lines[-1].text == "另有同样的问题：不是11位手机号。"
    assert lines[-1].places == "第7行、第8行、第9行等95处"


def test_an_error_of_the_whole_file_says_so():
    assert fault_lines([Fault("", "文件中没有人员。", "没有内容")])[0].places == "整份文件"


@given(st.lists(st.tuples(st.sampled_from("甲乙丙"), st.sampled_from("123456789"), st.sampled_from("AB")), max_size=40))
def test_every_error_is_counted_once(faults):
    lines = fault_lines([Fault(where, text, kind) for where, text, kind in faults])

    assert sum(line.count for line in lines) == len(faults)
    assert len(lines) <= 12
