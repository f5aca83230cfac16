"""Forms of the pages about paper ballots."""

from django import forms

from evaluations.paper_ballots.rules.ballot_account import SheetKind
from nanchuan_eval.web.fields import TextField


class SlipsForm(forms.Form):
    """票号联: one code per line, typed or scanned."""

    codes = forms.CharField(
        label="票号",
        widget=forms.Textarea(attrs={"rows": 10, "autofocus": True, "autocomplete": "off"}),
        max_length=20_000,
        help_text="票号不在浏览器中暂存，登录超时后须重新录入",
    )


class CountForm(forms.Form):
    """清点: figures counted by hand."""

    returned = forms.IntegerField(
        label="纸质收回",
        min_value=0,
        max_value=1_000_000,
        help_text="填写已登记的票号联张数；正票有效、空白、污损、无效的，均计为收回",
    )
    spoiled = forms.IntegerField(
        label="作废",
        min_value=0,
        max_value=1_000_000,
        help_text="指未收回正票的：退信、未提交即毁损的，以及在系统中作废、随批次停用的票号；不含收回后认定为污损的正票",
    )
    missing = forms.IntegerField(
        label="未收回", min_value=0, max_value=1_000_000, help_text="指发出后既未在网上提交、纸质票也未收回，且未作废的"
    )
    # The figures that differ from the system's and were shown as such; others are asked about anew.
    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def counted(self) -> dict[str, int]:
        """The figures typed in."""
        return {name: int(self.cleaned_data[name]) for name in ("returned", "spoiled", "missing")}

    @property
    def mark(self) -> str:
        """The figures as the hidden field carries them."""
        return "/".join(map(str, self.counted.values()))

    @property
    def is_confirmed(self) -> bool:
        """True if exactly these figures were shown as differing."""
        return bool(self.cleaned_data["confirmed"] == self.mark)

    def ask(self) -> None:
        """Let the form, shown again, confirm these figures."""
        self.data = {name: self.data[name] for name in self.counted} | {"confirmed": self.mark}


class WithdrawForm(forms.Form):
    """Reason for withdrawing a keyed sheet (撤回录入)."""

    reason = TextField(label="撤回的理由", max_length=300)


class ClearForm(forms.Form):
    """Cause of a difference in the ballot account and its resolution."""

    reason = TextField(label="差异原因和处理情况", max_length=300)


class SheetForm(forms.Form):
    """Head of a sheet: number, kind, comment; the rows are read separately."""

    number = forms.IntegerField(label="票面编号", min_value=1, max_value=1_000_000)
    kind = forms.ChoiceField(label="认定", choices=SheetKind.choices, initial=SheetKind.VALID)
    reason = TextField(label="理由（空白、污损、无效时必填）", max_length=100, required=False)
    comment = forms.CharField(label="意见", widget=forms.Textarea(attrs={"rows": 2}), max_length=4000, required=False)
