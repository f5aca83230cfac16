"""The upload of a simulation's result."""

from django import forms

from evaluations.simulation.rules.results import Result, ResultError, parse_result
from nanchuan_eval.core.strict_json import MOST_BYTES, JSONFileError, parse_json


class ResultForm(forms.Form):
    """A file that simulate_round wrote."""

    file = forms.FileField(
        label="模拟结果文件",
        error_messages={"required": "请选择 simulation.json。"},
        help_text="上传 simulate_round 写出的文件。文件只用来显示，不保存。",
    )

    def clean_file(self) -> Result:
        """Return what the file says."""
        try:
            return parse_result(parse_json(self.cleaned_data["file"].read(MOST_BYTES + 1)))
        except (JSONFileError, ResultError) as fault:
            raise forms.ValidationError(str(fault)) from None
