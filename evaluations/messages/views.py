"""The gateway's way in: receipts and answers, with a token instead of a session; no page leads here."""

import secrets

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from evaluations.messages.rules.receipts import ReceiptError, read_receipts
from evaluations.messages.services.receipts import take_receipts
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.strict_json import JSONFileError, parse_json

BAD_INPUT, UNKNOWN, MISSING = 400, 401, 404
SCHEME = "Bearer "


@csrf_exempt
@require_POST
@sensitive_post_parameters()
@sensitive_variables()
def message_receipts(request: HttpRequest) -> JsonResponse:
    """Take receipts in JSON, or one as a form; all or nothing, and the same ones again change nothing."""
    if not settings.MESSAGE_RECEIPT_TOKEN:
        return _said("没有设置短信回执的口令，不接收回执。", MISSING)
    if not _is_known(request.headers.get("Authorization", "")):
        return _said("口令有误。", UNKNOWN)
    try:
        given = request.POST.dict() if request.POST else parse_json(request.body)
        received = read_receipts(given)
    except ReceiptError as fault:
        return _said(str(fault), BAD_INPUT)
    except JSONFileError as fault:
        return _said(f"不是回执：{fault}", BAD_INPUT)
    return _said(str(take_receipts(received, at=clock.now())), 200)


def _is_known(authorization: str) -> bool:
    token = authorization.removeprefix(SCHEME).encode()
    return authorization.startswith(SCHEME) and secrets.compare_digest(token, settings.MESSAGE_RECEIPT_TOKEN.encode())


def _said(text: str, status: int) -> JsonResponse:
    return JsonResponse({"message": text}, status=status, json_dumps_params={"ensure_ascii": False})
