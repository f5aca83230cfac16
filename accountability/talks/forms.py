"""Input of talk records and files."""

from django import forms

from nanchuan_eval.web.fields import MomentField, TextField, long_text


class TalkForm(forms.Form):
    """谈话记录: every field of rulebook R-F."""

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
        label="谈话人和谈话对象已在记录上签字", required=False, help_text="签字后上传扫描件或照片，才能报送"
    )
