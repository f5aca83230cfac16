"""The round's page about its box key on the staff site: import, online making, cards lost or handed over."""

from base64 import b64encode
from functools import partial

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from evaluations.box_key.approvals import HANDED_OVER, LOST
from evaluations.box_key.documents import card_sheets
from evaluations.box_key.forms import HandoverForm, LostForm, RecordForm
from evaluations.box_key.pages import key_page
from evaluations.box_key.queries import NEW_KEY, holder_name, key_faults, supervisors_in_office
from evaluations.box_key.services.keys import NewKey
from evaluations.box_key.services.making import BOX_KEY, ONLINE_KEY, make_key_online, may_be_replaced
from evaluations.rounds.admin_pages import show_round_form, staff_page
from evaluations.rounds.models import Round
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.web.fields import ReasonForm

IMPORT_NOTE = (
    "公证人员用 make_box_key 命令离线生成票箱密钥，得到的 box-key.json 在此导入。经另一人审批后启用，原有密钥同时作废。"
)
ONLINE_NOTE = (
    "没有条件离线生成的，方可在线生成：生成时服务器和本页所在的浏览器在短时间内掌握完整的密钥，本轮各页面均予注明。"
    "须经另一人审批，审批后由提请人在监督员全部到场时办理，只能办理一次。"
)
MAKE_NOTE = "监督员和备用卡保管人已全部到场、打印机就绪后，再生成密钥卡。密钥卡只在随后的页面显示一次，系统不保存。"
KEEP_CARDS = "请核实其余密钥卡均已妥善保管，离任的登记移交"


def _text_file(lines: list[str]) -> str:
    """Return a text file of these lines as a data URL."""
    return "data:text/plain;base64," + b64encode("".join(f"{line}\n" for line in lines).encode()).decode()


class BoxKeyPages(PolicyAdmin):
    """Pages about the box key of a round, mixed into the admin of rounds."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        secret = sensitive_post_parameters()
        return [
            path("<int:pk>/box-key/", wrap(self.box_key), name="round-box-key"),
            path("<int:pk>/box-key/import/", wrap(self.import_box_key), name="round-box-key-import"),
            path("<int:pk>/box-key/online/", wrap(secret(self.make_box_key)), name="round-box-key-online"),
            path("<int:pk>/box-key/lost/", wrap(self.lose_card), name="round-card-lost"),
            path("<int:pk>/box-key/handover/", wrap(self.hand_over_card), name="round-card-handover"),
            *super().get_urls(),
        ]

    def box_key(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the key, its cards and holders, what is missing, and what may be done now."""
        user, round_ = account_of(request), get_object_or_404(Round, pk=pk)
        policy.check_sees(user, BOX_KEY)
        page, may_start, is_final = key_page(round_), policy.may_start(user, BOX_KEY), not may_be_replaced(round_)
        supervisors = [holder_name(entry) for entry in supervisors_in_office(round_)]
        shows_faults = not is_final or page.takes_confirmations
        return staff_page(
            request,
            "box_key/key.html",
            round_,
            "票箱密钥",
            page=page,
            lines=[(card, holder_name(card.holder)) for card in page.cards],
            faults=key_faults(round_, remedy=KEEP_CARDS if is_final else NEW_KEY) if shows_faults else [],
            supervisors=supervisors,
            names_file=_text_file(supervisors),
            proposals=approvals.waiting_about(user, round_),
            may_make=may_start and not is_final,
            may_record=may_start and page.takes_confirmations,
        )

    def import_box_key(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose the record of a key made offline."""
        round_, form = _round(request, pk), RecordForm(request.POST or None, request.FILES or None)
        form.notice = IMPORT_NOTE  # type: ignore[attr-defined]
        return _show(request, round_, form, BOX_KEY, "导入票箱密钥登记")

    @sensitive_variables()
    def make_box_key(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to make the key online; once that is approved, make it and show its cards, in this answer only."""
        round_, by, at = _round(request, pk), account_of(request), clock.now()
        if not authorizations.may_use(ONLINE_KEY, round_, by=by, at=at):
            asked = ReasonForm(request.POST or None)
            asked.notice = ONLINE_NOTE  # type: ignore[attr-defined]
            return _show(request, round_, asked, ONLINE_KEY, "提请在线生成票箱密钥")
        made, form = None, Form(request.POST) if request.method == "POST" else Form()
        if request.method == "POST":
            made = attempt(form, partial(make_key_online, round_id=pk, by=by, at=at))
        if isinstance(made, NewKey):
            return _cards_page(request, round_, made)
        return staff_page(
            request, "round/act.html", round_, "在线生成密钥卡", form=form, warning=MAKE_NOTE, back=_back(pk)
        )

    def lose_card(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record the loss of a card, or propose it."""
        round_ = _round(request, pk)
        form = LostForm(request.POST or None, cards=list(key_page(round_).cards))
        return _show(request, round_, form, LOST, "登记密钥卡遗失")

    def hand_over_card(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record the new holder of a card, or propose it."""
        round_ = _round(request, pk)
        cards, supervisors = list(key_page(round_).cards), supervisors_in_office(round_)
        form = HandoverForm(request.POST or None, cards=cards, supervisors=supervisors)
        return _show(request, round_, form, HANDED_OVER, "登记密钥卡移交")


def _round(request: HttpRequest, pk: int) -> Round:
    policy.check_may_start(account_of(request), BOX_KEY)
    return get_object_or_404(Round, pk=pk)


def _show(request: HttpRequest, round_: Round, form: Form, name: str, title: str) -> HttpResponse:
    service = approvals.Start(name, round_)
    return show_round_form(request, round_, form, service, title=title, back=_back(round_.pk))


@sensitive_variables()
def _cards_page(request: HttpRequest, round_: Round, made: NewKey) -> HttpResponse:
    """Show all cards; this answer is the only place that ever contains them."""
    holders = [holder_name(entry) for entry in supervisors_in_office(round_)]
    sheets = card_sheets(made, holders, round_=f"{round_.name}（{round_.key}）", needed=round_.rulebook["box_needed"])
    response = render(request, "evaluations/box_key/cards.html", {"round": round_, "sheets": sheets})
    response["Cache-Control"] = "private, no-store"
    return response


def _back(round_id: int) -> str:
    return reverse("admin:round-box-key", args=[round_id])
