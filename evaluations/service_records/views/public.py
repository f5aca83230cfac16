"""办件公开, and the address to which the units' systems deliver their records."""

import re
from contextlib import suppress
from datetime import date

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from departments.models import Department
from evaluations.rounds.models import Round
from evaluations.service_records.pages.chain import chain_lines, chain_verdict, unit_line, unit_lines
from evaluations.service_records.services.deliveries import deliver, has_token, rows_of
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.database.replica import from_replica
from nanchuan_eval.spreadsheets.guard import MIB
from nanchuan_eval.web.downloads import download

MOST_BYTES = 16 * MIB
MOST_ERRORS = 200
TYPES = frozenset({"text/csv", "application/json", "application/jsonl", "application/x-ndjson"})
NOTHING = frozenset({None, "", "0"})  # an empty body, which has no type
BAD_STATUS, NO_TOKEN, NO_UNIT, NO_LENGTH, TOO_LARGE, BAD_TYPE = 400, 401, 404, 411, 413, 415
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@require_safe
@from_replica
def units(request: HttpRequest) -> HttpResponse:
    """办件公开: whether the chains hold, then every unit with what was received and what it stated."""
    at = clock.now()
    context = {"verdict": chain_verdict(at), "found": unit_lines(at), "is_demo": _is_demo()}
    return render(request, "evaluations/service_records/units.html", context)


@require_safe
@from_replica
def unit_days(request: HttpRequest, unit: str) -> HttpResponse:
    """The days of one unit with their digests."""
    department = get_object_or_404(Department, code=unit)
    at = clock.now()
    found = unit_line(department, at)
    context = {"verdict": chain_verdict(at), "found": found, "line": found.units[0], "is_demo": _is_demo()}
    return render(request, "evaluations/service_records/days.html", context)


@require_safe
@from_replica
def chain_file(request: HttpRequest, unit: str) -> HttpResponse:
    """Download a unit's chain."""
    found = get_object_or_404(Department, code=unit)
    return download("".join(chain_lines(found.code)), f"records-{found.code}.csv")


@csrf_exempt
@require_POST
def delivery(request: HttpRequest, unit: str, day: str) -> JsonResponse:
    """Take in one unit's records of one day from its system, which shows its token; no session, no cookie."""
    if problem := _unacceptable(request, unit):
        return problem
    found = Department.objects.filter(code=unit).first()
    if found is None:
        return _refused(NO_UNIT, f"名录中没有代码为“{unit}”的单位。")
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return _refused(TOO_LARGE, f"内容超过{MOST_BYTES // MIB}MB，请联系评议办用文件导入。")
    try:
        return _delivered(request, found, _day(day), body)
    except RuleViolation as refusal:
        faults = refusal.faults if isinstance(refusal, FileRefused) else refusal.reasons
        return _refused(BAD_STATUS, *map(str, faults))


def _unacceptable(request: HttpRequest, unit: str) -> JsonResponse | None:
    """Return the refusal of a call without the unit's token, or with a body of another type; the token comes first."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not has_token(unit, token.strip()):
        return _refused(NO_TOKEN, "令牌无效：请在 Authorization 中写 Bearer 和本单位的令牌。")
    if "Transfer-Encoding" in request.headers:
        # Without a length Django reads nothing, and the day would be published as one without records.
        return _refused(NO_LENGTH, "请写明 Content-Length；不接受分块传输（Transfer-Encoding: chunked）。")
    if request.content_type not in TYPES and request.META.get("CONTENT_LENGTH") not in NOTHING:
        return _refused(BAD_TYPE, f"内容类型应为：{'、'.join(sorted(TYPES))}。")
    return None


def _delivered(request: HttpRequest, unit: Department, day: date, body: bytes) -> JsonResponse:
    made, batch = deliver(
        unit=unit,
        day=day,
        rows=rows_of(body, request.content_type or "", day),
        stated=_stated(request.GET.get("stated", "")),
        reason=request.GET.get("reason", ""),
        at=clock.now(),
    )
    answer = {
        "unit": unit.code,
        "day": day.isoformat(),
        "seq": batch.seq,
        "records": batch.records,
        "head": batch.head,
        "new": made.records,
        "known": made.known,
        "without_phone": made.without_phone,
        "notices": [*made.notices, *map(str, made.hints[:MOST_ERRORS])],
    }
    return JsonResponse(answer, json_dumps_params={"ensure_ascii": False})


def _day(text: str) -> date:
    # fromisoformat() also takes weeks, 2026-W27-3.
    with suppress(ValueError):
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
    raise RuleViolation("地址中的日期应写成2026-07-01的格式。")


def _stated(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len("1000000")):
        raise RuleViolation("stated 应为整数，即本单位自报的当日办件数。")
    return int(text)


def _refused(status: int, *reasons: str) -> JsonResponse:
    """Answer what is wrong; of very many faults the first, and how many there are."""
    more = [f"共{len(reasons)}处，只列出前{MOST_ERRORS}处。"] if len(reasons) > MOST_ERRORS else []
    answer = {"errors": [*reasons[:MOST_ERRORS], *more]}
    return JsonResponse(answer, status=status, json_dumps_params={"ensure_ascii": False})


def _is_demo() -> bool:
    return Round.objects.filter(is_demo=True).exists()
