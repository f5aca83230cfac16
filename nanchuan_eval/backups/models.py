"""Register of backups (备份); the files themselves are stored elsewhere."""

from django.db import models

from nanchuan_eval.audit import rules as audit_rules


class Backup(models.Model):
    """备份: one encrypted file with the whole database and all evidence, named by its SHA-256."""

    name = models.CharField("文件名", max_length=80)
    sha256 = models.CharField("校验值", max_length=64, unique=True)
    size = models.PositiveBigIntegerField("字节数")
    made_at = models.DateTimeField("备份时间")
    seq = models.PositiveBigIntegerField("日志编号", help_text="备份时操作日志的最后一条")
    head = models.CharField("日志校验值", max_length=64, default=audit_rules.GENESIS)
    is_during_vote = models.BooleanField("投票期间", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "备份"
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return self.name
