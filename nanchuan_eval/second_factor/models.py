"""Second factor (动态口令): TOTP authenticator and recovery codes.

Replace this device where a 商用密码 product (SM2 UKey) is required: django-otp only asks whether a device of the
account has confirmed the session.
"""

from typing import ClassVar

from django.db import models
from django_otp.models import Device

from nanchuan_eval.encryption.fields import EncryptedField
from nanchuan_eval.users.models import User


class SecondFactor(Device):  # type: ignore[misc]  # django-otp has no types
    """动态口令: confirmed by a first code; each code is valid once."""

    user = models.OneToOneField(User, models.CASCADE, verbose_name="账号", related_name="second_factor")
    secret = EncryptedField("密钥")
    last_step = models.BigIntegerField("最近使用的时间片", default=-1)
    recovery = models.JSONField("未用的恢复码（散列）", default=list)
    failures = models.PositiveSmallIntegerField("连续输错次数", default=0)
    blocked_until = models.DateTimeField("暂停使用至", null=True, blank=True)

    objects: ClassVar[models.Manager["SecondFactor"]] = models.Manager()

    class Meta:
        verbose_name = verbose_name_plural = "动态口令"

    def __str__(self) -> str:
        return f"{self.user}"
