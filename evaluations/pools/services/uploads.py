"""The lists of people that staff upload for a round's pools: one kind of list for each pool."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.http import Http404
from django.urls import reverse

from evaluations.pools.queries import late_change
from evaluations.pools.rules.kinds import PoolKind, columns_of
from evaluations.pools.services.lists import Confirmation, import_pool, preview_pool, strata_of
from evaluations.rounds.models import Round
from nanchuan_eval.lists.rules.columns import Column
from nanchuan_eval.lists.rules.previews import Preview
from nanchuan_eval.lists.services import ListKind
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User

NOTES = (
    "同一手机号的各行合并为一人；同名、同单位而手机号不同的，在预览中确认是不同的人还是同一人。",
    "单位联络员、评议对象的人员及其申报的近亲属列为回避；单位写法不能确定的，在预览中确认。",
    "确认后取代现有名单库，原名单公告随之撤回。评议办登记的回避转到新名单中的同一人。",
)


def list_name(kind: str) -> str:
    """Return the name under which a pool's list is uploaded."""
    return f"pool.{kind}"


def list_kinds() -> list[ListKind]:
    """Return the kinds of lists for the registry; a list's subject is the key of its round."""
    return [
        ListKind(
            list_name(kind.value),
            kind.label,
            "pool.import",
            columns=partial(_columns, kind),
            preview=partial(_preview, kind),
            confirm=partial(_confirm, kind),
            back=lambda subject: reverse("admin:round-pool", args=[_round(subject).pk]),
            subject_title=lambda subject: _round(subject).name,
            closed=partial(_closed, kind),
            notes=NOTES,
        )
        for kind in PoolKind
    ]


def _round(subject: str) -> Round:
    round_ = Round.objects.filter(key=subject).first()
    if round_ is None:
        raise Http404
    return round_


def _closed(kind: PoolKind, subject: str) -> str:
    return late_change(_round(subject), kind)


def _columns(kind: PoolKind, subject: str) -> Sequence[Column]:
    return columns_of(kind, strata_of(_round(subject), kind))


def _preview(
    kind: PoolKind, subject: str, rows: Sequence[Row], *, answers: Mapping[str, str], by: User, at: datetime
) -> Preview:
    round_id = _round(subject).pk
    return preview_pool(round_id=round_id, kind=kind, rows=rows, answers=answers, by=by, at=at).preview


def _confirm(kind: PoolKind, subject: str, rows: Sequence[Row], **given: Any) -> str:
    confirmed = Confirmation(given["answers"], given["agreed"])
    by, at = given["by"], given["at"]
    done = import_pool(round_id=_round(subject).pk, kind=kind, rows=rows, confirmed=confirmed, by=by, at=at)
    excluded = sum(bool(person.exclusion) for person in done.people)
    withdrawn = f"{done.withdrawn}已撤回，请重新公告。" if done.withdrawn else ""
    return f"{kind.label}已导入{len(done.people)}人，其中{excluded}人不参加抽取。{withdrawn}"
