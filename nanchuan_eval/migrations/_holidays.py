"""The State Council's holidays known at release; later years are entered in the admin."""

from datetime import date, timedelta

OFF = [
    ("元旦", "2025-01-01", 1), ("春节", "2025-01-28", 8), ("清明节", "2025-04-04", 3), ("劳动节", "2025-05-01", 5),
    ("端午节", "2025-05-31", 3), ("国庆节、中秋节", "2025-10-01", 8),
    ("元旦", "2026-01-01", 3), ("春节", "2026-02-15", 9), ("清明节", "2026-04-04", 3), ("劳动节", "2026-05-01", 5),
    ("端午节", "2026-06-19", 3), ("中秋节", "2026-09-25", 3), ("国庆节", "2026-10-01", 7),
]
WORKING = [
    ("春节调休", "2025-01-26"), ("春节调休", "2025-02-08"), ("劳动节调休", "2025-04-27"), ("国庆节调休", "2025-09-28"),
    ("国庆节调休", "2025-10-11"), ("元旦调休", "2026-01-04"), ("春节调休", "2026-02-14"), ("春节调休", "2026-02-28"),
    ("劳动节调休", "2026-05-09"), ("国庆节调休", "2026-09-20"), ("国庆节调休", "2026-10-10"),
]


def enter(apps, schema_editor):
    """Fill the calendar."""
    Holiday = apps.get_model("nanchuan_eval", "Holiday")
    rows = [
        Holiday(day=date.fromisoformat(start) + timedelta(days=n), name=name, is_workday=False)
        for name, start, days in OFF
        for n in range(days)
    ]
    rows += [Holiday(day=date.fromisoformat(day), name=name, is_workday=True) for name, day in WORKING]
    Holiday.objects.bulk_create(rows)


def declare(apps, schema_editor):
    """Declare the years complete whose entries are still those of the release; names may have been changed."""
    Holiday, CompleteYear = (apps.get_model("nanchuan_eval", name) for name in ("Holiday", "CompleteYear"))
    shipped = {
        **{date.fromisoformat(start) + timedelta(days=n): False for _, start, days in OFF for n in range(days)},
        **{date.fromisoformat(day): True for _, day in WORKING},
    }
    for year in sorted({day.year for day in shipped}):
        entered = dict(Holiday.objects.filter(day__year=year).values_list("day", "is_workday"))
        if entered == {day: works for day, works in shipped.items() if day.year == year}:
            CompleteYear.objects.create(year=year)
