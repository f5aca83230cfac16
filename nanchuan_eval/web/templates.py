"""Template loader that joins broken Chinese lines, form renderer, context processor."""

import re

from django.conf import settings
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.template import Origin
from django.template.loaders import filesystem

PUNCTUATION = "（）《》“”，。；：、？！"
HAN = rf"\u3400-\u4dbf\u4e00-\u9fff{PUNCTUATION}"
LINE_BREAK = r"[ \n]*\n[ \n]*"
# Blanks beside Chinese punctuation, and line breaks between Chinese characters or between one and a variable.
BLANK_IN_CHINESE = re.compile(
    "|".join(
        (
            rf"(?<=[{PUNCTUATION}])[ \n]+",
            rf"[ \n]+(?=[{PUNCTUATION}])",
            rf"(?<=[{HAN}]){LINE_BREAK}(?=[{HAN}{{])",
            rf"(?<=\}}){LINE_BREAK}(?=[{HAN}])",
        )
    )
)
INDENTATION = re.compile(r"\n[ \n]+")


class Loader(filesystem.Loader):
    """File-system loader that removes indentation and line breaks between Chinese characters."""

    def get_contents(self, origin: Origin) -> str:
        return INDENTATION.sub("\n", BLANK_IN_CHINESE.sub("", super().get_contents(origin)))


def single_person(request: HttpRequest) -> dict[str, bool]:
    """Show signed-in users that the two-person rule is switched off (单人演示)."""
    user = getattr(request, "user", None)
    return {"is_single_person": not settings.TWO_PERSON_RULE and bool(user and user.is_authenticated)}


class FormRenderer(TemplatesSetting):
    """Render a form's fields as the pages outside the admin site show them (`field.as_field_group`)."""

    field_template_name = "shared/field.html"
