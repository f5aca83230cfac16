"""Forms of the desk: they clean input; services decide."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms

from evaluations.models import PoolEntry
from evaluations.models.data_request import RequestState
from evaluations.rules.ballots import Origin
from evaluations.rules.indicators import Channel
from evaluations.rules.pools import PoolKind
from evaluations.rules.rulebook import SETTINGS, Setting, lookup, with_value

LARGEST_LIST = 200_000 * 66


class RulebookForm(forms.Form):
    """评议规则: one field per setting, grouped as in rules/rulebook.SETTINGS."""

    strata = forms.CharField(
        label="定向评议身份类别和比例（%）",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="每行一类：名称 比例，比例相加为100",
    )

    def __init__(self, *args: Any, rulebook: Mapping[str, Any], is_frozen: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rulebook = rulebook
        for setting in SETTINGS:
            self.fields[_name(setting)] = _field(setting, lookup(rulebook, setting.path))
        shares = rulebook["evaluator_strata"].items()
        self.fields["strata"].initial = "\n".join(f"{name} {share}" for name, share in shares)
        for field in self.fields.values():
            field.disabled = is_frozen

    def clean_strata(self) -> dict[str, int]:
        """Return name -> percent."""
        rows = [line.split() for line in self.cleaned_data["strata"].splitlines() if line.strip()]
        if not all(len(row) == 2 and row[1].isascii() and row[1].isdigit() for row in rows):
            raise forms.ValidationError("每行应为“名称 比例”，如：服务对象 50")
        return {name: int(share) for name, share in rows}

    def changed_rulebook(self) -> dict[str, Any]:
        """Return the rulebook with the typed values."""
        changed = with_value(self.rulebook, "evaluator_strata", self.cleaned_data["strata"])
        for setting in SETTINGS:
            value = self.cleaned_data[_name(setting)]
            changed = with_value(changed, setting.path, _typed(setting, value))
        return changed

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Yield the groups with their bound fields."""
        for group in dict.fromkeys(setting.group for setting in SETTINGS):
            yield group, [self[_name(setting)] for setting in SETTINGS if setting.group == group]
        yield "定向评议名额", [self["strata"]]


class BatchForm(forms.Form):
    """票号批次: what its codes are for."""

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
    """生成票号."""

    count = forms.IntegerField(
        label="票号数量", min_value=0, max_value=200_000, help_text="填0表示网上领票，由群众自行领取"
    )


class IssuedListForm(BatchForm):
    """导入离线发放清单."""

    file = forms.FileField(
        label="发放清单", help_text="上传 issued.txt，每行一个64位校验值。请勿上传含票号的 codes.csv"
    )

    def clean_file(self) -> list[str]:
        """Return the lines of the list."""
        upload = self.cleaned_data["file"]
        if upload.size > LARGEST_LIST:
            raise forms.ValidationError("文件过大。发放清单每行为一个64位校验值，最多20万行，请核对文件。")
        try:
            return str(upload.read().decode("utf-8-sig")).splitlines()
        except UnicodeDecodeError:
            raise forms.ValidationError("不是文本文件，请上传 make_codes 生成的 issued.txt。") from None


class ReplaceForm(forms.Form):
    """补发."""

    count = forms.IntegerField(label="补发数量", min_value=1, max_value=200_000)


class ReasonForm(forms.Form):
    """理由."""

    reason = forms.CharField(label="理由", max_length=300)


class VoidForm(ReasonForm):
    """作废票号."""

    codes = forms.CharField(
        label="票号",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off"}),
        help_text="填写退信、污损评议票上的票号，每行一个。系统只记录票号校验值；已投票的票号不能作废",
    )
    field_order = ["codes", "reason"]

    def clean_codes(self) -> list[str]:
        """Return the typed codes."""
        return [line for line in self.cleaned_data["codes"].splitlines() if line.strip()]


class ReviewForm(forms.Form):
    """核查领票异常."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2_000_000_000)
    review = forms.CharField(
        label="核查情况",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="填写核查内容和结论，例如：镇服务大厅集中领票，属正常情况。已领取的票号仍然有效",
    )


class RecallForm(ReasonForm):
    """收回批次."""

    notice = (
        "停用后，本批次未使用的票号全部失效，不能恢复；已提交的评议票仍然有效。"
        "系统不记录谁已投票，请勿向原领票人重新发放票号，否则已投票的人可以重复投票。"
    )


class PoolExportForm(ReasonForm):
    """导出名单."""

    kind = forms.ChoiceField(label="名单库", choices=PoolKind.choices)
    field_order = ["kind", "reason"]


class CorrectionForm(ReasonForm):
    """更正本人信息: what stays empty stays as it is."""

    name = forms.CharField(label="姓名", max_length=40, required=False)
    unit = forms.CharField(label="单位", max_length=80, required=False)
    phone = forms.CharField(label="新手机号", max_length=20, required=False, help_text="不更正的，不填写")
    field_order = ["name", "unit", "phone", "reason"]

    def changes(self, entry: PoolEntry) -> dict[str, str]:
        """Return what differs from the entry."""
        typed = {key: self.cleaned_data[key].strip() for key in ("name", "unit", "phone")}
        typed["phone"] = typed["phone"].replace(" ", "").replace("-", "")
        now = {"name": entry.name, "unit": entry.unit, "phone": ""}
        return {key: value for key, value in typed.items() if value and value != now[key]}


class RedactionForm(forms.Form):
    """遮盖意见."""

    notice = ""
    words = forms.CharField(
        label="要遮盖的文字",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="照意见原文填写，每行一处，如姓名、电话、住址；只遮盖，不改写",
    )


class AnswerRequestForm(forms.Form):
    """答复个人信息申请."""

    ENDS = (RequestState.DONE, RequestState.DECLINED)
    state = forms.ChoiceField(label="结论", choices=[(state.value, state.label) for state in ENDS])
    answer = forms.CharField(label="办理结果", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class ExtendForm(ReasonForm):
    """延期."""

    closes_at = forms.DateTimeField(label="新的截止时间", help_text="如 2026-12-01 17:00")


def _name(setting: Setting) -> str:
    return setting.path.replace(".", "__")


def _field(setting: Setting, value: Any) -> forms.Field:
    common = {"label": setting.label, "help_text": setting.help, "initial": value}
    if setting.choices is not None:
        if isinstance(setting.default, bool):
            common["initial"] = "1" if value else ""
        return forms.ChoiceField(choices=list(setting.choices.items()), required=False, **common)
    if isinstance(setting.default, int):
        return forms.IntegerField(min_value=setting.low, max_value=setting.high, **common)
    return forms.CharField(max_length=20, required=setting.default != "", **common)


def _typed(setting: Setting, value: Any) -> Any:
    return bool(value) if isinstance(setting.default, bool) else value
