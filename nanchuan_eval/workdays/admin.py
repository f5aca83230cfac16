"""Admin of holidays (节假日与调休)."""

from django.contrib import admin

from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.workdays.models import Holiday


@admin.register(Holiday)
class HolidayAdmin(PolicyAdmin):
    order = 2
    see_action = "round.edit"
    edit_action = "round.edit"
    delete_action = "round.edit"
    list_display = ["day", "name", "is_workday"]
    list_filter = ["is_workday"]
    date_hierarchy = "day"
