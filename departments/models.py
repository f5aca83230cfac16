"""Departments, their sections, the sections' heads and changes (rulebook R-A)."""

from collections.abc import Iterable
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from nanchuan_eval.names.rules.keys import is_same_name
from nanchuan_eval.names.rules.others import joined, name_fault, names_in
from nanchuan_eval.names.rules.units import Unit, UnitNames
from nanchuan_eval.profile.queries import current_profile

CODE = RegexValidator(r"^[0-9A-Za-z-]+\Z", "代码只能用字母、数字和短横线。")


class DepartmentKind(models.TextChoices):
    """Legal kinds of department (单位性质)."""

    ADMINISTRATIVE = "administrative", "行政部门"
    INSTITUTION = "institution", "事业单位"
    UTILITY = "utility", "公用企业"


class ServiceKind(models.TextChoices):
    """Kinds of service a section gives (服务类型)."""

    APPROVAL = "approval", "行政审批"
    SERVICE = "service", "行政服务"
    ENFORCEMENT = "enforcement", "行政执法"
    UTILITY = "utility", "公用事业"


class ChangeKind(models.TextChoices):
    """Kinds of reform in the lineage (沿革)."""

    RENAMED = "renamed", "更名"
    UNIT_RENAMED = "unit", "单位更名"
    MERGED = "merged", "合并"
    SPLIT = "split", "拆分"
    MOVED = "moved", "转隶"
    ABOLISHED = "abolished", "撤销"


class Leaving(models.TextChoices):
    """Reasons for leaving a post (离任原因)."""

    TRANSFERRED = "transferred", "调任"
    RETIRED = "retired", "退休"
    LEFT = "left", "离职"


class Department(models.Model):
    """A department (单位) of the roster, with its leaders."""

    code = models.CharField("单位代码", max_length=20, unique=True, validators=[CODE])
    name = models.CharField("单位", max_length=60)
    kind = models.CharField("单位性质", max_length=20, choices=DepartmentKind)
    is_vertical = models.BooleanField("垂直管理", default=False)
    superior = models.CharField("上级主管单位", max_length=60, blank=True)
    chief_leader = models.CharField("主要领导", max_length=40, blank=True)
    leader_in_charge = models.CharField("分管领导", max_length=40, blank=True)
    is_active = models.BooleanField("参评", default=True)
    short_names = models.CharField(
        "简称", max_length=200, blank=True, help_text="其他常用名称，用顿号分开，如：公安、警察局"
    )
    former_names = models.CharField("曾用名", max_length=300, blank=True, help_text="更名以前的名称，用顿号分开")

    class Meta:
        verbose_name = verbose_name_plural = "部门单位"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def other_names(self) -> tuple[str, ...]:
        """Short and former names, by which lists may call the department."""
        return (*names_in(self.short_names), *names_in(self.former_names))

    @property
    def names(self) -> Unit:
        """All its names, to recognise it in lists; its sections' are left out."""
        return Unit(self.code, self.name, self.other_names)

    def clean(self) -> None:
        """Write other names in one manner; refuse a name by which another unit is known (1 query)."""
        self.short_names = joined([self.short_names], but=[self.name])
        self.former_names = joined([self.former_names], but=[self.name, *names_in(self.short_names)])
        if self.is_active:
            others = Department.objects.filter(is_active=True).exclude(pk=self.pk)
            self._refuse_names_of(UnitNames([other.names for other in others], current_profile().place_names))

    def _refuse_names_of(self, others: UnitNames) -> None:
        faults: dict[str, list[str]] = {}
        for field in ("name", "short_names", "former_names"):
            names = [self.name] if field == "name" else names_in(getattr(self, field))
            for name in names:
                if fault := name_fault(name, others):
                    faults.setdefault(field, []).append(fault)
        if faults:
            raise ValidationError(faults)


class SectionQuerySet(models.QuerySet["Section"]):
    """Filters and annotations of sections."""

    def active(self) -> Self:
        """Return the sections that take part in coming rounds."""
        return self.filter(is_active=True, department__is_active=True)

    def with_heads(self) -> Self:
        """Annotate the name of the present head (现任负责人) as `serving`."""
        in_office = Tenure.objects.filter(section=OuterRef("pk"), ends_on=None).order_by("-starts_on", "-pk")
        return self.annotate(serving=Subquery(in_office.values("name")[:1]))


class Section(models.Model):
    """A section (科室), subordinate body or station of a department."""

    code = models.CharField(
        "科室代码",
        max_length=20,
        unique=True,
        validators=[CODE],
        error_messages={"unique": "该代码已有科室使用（含不再参评的科室），请换一个。"},
    )
    name = models.CharField("科室", max_length=60)
    department = models.ForeignKey(Department, models.PROTECT, verbose_name="单位", related_name="sections")
    service_kind = models.CharField("服务类型", max_length=20, choices=ServiceKind)
    is_active = models.BooleanField("参评", default=True)

    objects = SectionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "科室"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["department", "name"],
                condition=Q(is_active=True),
                name="active_section_name_is_unique_in_department",
                violation_error_message="同一单位内已有同名的参评科室。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.department.name}{self.name}"

    def clean(self) -> None:
        """Refuse the name of another section of the unit that takes part, however it is written (1 query)."""
        if self.is_active and self.department_id and name_is_taken(self.department, self.name, but=[self.pk]):
            raise ValidationError({"name": "同一单位内已有同名的参评科室。"})


def name_is_taken(department: Department, name: str, but: Iterable[int | None] = ()) -> bool:
    """True if a section of the department that takes part, other than `but`, has the name (1 query)."""
    held = Section.objects.filter(department=department, is_active=True).exclude(pk__in=filter(None, but))
    return any(is_same_name(name, other) for other in held.values_list("name", flat=True))


class Tenure(models.Model):
    """任职: a head of a section, with the first and the last day in office."""

    section = models.ForeignKey(Section, models.CASCADE, verbose_name="科室", related_name="tenures")
    name = models.CharField("科室负责人", max_length=40)
    starts_on = models.DateField("任职日期")
    ends_on = models.DateField("离任日期", null=True, blank=True)
    leaving = models.CharField("离任原因", max_length=12, choices=Leaving, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "科室负责人任职"
        ordering = ["section", "starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="tenure_ends_after_it_starts",
                violation_error_message="离任日期不能早于任职日期。",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SectionChange(models.Model):
    """沿革: a section renamed, merged, split, moved or abolished; `later` continues the ranks of `earlier`."""

    kind = models.CharField("种类", max_length=10, choices=ChangeKind)
    on = models.DateField("日期")
    earlier = models.ForeignKey(Section, models.PROTECT, verbose_name="原科室", related_name="changes_from")
    later = models.ForeignKey(Section, models.PROTECT, verbose_name="现科室", null=True, related_name="changes_to")
    earlier_name = models.CharField("原名称", max_length=60)
    earlier_department_name = models.CharField("原单位", max_length=60)
    note = models.CharField("依据", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "科室沿革"
        ordering = ["on", "pk"]

    def __str__(self) -> str:
        return f"{self.on} {self.earlier_name}{self.get_kind_display()}"
