"""名单库 at the desk: masked phones only."""

from django.contrib import admin

from evaluations.models import PoolEntry
from nanchuan_eval.desk import ReadOnlyAdmin


@admin.register(PoolEntry)
class PoolEntryAdmin(ReadOnlyAdmin):
    """名单库."""

    order = 2
    see_action = "pool.view"
    list_display = ["name", "shown_phone", "stratum", "unit", "kind", "round"]
    list_filter = ["round", "kind", "stratum"]
    list_select_related = ["round"]
    search_fields = ["name", "unit"]
    fields = ["round", "kind", "stratum", "name", "unit", "shown_phone", "dealt_with", "exclusion"]

    @admin.display(description="手机号")
    def shown_phone(self, entry: PoolEntry) -> str:
        return entry.masked_phone
