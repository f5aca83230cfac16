"""Forms of the reforms (沿革), which also describe their consequences."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django import forms

from departments.models import Department, Section
from departments.reforms.queries import standing_sections, title_of
from departments.reforms.rules import consequences
from departments.reforms.rules.lineage import Title
from departments.reforms.services import NewSection
from nanchuan_eval.lists.rules.values import half_width
from nanchuan_eval.names.rules.keys import tidy
from nanchuan_eval.names.rules.others import joined, names_in
from nanchuan_eval.web.fields import SearchSelect, TextField

NEW = "new"
MOST_PARTS = 20


class ReformForm(forms.Form):
    """生效日期、依据: the fields of all reforms."""

    on = forms.DateField(
        label="生效日期",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "请填写生效日期。", "invalid": "生效日期格式有误，请按“2020-03-01”的格式填写。"},
    )
    note = TextField(label="依据", max_length=200, required=False, help_text="批准文件的文号等，可以不填")

    def __init__(self, *args: Any, chosen: Sequence[Any], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.chosen = chosen
        self.fields["on"].initial = today
        self.order_fields([name for name in self.fields if name not in ("on", "note")])

    def arguments(self) -> dict[str, Any]:
        """Return the service's arguments except `by` and `at`."""
        return {"on": self.cleaned_data["on"], "note": self.cleaned_data["note"], **self._specific_arguments()}

    def consequences(self) -> list[str]:
        """Return the consequences in Chinese sentences."""
        raise NotImplementedError

    @property
    def titles(self) -> list[Any]:
        """The chosen sections or departments as sentences name them."""
        return list(self.chosen)

    def _specific_arguments(self) -> dict[str, Any]:
        raise NotImplementedError


class SectionsForm(ReformForm):
    """Reform of one or several sections."""

    @property
    def sections(self) -> Sequence[Section]:
        """The chosen sections."""
        return self.chosen

    @property
    def titles(self) -> list[Title]:
        return [title_of(section) for section in self.chosen]

    def _specific_arguments(self) -> dict[str, Any]:
        return {"section_ids": [section.pk for section in self.sections]}


