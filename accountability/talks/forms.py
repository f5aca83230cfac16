"""Forms of a talk: its plan, that it was held, its record."""

from django import forms

from nanchuan_eval.web.fields import MomentField, ReasonForm, TextField, long_text


class PlanForm(forms.Form):
    """谈话安排: what the notice to the person says."""

    starts_at = MomentField(label="谈话时间")
    place = TextField(label="谈话地点", max_length=100)
    talker = TextField(label="谈话人及职务", max_length=100)
    about = long_text("谈话事由", most=1000, help_text="轮次、位次和主要问题，写入谈话通知书")
    contact = TextField(label="联系人及电话", max_length=100)


class MoveForm(PlanForm):
    """改期: the new plan, and why."""

    reason = TextField(label="改期理由", max_length=300, help_text="写入新的谈话通知书")


class HeldForm(forms.Form):
    """登记已谈话: when the talk was held."""

    held_at = MomentField(label="实际谈话时间")


class SwitchForm(ReasonForm):
    """改与主要领导谈话: why."""


class TalkForm(forms.Form):
    """谈话记录: the full record, without which a talk does not count as done (rulebook R-F)."""

    talker = TextField(label="谈话人及职务", max_length=100)
    person = TextField(label="谈话对象", max_length=40)
    post = TextField(label="对象职务", max_length=100)
    held_at = MomentField(label="谈话时间")
    place = TextField(label="谈话地点", max_length=100)
    reason = long_text("谈话事由", most=1000, help_text="轮次、位次和主要问题")
    points = long_text("谈话要点", most=5000, rows=8)
    attitude = long_text("对象表态")
    demand = long_text("整改要求")
    recorder = TextField(label="记录人", max_length=40)
    is_signed = forms.BooleanField(
        label="谈话人和谈话对象已在记录上签字", required=False, help_text="签字后上传扫描件或照片，方可报送"
    )
