"""`manage.py export_top10 ROUND FILE.xlsx`: write the commission's workbook."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from accountability.results.services import export_top10
from evaluations.management.arguments import find_round
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.permissions.policy import OPERATOR


class Command(ServiceCommand):
    help = "导出：将一个轮次的最难办事科室前十名导出为 Excel 工作簿，供纪委监委使用。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="轮次代码，如 2020H1")
        parser.add_argument("file", metavar="FILE.xlsx", type=Path, help="要写入的文件")

    def handle(self, *args: Any, **options: Any) -> None:
        round_, path = find_round(options["round"]), options["file"]
        if not path.parent.is_dir():
            raise CommandError(f"文件夹“{path.parent}”不存在，请先新建文件夹。", returncode=2)
        try:
            path.write_bytes(export_top10(round_id=round_.pk, by=OPERATOR, at=clock.now()))
        except OSError as fault:
            raise CommandError(f"无法写入“{path}”，请核对文件夹的写入权限和磁盘空间。") from fault
        self.stdout.write(f"已导出“{round_.name}”：{path}")
