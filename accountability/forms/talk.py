"""Input of talk records and files."""

import uuid

from django import forms

from accountability.forms.fields import MomentField, TextField, long_text


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


class UploadForm(forms.Form):
    """上传文件: the hidden id makes a file sent twice one file."""

    upload_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    file = forms.FileField(
        label="选择文件",
        help_text="照片（JPEG、PNG、WebP，不超过10MB）、录音（不超过50MB）、录像（不超过200MB）或者 PDF（不超过20MB）",
    )


class OriginalForm(forms.Form):
    """查看原件: the reason stays in the trail."""

    reason = TextField(label="查看理由", max_length=300)


class ReasonedForm(forms.Form):
    """An act with its reason."""

    reason = TextField(label="理由", max_length=300)


class NoteForm(forms.Form):
    """One sentence with a reason."""

    note = long_text("理由", most=300, rows=3)
