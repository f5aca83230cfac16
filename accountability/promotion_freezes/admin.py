"""影响期登记 at the desk."""

from django.contrib import admin

from accountability.cases.admin import RoundFilter
from accountability.promotion_freezes.models import PromotionFreeze
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin


@admin.register(PromotionFreeze)
class PromotionFreezeAdmin(ReadOnlyAdmin):
    """影响期登记: who may not be promoted until when."""

    order = 2
    see_action = "acc.view"
    list_display = ["name", "post", "starts_on", "ends_on", "lifted_on", "lift_reason"]
    list_filter = [("case__result__round", RoundFilter)]
    search_fields = ["person_name", "post"]

    @admin.display(description="姓名", ordering="person_name")
    def name(self, freeze: PromotionFreeze) -> str:
        return freeze.person_name or "（姓名未登记）"
