"""The page 模拟 of a round: its rules to simulate, and a result that simulate_round wrote."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from evaluations.rounds.admin_pages import staff_page
from evaluations.rounds.models import Round
from evaluations.simulation.forms import ResultForm
from evaluations.simulation.pages import rulebook_to_simulate, simulation_page
from nanchuan_eval.accounts.sessions import accept_form
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.web.downloads import download

SEES = "round.open"


class SimulationPages(PolicyAdmin):
    """Pages about a round's simulation, mixed into the admin of rounds."""

    def simulation(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take a result and show it; nothing is kept."""
        policy.check_sees(account_of(request), SEES)
        round_ = get_object_or_404(Round, pk=pk)
        form, page = ResultForm(request.POST or None, request.FILES or None), None
        if request.method == "POST" and form.is_valid():
            accept_form(request)
            page = simulation_page(form.cleaned_data["file"])
        is_of_round = page and page.result.rulebook_sha256 == sha256_hex(rulebook_to_simulate(round_))
        return staff_page(
            request, "round/simulation.html", round_, "模拟", form=form, page=page, is_of_round=is_of_round
        )

    def simulation_rulebook(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Download the rules that simulate_round reads."""
        policy.check_sees(account_of(request), SEES)
        return download(rulebook_to_simulate(get_object_or_404(Round, pk=pk)), "rulebook.json")
