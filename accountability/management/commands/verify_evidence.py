"""`manage.py verify_evidence`: check every stored original against the digest of its upload."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accountability.evidence.services.evidence import evidence_faults, file_faults


class Command(BaseCommand):
    help = "逐件解密证据原件，与上传时的校验值核对。发现问题时返回1。"

    def handle(self, *args: Any, **options: Any) -> None:
        found = [*evidence_faults(), *file_faults()]
        for fault in found:
            self.stdout.write(f"× {fault}")
        if found:
            raise CommandError(f"证据核验不一致，共{len(found)}处。", returncode=1)
        self.stdout.write("证据原件核验一致。")
