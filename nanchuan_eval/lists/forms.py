"""Form for uploading a list."""

from django import forms

from nanchuan_eval.lists.services import LONGEST_NAME, ListKind
from nanchuan_eval.spreadsheets.guard import MIB


class ListFileForm(forms.Form):
    """The file of a list."""

    file = forms.FileField(
        label="文件",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        max_length=LONGEST_NAME,
        error_messages={"required": "请选择文件。", "empty": "文件没有内容，请重新选择文件。"},
    )

    def __init__(self, *args: object, kind: ListKind, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own arguments
        self.fields["file"].help_text = f"Excel 工作簿（.xlsx）或 CSV 文本（.csv），不超过{kind.most_bytes // MIB}MB。"
