"""Printed and exported documents: ballots, labels, sealing record, openings."""

import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import CodeBatch
from evaluations.codes.services import issuing
from evaluations.paper_ballots import documents
from evaluations.protocol.codes import format_code
from evaluations.scoring.method import Channel
from evaluations.turnout.services import people_for_labels
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.turnout.test_services import make_drawn
from tests.factories import NOON, make_codes, make_open_round, make_round, make_sealed_round, make_user

pytestmark = pytest.mark.django_db
SITE = "https://pingyi.example"
# Runs print_ballots, then writes the peak memory of its children in kB.
PEAK = """
import resource, sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "print_ballots", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def codes_file(tmp_path, codes, name="codes.csv"):
    path = tmp_path / name
    path.write_bytes(issuing.codes_csv(codes))
    return path


def text_of(path):
    return subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True, text=True).stdout


def run(command, *arguments, **options):
    out = StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("sections", "pages"),
    [
        (0, [0]),
        (40, [40]),
        (53, [53]),
        (54, [27, 27]),
        (105, [53, 52]),
        (110, [55, 55]),
        (120, [60, 60]),
        (130, [33, 33, 32, 32]),
    ],
)
def test_the_sections_fill_both_sides_of_as_few_sheets_as_hold_them(sections, pages):
    rows = [(number, "科室") for number in range(sections)]

    shared = list(documents._pages(rows))

    assert list(map(len, shared)) == pages
    assert [row for page in shared for row in page] == rows


class TestPrintedBallots:
    @pytest.mark.pdftext
    def test_have_one_code_each_on_the_slip_and_every_section_on_the_sheet(self, tmp_path):
        round_ = make_open_round(sections=4)
        codes = make_codes(round_, 3)

        run("print_ballots", round_.key, codes_file(tmp_path, codes), site=SITE, out=tmp_path / "out")

        (path,) = (tmp_path / "out").iterdir()
        text = "".join(text_of(path).split())
        assert all(text.count(format_code(code)) == 1 for code in codes)
        assert all(text.count(section.name) >= 3 for section in round_.sections.all())
        assert oct(path.stat().st_mode)[-3:] == "600"

    def test_are_the_same_bytes_for_the_same_input_with_and_without_a_database(self, tmp_path, client):
        round_ = make_open_round()
        codes = codes_file(tmp_path, make_codes(round_, 2))
        (tmp_path / "paper.json").write_bytes(client.get(f"/rounds/{round_.key}/paper.json").content)
        closes = "2026年3月3日 12:00"

        for name, more in (("a", {}), ("b", {}), ("c", {"paper": tmp_path / "paper.json", "closes": closes})):
            run("print_ballots", round_.key, codes, site=SITE, out=tmp_path / name, **more)

        a, b, c = (next((tmp_path / name).iterdir()).read_bytes() for name in "abc")
        assert a == b == c

    def test_are_rendered_by_children_with_bounded_memory(self, tmp_path):
        round_ = make_open_round(sections=105)
        (tmp_path / "paper.json").write_text(round_.ballot_form, encoding="utf-8")
        codes = codes_file(tmp_path, [issuing.new_code() for _ in range(60)])
        order = [round_.key, codes, "--paper", tmp_path / "paper.json", "--site", SITE, "--out", tmp_path / "out"]

        # In a separate process: until exec, a child is charged the memory of its parent.
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *order], check=False, cwd=settings.BASE_DIR, capture_output=True, text=True
        )

        assert done.returncode == 0, done.stderr
        assert len(list((tmp_path / "out").iterdir())) == 2
        assert int(done.stdout.split()[-1]) < 200 * 1024

    @pytest.mark.parametrize(
        ("lines", "text"),
        [
            (["序号,票号"], "文件中没有票号"),
            ([], "文件没有内容"),
            (["序号,票号", "1,ABC"], "第2行：票号应为20位"),
            (["序号,号码", "1,ABC"], "第1行的表头缺少“票号”列"),
            (["序号,票号", f"1,{'0' * 20}", f"2,{'o' * 20}"], "第3行：票号与文件“codes.csv”第2行的相同"),
        ],
    )
    def test_of_an_empty_or_broken_batch_are_refused_with_a_message(self, tmp_path, lines, text):
        round_ = make_open_round()
        (tmp_path / "codes.csv").write_text("\n".join(lines), encoding="utf-8")

        with pytest.raises(CommandError, match=text):
            run("print_ballots", round_.key, tmp_path / "codes.csv", site=SITE, out=tmp_path / "out")

        assert not list(tmp_path.glob("out/*"))

    def test_without_a_frozen_form_or_with_that_of_another_round_are_refused(self, tmp_path):
        codes = codes_file(tmp_path, [issuing.new_code()])
        with pytest.raises(CommandError, match="名录锁定之后"):
            run("print_ballots", make_round().key, codes, site=SITE, out=tmp_path)
        (tmp_path / "paper.json").write_text(make_open_round().ballot_form, encoding="utf-8")
        with pytest.raises(CommandError, match="评议表属于轮次"):
            run("print_ballots", "other", codes, site=SITE, out=tmp_path, paper=tmp_path / "paper.json")


def test_a_list_of_codes_cannot_be_imported_twice():
    round_ = make_open_round()
    _, issues = issuing.make_codes(5, round_.key)
    kind = issuing.FormKind(Channel.TARGETED, Origin.ISSUED, "公证处")
    issuing.import_issued(round_id=round_.pk, form=kind, issues=issues, by=make_user("clerk"), at=NOON)

    with pytest.raises(RuleViolation, match="该清单已导入"):
        issuing.import_issued(round_id=round_.pk, form=kind, issues=issues, by=make_user("clerk"), at=NOON)

    assert CodeBatch.objects.count() == 1


class TestStaffDocuments:
    @pytest.mark.pdftext
    def test_the_sealing_record_shows_root_counts_and_signature_lines(self, client, tmp_path):
        round_ = make_sealed_round(targeted=6, sampled=3)
        client.force_login(make_user("clerk"))

        answer = client.get(f"/admin/evaluations/round/{round_.pk}/seal-record.pdf")

        (tmp_path / "record.pdf").write_bytes(answer.content)
        text = "".join(text_of(tmp_path / "record.pdf").split())
        assert round_.closing_root in text
        assert "监督员" in text
        assert "少于5" in text

    def test_the_sealing_record_of_an_open_box_is_not_found(self, client):
        client.force_login(make_user("clerk"))
        assert client.get(f"/admin/evaluations/round/{make_open_round().pk}/seal-record.pdf").status_code == 404

    @pytest.mark.pdftext
    def test_labels_name_people_never_codes_and_are_logged(self, client, tmp_path):
        round_ = make_open_round()
        make_codes(round_, 3)
        make_drawn(round_, people=3)
        client.force_login(make_user("clerk"))

        answer = client.post(f"/admin/evaluations/round/{round_.pk}/labels/", {"reason": "寄送"})

        (tmp_path / "labels.pdf").write_bytes(answer.content)
        assert text_of(tmp_path / "labels.pdf").count("收") == 3
        assert AuditEntry.objects.latest("pk").detail["people"] == 3
        with pytest.raises(RuleViolation, match="理由"):
            people_for_labels(round_id=round_.pk, reason="", by=make_user("clerk"), at=NOON)
