"""Evidence: forms."""

import uuid

from django import forms

from nanchuan_eval.web.fields import TextField


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
