"""Data of the front page (首页): where every round stands, the latest list, what came of it."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache as cache_in_process
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from evaluations.draws.models import PlannedDraw
from evaluations.publication.documents import PublishedList, as_published
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.queries import announced_on
from evaluations.rounds.rules.calendar import SoFar, calendar_of
from evaluations.rounds.rules.lifecycle import ISSUING, LIFE, RoundState
from evaluations.scoring.method import Channel
from evaluations.scoring.questionnaire import Questionnaire, questionnaire_of
from evaluations.scoring.wording import ALONE
from evaluations.sealing.queries import batches_to_show, waited_for_at
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import Calendar, in_chinese

BEFORE_THE_VOTE = (RoundState.FROZEN, RoundState.DRAWN)
BEFORE_THE_LIST = LIFE[LIFE.index(RoundState.FROZEN) : LIFE.index(RoundState.PUBLISHED)]
DOING = {
    RoundState.SEALED: ("已封箱，待计票", "接下来按评议规则计票，尚未得出结果。"),
    RoundState.COUNTED: ("已计票，正在核对", "计票已完成，正在核对。核对后向各单位告知初步结果。"),
}
Holidays = Callable[[], Calendar]
# For so many seconds the page repeats the number of issued codes, which is counted over all of them.
ISSUED_SECONDS = 300


@dataclass(frozen=True)
class Outcome:
    """What came of one published list: the round, the page that tells more, sections by state of rectification."""

    name: str
    address: str
    figures: Sequence[tuple[str, int]]


# Readers of what came of the latest published lists; the app that follows the lists up registers its own.
OUTCOMES: list[Callable[[], Sequence[Outcome]]] = []


@dataclass(frozen=True)
class RoundNews:
    """Where a round stands before its list is published: a heading, sentences, figures by channel."""

    round: Round
    title: str
    sentences: Sequence[str]
    is_accepting: bool = False
    figures: str = ""
    figures_caption: str = ""
    # Announced and still to come.
    draws: Sequence[PlannedDraw] = ()


@dataclass(frozen=True)
class FrontPage:
    """The front page."""

    news: Sequence[RoundNews]
    latest: PublishedList | None
    outcomes: Sequence[Outcome]
    boxes: Sequence[Round]
    asked: Questionnaire

    @property
    def is_accepting(self) -> bool:
        """True if ballots can be cast now."""
        return any(each.is_accepting for each in self.news)


def read_front_page(at: datetime) -> FrontPage:
    """Read the front page."""
    rounds = list(Round.objects.filter(state__in=ISSUING).exclude(state=RoundState.CLOSED).defer("ballot_form"))
    holidays = cache_in_process(Holiday.objects.calendar)  # read once, and only if a round is over the vote
    news = [_news(round_, at, holidays) for round_ in rounds if round_.state in BEFORE_THE_LIST]
    news.sort(key=lambda each: (not each.is_accepting, -LIFE.index(RoundState(each.round.state))))
    latest = latest_list()
    shown = news[0].round if news else latest.publication.round if latest else None
    return FrontPage(
        news=news,
        latest=latest,
        outcomes=[outcome for read in OUTCOMES for outcome in read()],
        boxes=rounds,
        asked=questionnaire_of(shown.rulebook if shown else {}),
    )


def latest_list() -> PublishedList | None:
    """Return the version in force of the latest published round (at most two queries)."""
    newest = Publication.objects.order_by("-round__period_start", "-round__pk").values("round")[:1]
    versions = Publication.objects.filter(round=newest).select_related("round").order_by("version")
    return next(reversed(as_published(versions.defer("round__ballot_form", "round__closing"))), None)


def _news(round_: Round, at: datetime, holidays: Holidays) -> RoundNews:
    if round_.state in BEFORE_THE_VOTE or at < round_.opens_at:
        return _announced(round_, at)
    if round_.state == RoundState.OPEN:
        return _accepting(round_) if at < round_.closes_at else _awaiting(round_, at, holidays)
    return _counted(round_, at, holidays)


def _announced(round_: Round, at: datetime) -> RoundNews:
    opens, closes = moment(round_.opens_at), moment(round_.closes_at)
    said = f"投票时间：{opens}至{closes}。时间如有变动，以评议公告为准。"
    if at >= round_.opens_at:
        said = f"原定{opens}开始投票，目前尚未开始。开始投票的时间以评议公告为准。"
    draws = round_.planned_draws.filter(replaced_at=None, planned_at__gt=at).order_by("planned_at", "pk")
    return RoundNews(round_, f"{round_.name}尚未开始投票", [said], draws=list(draws))


def _accepting(round_: Round) -> RoundNews:
    opened = f"{moment(round_.opens_at)}开始投票。收回的票数在封箱后公布，投票期间不公布。"
    return RoundNews(
        round_,
        f"{round_.name}正在投票",
        [opened],
        is_accepting=True,
        figures=_issued(round_),
        figures_caption="各渠道发放的票号",
    )


def _awaiting(round_: Round, at: datetime, holidays: Holidays) -> RoundNews:
    said = [
        f"投票已于{moment(round_.closes_at)}截止，不再收票，{waited_for_at(round_, at)}。",
        "开箱、封箱以后，可以凭回执号查询您的票是否已入箱。",
        _planned(round_, at, holidays),
    ]
    return RoundNews(round_, f"{round_.name}投票已截止，待开箱", said)


def _counted(round_: Round, at: datetime, holidays: Holidays) -> RoundNews:
    """Tell of a sealed round that has no public list yet."""
    record = json.loads(round_.closing) if round_.closing else {}
    sealed = f"投票已截止，票箱已封箱，箱内有评议票{record['ballots']}张。" if record else "投票已截止，票箱已封箱。"
    told = announced_on(round_) if round_.state == RoundState.REVIEW else None
    if round_.state == RoundState.REVIEW and not round_.rulebook["objection_workdays"]:
        title, doing = "公示前核对", "已向各单位告知初步结果，正在核对，尚未公示。"
    elif round_.state == RoundState.REVIEW:
        title, doing = "公示前异议期", _objections(_expected(round_, "objections", holidays, SoFar(None, told)), at)
    else:
        title, doing = DOING[RoundState(round_.state)]
    return RoundNews(
        round_,
        f"{round_.name}{title}",
        [sealed, doing, _planned(round_, at, holidays, told)],
        figures=_in_box(record.get("channels", {})),
        figures_caption="各渠道入箱的评议票",
    )


def _in_box(channels: Mapping[str, int | str]) -> str:
    """Return the ballots by channel as the sealing record tells them: small figures are hidden there."""
    said = {name: "的票数不单独公布" if number == ALONE else f"{number}张" for name, number in channels.items()}
    return "，".join(f"{c.label}{said[c]}" for c in Channel if c in said)


def _objections(until: date | None, at: datetime) -> str:
    told = "已向各单位告知初步结果。"
    if until is None:
        return f"{told}公示之前，正在办理各单位提出的异议。"
    if timezone.localdate(at) <= until:
        return f"{told}各单位可以提出异议，至{in_chinese(until)}止，异议办结后公示。"
    return f"{told}提出异议的期限已于{in_chinese(until)}届满，尚未公示。"


def _planned(round_: Round, at: datetime, holidays: Holidays, told: date | None = None) -> str:
    """Return when the list is expected by the calendar (rulebook R-K), which binds nobody.

    It is never expected while objections can still be filed; what was expected before the units were told is over
    once its day has passed.
    """
    today = timezone.localdate(at)
    planned = _expected(round_, "publish", holidays, SoFar(None, told))
    if planned and planned < today:
        return f"原预计{in_chinese(planned)}公示结果，尚未公示。公示时间以评议公告为准。"
    expected = _expected(round_, "publish", holidays, SoFar(today, told)) or today
    return f"预计{in_chinese(expected)}公示结果，公示时间以评议公告为准。"


def _expected(round_: Round, stage: str, holidays: Holidays, so_far: SoFar) -> date | None:
    """Return the day of a stage of the round's calendar, if it has that stage."""
    opens_on, closes_on = timezone.localdate(round_.opens_at), timezone.localdate(round_.closes_at)
    days = settings.CALENDAR_DAYS
    dues = calendar_of(opens_on, closes_on, round_.rulebook, holidays(), offsets=days, so_far=so_far)
    return next((due.on for due in dues if due.key == stage), None)


def _issued(round_: Round) -> str:
    """Return the codes issued in each channel, repeated for some minutes."""
    figures: Any = cache.get_or_set(f"front-page/issued/{round_.pk}", lambda: issued_by_channel(round_), ISSUED_SECONDS)
    return str(figures)


def issued_by_channel(round_: Round) -> str:
    """Return the codes of each channel, of the batches that the page of the box names during the vote (one query)."""
    codes = Counter[str]()
    shown = batches_to_show(round_, is_sealed=False)
    for batch, _ in (*shown.batches, *shown.bound):
        codes[batch.channel] += batch.codes  # type: ignore[attr-defined]  # annotated
    return "，".join(f"{c.label}{codes[c]}个" for c in Channel if codes[c])


def moment(at: datetime) -> str:
    """Return a moment as it is said: 2026年3月1日 12:00."""
    local = timezone.localtime(at)
    return f"{in_chinese(local.date())} {local:%H:%M}"
