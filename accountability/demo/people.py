"""Invented people for the pools, as untidy offices would list them (rows for import_pool)."""

from collections.abc import Iterator

HEADER = ("身份类别", "姓名", "单位", "手机号")
SUPERVISOR_GROUPS = ("人大代表", "政协委员", "特约监察员", "新闻媒体", "市民代表")
EVALUATOR_GROUPS = {
    "服务对象": 1500,
    "市场主体": 600,
    "村居干部和居民代表": 450,
    "两代表一委员": 300,
    "其他": 150,
}
Row = tuple[str, int, tuple[str, ...]]


def supervisors() -> Iterator[Row]:
    """Yield the rows of a supervisors' pool: 12 people in each of five groups."""
    yield from _rows([group for group in SUPERVISOR_GROUPS for _ in range(12)], first_phone=13900000000, title="监督员")


def evaluators() -> Iterator[Row]:
    """Yield the rows of a pool of 3,000 targeted evaluators by 身份类别."""
    groups = [group for group, people in EVALUATOR_GROUPS.items() for _ in range(people)]
    yield from _rows(groups, first_phone=13900100000, title="评议员")


def _rows(groups: list[str], *, first_phone: int, title: str) -> Iterator[Row]:
    yield "演示名单", 1, HEADER
    for number, group in enumerate(groups, start=1):
        person = (group, f"演示{title}{number:04d}", "演示单位", str(first_phone + number))
        yield "演示名单", number + 1, person
