"""Filters of the list of all sections (筛选), kept in the query string."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accountability.results.queries.lines import Line
from departments.models import DepartmentKind, ServiceKind

CERTAINTY = ("明确", "误差范围内", "一票否决", "临界")


@dataclass(frozen=True)
class SectionFilter:
    """The chosen filters; an empty value matches everything."""

    service: str = ""
    kind: str = ""
    label: str = ""
    text: str = ""

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> "SectionFilter":
        """Read the query string; unknown values are ignored."""
        return cls(
            service=_known(query.get("service", ""), ServiceKind.values),
            kind=_known(query.get("kind", ""), DepartmentKind.values),
            label=_known(query.get("label", ""), CERTAINTY),
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
        return [(label, label) for label in CERTAINTY]

    @property
    def is_active(self) -> bool:
        """True if any filter is set."""
        return bool(self.service or self.kind or self.label or self.text)

    def of(self, lines: Iterable[Line]) -> list[Line]:
        """Return the matching lines."""
        return [line for line in lines if self._matches(line)]

    def _matches(self, line: Line) -> bool:
        section = line.section
        return (
            self.service in {"", section.service_kind}
            and self.kind in {"", section.department_kind}
            and self.label in {"", line.label}
            and (not self.text or self.text in str(section))
        )


def _known(value: str, allowed: Iterable[str]) -> str:
    return value if value in set(allowed) else ""
