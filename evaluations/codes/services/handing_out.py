"""Codes given back for printing or messages (打印、短信配对): compared with their batch, recorded, never stored."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http.request import split_domain_port, validate_host
from django.views.decorators.debug import sensitive_variables

from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services.issuing import BATCH_SIZE, BEFORE_CLOSING
from evaluations.protocol.codes import issue_of
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

MESSAGE = "您被抽中参加最难办事科室群众评，请打开链接评议，链接仅可使用一次，请勿转发："
NAMED = 5  # places of codes that a refusal names; never a code itself


def site_address(text: str) -> str:
    """Return the address that links begin with; only a host of ALLOWED_HOSTS, as a link takes its code to the host."""
    address = text.removesuffix("/")
    scheme, _, host = address.partition("://")
    schemes = ("https",) if settings.SECURE_SSL_REDIRECT else ("https", "http")
    if scheme not in schemes or not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        raise RuleViolation(
            "网站地址要以 https:// 开头，后面只写本网站的主机名，如 https://pingyi.example。"
            "主机名由系统管理员在 ALLOWED_HOSTS 中设置。"
        )
    return address


@sensitive_variables()
@transaction.atomic
def hand_out(*, batch_id: int, codes: Sequence[str], use: str, site: str, by: User, at: datetime) -> CodeBatch:
    """Record that a batch's codes, given back by whoever has their file, are printed or paired; `use` = which."""
    policy.check(by, "cred.print")
    batch = CodeBatch.objects.select_related("round").get(pk=batch_id)
    round_ = lock_round(batch.round_id)
    if RoundState(round_.state) not in BEFORE_CLOSING:
        raise RuleViolation("评议票只能在名录锁定之后、封箱之前打印。")
    if not batch.is_open:
        raise RuleViolation(f"批次“{batch.label}”已停用，票号不能再投票，请重新生成票号后打印。")
    refuse_foreign(batch, codes)
    detail = {"use": use, "codes": len(codes), "site": site_address(site)}
    audit.record("cred.print", batch, by=by, at=at, detail=detail)
    return batch


@sensitive_variables()
def refuse_foreign(batch: CodeBatch, codes: Sequence[str]) -> None:
    """Refuse codes of another batch or round, and void ones, by their places in the file."""
    known = dict(_known(batch, [issue_of(batch.round.key, code) for code in codes]))
    found = [known.get(issue_of(batch.round.key, code)) for code in codes]
    foreign = [n for n, is_void in enumerate(found, start=1) if is_void is None]
    void = [n for n, is_void in enumerate(found, start=1) if is_void]
    if foreign:
        raise RuleViolation(
            f"文件中有{len(foreign)}个票号不属于批次“{batch.label}”（{_places(foreign)}）。请核对是不是该批次的票号文件，"
            "补发的票号请在补发批次的页面打印。"
        )
    if void:
        raise RuleViolation(f"文件中有{len(void)}个票号已经作废（{_places(void)}），请从文件中删去后重新上传。")


def messages_csv(phones: Sequence[str], codes: Sequence[str], site: str, sign: str) -> bytes:
    """Return the file for the SMS platform: one phone and one code a line, readable in Excel."""
    text = io.StringIO(newline="")
    lines = ((phone, f"【{sign}】{MESSAGE}{site}/ballot/#{code}") for phone, code in zip(phones, codes, strict=True))
    csv.writer(text).writerows([("手机号", "短信"), *lines])
    return text.getvalue().encode("utf-8-sig")


def _known(batch: CodeBatch, issues: Sequence[str]) -> Iterator[tuple[str, bool]]:
    for start in range(0, len(issues), BATCH_SIZE):
        part = issues[start : start + BATCH_SIZE]
        yield from Credential.objects.filter(batch=batch, issue__in=part).values_list("issue", "is_void")


def _places(numbers: Sequence[int]) -> str:
    shown = "、".join(map(str, numbers[:NAMED]))
    return f"第{shown}个等" if len(numbers) > NAMED else f"第{shown}个"
