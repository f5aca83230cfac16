"""Forms for the commission's decisions about a result."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from accountability.results.services import NOTICE, UNITS, PaperAsked, PaperForm
from evaluations.rounds.models import Round, RoundSection
from evaluations.tally.models import AnomalyFlag
from evaluations.tally.rules.anomalies import Verdict
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.web.fields import DAY, SearchSelect, TextField

REASON_LENGTH = 300


class FlagForm(forms.Form):
    """处理异常提示: keep or invalidate, with a reason."""

    flag = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(label="处理意见", choices=[(v.value, v.label) for v in Verdict if v != Verdict.OPEN])
    reason = TextField(label="理由（核查情况）", max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 2}))


class KeepForm(forms.Form):
    """集中处理: keep all flags that name no ballots, with a common reason or a flag's own."""

    reason = TextField(
        label="共同理由（核查情况）",
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2, "id": "keep-reason"}),
    )

    def __init__(self, *args: Any, flags: Iterable[AnomalyFlag], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = {flag: f"own-{flag.pk}" for flag in flags}
        for flag, name in self.names.items():
            widget = forms.TextInput(attrs={"aria-label": f"{flag}：单独理由（可不填）"})
            self.fields[name] = forms.CharField(max_length=REASON_LENGTH, required=False, widget=widget)

    def lines(self) -> list[tuple[AnomalyFlag, forms.BoundField]]:
        """Return every flag with the field of its own reason."""
        return [(flag, self[name]) for flag, name in self.names.items()]

    def own_reasons(self) -> dict[str, str]:
        """Return the reasons typed beside single flags, by the flag's primary key."""
        return {str(flag.pk): text for flag, name in self.names.items() if (text := self.cleaned_data[name])}


class VetoForm(forms.Form):
    """一票否决: the commission's decision."""

    section = forms.ModelChoiceField(label="科室", queryset=RoundSection.objects.none())
    decision = TextField(label="决定文号", max_length=60)
    decided_on = forms.DateField(label="决定日期", widget=DAY)
    facts = TextField(label="查实情况和依据", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, round_: Round, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vetoed = "该科室本轮已录入一票否决，或者不在本轮名录中，请重新选择。"
        self.fields["section"] = forms.ModelChoiceField(
            label="科室",
            queryset=round_.sections.filter(veto=None),
            empty_label="请选择",
            widget=SearchSelect,
            error_messages={"invalid_choice": vetoed},
        )

    def clean_decided_on(self) -> date:
        """Refuse a decision of a day that has not come."""
        decided_on: date = self.cleaned_data["decided_on"]
        if decided_on > timezone.localdate(clock.now()):
            raise forms.ValidationError("决定日期不能晚于今天。")
        return decided_on


class CorrectionForm(forms.Form):
    """更正: changes for a new version of the list."""

    note = (
        "更正后公布新的版本，原版本保留可查，并注明已被更正，不能撤回。勾选撤下的科室，其问责事项随即撤销：未办措施不再办理、"
        "影响期解除、整改终止；其他科室的位次不变。"
    )

    reason = TextField(
        label="更正说明", max_length=300, widget=forms.Textarea(attrs={"rows": 3}), help_text="与更正后的公示一并公布"
    )

    def __init__(self, *args: Any, round_: Round, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.listed = list(round_.results.filter(is_listed=True).select_related("section"))
        self.fields["withdrawn"] = forms.MultipleChoiceField(
            label="撤下的科室",
            choices=[(r.section.code, f"第{r.rank}位 {r.section}") for r in self.listed],
            widget=forms.CheckboxSelectMultiple,
            required=False,
            help_text="撤下后其他科室不递补，位次不变",
        )
        for result in self.listed:
            self.fields[f"problems-{result.section.code}"] = forms.CharField(
                label=f"主要问题：{result.section}", max_length=300, initial=result.main_problems
            )

    def arguments(self) -> dict[str, Any]:
        """Return the correction as JSON values, without unchanged texts."""
        data = self.cleaned_data
        texts = {r.section.code: (r.main_problems, data[f"problems-{r.section.code}"].strip()) for r in self.listed}
        withdrawn = list(data["withdrawn"])
        changed = {code: new for code, (old, new) in texts.items() if new != old and code not in withdrawn}
        return {"reason": data["reason"], "withdrawn": withdrawn, "problems": changed}


class WordingForm(forms.Form):
    """Wording that alleges misconduct and needs the commission's assent."""

    text = TextField(label="拟用表述", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class PaperRequestForm(forms.Form):
    """制发公示和通报: which paper, its 文号 and date, and in what form."""

    number = forms.CharField(label="文号", max_length=40, required=False)
    dated_on = forms.DateField(
        label="成文日期", widget=DAY, help_text="通报落款的日期；公示的落款日期为公示日期，不随此处改变"
    )
    form = forms.ChoiceField(label="格式", choices=PaperForm, widget=forms.RadioSelect, initial=PaperForm.DOCX)

    def __init__(self, *args: Any, superiors: Iterable[str], example: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(NOTICE, "公示"), (UNITS, "通报，发各被评议单位")]
        self.fields["which"] = forms.ChoiceField(
            label="文种",
            choices=[*known, *((name, f"通报，发上级主管单位：{name}") for name in superiors)],
            widget=forms.RadioSelect,
        )
        self.order_fields(["which", "number", "dated_on", "form"])
        self.fields["number"].help_text = f"例如：{example}。可不填，不填的，文件上留出位置，由手工填写"

    def asked(self) -> PaperAsked:
        """Return the paper that is asked for."""
        data = self.cleaned_data
        return PaperAsked(data["which"], PaperForm(data["form"]), data["number"], data["dated_on"])


class SigningForm(forms.Form):
    """监督员签名: a one-time code from the supervisor's own envelope."""

    code = forms.CharField(
        label="监督员签名码",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="由到场的监督员本人输入，一个签名码只能用一次",
    )
