"""`manage.py pair_sms CODES.csv PEOPLE.xlsx --site URL --sign NAME --out FILE.csv`: an SMS and code a person."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluations.codes.services.handing_out import messages_csv
from evaluations.management.arguments import read_codes, read_phones, site_address
from nanchuan_eval.management.files import write_secret


class Command(BaseCommand):
    help = (
        "将票号与手机号配对，生成短信平台使用的文件。注意：短信平台由此知道票号由哪个手机号收到（但不知道评议内容），"
        "需要完全匿名时请用随机发放的信封。手机号重复的不予办理。不需要数据库，配对不保存。"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("codes", type=Path, metavar="CODES.csv", help="票号文件")
        parser.add_argument("people", type=Path, metavar="PEOPLE", help="含“手机号”一列的名单（.xlsx 或 .csv）")
        parser.add_argument("--site", required=True, metavar="URL", help="评议网站地址")
        parser.add_argument("--sign", required=True, metavar="NAME", help="短信签名，不带括号")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="输出文件，不得已存在")

    def handle(self, *args: Any, **options: Any) -> None:
        site = site_address(options["site"])
        codes, phones = read_codes(options["codes"]), read_phones(options["people"])
        if len(phones.values) > len(codes.values):
            raise CommandError(f"名单有{len(phones.values)}人，票号只有{len(codes.values)}个。")
        messages = messages_csv(phones.values, codes.values[: len(phones.values)], site, options["sign"])
        write_secret(options["out"], messages)
        for notice in (*codes.notices, *phones.notices):
            self.stdout.write(notice)
        left = len(codes.values) - len(phones.values)
        more = f"另有{left}个票号没有用到，请妥善保管或者作废。" if left else ""
        self.stdout.write(f"已生成{len(phones.values)}条短信。{more}发送后请删除文件。")
