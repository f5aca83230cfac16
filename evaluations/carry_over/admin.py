"""沿用上一轮 on the staff site: rules and places of the last round's draws, taken over into a draft."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from evaluations.carry_over.forms import CarryForm, draw_lines
from evaluations.carry_over.rules import compare_rules
from evaluations.carry_over.services import carry_over
from evaluations.rounds.admin_pages import round_page, staff_page
from evaluations.rounds.models import Round
from evaluations.rounds.queries import earlier_round
from evaluations.rounds.rules.lifecycle import WAITS_FOR_APPROVAL, RoundState
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, submit

EDIT = "round.edit"


class CarryPages(PolicyAdmin):
    """Page of what a draft takes over from the last round, mixed into the admin of rounds."""

    def carry(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the differences; take over what is ticked."""
        user = account_of(request)
        policy.check_may_start(user, EDIT)
        round_ = get_object_or_404(Round, pk=pk, state=RoundState.DRAFT)
        earlier = earlier_round(round_)
        if earlier is None or approvals.waiting_about(user, round_):
            messages.error(request, WAITS_FOR_APPROVAL if earlier else "没有更早的轮次可以沿用。")
            return redirect(round_page(pk))
        compared = compare_rules(round_.rulebook, earlier.rulebook)
        form = CarryForm(request.POST or None, rules=compared.lines, draws=draw_lines(round_, earlier))

        def carry(*, by: User, at: datetime, **_: object) -> object:
            return carry_over(round_id=pk, **form.chosen(), by=by, at=at)

        done = submit(request, form, carry, back=round_page(pk), done=f"已沿用“{earlier.name}”的所选内容。")
        return done or staff_page(
            request, "round/carry.html", round_, "沿用上一轮", form=form, earlier=earlier, notes=compared.notes
        )
