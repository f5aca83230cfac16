"""Templates whose long Chinese lines may be broken: in Chinese a line break in the source is no blank on the page."""

import re

from django.template import Origin
from django.template.loaders import filesystem

HAN = "\u3400-\u4dbf\u4e00-\u9fff（）《》“”，。；：、？！"
LINE_BREAK = r"[ \n]*\n[ \n]*"
BLANK_IN_CHINESE = re.compile(
    rf"(?<=[（《“”，。；：、？！）》])[ \n]+|[ \n]+(?=[（《“”，。；：、？！）》])"
    rf"|(?<=[{HAN}]){LINE_BREAK}(?=[{HAN}{{])|(?<=\}}){LINE_BREAK}(?=[{HAN}])"
)
INDENTATION = re.compile(r"\n[ \n]+")


class Loader(filesystem.Loader):
    """Read templates without what is only layout: indentation, and breaks between Chinese characters."""

    def get_contents(self, origin: Origin) -> str:
        return INDENTATION.sub("\n", BLANK_IN_CHINESE.sub("", super().get_contents(origin)))
