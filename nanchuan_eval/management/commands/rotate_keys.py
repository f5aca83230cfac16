"""`manage.py rotate_keys`: re-encrypt everything under the first key of FIELD_KEY."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from nanchuan_eval.encryption.key_rotation import rotate


class Command(BaseCommand):
    help = "更换加密密钥：FIELD_KEY 改为“新密钥,旧密钥”后运行；再去掉旧密钥时再运行一次。中断后重新运行即可继续。"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            total = rotate(at=timezone.now(), progress=lambda label, done: self.stdout.write(f"{label}：{done}"))
        except ValueError as fault:
            raise CommandError(
                f"部分内容无法用现有密钥解密，请将旧密钥重新加入 FIELD_KEY：{fault}", returncode=1
            ) from None
        self.stdout.write(f"完成，共重新加密{total}项。")
