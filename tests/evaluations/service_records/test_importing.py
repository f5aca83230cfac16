"""Import of service records: whole or not at all, each person once, each day chained."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command

from departments.models import ChangeKind, SectionChange
from evaluations.pools.rules.kinds import ExclusionReason
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from evaluations.service_records.queries.chain import chain_of, record_chain_faults, record_content_faults
from evaluations.service_records.rules.chain import chain_faults
from evaluations.service_records.services import importing
from evaluations.service_records.services.importing import import_records
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.core.errors import FileRefused
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import Row
from tests.factories import NOON, make_department, make_section, make_user

pytestmark = pytest.mark.django_db
HEADINGS = ("办件编号", "单位", "科室", "事项", "办结日期", "姓名", "手机号", "类别", "工作单位")
DAY = "2026-02-02"


def line(section, number="1", **given):
    values = {"name": "张三", "phone": "13800000001", "day": DAY, "unit": "", "topic": "", "kind": "", "firm": ""}
    values |= given
    section = section if isinstance(section, str) else section.code
    return (
        number,
        values["unit"],
        section,
        values["topic"],
        values["day"],
        values["name"],
        values["phone"],
        values["kind"],
        values["firm"],
    )


def rows(*lines, headings=HEADINGS):
    return [Row("办件.csv", number, tuple(cells)) for number, cells in enumerate((headings, *lines), start=1)]


def take(*lines, **given):
    return import_records(**{"rows": rows(*lines), "by": OPERATOR, "at": NOON, **given})


def faults(*lines, **given):
    with pytest.raises(FileRefused) as refused:
        take(*lines, **given)
    assert not ServiceRecord.objects.exists() and not Client.objects.exists() and not RecordBatch.objects.exists()
    return [str(fault) for fault in refused.value.faults]


class TestPeople:
    def test_several_records_of_a_phone_and_name_are_one_person(self):
        section = make_section()
        made = take(line(section, "1"), line(section, "2"), line(section, "3", name="张　三", phone="138 0000 0001"))
        assert (made.records, made.people, Client.objects.count()) == (3, 1, 1)

    def test_a_phone_may_serve_several_people_of_a_firm(self):
        section = make_section()
        made = take(line(section, "1", name="张三", firm="甲公司"), line(section, "2", name="李四", firm="甲公司"))
        assert (made.people, made.shared_phones) == (2, 1)
        assert [str(hint) for hint in made.hints] == [
            "办件1：手机号138****0001由几个人共用，照常导入。",
            "办件2：手机号138****0001由几个人共用，照常导入。",
        ]

    def test_of_very_many_records_with_a_shared_phone_the_first_are_listed_and_it_is_said(self, monkeypatch):
        monkeypatch.setattr(importing, "MOST_HINTS", 3)
        section = make_section()
        made = take(*(line(section, str(n), name=f"张{'一二三四'[n]}") for n in range(4)))
        assert len(made.hints) == 3
        assert made.notices == ["几个人共用手机号的办件很多，提示只列出3件。"]

    def test_a_person_of_an_earlier_file_is_found_again(self):
        section = make_section()
        take(line(section, "1"))
        made = take(line(section, "2"), line(section, "3", name="李四"))
        assert (made.people, made.shared_phones, Client.objects.count()) == (2, 1, 2)

    def test_records_without_a_phone_are_counted(self):
        section = make_section()
        made = take(line(section, "1", phone=""), line(section, "2", phone="023-71412345"))
        assert (made.without_phone, Client.objects.filter(phone_hash="").count()) == (2, 1)
        assert made.notices == ["有1件只有固定电话，按没有手机号处理。"]

    def test_a_name_with_a_unit_is_a_firms_agent(self):
        section = make_section()
        take(line(section, "1", firm="甲公司"), line(section, "2", phone="", name="李四", kind="自然人", firm="乙公司"))
        assert list(Client.objects.values_list("kind", flat=True)) == ["firm", "person"]

    def test_staff_of_rated_units_are_excluded(self):
        section = make_section(department=make_department(name="区林业局"))
        made = take(line(section, "1", firm="林业局"), line(section, "2", name="李四", firm="甲公司"))
        assert made.excluded == 1
        excluded = Client.objects.exclude(exclusion="").get()
        assert excluded.exclusion == ExclusionReason.CONFLICT
        assert excluded.exclusion_note == "所在单位“林业局”是评议对象“区林业局”"

    def test_whoever_turns_out_to_be_staff_is_excluded_later(self):
        section = make_section(department=make_department(name="区林业局"))
        take(line(section, "1"))
        assert take(line(section, "2", firm="区林业局")).excluded == 1
        assert Client.objects.get().exclusion == ExclusionReason.CONFLICT

    @pytest.mark.parametrize("firms", [("区林业局", ""), ("", "区林业局"), ("甲公司", "区林业局", "")])
    @pytest.mark.parametrize("chunk", [1, 100])
    def test_staff_are_excluded_whichever_line_says_so(self, monkeypatch, firms, chunk):
        monkeypatch.setattr(importing, "CHUNK", chunk)
        section = make_section(department=make_department(name="区林业局"))
        made = take(*(line(section, str(number), firm=firm) for number, firm in enumerate(firms)))
        assert made.excluded == 1
        assert Client.objects.get().exclusion_note == "所在单位“区林业局”是评议对象"

    def test_a_doubtful_unit_is_asked_about_with_the_number_of_people(self):
        section = make_section(department=make_department(name="区教育委员会"))
        lines = [line(section, str(n), name=f"张{'一二三'[n % 3]}", firm="教委") for n in range(9)]
        (hint,) = (str(hint) for hint in take(*lines).hints if "是不是" in str(hint))
        assert hint.startswith("工作单位：单位“教委”是不是评议对象“区教育委员会”的？涉及3人，没有列为回避")

    def test_liaisons_are_excluded(self):
        section = make_section(department=make_department(code="D01"))
        liaison = make_user("liaison")
        assert take(line(section, "1", name=liaison.name)).excluded == 1

    def test_relatives_are_excluded(self):
        section = make_section(department=make_department(name="区林业局"))
        made = import_records(
            rows=rows((*line(section, "1"), "区林业局"), headings=(*HEADINGS, "回避申报")), by=OPERATOR, at=NOON
        )
        assert made.excluded == 1


class TestSections:
    def test_a_section_is_found_by_code_name_or_unit_and_name(self):
        unit = make_department(name="区林业局")
        section = make_section(department=unit, name="林政科")
        made = take(line(section, "1"), line("林政科", "2"), line("区林业局林政科", "3"))
        assert made.sections == 1

    def test_a_former_name_leads_to_the_section_that_continues_it(self):
        old, new = make_section(name="旧科", is_active=False), make_section(name="新科")
        SectionChange.objects.create(
            kind=ChangeKind.MERGED,
            on=date(2025, 1, 1),
            earlier=old,
            later=new,
            earlier_name="更旧的科",
            earlier_department_name=old.department.name,
        )
        take(line("更旧的科", "1"), line("旧科", "2"), line(old.code, "3"))
        assert set(ServiceRecord.objects.values_list("section", flat=True)) == {new.pk}

    def test_the_unit_tells_namesakes_apart(self):
        one, other = (
            make_section(name="综合窗口", department=make_department(name=n)) for n in ("区林业局", "区水利局")
        )
        take(line("综合窗口", "1", unit="水利局"))
        assert ServiceRecord.objects.get().section == other
        assert one.department != other.department

    def test_namesakes_without_a_unit_are_refused(self):
        one, other = (
            make_section(name="综合窗口", department=make_department(name=n)) for n in ("区林业局", "区水利局")
        )
        assert faults(line("综合窗口", "1")) == [
            f"第2行：科室“综合窗口”可能是区林业局“综合窗口”（{one.code}）、区水利局“综合窗口”（{other.code}），"
            "不能确定，请填写科室代码，或者填写评议对象单位。"
        ]

    @pytest.mark.parametrize("unit", ["区林业局", "外区税务局"])
    @pytest.mark.parametrize("by_code", [True, False])
    def test_of_another_unit_than_the_one_written_is_refused(self, unit, by_code):
        make_section(department=make_department(name="区林业局"))
        section = make_section(name="行政审批科", department=make_department(name="区水利局"))
        text = section.code if by_code else section.name
        assert faults(line(text, unit=unit)) == [f"第2行：评议对象单位“{unit}”没有科室“{text}”，请核对。"]

    def test_a_unit_that_had_the_section_or_has_its_successor_is_right(self):
        old = make_section(name="旧科", is_active=False, department=make_department(name="区林业局"))
        new = make_section(name="新科", department=make_department(name="区水利局"))
        SectionChange.objects.create(
            kind=ChangeKind.MERGED, on=date(2025, 1, 1), earlier=old, later=new,
            earlier_name="旧科", earlier_department_name="区林业局",
        )  # fmt: skip
        take(line("旧科", "1", unit="区林业局"), line("旧科", "2", unit="区水利局"), line(old.code, "3", unit="水利局"))
        assert set(ServiceRecord.objects.values_list("section", flat=True)) == {new.pk}

    def test_a_section_that_was_abolished_is_refused(self):
        section = make_section(name="旧科", is_active=False)
        assert faults(line(section)) == [f"第2行：科室“{section.code}”已经撤销，没有科室延续，请核对。"]


class TestRefusals:
    def test_every_fault_of_a_file_is_told_and_nothing_is_imported(self):
        section = make_section()
        assert faults(
            line("没有的科室", "1"),
            line(section, "2", day="2026-02-30"),
            line(section, "3", day="2026-03-03"),
            line(section, "4", day="2020-01-01"),
            line(section, "5", phone="1380000000"),
            line(section, "6", name=""),
            line(section, "7", kind="外星人"),
            line(section, "", name="李四"),
            line(section, "8", topic="长" * 101),
            line(section, "9", day="2026-02"),
            line(section, "10"),
        ) == [
            "第2行：科室“没有的科室”不在评议对象名录中，也不是曾用名，请核对。",
            "第3行：“办结日期”的“2026-02-30”不是日期，请按“2026-07-01”的格式填写。",
            "第4行：“办结日期”的“2026-03-03”在今天以后，请核对。",
            "第5行：“办结日期”的“2020-01-01”早于2023-03-02，请核对；"
            "以前轮次的，请运维人员用 import_service_records 命令写明轮次导入。",
            "第6行：“手机号”的“******0000”不是11位手机号，请核对；没有手机号的，留空。",
            "第7行：“姓名”为空，请填写。",
            "第8行：“类别”的“外星人”无法识别，应为：个人、企业。",
            "第9行：“办件编号”为空，请填写。",
            f"第10行：“事项”超过100字：{'长' * 20}…",
            "第11行：“办结日期”的“2026-02”不是日期，请按“2026-07-01”的格式填写。",
        ]

    def test_a_total_row_is_passed_over_with_a_notice(self):
        section = make_section()
        made = take(line(section, "1"), ("合计", "", "", "1件", "", "", "", "", ""))
        assert (made.records, made.notices) == (1, ["第3行“合计”是表尾的说明，没有读取。"])

    def test_a_file_without_a_header_or_without_records_is_refused(self):
        assert "找不到表头" not in faults()[0] and faults() == ["文件中没有办件，请核对文件内容。"]
        with pytest.raises(FileRefused, match="找不到表头"):
            import_records(rows=[Row("办件.csv", 1, ("甲", "乙"))], by=OPERATOR, at=NOON)

    def test_a_day_outside_the_round_is_refused(self):
        period = (date(2025, 7, 1), date(2025, 12, 31))
        assert faults(line(make_section()), period=period) == [
            f"第2行：“办结日期”的“{DAY}”不在本轮的2025-07-01至2025-12-31之内，请核对。"
        ]

    def test_a_number_with_other_content_is_refused(self):
        section = make_section()
        assert "办件编号“1”已有内容不同的办件" in faults(line(section, "1"), line(section, "1", name="李四"))[0]

    def test_it_is_told_together_with_the_other_faults_of_the_file(self):
        section = make_section()
        told = faults(line("没有", "9"), line(section, "1"), line(section, "1", name="李四"))
        assert len(told) == 2 and "办件编号“1”已有内容不同的办件" in told[1]

    def test_it_stops_at_very_many_faults(self, monkeypatch):
        monkeypatch.setattr("evaluations.service_records.rules.parsing.MOST_FAULTS", 3)
        told = faults(*(line("没有", str(n)) for n in range(9)))
        assert len(told) == 4 and told[-1] == "错误达到3处，没有再往下读；请先改正列出的错误。"

    def test_only_those_who_import_pools_may_import(self):
        with pytest.raises(policy.Denied):
            take(line(make_section()), by=make_user("auditor"))


class TestChain:
    def test_each_day_of_a_unit_is_a_batch_of_its_chain(self):
        section, other = make_section(), make_section()
        take(line(section, "1"), line(other, "1"), line(section, "2", day="2026-02-03"), line(section, "3"))
        links = chain_of(section.department.code)
        assert [(link.seq, str(link.day), link.records) for link in links] == [(1, DAY, 2), (2, "2026-02-03", 1)]
        assert list(chain_faults(section.department.code, links)) == []
        assert len(chain_of(other.department.code)) == 1
        assert list(record_chain_faults()) == []

    def test_what_was_imported_before_is_skipped_and_adds_no_batch(self):
        section = make_section()
        take(line(section, "1"), line(section, "2"))
        made = take(line(section, "1"), line(section, "2"))
        assert (made.records, made.known, RecordBatch.objects.count()) == (0, 2, 1)
        made = take(line(section, "2"), line(section, "3"))
        assert (made.records, made.known) == (1, 1)
        assert [link.records for link in chain_of(section.department.code)] == [2, 1]

    def test_a_repeat_is_known_in_a_later_chunk_of_the_file_too(self, monkeypatch):
        monkeypatch.setattr(importing, "CHUNK", 2)
        section = make_section()
        made = take(*(line(section, str(n % 5)) for n in range(10)))
        assert (made.records, made.known, made.people) == (5, 5, 1)

    def test_a_record_whose_person_has_left_is_known_by_the_rest(self):
        section = make_section()
        take(line(section, "1"))
        ServiceRecord.objects.update(client=None)
        Client.objects.all().delete()
        assert take(line(section, "1")).known == 1

    def test_a_trial_leaves_nothing_behind(self):
        made = take(line(make_section()), is_trial=True)
        assert made.records == 1
        assert not RecordBatch.objects.exists() and not AuditEntry.objects.exists()

    def test_the_log_notices_a_deleted_record_and_a_changed_count(self):
        section = make_section()
        take(line(section, "1"), line(section, "2"))
        assert verify_chain() == []
        ServiceRecord.objects.filter(number="2").delete()
        name, code = section.department.name, section.department.code
        assert verify_chain() == [f"{name}第1批办件应有2件，现有1件，被删除或者增补过。"]
        RecordBatch.objects.update(records=1)
        told = verify_chain()
        assert told[0].startswith(f"办件批次和累计校验值（编号{code}）与操作日志")
        assert told[1] == f"{name}的办件累计校验：第1批的累计校验值不符，这一批或者以前的批次被改动过。"

    def test_a_record_changed_behind_the_back_of_the_chain_is_named(self):
        section = make_section()
        take(line(section, "1"), line(section, "2", name="李四"))
        assert list(record_content_faults()) == []
        Client.objects.filter(name="李四").update(name="王五")
        assert list(record_content_faults()) == [f"{section.department.name}第1批办件的内容与收到时不同，被改动过。"]
        Client.objects.update(name="", phone="", phone_hash="")  # left after the round: no longer to be recomputed
        assert list(record_content_faults()) == []

    def test_the_command_that_verifies_the_log_notices_a_swapped_person(self, capsys):
        section = make_section()
        take(line(section, "1"), line(section, "2", name="李四"))
        person = ServiceRecord.objects.get(number="2").client
        ServiceRecord.objects.filter(number="1").update(client=person)
        with pytest.raises(CommandError):
            call_command("verify_audit")
        assert f"{section.department.name}第1批办件的内容与收到时不同" in capsys.readouterr().out

    def test_the_salt_is_no_part_of_what_the_log_fixes(self):
        take(line(make_section()))
        RecordBatch.objects.update(salt="")
        assert verify_chain() == []

    def test_the_log_holds_no_name_phone_or_number(self):
        take(line(make_section(), "编号甲"))
        detail = str(AuditEntry.objects.get().detail)
        assert not any(secret in detail for secret in ("张三", "13800000001", "编号甲"))


def test_a_file_of_more_days_than_keys_are_reserved_at_a_time(monkeypatch):
    monkeypatch.setattr(importing, "KEYS", 2)
    section = make_section()

    take(*(line(section, str(day), day=f"2026-02-{day:02d}") for day in range(2, 7)))
    take(line(section, "7", day="2026-02-07"))

    assert RecordBatch.objects.count() == 6
    assert list(record_chain_faults()) == []


def test_the_number_of_statements_does_not_grow_with_the_rows(django_assert_max_num_queries):
    section = make_section()
    with django_assert_max_num_queries(30):
        take(*(line(section, str(n), phone=f"138{n:08d}") for n in range(300)))
