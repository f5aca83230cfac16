"""The form of the profile."""

from typing import Any

from django import forms

from nanchuan_eval.profile.rules.colours import COLOURS
from nanchuan_eval.profile.rules.profile import FIELDS, TEXTS, Profile, from_json
from nanchuan_eval.profile.rules.wording import COLOUR, LOGO, PLACES

# From so many characters on a text is typed into several lines, and shown so.
LONG_TEXT = 100
PICTURE = "PNG、JPEG、WebP图片，不超过512KB；显示在页眉网站名称前，系统重新绘制并缩小。"


class ProfileForm(forms.Form):
    """All fields of the profile, a new logo, and why it is changed; the rules refuse what is wrong in them."""

    place_names = forms.CharField(
        label=PLACES,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="群众和单位写在单位名称前面的地名，每行一个，如“某某市某某区”“某某区”“区”；核对单位名称时略去",
    )
    colour = forms.ChoiceField(label=COLOUR, choices=list(COLOURS.items()))
    upload = forms.FileField(
        label=f"新{LOGO}",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=f"{PICTURE}不上传的，保留现有的",
    )
    removes_logo = forms.BooleanField(label=f"不用{LOGO}", required=False)
    reason = forms.CharField(label="修改的理由", max_length=300)

    field_order = (*TEXTS, "place_names", "colour", "upload", "removes_logo", "reason")

    def __init__(self, data: Any, files: Any, *, profile: Profile) -> None:
        """Show the profile in force."""
        initial = {**profile.as_json(), "place_names": "\n".join(profile.place_names)}
        self.logo = profile.logo
        super().__init__(data, files, initial=initial)
        for name, field in FIELDS.items():
            widget = forms.Textarea(attrs={"rows": 5}) if field.longest >= LONG_TEXT else None
            self.fields[name] = forms.CharField(
                label=field.label, max_length=field.longest, help_text=field.help, widget=widget
            )
        if not profile.logo:
            del self.fields["removes_logo"]
            self.fields["upload"].help_text = f"{PICTURE}不上传的，没有{LOGO}"
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        """Gather what was typed as a profile; without one, the fields' own errors are shown."""
        given = super().clean() or {}
        upload = given.pop("upload", None)
        places = [line.strip() for line in given.pop("place_names", "").splitlines() if line.strip()]
        removes = given.pop("removes_logo", False)
        if removes and upload:
            self.add_error("removes_logo", f"上传了新{LOGO}，又勾选了“不用{LOGO}”，请只留一项。")
        logo = "" if removes else self.logo
        reason = given.pop("reason", "")
        if self.errors:
            return given
        profile = from_json({**given, "place_names": places, "logo": logo})
        return {"profile": profile, "upload": upload, "reason": reason}