class RenameForm(SectionsForm):
    """New name of a section (更名)."""

    name = TextField(label="新名称", max_length=60, error_messages={"required": "请填写新名称。"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = self.sections[0].name

    def consequences(self) -> list[str]:
        return consequences.renamed(self.titles[0], self.cleaned_data["name"], self.cleaned_data["on"])

    def _specific_arguments(self) -> dict[str, Any]:
        return {"section_id": self.sections[0].pk, "name": self.cleaned_data["name"]}


class MoveForm(SectionsForm):
    """Department that receives the sections (转隶)."""

    department = forms.ModelChoiceField(
        Department.objects.filter(is_active=True),
        label="转入单位",
        empty_label="请选择",
        widget=SearchSelect,
        error_messages={"required": "请选择转入单位。", "invalid_choice": "请选择转入的另一个参评单位。"},
    )

    def consequences(self) -> list[str]:
        return consequences.moved(self.titles, self.cleaned_data["department"].name, self.cleaned_data["on"])

    def _specific_arguments(self) -> dict[str, Any]:
        return {**super()._specific_arguments(), "department_id": self.cleaned_data["department"].pk}


class MergeForm(SectionsForm):
    """Existing or new section that the chosen ones merge into (合并)."""

    into = forms.ChoiceField(
        label="并入",
        help_text="可以选择所选科室之一、名录中的其他科室，或者新设科室",
        error_messages={"required": "请选择并入哪个科室。", "invalid_choice": "请选择名录中参评的科室。"},
    )
    code = TextField(label="新设科室的代码", max_length=20, required=False, help_text="只在并入新设科室时填写")
    name = TextField(label="新设科室的名称", max_length=60, required=False, help_text="只在并入新设科室时填写")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {str(s.pk): s for s in Section.objects.active().select_related("department")}
        self.fields["into"].choices = list(self._choices())  # type: ignore[attr-defined]  # it is a ChoiceField

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        is_new = data.get("into") == NEW
        for key, what in (("code", "代码"), ("name", "名称")):
            if is_new and not data.get(key) and key not in self.errors:
                self.add_error(key, f"请填写新设科室的{what}。")
            if not is_new and data.get(key) and data.get("into"):
                self.add_error(key, "并入已有科室时不填；要新设科室的，“并入”请选“新设科室”。")
        return data

    def consequences(self) -> list[str]:
        chosen = self.known.get(self.cleaned_data["into"])
        into = title_of(chosen) if chosen else Title(self.cleaned_data["name"], self.titles[0].department)
        merged = [title for section, title in zip(self.sections, self.titles, strict=True) if section != chosen]
        return consequences.merged(merged, into, self.cleaned_data["on"], is_new=chosen is None)

    def _specific_arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        is_new = data["into"] == NEW
        return {
            **super()._specific_arguments(),
            "into": _new(data["code"], data["name"]) if is_new else int(data["into"]),
        }

    def _choices(self) -> Iterator[tuple[str, Any]]:
        yield "", "请选择"
        yield NEW, "新设科室（在下面填写代码和名称）"
        yield "所选科室", [(str(section.pk), str(section)) for section in self.sections]
        chosen = {section.pk for section in self.sections}
        others: dict[str, list[tuple[str, str]]] = {}
        for key, section in self.known.items():
            if section.pk not in chosen:
                others.setdefault(section.department.name, []).append((key, section.name))
        yield from others.items()


class SplitForm(SectionsForm):
    """Sections that one section splits into (拆分)."""

    stays = forms.BooleanField(label="原科室保留，是拆分后的科室之一", required=False)
    parts = TextField(
        label="拆分出的科室",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="每行一个科室。新设的写“代码 名称”，如：D01-08 价格科；名录中已有的只写代码，如：D01-02",
        error_messages={"required": "请填写拆分出的科室。"},
    )

    def clean_parts(self) -> list[Section | NewSection]:
        """Return the parts: existing sections by their codes, and sections to be created."""
        rows = [line.split(maxsplit=1) for line in self.cleaned_data["parts"].splitlines() if line.strip()]
        if len(rows) > MOST_PARTS:
            raise forms.ValidationError(f"一次最多拆分出{MOST_PARTS}个科室。")
        new = [_new(*row) if len(row) > 1 else None for row in rows]
        codes = [half_width(row[0]) for row in rows]
        known = {s.code: s for s in Section.objects.active().select_related("department").filter(code__in=codes)}
        faults = list(_faults(codes, new, known))
        if faults:
            raise forms.ValidationError(faults)
        return [one or known[code] for one, code in zip(new, codes, strict=True)]

    def consequences(self) -> list[str]:
        parts = [(part, self._title(part)) for part in self.cleaned_data["parts"]]
        return consequences.split(
            self.titles[0],
            [title for _, title in parts],
            self.cleaned_data["on"],
            new=[title for part, title in parts if isinstance(part, NewSection)],
            stays=self.cleaned_data["stays"],
        )

    def _title(self, part: Section | NewSection) -> Title:
        return title_of(part) if isinstance(part, Section) else Title(part.name, self.titles[0].department)

    def _specific_arguments(self) -> dict[str, Any]:
        pk = self.sections[0].pk
        parts = [part.pk if isinstance(part, Section) else part for part in self.cleaned_data["parts"]]
        return {"section_id": pk, "into": [pk, *parts] if self.cleaned_data["stays"] else parts}


class AbolishForm(SectionsForm):
    """Abolition of sections without a successor (撤销)."""

    def consequences(self) -> list[str]:
        return consequences.abolished(self.titles, self.cleaned_data["on"])


class OneDepartmentForm(ReformForm):
    """Reform of a department."""

    @property
    def department(self) -> Department:
        """The chosen department."""
        (department,) = self.chosen
        return department  # type: ignore[no-any-return]

    def _specific_arguments(self) -> dict[str, Any]:
        return {"department_id": self.department.pk}


class RenameDepartmentForm(OneDepartmentForm):
    """New name of a department (单位更名)."""

    name = TextField(label="新名称", max_length=60, error_messages={"required": "请填写新名称。"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = self.department.name

    def consequences(self) -> list[str]:
        data = self.cleaned_data
        return consequences.department_renamed(
            self.department.name, data["name"], len(standing_sections(self.department)), data["on"]
        )

    def _specific_arguments(self) -> dict[str, Any]:
        return {**super()._specific_arguments(), "name": self.cleaned_data["name"]}


class MergeDepartmentForm(OneDepartmentForm):
    """Unit that takes over another one's sections and names (单位合并)."""

    into = forms.ModelChoiceField(
        Department.objects.none(),
        label="并入单位",
        empty_label="请选择",
        widget=SearchSelect,
        error_messages={"required": "请选择并入哪个单位。", "invalid_choice": "请选择另一个参评单位。"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Department.objects.filter(is_active=True).exclude(pk=self.department.pk)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]  # it is a ModelChoiceField

    def consequences(self) -> list[str]:
        into, titles = self.cleaned_data["into"].name, [title_of(one) for one in standing_sections(self.department)]
        names = names_in(joined([self.department.name, *self.department.other_names], but=[into]))
        return consequences.department_merged(self.department.name, into, titles, names, self.cleaned_data["on"])

    def _specific_arguments(self) -> dict[str, Any]:
        return {**super()._specific_arguments(), "into_id": self.cleaned_data["into"].pk}


def _new(code: str, name: str) -> NewSection:
    return NewSection(half_width(code), tidy(name))


def _faults(codes: Sequence[str], new: Sequence[NewSection | None], known: dict[str, Section]) -> Iterator[str]:
    for number, (code, one) in enumerate(zip(codes, new, strict=True), start=1):
        if code in codes[: number - 1]:
            yield f"第{number}个：代码“{code[:20]}”重复，请只保留一个。"
        elif one and code in known:
            yield (
                f"第{number}个：代码“{code}”已是{title_of(known[code])}；拆分给该科室的只填写代码，新设科室请更换代码。"
            )
        elif not one and code not in known:
            yield f"第{number}个：名录中没有代码为“{code[:20]}”的参评科室；新设的科室请写“代码 名称”。"
