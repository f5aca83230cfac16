"""Forms for batches of ballot codes."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.rules.files import MOST_CODES, Found, codes_in, phones_in
from evaluations.codes.services.handing_out import site_address
from evaluations.protocol.codes import CodeError, normalize_code
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import SMALLEST_SHOWN
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.faults import summed_up
from nanchuan_eval.lists.rules.tables import TableError
from nanchuan_eval.spreadsheets import Row, read_rows
from nanchuan_eval.spreadsheets.guard import LARGEST_FILE, MIB
from nanchuan_eval.web.fields import ReasonForm, TextField

LARGEST_LIST = 200_000 * 66


class BatchForm(forms.Form):
    """票号批次: channel, origin and stratum of its codes."""

    channel = forms.ChoiceField(label="渠道", choices=Channel.choices)
    origin = forms.ChoiceField(label="来源", choices=Origin.choices)
    label = TextField(label="批次名称", max_length=40, help_text="本轮之内不重复，如“定向评议信封·服务对象”")
    stratum = forms.ChoiceField(
        label="身份类别",
        required=False,
        help_text=(
            "发给抽中人员的票号按身份类别分批，便于统计回收率；发给办事群众的按科室分批，只能评这个科室；"
            "其他票号选择“不分类别”"
        ),
    )

    def __init__(self, *args: Any, strata: Iterable[str], sections: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["stratum"]
        if isinstance(choice, forms.ChoiceField):
            bound = [(name, name) for name in sections]
            choice.choices = [
                ("", "不分类别"),
                *((name, name) for name in strata),
                *([("办事群众，只评一个科室", bound)] if bound else []),
            ]


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


class TogetherForm(forms.Form):
    """Channels to open to visitors (网上领票), beside the batches of all strata drawn."""

    counters = forms.MultipleChoiceField(
        label="同时开通网上领票",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="开启评议后，群众在首页自行领取评议票。不开通的请取消勾选",
    )

    def __init__(self, *args: Any, closed: Iterable[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["counters"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(channel.value, channel.label) for channel in closed]
        if not closed:
            del self.fields["counters"]

    def clean_counters(self) -> list[Channel]:
        """Return the channels."""
        return [Channel(value) for value in self.cleaned_data["counters"]]


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


class CodesFileForm(forms.Form):
    """The file of a batch's codes (票号文件), read in memory and kept nowhere."""

    file = forms.FileField(
        label="票号文件",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
        help_text="生成票号时下载的文件，或者公证处的 codes.csv。只在内存中读取，系统不保存票号",
        error_messages={"required": "请选择票号文件。", "empty": "文件没有内容，请重新选择文件。"},
    )

    def clean_file(self) -> Found:
        """Return the codes of the file."""
        return _found_in(self.cleaned_data["file"], codes_in, MOST_CODES)


class SiteField(forms.CharField):
    """Address of the site that links begin with, of one of its own hosts."""

    widget = forms.TextInput(attrs={"size": 40, "inputmode": "url"})
    default_error_messages: ClassVar = {"required": "请填写评议网站地址，如 https://pingyi.example。"}

    def __init__(self, **kwargs: Any) -> None:
        note = "印在评议票、信函和短信上，群众打开的网址，如 https://pingyi.example。内部网址群众不能打开，请核对"
        super().__init__(label="评议网站地址", help_text=note, **kwargs)

    def clean(self, value: Any) -> str:
        """Return the address without a slash at its end."""
        try:
            return site_address(super().clean(value))
        except RuleViolation as refusal:
            raise forms.ValidationError(list(refusal.reasons)) from None


class HandOutForm(forms.Form):
    """Printing of codes that the page still has (打印评议票), or their pairing with phones (短信配对)."""

    codes = forms.CharField(widget=forms.HiddenInput)
    site = SiteField()
    part = forms.IntegerField(required=False, min_value=1)
    people = forms.FileField(
        label="手机号名单",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        help_text="含“手机号”一列的名单，手机号不得重复；可以使用“抽中人员名单”页面导出的短信名单。只在内存中读取",
        error_messages={"empty": "文件没有内容，请重新选择文件。"},
    )

    def clean_codes(self) -> list[str]:
        """Return the codes in the file's order."""
        try:
            return [normalize_code(code) for code in self.cleaned_data["codes"].split()]
        except CodeError:
            raise forms.ValidationError("页面中的票号不完整，请重新上传票号文件。") from None

    def clean_people(self) -> tuple[str, ...]:
        """Return the phones of the list."""
        file = self.cleaned_data["people"]
        return _found_in(file, phones_in).values if file else ()

    def clean(self) -> dict[str, Any]:
        """Refuse a part that is not there, and more people than codes."""
        data = super().clean() or {}
        codes, people = data.get("codes") or [], data.get("people") or ()
        if self.errors:
            return data
        if "messages" not in self.data and not 0 < (data.get("part") or 0) <= len(codes):
            raise forms.ValidationError("请选择要打印的部分。")
        if "messages" in self.data and not people:
            self.add_error("people", "请选择含“手机号”一列的名单。")
        if len(people) > len(codes):
            self.add_error("people", f"名单有{len(people)}人，票号只有{len(codes)}个，请补足票号或者缩减名单。")
        return data


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
    replaces = forms.BooleanField(
        label="同时补发",
        required=False,
        help_text="同意后由您办理：原票号作废、同样数量的新票号生成，一次完成。找不到原票号的，不能作废，也不能补发",
    )
    field_order = ["codes", "replaces", "reason"]

    def clean_codes(self) -> list[str]:
        """Return the codes, one per line."""
        return [line for line in self.cleaned_data["codes"].splitlines() if line.strip()]


class RecallForm(ReasonForm):
    """Reason for stopping a batch (停用批次)."""

    notice = (
        "停用后，本批次未使用的票号全部失效，不能恢复；已提交的评议票仍然有效。"
        "带有这些票号、尚未发出的短信和信函不再发出，可以重新“生成票号和通知”。"
        "系统不记录谁已投票，请勿向原领票人重新发放票号，否则已投票的人可以重复投票。"
    )


def _found_in(file: "UploadedFile[Any]", find: Callable[[list[Row]], Found], most_rows: int = 0) -> Found:
    """Return what an uploaded list holds; refuses the file with every fault, never quoting a code."""
    if (file.size or 0) > LARGEST_FILE:
        raise forms.ValidationError(f"文件超过{LARGEST_FILE // MIB}MB，请核对文件是否正确。")
    try:
        return find(read_rows(file.read(), file.name or "", most_rows))
    except TableError as error:
        raise forms.ValidationError(summed_up(error.faults)) from None
    except RuleViolation as refusal:
        raise forms.ValidationError(list(refusal.reasons)) from None
