"""Forms of the opening: the key cards typed or scanned, and a supervisor's signing code."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from evaluations.sealing.rules import Accepted
from nanchuan_eval.web.fields import TextField

TYPED = {"autocomplete": "off", "autocapitalize": "characters", "autocorrect": "off", "spellcheck": "false"}
LONGEST_CARD = 200  # characters; a card has 47 with its hyphens


class OpeningForm(forms.Form):
    """密钥卡: one field per card; where the box differs, what the persons present accept."""

    number = forms.IntegerField(label="接受的差异处数", required=False, min_value=0, max_value=2_000_000_000)
    reason = TextField(
        label="接受差异的理由",
        required=False,
        max_length=300,
        help_text="写明查明的情况，写入封箱记录并公开，不写个人姓名",
    )

    def __init__(self, *args: Any, labels: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cards = [f"card-{at}" for at in range(len(labels))]
        for name, label in zip(self._cards, labels, strict=True):
            widget = forms.TextInput(attrs={**TYPED, "class": "key-card", "aria-describedby": f"{name}-check"})
            self.fields[name] = forms.CharField(label=label, required=False, max_length=LONGEST_CARD, widget=widget)

    def cards(self) -> Iterator[forms.BoundField]:
        """Yield the fields of the cards; those that are right come back covered, not readable on the screen."""
        for name in self._cards:
            if self.is_bound and not self[name].errors:
                self.fields[name].widget = forms.PasswordInput(attrs=self.fields[name].widget.attrs, render_value=True)
            yield self[name]

    @property
    def typed(self) -> list[str]:
        """The texts of the cards in the order of the fields."""
        return [self.cleaned_data[name] for name in self._cards]

    @property
    def accepted(self) -> Accepted:
        """What is accepted beside the cards."""
        return Accepted(self.cleaned_data["number"] or 0, self.cleaned_data["reason"])

    def add_card_faults(self, faults: Mapping[int, str]) -> None:
        """Show at each field what is wrong with its card."""
        for at, text in faults.items():
            self.add_error(self._cards[at], text)


class SigningForm(forms.Form):
    """签名码 of a supervisor present."""

    code = forms.CharField(label="监督员签名码", max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))
