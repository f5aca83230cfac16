"""The form of a plan: what is assumed, group by group, and figures of single sections."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from evaluations.planning.rules.inputs import INPUTS, Input, InputError, Inputs, SectionFigures, parse_lines

UNKNOWN = "-"


class PlanForm(forms.Form):
    """计划的输入: one field per input; an empty one takes its default."""

    sections = forms.CharField(
        label="各科室已知数据",
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=(
            "每行一个科室：科室代码 办件量 服务对象人数 预计回收率（%）。不掌握的填“-”，后面各项不掌握的可以省略。"
            "已导入办件或者服务对象库的，人数已填好"
        ),
    )

    def __init__(self, *args: Any, names: Mapping[str, str], clients: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = names
        # Why no plan can be made although every field is in order.
        self.reasons: list[str] = []
        known = {code: clients[code] for code in names if code in clients}
        self.inputs = Inputs(sections={code: SectionFigures(clients=people) for code, people in known.items()})
        self.fields = {_name(each): _field(each) for each in INPUTS} | self.fields
        self.fields["sections"].initial = "\n".join(f"{code} {UNKNOWN} {people}" for code, people in known.items())

    def clean(self) -> dict[str, Any]:
        """Put the entered values together."""
        values = {each.path: self.cleaned_data.get(_name(each)) for each in INPUTS}
        try:
            figures = parse_lines(self.cleaned_data.get("sections", ""), self.names)
        except InputError as error:
            self.add_error("sections", list(error.reasons))
        else:
            self.inputs = Inputs(values, figures)
        return self.cleaned_data

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Yield the groups with their bound fields."""
        for group in dict.fromkeys(each.group for each in INPUTS):
            yield group, [self[_name(each)] for each in INPUTS if each.group == group]
        yield "科室", [self["sections"]]

    def entered(self) -> Iterator[tuple[str, Any]]:
        """Yield name and value of every field as it was entered, for the page that asks for confirmation."""
        for name in self.fields:
            yield name, self[name].value()


def _name(each: Input) -> str:
    return each.path.replace(".", "__")


def _field(each: Input) -> forms.Field:
    common: dict[str, Any] = {"label": each.label, "help_text": each.help, "initial": each.default, "required": False}
    if each.choices is not None:
        return forms.ChoiceField(choices=list(each.choices.items()), **common)
    if each.is_whole:
        return forms.IntegerField(min_value=int(each.low), max_value=int(each.high), **common)
    return forms.FloatField(min_value=each.low, max_value=each.high, **common)
