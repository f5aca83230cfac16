"""`manage.py print_ballots ROUND CODES.csv --site URL --out DIR`: print A4 ballots with QR code and tear-off slip."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from evaluations.ballot_form.rules.form import BallotForm
from evaluations.ballot_form.rules.form_file import FormFileError, read_form
from evaluations.management.arguments import find_round, read_codes, site_address
from evaluations.management.count_files import read_json, unusable
from evaluations.paper_ballots.documents import ballot_files
from nanchuan_eval.management.files import make_folder, write_file


class Command(BaseCommand):
    help = (
        "打印评议票，32张一个PDF文件，含二维码、科室表、指标说明和可撕下的票号联。"
        "公证处在没有数据库的电脑上用 --paper 指定下载的评议表文件。相同的输入得到相同的文件。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码")
        parser.add_argument("codes", type=Path, metavar="CODES.csv", help="make_codes 或“生成票号”得到的文件")
        parser.add_argument("--site", required=True, metavar="URL", help="评议网站地址，如 https://pingyi.example")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="输出目录")
        parser.add_argument("--paper", type=Path, metavar="paper.json", help="评议表文件（不用数据库时）")
        parser.add_argument(
            "--section", default="", metavar="CODE", help="科室代码，打印只评这个科室的评议票（办事群众的批次）"
        )
        parser.add_argument("--closes", default="", metavar="TEXT", help="截止时间的文字（不用数据库时）")

    def handle(self, *args: Any, **options: Any) -> None:
        site = site_address(options["site"])
        ballot_form, closes = self._ballot_form(options)
        section = options["section"]
        if section and section not in ballot_form.section_codes:
            raise CommandError(f"评议表没有代码为{section}的科室。", returncode=2)
        codes, notices = read_codes(options["codes"])
        out: Path = options["out"]
        make_folder(out)
        first = 1
        with tqdm(total=len(codes), desc="打印评议票", unit="张") as bar:
            for count, pdf in ballot_files(ballot_form, codes, site=site, closes=closes, section=section):
                target = out / f"ballots-{first:05d}-{first + count - 1:05d}.pdf"
                write_file(target, pdf)
                target.chmod(0o600)
                first += count
                bar.update(count)
        for notice in notices:
            self.stdout.write(notice)
        self.stdout.write(f"已打印{len(codes)}张评议票。封装后请删除票号文件和这些PDF文件。")

    def _ballot_form(self, options: dict[str, Any]) -> tuple[BallotForm, str]:
        if options["paper"]:
            ballot_form = _form_in(options["paper"])
            if ballot_form.round_key != options["round"]:
                raise CommandError(f"评议表属于轮次{ballot_form.round_key}，不是{options['round']}。")
            return ballot_form, options["closes"]
        round_ = find_round(options["round"])
        if not round_.ballot_form:
            raise CommandError("名录锁定之后方可打印评议票。", returncode=2)
        return BallotForm.from_json(round_.ballot_form), f"{timezone.localtime(round_.closes_at):%Y年%-m月%-d日 %H:%M}"


def _form_in(path: Path) -> BallotForm:
    try:
        return read_form(read_json(path))
    except FormFileError as fault:
        raise unusable(path, fault) from None
