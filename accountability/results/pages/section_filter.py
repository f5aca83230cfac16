"""The filters of the list of all sections (筛选), kept in the address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accountability.results.queries.lines import Line
from departments.models import DepartmentKind, ServiceKind

SURENESS = ("明确", "误差范围内", "一票否决", "临界")


@dataclass(frozen=True)
class SectionFilter:
    """What the reader wants to see; empty = everything."""

    service: str = ""
    kind: str = ""
    label: str = ""
    text: str = ""

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> "SectionFilter":
        """Read the address; what it does not know is no filter."""
        return cls(
            service=_known(query.get("service", ""), ServiceKind.values),
            kind=_known(query.get("kind", ""), DepartmentKind.values),
            label=_known(query.get("label", ""), SURENESS),
            text=query.get("q", "").strip()[:40],
        )

    @property
    def services(self) -> list[tuple[str, str]]:
        """The kinds of service to choose from."""
        return list(ServiceKind.choices)

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """The kinds of department to choose from."""
        return list(DepartmentKind.choices)

    @property
    def labels(self) -> list[tuple[str, str]]:
        """The labels to choose from."""
        return [(label, label) for label in SURENESS]

    @property
    def is_active(self) -> bool:
        """Whether anything is left out."""
        return bool(self.service or self.kind or self.label or self.text)

    def of(self, lines: Iterable[Line]) -> list[Line]:
        """Return the lines that fit."""
        return [line for line in lines if self._fits(line)]

    def _fits(self, line: Line) -> bool:
        section = line.section
        return (
            self.service in {"", section.service_kind}
            and self.kind in {"", section.department_kind}
            and self.label in {"", line.label}
            and (not self.text or self.text in str(section))
        )


def _known(value: str, allowed: Iterable[str]) -> str:
    return value if value in set(allowed) else ""
