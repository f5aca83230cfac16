"""Forms of the box key."""

from typing import Any

from django import forms

from evaluations.box_key.models import BoxCard
from evaluations.box_key.queries import COMMISSION, holder_name
from evaluations.box_key.rules import LARGEST_RECORD
from evaluations.draws.models import DrawEntry
from evaluations.protocol.box_cards import QR_PREFIX
from evaluations.protocol.codes import CODE_LENGTH
from nanchuan_eval.web.fields import ReasonForm

LONGEST_HELD = 26  # 20 characters and the hyphens printed between them; of a whole card the browser takes no more
NOT_A_CARD = "领卡确认码为20位。本栏不能输入密钥卡的40个字符，请核对后重新输入。"


def is_card(typed: str) -> bool:
    """True if the text is, or begins, a whole card: longer than a 领卡确认码, or from its QR code."""
    return sum(map(str.isalnum, typed)) > CODE_LENGTH or typed.upper().lstrip().startswith(QR_PREFIX[:5])


class HeldInput(forms.TextInput):
    """Input of a 领卡确认码; a whole card typed here by mistake is not sent back."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None if is_card(str(value or "")) else value, attrs)


class HeldForm(forms.Form):
    """领卡确认码, printed on a card."""

    code = forms.CharField(
        label="领卡确认码",
        max_length=LONGEST_HELD,
        error_messages={"required": "请输入领卡确认码。", "max_length": NOT_A_CARD},
        help_text="由20位数字和字母组成，印在密钥卡下半页。大小写均可，空格和短横线可以不输。请勿输入密钥卡的40个字符。",
        widget=HeldInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "code",
            }
        ),
    )

    def clean_code(self) -> str:
        """Refuse the beginning of a card: it must not be looked up, quoted or sent back."""
        code = str(self.cleaned_data["code"])
        if is_card(code):
            raise forms.ValidationError(NOT_A_CARD)
        return code


class RecordForm(forms.Form):
    """box-key.json, the public record of a key made offline."""

    record = forms.FileField(
        label="密钥登记文件",
        error_messages={"required": "请选择 box-key.json。"},
        help_text="上传离线生成时得到的 box-key.json。该文件全部公开，不含密钥卡内容；请勿上传密钥卡。",
    )

    def clean_record(self) -> str:
        """Return the text of the file, byte for byte: its digest is approved."""
        upload = self.cleaned_data["record"]
        if upload.size > LARGEST_RECORD:
            raise forms.ValidationError("文件过大，不是 box-key.json，请重新选择。")
        try:
            return bytes(upload.read()).decode()
        except UnicodeDecodeError:
            raise forms.ValidationError("文件不是 box-key.json，请重新选择。") from None


class LostForm(ReasonForm):
    """A card that is lost."""

    card = forms.ChoiceField(label="遗失的密钥卡")
    field_order = ["card", "reason"]

    def __init__(self, *args: Any, cards: list[BoxCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self.fields["card"], [(card.card, card.card) for card in cards if not card.lost_at])
        self.fields["reason"].label = "遗失经过"


class HandoverForm(ReasonForm):
    """A card handed over before witnesses."""

    card = forms.ChoiceField(label="移交的密钥卡")
    holder = forms.ChoiceField(label="接收人", required=False)
    field_order = ["card", "holder", "reason"]

    def __init__(self, *args: Any, cards: list[BoxCard], supervisors: list[DrawEntry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = {card.holder_id for card in cards}
        movable = [card for card in cards if card.card.startswith("S") and not card.lost_at]
        _choose(self.fields["card"], [(card.card, f"{card.card} {holder_name(card.holder)}") for card in movable])
        free = [(str(entry.pk), holder_name(entry)) for entry in supervisors if entry.pk not in held]
        _choose(self.fields["holder"], [*free, ("", COMMISSION)])
        self.fields["reason"].label = "移交理由和见证人"


def _choose(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    if isinstance(field, forms.ChoiceField):
        field.choices = choices
