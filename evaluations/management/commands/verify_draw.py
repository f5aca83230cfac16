"""`manage.py verify_draw PROOF.json`: repeat a draw from its proof; needs no database."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from evaluations.protocol.drawing import DrawError
from evaluations.protocol.proofs import verify_proof
from nanchuan_eval.management.base import read_file

LARGE = 10_000_000  # bytes; larger proofs get a progress bar


class Command(BaseCommand):
    help = "核验抽取证明：按证明文件重新抽取，一致的输出 OK 和抽取种子，不一致的输出 FAIL 和原因。不需要数据库。"
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("proof", type=Path, metavar="PROOF.json", help="抽取证明文件")

    def handle(self, *args: Any, **options: Any) -> None:
        data = read_file(options["proof"])
        try:
            with tqdm(desc="重新抽取", unit="人", disable=len(data) < LARGE) as bar:
                seed = verify_proof(_parsed(data), bar.update)
        except (DrawError, ValueError) as error:
            self.stdout.write(f"FAIL {error}")
            raise SystemExit(1) from None
        self.stdout.write(f"OK {seed}")


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data, object_pairs_hook=_no_duplicate_keys)
    except DrawError:
        raise
    except (ValueError, RecursionError):  # also an integer of thousands of digits
        raise DrawError("证明文件不是有效的 JSON。") from None


def _no_duplicate_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DrawError("证明文件中有重复的键。")
    return found
