"""计票: aggregate rows, the count with its digests, and each section's result."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.expressions import OrderBy

from evaluations.draws.models import DrawEntry
from evaluations.rounds.models import Round, RoundSection
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import shown
from evaluations.tally.rules.anomalies import NAMES_BALLOTS, FlagKind, Verdict, false_alarms


class TallyRow(models.Model):
    """汇总行: the counted ballots of a channel for a section, as exact integers (`scoring.counting.Cell`)."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="tally_rows")
    section = models.ForeignKey(RoundSection, models.PROTECT, related_name="tally_rows")
    channel = models.CharField("渠道", max_length=10, choices=Channel)
    lines = models.PositiveIntegerField("有效票")
    total = models.BigIntegerField("得分整数和")
    squares = models.DecimalField("得分整数平方和", max_digits=30, decimal_places=0)
    severe = models.PositiveIntegerField("有须勾选表象的评价的有效票")
    votes = models.PositiveIntegerField("得票数")
    answered = models.JSONField("各指标作答数")
    points = models.JSONField("各指标得分和")
    histogram = models.JSONField("得分分布")

    class Meta:
        verbose_name = verbose_name_plural = "计票汇总"
        constraints = [models.UniqueConstraint(fields=["round", "section", "channel"], name="one_tally_row_per_cell")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class Tally(models.Model):
    """计票结果: made once, never changed; `result` is result.json to the byte, `cells` cells.json (NC-2 only).

    A recount ordered by a decision is a new version beside the old one; `round.tally` is the newest.
    """

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="tallies")
    version = models.PositiveSmallIntegerField("版次", default=1)
    reason = models.CharField("重新计票的依据", max_length=300, blank=True)
    at = models.DateTimeField("计票时间")
    rulebook = models.TextField("规则文件 rulebook.json")
    result = models.TextField("结果文件 result.json")
    cells = models.TextField("公开数据文件 cells.json", blank=True, default="")
    rulebook_sha256 = models.CharField("规则校验值", max_length=64)
    result_sha256 = models.CharField("结果校验值", max_length=64)
    cells_sha256 = models.CharField("公开数据校验值", max_length=64, blank=True, default="")
    rows_sha256 = models.CharField("计票汇总校验值", max_length=64)
    without_flags = models.JSONField("剔除提示票后位次", default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "计票结果"
        ordering = ["round", "version"]
        constraints = [
            models.UniqueConstraint(fields=["round", "version"], name="a_tally_version_is_made_once"),
            models.CheckConstraint(
                condition=models.Q(version=1, reason="") | models.Q(version__gt=1) & ~models.Q(reason=""),
                name="a_recount_has_its_reason",
                violation_error_message="重新计票必须写明依据。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round}计票结果（第{self.version}版）"


class CountSignature(models.Model):
    """计票签名: a drawn supervisor who watched the count confirms its digests with a one-time code."""

    tally = models.ForeignKey(Tally, models.PROTECT, verbose_name="计票结果", related_name="signatures")
    supervisor = models.ForeignKey(DrawEntry, models.PROTECT, verbose_name="监督员", related_name="+")
    at = models.DateTimeField("签名时间")

    class Meta:
        verbose_name = verbose_name_plural = "计票签名"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["tally", "supervisor"], name="a_supervisor_signs_a_count_once")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


def by_place(path: str = "") -> list[OrderBy | str]:
    """Return the order in which results stand wherever they are listed: by place, those without one last.

    Vetoed sections have the first places. `path` leads from the rows to be ordered to their results.
    """
    return [models.F(f"{path}rank").asc(nulls_last=True), f"{path}section__code"]


class SectionResult(models.Model):
    """科室结果: one section's row of result.json, with the main problems as edited by the office."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="results")
    section = models.OneToOneField(RoundSection, models.PROTECT, verbose_name="参评科室", related_name="result")
    rank = models.PositiveSmallIntegerField("位次", null=True)
    is_listed = models.BooleanField("上榜", default=False)
    label = models.CharField("确定程度", max_length=10, blank=True)
    # Null under NC-2 for a section without enough lines: it has counts, but no index.
    difficulty = models.DecimalField("难办指数", max_digits=8, decimal_places=4, null=True)
    vote_count = models.PositiveIntegerField("得票数")
    data = models.JSONField("结果明细")
    ticks = models.JSONField("表象勾选数", default=dict)
    main_problems = models.CharField("主要问题", max_length=300, blank=True)
    is_withdrawn = models.BooleanField("更正后撤下", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "科室结果"
        ordering = by_place()

    def __str__(self) -> str:
        return f"{self.section}"


class AnomalyFlagQuerySet(models.QuerySet["AnomalyFlag"]):
    """Filters of flags."""

    def naming_no_ballots(self) -> Self:
        """Return the open flags that can only be kept: they concern a whole cell or a day."""
        return self.filter(verdict=Verdict.OPEN).exclude(kind__in=NAMES_BALLOTS).select_related("section")


class AnomalyFlag(models.Model):
    """异常提示: a pattern to be checked before the result is approved, and the decision on it."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="flags")
    kind = models.CharField("种类", max_length=12, choices=FlagKind)
    section = models.ForeignKey(RoundSection, models.PROTECT, verbose_name="科室", null=True, related_name="+")
    channel = models.CharField("渠道", max_length=10, choices=Channel, blank=True)
    text = models.CharField("内容", max_length=300)
    ballots = models.JSONField("涉及的票", default=list)
    found_at = models.DateTimeField("提示时间")
    verdict = models.CharField("处理意见", max_length=12, choices=Verdict, default=Verdict.OPEN)
    reason = models.CharField("处理理由", max_length=300, blank=True)
    decided_at = models.DateTimeField("处理时间", null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="处理人", null=True, related_name="+"
    )

    objects = AnomalyFlagQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "异常提示"
        ordering = ["round", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verdict=Verdict.OPEN, decided_at__isnull=True)
                | ~models.Q(verdict=Verdict.OPEN) & models.Q(decided_at__isnull=False) & ~models.Q(reason=""),
                name="a_decided_flag_has_its_reason",
                violation_error_message="已处理的异常提示必须有处理理由。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}（{self.section or self.get_channel_display() or self.round}）"

    @property
    def false_alarms(self) -> str:
        """Expected false alarms on honest ballots."""
        return false_alarms(FlagKind(self.kind), self.round.rulebook["method"])

    @property
    def shown_ballots(self) -> int | str:
        """How many ballots the flag names, hidden if few."""
        return shown(len(self.ballots))


class VetoQuerySet(models.QuerySet["Veto"]):
    """Filters of vetoes."""

    def in_force(self) -> Self:
        """Return the vetoes that no upheld objection or appeal has annulled."""
        return self.filter(annulled_at=None)


class Veto(models.Model):
    """一票否决: a commission decision that puts a section first; its score stays what it is (rulebook R-E)."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="vetoes")
    section = models.OneToOneField(RoundSection, models.PROTECT, verbose_name="参评科室", related_name="veto")
    decision = models.CharField("决定文号", max_length=60)
    decided_on = models.DateField("决定日期")
    facts = models.CharField("查实情况", max_length=300)
    annulled_at = models.DateTimeField("撤销时间", null=True)

    objects = VetoQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "一票否决"

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
