"""Forms for batches of ballot codes."""

from collections.abc import Iterable
from typing import Any

from django import forms

from evaluations.ballot_form.rules.votes import Origin
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import SMALLEST_SHOWN
from nanchuan_eval.web.fields import ReasonForm

LARGEST_LIST = 200_000 * 66


class BatchForm(forms.Form):
    """票号批次: channel, origin and stratum of its codes."""

    channel = forms.ChoiceField(label="渠道", choices=Channel.choices)
    origin = forms.ChoiceField(label="来源", choices=Origin.choices)
    label = forms.CharField(label="批次名称", max_length=40, help_text="本轮之内不重复，如“定向评议信封·服务对象”")
    stratum = forms.ChoiceField(
        label="身份类别",
        required=False,
        help_text="发给抽中人员的票号按身份类别分批，便于统计回收率；其他票号选择“不分类别”",
    )

    def __init__(self, *args: Any, strata: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["stratum"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = [("", "不分类别"), *((name, name) for name in strata)]


class CodesForm(BatchForm):
    """Number of ballot codes to generate (生成票号); 0 opens the channel to visitors."""

    count = forms.IntegerField(
        label="票号数量",
        min_value=0,
        max_value=200_000,
        help_text=(
            f"填0表示网上领票，由群众自行领取。不足{SMALLEST_SHOWN}个的批次不单独公布发放清单，是否使用也不单独公布"
        ),
    )


class IssuedListForm(BatchForm):
    """List of code digests issued offline (发放清单)."""

    file = forms.FileField(
        label="发放清单", help_text="上传 issued.txt，每行一个64位校验值。请勿上传含票号的 codes.csv"
    )

    def clean_file(self) -> list[str]:
        """Return the lines of the uploaded list."""
        upload = self.cleaned_data["file"]
        if upload.size > LARGEST_LIST:
            raise forms.ValidationError("文件过大。发放清单每行为一个64位校验值，最多20万行，请核对文件。")
        try:
            return str(upload.read().decode("utf-8-sig")).splitlines()
        except UnicodeDecodeError:
            raise forms.ValidationError("不是文本文件，请上传 make_codes 生成的 issued.txt。") from None


class ReplaceForm(forms.Form):
    """Number of replacement codes (补发)."""

    count = forms.IntegerField(label="补发数量", min_value=1, max_value=200_000)


class VoidForm(ReasonForm):
    """Ballot codes to void (作废票号)."""

    codes = forms.CharField(
        label="票号",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off"}),
        help_text="填写退信、污损评议票上的票号，每行一个。系统只记录票号校验值，浏览器中也不暂存；已投票的票号不能作废",
    )
    field_order = ["codes", "reason"]

    def clean_codes(self) -> list[str]:
        """Return the codes, one per line."""
        return [line for line in self.cleaned_data["codes"].splitlines() if line.strip()]


class RecallForm(ReasonForm):
    """Reason for stopping a batch (停用批次)."""

    notice = (
        "停用后，本批次未使用的票号全部失效，不能恢复；已提交的评议票仍然有效。"
        "系统不记录谁已投票，请勿向原领票人重新发放票号，否则已投票的人可以重复投票。"
    )
