"""`manage.py message_receipts FILE`: take the receipts of a gateway from a file of JSON."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from evaluations.management.count_files import read_json, unusable
from evaluations.messages.rules.receipts import ReceiptError, read_receipts
from evaluations.messages.services.receipts import take_receipts
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.management.base import ServiceCommand


class Command(ServiceCommand):
    help = "记录短信网关的回执和退订：JSON 文件，格式同 /api/message-receipts/（docs/messages.md）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="JSON 文件")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"]
        try:
            received = read_receipts(read_json(path))
        except ReceiptError as fault:
            raise unusable(path, fault) from None
        self.stdout.write(str(take_receipts(received, at=clock.now())))
