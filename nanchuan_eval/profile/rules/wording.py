"""The profile in words: field by field, and what a proposal changes."""

from collections.abc import Iterator

from nanchuan_eval.profile.rules.colours import COLOURS
from nanchuan_eval.profile.rules.profile import FIELDS, Profile

PLACES, COLOUR, LOGO = "地名前缀", "网站颜色", "徽标"


def shown(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield label and text of every field."""
    for name, field in FIELDS.items():
        yield field.label, getattr(profile, name) or "（没有填写）"
    yield PLACES, "、".join(profile.place_names)
    yield COLOUR, COLOURS.get(profile.colour, profile.colour)
    yield LOGO, f"图片（校验值 {profile.logo[:16]}…，在“机构信息”页查看）" if profile.logo else "（没有）"


def changes(before: Profile, after: Profile) -> Iterator[str]:
    """Yield in Chinese what differs."""
    for (label, was), (_, now) in zip(shown(before), shown(after), strict=True):
        if was != now:
            yield f"{label}：由“{was}”改为“{now}”"
