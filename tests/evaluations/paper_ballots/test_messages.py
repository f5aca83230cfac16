"""pair_sms: one message and one code for each phone, and what is refused."""

import csv
import io
import stat

import pytest
from django.core.management import CommandError, call_command

from evaluations.codes.services import issuing
from evaluations.protocol.codes import format_code
from tests.departments.roster.files import xlsx

SITE = "https://pingyi.example"


@pytest.fixture
def codes(tmp_path):
    made = [issuing.new_code() for _ in range(3)]
    (tmp_path / "codes.csv").write_bytes(issuing.codes_csv(made))
    return made


def pair(folder, people, name="people.csv", site=SITE, codes="codes.csv"):
    """Pair and return what the command says, and the rows it has written."""
    (folder / name).write_bytes(people.encode() if isinstance(people, str) else people)
    said = io.StringIO()
    call_command(
        "pair_sms", folder / codes, folder / name, site=site, sign="甲评议办", out=folder / "sms.csv", stdout=said
    )
    return said.getvalue(), list(csv.reader((folder / "sms.csv").open(encoding="utf-8-sig", newline="")))


def refusal(folder, people, code=1, **given):
    with pytest.raises(CommandError) as refused:
        pair(folder, people, **given)
    assert refused.value.returncode == code
    assert not (folder / "sms.csv").exists()
    assert not list(folder.glob(".sms*"))
    return str(refused.value)


def test_every_phone_gets_a_code_of_its_own_in_the_order_of_both_files(tmp_path, codes):
    said, rows = pair(tmp_path, "姓名,手机号\n甲,13800000001\n乙,13800000002\n")

    assert rows[0] == ["手机号", "短信"]
    assert [row[0] for row in rows[1:]] == ["13800000001", "13800000002"]
    assert [row[1].rpartition("：")[2] for row in rows[1:]] == [f"{SITE}/ballot/#{code}" for code in codes[:2]]
    assert "已生成2条短信" in said
    assert "另有1个票号没有用到" in said
    assert stat.S_IMODE((tmp_path / "sms.csv").stat().st_mode) == 0o600


def test_a_workbook_with_titles_and_phones_as_people_write_them_is_taken(tmp_path, codes):
    people = xlsx(
        ["抽中人员名单"],
        ["序号", "姓　名", "联系电话（必填）"],
        [1, "甲", "+86 138-0000-0001"],
        [2, "乙", 13800000002],
        [3, "丙", "１３８００００００３３"],
    )

    _, rows = pair(tmp_path, people, "people.xlsx")

    assert [row[0] for row in rows[1:]] == ["13800000001", "13800000002", "13800000033"]


def test_codes_edited_in_a_spreadsheet_program_are_taken(tmp_path, codes):
    table = [["序号", "票号"], *([n, format_code(code).lower()] for n, code in enumerate(codes, start=1))]
    (tmp_path / "codes.xlsx").write_bytes(xlsx(*table))

    _, rows = pair(tmp_path, "手机号\n13800000001\n", codes="codes.xlsx")

    assert rows[1][1].endswith(codes[0])


@pytest.mark.parametrize("again", ["13800000001", "+86 138 0000 0001", "１３８０００００００１"])
def test_a_phone_that_comes_twice_is_refused_with_both_rows(tmp_path, codes, again):
    told = refusal(tmp_path, f"姓名,手机号\n甲,13800000001\n乙,13800000002\n丙,{again}\n")

    assert "文件“people.csv”第4行：手机号与文件“people.csv”第2行的相同" in told


@pytest.mark.parametrize(
    ("people", "told"),
    [
        ("姓名,手机号\n甲,13800000001\n乙,12\n", "第3行：“手机号”的“12”不是11位手机号"),
        ("姓名,手机号\n甲,13800000001\n乙,\n", "第3行：“手机号”为空"),
        ("姓名,手机号\n", "没有人员"),
        ("姓名,单位\n甲,乙\n", "第1行的表头缺少“手机号”列"),
        ("姓名,手机号,联系电话\n甲,13800000001,13800000002\n", "“手机号”（B列）、“联系电话”（C列）"),
        ("手机号\n" + "".join(f"1380000000{n}\n" for n in range(4)), "名单有4人，票号只有3个"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(tmp_path, codes, people, told):
    assert told in refusal(tmp_path, people)


def test_the_address_must_be_one(tmp_path, codes):
    for site in ("pingyi.example", "https://a b", ""):
        assert "https://" in refusal(tmp_path, "手机号\n13800000001\n", code=2, site=site)


def test_no_file_is_written_over(tmp_path, codes):
    pair(tmp_path, "手机号\n13800000001\n")
    before = (tmp_path / "sms.csv").read_bytes()

    with pytest.raises(CommandError, match="已存在，没有覆盖"):
        pair(tmp_path, "手机号\n13800000002\n")

    assert (tmp_path / "sms.csv").read_bytes() == before


def test_rows_that_are_hidden_are_pointed_out(tmp_path, codes):
    def hide(sheet):
        sheet.row_dimensions[3].hidden = True

    said, rows = pair(tmp_path, xlsx(["手机号"], ["13800000001"], ["13800000002"], edit=hide), "people.xlsx")

    assert len(rows) == 3
    assert "第3行是隐藏的" in said


def test_a_batch_of_200000_codes_is_read(tmp_path):
    """The most that the staff site makes: more rows than any list of people may have."""
    made = [issuing.new_code() for _ in range(200_000)]
    (tmp_path / "codes.csv").write_bytes(issuing.codes_csv(made))

    _, rows = pair(tmp_path, "手机号\n13800000001\n")

    assert rows[1][1].endswith(made[0])
