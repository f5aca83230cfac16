from typing import Any

import pytest

from evaluations.planning.rules.inputs import BY_PATH, INPUTS, InputError, Inputs, parse_inputs, parse_lines

SECTIONS = ["D01-01", "D01-02"]


def reasons(document: Any) -> tuple[str, ...]:
    with pytest.raises(InputError) as refused:
        parse_inputs(document, SECTIONS)
    return refused.value.reasons


def test_what_is_left_out_has_its_default():
    empty = parse_inputs({}, SECTIONS)

    assert empty.number("targeted.return_percent") == 60
    assert empty.share("targeted.return_percent") == 0.6
    assert empty.number("targeted.ballots", 1000) == 1000
    assert empty.choice("targeted.even") == "no"


def test_every_default_is_within_its_bounds():
    for each in INPUTS:
        if each.choices is not None:
            assert each.default in each.choices
        else:
            assert each.default is None or each.takes(float(each.default))


def test_groups_of_paths_and_single_paths_mean_the_same():
    nested = parse_inputs({"targeted": {"return_percent": "55.5"}, "model": {"variance": {"one": 300}}}, SECTIONS)
    flat = parse_inputs({"targeted.return_percent": "55.5", "model.variance.one": 300}, SECTIONS)

    assert nested == flat
    assert nested.number("model.variance.one") == 300


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "“文件”：应为一个对象"),
        ({"targeted": {"foo": 1}}, "“targeted.foo”：不是可以填写的项目，现为：1"),
        ({"targeted": 3}, "“targeted”：不是可以填写的项目"),
        ({"bought": True}, "“bought”：应为0至1000之间的整数，现为：True"),
        ({"bought": "2.5"}, "“bought”：应为0至1000之间的整数，现为：2.5"),
        ({"bought": -1}, "“bought”：应为0至1000之间的整数，现为：-1"),
        ({"risk_percent": "nan"}, "“risk_percent”：应为0.1至49之间的数，现为：nan"),
        ({"risk_percent": "١"}, "“risk_percent”"),
        ({"targeted": {"return_percent": 0}}, "应为1至100之间的数，现为：0"),
        ({"targeted": {"return_percent": [1]}}, "应为1至100之间的数"),
        ({"clients": {"channel": "other"}}, "应为（空）、targeted、sampled、none之一，现为：other"),
        ({"sections": []}, "“sections”：应为一个对象"),
        ({"sections": {"X": {}}}, "“sections.X”：科室代码不在名录中"),
        ({"sections": {"D01-01": {"foo": 1}}}, "“sections.D01-01”：只能有cases、clients、return_percent"),
        (
            {"sections": {"D01-01": {"clients": "1.5"}}},
            "“sections.D01-01·服务对象人数”：应为0至100000000之间的整数，现为：1.5",
        ),
        ({"sections": {"D01-01": {"cases": 5}}}, "现缺1个科室，如：D01-02"),
    ],
)
def test_a_faulty_file_is_refused_by_place_and_value(document: Any, told: str):
    assert any(told in reason for reason in reasons(document)), reasons(document)


def test_all_faults_are_told_at_once_but_no_more_than_twenty():
    assert len(reasons({f"x{n}": n for n in range(30)})) == 21
    assert reasons({f"x{n}": n for n in range(30)})[-1] == "另有10处有误。"


def test_typed_lines_give_cases_clients_and_return():
    found = parse_lines("D01-01 1200 300 45\n\n D01-02，80，- \n", SECTIONS)

    assert (found["D01-01"].cases, found["D01-01"].clients, found["D01-01"].return_percent) == (1200, 300, 45)
    assert (found["D01-02"].cases, found["D01-02"].clients) == (80, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\nX 1", "“第2行”：科室代码不在名录中，现为：X"),
        ("D01-01 - 1\nD01-01 - 2", "“第2行”：科室代码重复"),
        ("D01-01 - 1 2 3", "“第1行”：每行应为"),
        ("D01-01 - 1.5", "“第1行·服务对象人数”：应为0至100000000之间的整数，现为：1.5"),
        ("D01-01 - - 101", "“第1行·预计回收率”：应为1至100之间的数，现为：101"),
        ("D01-01 many", "“第1行·办件量”：应为0至1000000000之间的数，现为：many"),
    ],
)
def test_a_faulty_line_is_refused_by_number_and_value(text: str, told: str):
    with pytest.raises(InputError) as refused:
        parse_lines(text, SECTIONS)

    assert any(told in reason for reason in refused.value.reasons), refused.value.reasons


def test_an_empty_input_is_the_same_as_none():
    assert Inputs(dict.fromkeys(BY_PATH)).number("bought") == Inputs().number("bought")
