"""Forms of the sample audit: the dice, a sheet that is not found, what was found out about a difference."""

from django import forms

from evaluations.sample_audit.rules.drawing import DICE
from nanchuan_eval.web.fields import TextField

PLAIN = {"autocomplete": "off", "inputmode": "numeric"}


class DiceForm(forms.Form):
    """骰子数字, thrown and read out in front of the supervisors."""

    dice = forms.CharField(
        label="骰子数字",
        max_length=60,
        help_text=f"监督员当场掷{DICE}枚十面骰子，按读出的次序录入{DICE}位数字；抽取后不能更改",
        widget=forms.TextInput(attrs=PLAIN),
    )


class MissingForm(forms.Form):
    """正票找不到: then nothing is keyed."""

    is_missing = forms.BooleanField(label="找不到这张正票", required=False)


class ExplanationForm(forms.Form):
    """查明的情况 of a difference."""

    explanation = TextField(
        label="查明的情况",
        max_length=300,
        help_text="写明差异的原因、对名单有无影响和处理情况，写入抽样核对记录，不写个人姓名",
    )
