"""`manage.py doctor [--json] [--all] [--offline]`: what is wrong with the installation or will be, with what to do."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from nanchuan_eval.doctor.queries.examination import examine
from nanchuan_eval.doctor.queries.machine import network_subjects
from nanchuan_eval.installation.rules import Level, exit_code


class Command(BaseCommand):
    help = (
        "系统体检：设置、数据库、时钟、定时任务、备份和试恢复、磁盘、权限、密钥、证书、节假日、邮件和短信网关，"
        "逐项说明有什么问题、怎么办。全部正常返回0，有警告返回1，有故障返回2。"
    )
    requires_system_checks: list[str] = []  # this command tells their findings in its own lines
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="正常的项目也列出")
        parser.add_argument("--json", action="store_true", help="输出 JSON，供监控程序读取")
        text = "只连接数据库和缓存，不连接证书、邮件、短信、病毒查杀的地址"
        parser.add_argument("--offline", action="store_true", help=text)

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        lines = examine(at, asks_others=not options["offline"])
        code, left_out = exit_code(lines), network_subjects() if options["offline"] else []
        if options["json"]:
            told = [{"level": line.level.name.lower(), "subject": line.setting, "text": line.text} for line in lines]
            self.stdout.write(
                json.dumps(
                    {"at": at.isoformat(), "code": code, "left_out": left_out, "lines": told}, ensure_ascii=False
                )
            )
        else:
            shown = lines if options["all"] else [line for line in lines if line.level is not Level.GOOD]
            for line in shown:
                self.stdout.write(str(line))
            faults = sum(line.level is Level.FAULT for line in lines)
            warnings = sum(line.level is Level.WARNING for line in lines)
            good = len(lines) - faults - warnings
            if left_out:
                self.stdout.write(f"没有查的（--offline）：{'、'.join(left_out)}。")
            self.stdout.write(f"体检完成：故障{faults}项，警告{warnings}项，正常{good}项。")
        if code:
            sys.exit(code)
