"""Personal data: forms."""

from django import forms

from evaluations.personal_data.models import RequestState


class AnswerRequestForm(forms.Form):
    """答复个人信息申请."""

    ENDS = (RequestState.DONE, RequestState.DECLINED)
    state = forms.ChoiceField(label="结论", choices=[(state.value, state.label) for state in ENDS])
    answer = forms.CharField(label="办理结果", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
