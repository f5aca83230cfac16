"""责令整改: the list of orders, from issue to the return visit that settles each."""

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accountability.inspections.models import Inspection, Order
from accountability.inspections.pages import order_table
from accountability.inspections.rules import OrderState
from nanchuan_eval.permissions import policy
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.web.actions import account_of, staff_view


@staff_view
def orders(request: HttpRequest) -> HttpResponse:
    """List the orders the account may view, those that wait for a check first."""
    user = account_of(request)
    may_plan = policy.may_see(user, "insp.plan.view")
    if not may_plan and not policy.may_see(user, "insp.notify", own=bool(user.unit_code)):
        raise policy.Denied(user, "insp.notify")
    visits = Inspection.objects.not_cancelled().order_by("visit_on")
    rows = Order.objects.visible_to(user).prefetch_related(
        Prefetch("inspection__return_visits", visits, to_attr="returns")
    )
    first = [OrderState.REPLIED, OrderState.ISSUED]
    ordered = sorted(rows, key=lambda row: (row.state not in first, row.check_until or row.due_on, row.pk))
    context = {"is_demo": any(row.inspection.plan.round.is_demo for row in ordered)}
    table = order_table(ordered, today=timezone.localdate(), may_plan=may_plan)
    return show_tables(request, "accountability/inspections/orders.html", context, [table], action="insp.notify")
