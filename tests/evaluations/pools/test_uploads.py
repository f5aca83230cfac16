"""Pools' lists are uploaded, previewed and confirmed on the pages of all lists, and by a command."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from evaluations.pools.models import PoolEntry, PoolNotice
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services.notices import announce_pool
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.lists.models import ListUpload
from tests.departments.roster.files import xlsx
from tests.factories import NOON, commit, make_department, make_pool, make_round, make_section, make_user
from tests.pages import compact, page_in

pytestmark = pytest.mark.django_db
HEADER = ("身份类别", "姓名", "单位", "手机号")
DOTTED = [("其他", f"阿依努尔{dot}买买提", "永隆山村", f"1380000000{n}") for n, dot in enumerate("·•・．", start=1)]
UNITS = [
    "公安局",
    "区公安局",
    "南川区公安局",
    "重庆市南川区公安局",
    "公安局 治安大队",
    "公安局治安管理科",
    "公安局（交巡警支队）",
]


@pytest.fixture(name="round_")
def _round():
    return make_round(state=RoundState.FROZEN)


@pytest.fixture(name="browser")
def _browser(client):
    client.force_login(make_user("clerk"))
    return client


def of_police(*_):
    """The people of 07-units: seven ways to write one unit."""
    return [("其他", f"人{n}", unit, f"1380000000{n}") for n, unit in enumerate(UNITS, start=1)]


def upload(browser, round_, *people, kind="evaluators", header=HEADER):
    file = SimpleUploadedFile("名单.xlsx", xlsx(header, *people))
    return browser.post(reverse("list-new", args=[f"pool.{kind}", round_.key]), {"file": file}, follow=True)


def confirm(browser, page, round_, kind="evaluators", **answers):
    given = {"kind": f"pool.{kind}", "subject": round_.key, "fingerprint": page.context["fingerprint"], "confirm": "1"}
    address = reverse("list-confirm", args=[ListUpload.objects.get().pk])
    return browser.post(address, {**given, **{f"answer-{key}": value for key, value in answers.items()}}, follow=True)


def asked(page):
    return [question.name.removeprefix("answer-") for question in page.context["page"].questions]


def text_of(page):
    return compact(page.content.decode())


class TestAnUpload:
    def test_is_previewed_with_masked_phones_and_imported_once_confirmed(self, browser, round_):
        page = upload(browser, round_, ("其他", "张三", "某厂", "+86 138 0000 0001"))

        assert "138****0001" in text_of(page)
        assert "13800000001" not in text_of(page)
        assert not PoolEntry.objects.exists()
        answer = confirm(browser, page, round_)

        assert "定向评议名单库已导入1人，其中0人不参加抽取。" in text_of(answer)
        assert answer.redirect_chain[-1][0] == reverse("admin:round-pool", args=[round_.pk])
        assert PoolEntry.objects.get().phone == "13800000001"
        assert not ListUpload.objects.exists()

    def test_with_faults_shows_them_in_a_table(self, browser, round_):
        page = upload(browser, round_, ("其他", "张三", "", "13800000001"), ("其他", "李四", "", "12"))

        assert "“手机号”的“12”不是11位手机号" in text_of(page)
        assert "第3行" in text_of(page)

    @pytest.mark.parametrize("heading", ["姓\u3000名", "姓 名*", "姓名（必填）"])
    def test_finds_its_headings_however_they_are_spaced(self, browser, round_, heading):
        page = upload(
            browser,
            round_,
            ("其他", "张三", "", "１３８００００００１１"),
            header=("身份类别", heading, "单位", "手机号"),
        )

        confirm(browser, page, round_)
        assert PoolEntry.objects.get().phone == "13800000011"

    def test_with_two_columns_of_phones_names_both(self, browser, round_):
        header = ("身份类别", "姓名", "手机号", "单位", "联系电话")

        page = upload(browser, round_, ("其他", "张三", "13800000001", "", "13911111111"), header=header)

        assert "“手机号”（C列）、“联系电话”（E列），请只留一列" in text_of(page)

    def test_of_recipients_takes_codes_joined_by_semicolons_from_a_csv(self, browser, round_):
        codes = [make_section().code, make_section().code]
        csv = f"姓名,手机号,办过事的科室\n办事人1,13800000001,{';'.join(codes)}\n".encode()
        file = SimpleUploadedFile("名单.csv", csv)

        page = browser.post(reverse("list-new", args=["pool.recipients", round_.key]), {"file": file}, follow=True)
        confirm(browser, page, round_, kind="recipients")

        assert PoolEntry.objects.get().dealt_with == " ".join(codes)

    def test_asks_whether_four_dots_are_four_people(self, browser, round_):
        page = upload(browser, round_, *DOTTED)
        (key,) = asked(page)

        refused = confirm(browser, page, round_)
        assert "请先回答" in text_of(refused)
        assert not PoolEntry.objects.exists()
        again = confirm(browser, page, round_, **{key: "same"})
        assert "预览已按回答更新" in text_of(again)
        assert "共计1" in text_of(again)
        confirm(browser, again, round_, **{key: "same"})

        assert PoolEntry.objects.get().phone == "13800000001"
        assert AuditEntry.objects.filter(action="pool.import").latest("pk").detail["answers"] == {"people": {"same": 1}}

    def test_recognises_the_units_staff_or_asks(self, browser, round_):
        make_section(department=make_department(name="公安局"), name="治安管理科")
        page = upload(browser, round_, *of_police())

        keys = asked(page)
        assert len(keys) == 2
        answers = dict.fromkeys(keys, "yes")
        confirm(browser, confirm(browser, page, round_, **answers), round_, **answers)

        assert round_.pool.exclude(exclusion="").count() == 7

    def test_of_a_committed_pool_is_refused(self, browser):
        round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
        make_pool(round_)
        commit(round_)

        page = upload(browser, round_, ("其他", "张三", "", "13800000001"))

        assert "名单不能再改" in text_of(page)
        assert not ListUpload.objects.exists()

    def test_replaces_a_pool_and_says_what_changes(self, browser, round_):
        make_pool(round_, groups={"其他": 2})

        page = upload(
            browser, round_, ("其他", "其他第0人", "某厂", "13900010002"), ("其他", "李四", "", "13800000001")
        )

        for text in ("新增1", "变更1", "不再列入1", "未变0", "公告（2人，异议期至"):
            assert text in text_of(page)
        assert not PoolNotice.objects.exclude(withdrawn_at=None).exists()

        page = confirm(browser, page, round_, **dict.fromkeys(asked(page), "same"))

        assert "已撤回，请重新公告" in text_of(page)
        assert PoolNotice.objects.exclude(withdrawn_at=None).count() == 1
        entry = AuditEntry.objects.filter(action="pool.import").first()
        assert entry.action_name == f"导入{PoolKind.EVALUATORS.label}，原名单公告撤回"

    def test_a_withdrawn_notice_is_shown_as_such_and_with_the_one_that_replaced_it(self, browser, round_):
        make_pool(round_, groups={"其他": 2})
        page = upload(browser, round_, ("其他", "李四", "", "13800000001"))
        confirm(browser, page, round_)
        public = browser.get(reverse("draws")).content.decode()
        assert "撤回</strong>（名单重新导入）" in public
        assert "尚未重新公告" in public
        assert "随公告撤回" in public
        assert "尚未重新公告" in browser.get(reverse("admin:round-pool", args=[round_.pk])).content.decode()

        announce_pool(round_id=round_.pk, kind=PoolKind.EVALUATORS, by=make_user("chief"), at=NOON)

        assert "的公告代替" in browser.get(reverse("draws")).content.decode()

    def test_that_a_reform_made_doubtful_in_between_is_asked_anew_and_can_be_confirmed(self, browser, round_):
        page = upload(browser, round_, ("其他", "张三", "公安局大队", "13800000009"), *DOTTED)
        first = dict.fromkeys(asked(page), "different")
        page = confirm(browser, page, round_, **first)
        make_department(name="公安局")

        page = confirm(browser, page, round_, **first)
        assert "有变动" in text_of(page)
        answers = {key: "no" if key.startswith("unit") else "different" for key in asked(page)}
        confirm(browser, confirm(browser, page, round_, **answers), round_, **answers)

        assert round_.pool.count() == 5


class TestThePages:
    def test_of_a_round_that_does_not_exist_are_not_found(self, browser):
        assert browser.get(reverse("list-new", args=["pool.evaluators", "1999H1"])).status_code == 404

    @pytest.mark.parametrize("kind", PoolKind.values)
    def test_offer_a_template(self, browser, round_, kind):
        answer = browser.get(reverse("list-template", args=[f"pool.{kind}", round_.key]))

        assert answer.status_code == 200
        assert b"".join(answer).startswith(b"PK") if answer.streaming else answer.content.startswith(b"PK")

    def test_are_linked_from_the_pools_of_a_round(self, browser, round_):
        page = page_in(browser, reverse("admin:round-pool", args=[round_.pk]), queries=14, shows="导入监督员库")

        for kind in PoolKind.values:
            assert reverse("list-new", args=[f"pool.{kind}", round_.key]) in page.content.decode()

    def test_are_not_linked_for_who_may_not_import(self, client, round_):
        client.force_login(make_user("chief"))

        page = client.get(reverse("admin:round-pool", args=[round_.pk])).content.decode()

        assert "下载模板" not in page
        assert "名单由评议办工作人员在本页导入，您可以查看。" in page

    def test_of_a_committed_pool_are_not_linked(self, browser):
        round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
        make_pool(round_)
        commit(round_)

        page = browser.get(reverse("admin:round-pool", args=[round_.pk])).content.decode()

        assert "导入监督员库" in page
        assert "导入定向评议名单库" not in page


class TestTheCommand:
    def run(self, capsys, tmp_path, round_, *people, arguments=()):
        path = tmp_path / "名单.xlsx"
        path.write_bytes(xlsx(HEADER, *people))
        call_command("import_pool", round_.key, "evaluators", path, *arguments)
        return capsys.readouterr().out

    def test_imports_a_list(self, capsys, tmp_path, round_):
        said = self.run(capsys, tmp_path, round_, ("其他", "张三", "", "13800000001"))

        assert said.endswith("已导入：1人，其中回避0人。\n")
        assert round_.pool.count() == 1
        again = self.run(capsys, tmp_path, round_, ("其他", "张三", "", "13800000001"))
        assert "没有需要导入的内容" in again

    def test_only_checks_in_a_dry_run(self, capsys, tmp_path, round_):
        said = self.run(capsys, tmp_path, round_, ("其他", "张三", "", "13800000001"), arguments=["--dry-run"])

        assert "检查通过：1人" in said
        assert not round_.pool.exists()

    def test_prints_its_questions_and_refuses_while_one_is_open(self, capsys, tmp_path, round_):
        with pytest.raises(
            CommandError, match=r"有1个问题没有回答，没有导入。请核对后加上：--answer people-\w+=…"
        ) as refused:
            self.run(capsys, tmp_path, round_, *DOTTED)

        assert refused.value.returncode == 1
        said = capsys.readouterr().out
        assert "有4个手机号，姓名或者单位的写法不同：是不同的人，还是同一人？" in said
        assert "=different：是不同的人" in said
        assert "没有回答" in said
        assert not round_.pool.exists()

    def test_takes_answers(self, capsys, tmp_path, round_):
        with pytest.raises(CommandError) as refused:
            self.run(capsys, tmp_path, round_, *DOTTED)
        key = str(refused.value).partition("--answer ")[2].partition("=")[0]
        said = self.run(capsys, tmp_path, round_, *DOTTED, arguments=["--answer", f"{key}=different"])

        assert "回答：是不同的人" in said
        assert round_.pool.count() == 4

    def test_applies_and_prints_defaults(self, capsys, tmp_path, round_):
        people = [("其他", "张三", "某厂", f"1380000000{n}") for n in range(2)]

        said = self.run(capsys, tmp_path, round_, *people)

        assert "默认：是不同的人" in said
        assert round_.pool.count() == 2

    @pytest.mark.parametrize(
        ("answer", "text"), [("unit-1=yes", "没有“unit-1”这个问题"), ("unit-1", "请按“问题=回答”的格式")]
    )
    def test_refuses_answers_to_no_question(self, capsys, tmp_path, round_, answer, text):
        with pytest.raises(CommandError, match=text):
            self.run(capsys, tmp_path, round_, ("其他", "张三", "", "13800000001"), arguments=["--answer", answer])

        assert not round_.pool.exists()

    def test_refuses_an_answer_that_is_no_choice(self, capsys, tmp_path, round_):
        people = [("其他", "张三", "某厂", f"1380000000{n}") for n in range(2)]
        key = (
            self.run(capsys, tmp_path, round_, *people, arguments=["--dry-run"])
            .partition("问题 ")[2]
            .partition("：")[0]
        )

        with pytest.raises(CommandError, match="不在可选范围内"):
            self.run(capsys, tmp_path, round_, *people, arguments=["--answer", f"{key}=perhaps"])
