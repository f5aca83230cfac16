"""Forms of inspection plans, visits and orders."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from accountability.inspections.rules import CheckAnswer, CheckItem, Conclusion, Method, Severity
from accountability.inspections.services.plans import PlanFacts
from accountability.inspections.services.visits import RECORD_FIELDS, Record
from accountability.rectifications.models import RectificationItem
from departments.models import Department
from evaluations.scoring.method import Indicator
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.web.fields import MomentField, SearchSelect, TextField, day, long_text


class PlanForm(forms.Form):
    """Plan of inspections: name, period, number of sections drawn at random."""

    name = TextField(label="名称", max_length=60)
    starts_on = day("开始日期")
    ends_on = day("结束日期", help_text="各科室的暗访日期由抽取种子在上述期间的工作日中确定，任何人不得指定")
    drawn_sections = forms.IntegerField(label="随机抽查科室数", min_value=0, max_value=1000)

    def facts(self) -> PlanFacts:
        """The form's data as a proposed plan."""
        return PlanFacts(**self.cleaned_data)


class InspectorsForm(forms.Form):
    """The two inspectors of a visit (派员)."""

    inspectors = forms.MultipleChoiceField(label="督查员（选两人）", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = User.objects.filter(role=Role.INSPECTOR, is_active=True)
        self.fields["inspectors"].choices = [(user.pk, user.name) for user in known]  # type: ignore[attr-defined]


class RecusalForm(forms.Form):
    """An inspector's recusal from a department (回避)."""

    inspector = forms.ModelChoiceField(User.objects.filter(role=Role.INSPECTOR), label="督查员", empty_label="请选择")
    department = forms.ModelChoiceField(
        Department.objects.all(), label="应当回避的单位", empty_label="请选择", widget=SearchSelect
    )
    reason = TextField(label="理由", max_length=200)


class VisitForm(forms.Form):
    """暗访记录, filled in on a phone; incomplete records can be saved."""

    method = forms.ChoiceField(label="方式", choices=Method.choices, widget=forms.RadioSelect, required=False)
    arrived_at = MomentField(label="到达时间", required=False)
    left_at = MomentField(label="离开时间", required=False)
    place = TextField(label="地点、窗口", max_length=100, required=False)
    errand = TextField(label="模拟事项", max_length=200, required=False)
    call = TextField(
        label="拨打情况", max_length=200, required=False, help_text="写明拨打的号码、次数、是否接通、等待时间（秒）"
    )
    interviewed = forms.IntegerField(label="访谈人数", min_value=0, max_value=999, required=False)
    situation = long_text(
        "现场情况",
        most=3000,
        rows=5,
        required=False,
        help_text="只写岗位，不写工作人员姓名；涉及违纪违法的问题线索在“问题线索”栏填写",
    )
    conclusion = forms.ChoiceField(label="结论", choices=Conclusion.choices, widget=forms.RadioSelect, required=False)

    def __init__(
        self,
        *args: Any,
        signs: Mapping[str, Mapping[str, str]],
        items: Iterable[RectificationItem],
        names: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.signs = {code: sign for code, sign in signs.items() if sign["indicator"] != Indicator.GREEDY}
        self.items, self.names = list(items), names
        for check in CheckItem:
            self.fields[f"check-{check}"] = forms.ChoiceField(
                label=check.label, choices=CheckAnswer.choices, widget=forms.RadioSelect, required=False
            )
        for code, sign in self.signs.items():
            choices = [("", "没有发现"), *Severity.choices]
            self.fields[f"sign-{code}"] = forms.ChoiceField(label=sign["text"], choices=choices, required=False)
        for item in self.items:
            self.fields[f"item-{item.pk}"] = forms.ChoiceField(
                label=item.problem,
                choices=[("1", "整改到位"), ("0", "整改不到位")],
                widget=forms.RadioSelect,
                required=False,
            )

    def record(self) -> Record:
        """The form's data as a record."""
        data = self.cleaned_data
        return Record(
            **{name: data[name] for name in RECORD_FIELDS},
            checks={check.value: data[f"check-{check}"] for check in CheckItem if data[f"check-{check}"]},
            findings=[(code, data[f"sign-{code}"]) for code in self.signs if data[f"sign-{code}"]],
            items={item.pk: data[f"item-{item.pk}"] == "1" for item in self.items if data[f"item-{item.pk}"]},
        )

    def check_fields(self) -> list[forms.BoundField]:
        """Fields of the check items."""
        return [self[f"check-{check}"] for check in CheckItem]

    def item_fields(self) -> list[forms.BoundField]:
        """Fields of the plan's items to check."""
        return [self[f"item-{item.pk}"] for item in self.items]

    def sign_groups(self) -> list[tuple[str, list[forms.BoundField], int]]:
        """(label, fields, number observed) for the 表象 of each indicator."""
        groups = []
        for indicator, name in self.names.items():
            fields = [self[f"sign-{code}"] for code, sign in self.signs.items() if sign["indicator"] == indicator]
            if fields:
                groups.append((name, fields, sum(bool(field.value()) for field in fields)))
        return groups


class SubmitForm(forms.Form):
    """提交, with an optional lead for the commission only."""

    lead = long_text(
        "问题线索（涉及违纪违法的）",
        most=3000,
        required=False,
        help_text="只报纪委监委，评议办和有关单位不可见；没有的不填",
    )


class OrderForm(forms.Form):
    """Demand and deadline of an order (责令整改)."""

    demand = long_text("整改要求")
    due_on = day("整改期限", required=False, help_text="不填则为上面的最晚日期")


class ReplyForm(forms.Form):
    """The unit's reply to an order."""

    reply = long_text("整改情况", most=3000, rows=6)


class ReturnForm(forms.Form):
    """Date of a return visit (回访复查), or of one scheduled afterwards (补排)."""

    visit_on = day("暗访日期")


class MoveForm(forms.Form):
    """New day of a visit, and why (改期)."""

    visit_on = day("新的暗访日期", help_text="今天或者以后的工作日")
    reason = TextField(label="改期理由", max_length=300)


class CancelForm(forms.Form):
    """Why a visit is cancelled (取消)."""

    reason = TextField(label="取消理由", max_length=300)
