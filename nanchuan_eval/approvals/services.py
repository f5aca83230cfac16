"""Proposal and approval (提请与审批): one person proposes, another approves exactly what was proposed.

Apps register a handler for each of their two-person actions in `AppConfig.ready`:

    approvals.register(ApprovableAction("round.open", permission="round.open", label="开启评议", model=Round, …))

A view calls `start()`, which proposes the action, or performs it at once if the two-person rule is off. Which actions
need two persons follows from the policy table (P and A cells): `policy.check()` in the action's service refuses them
without an approval. The approver reads `content`, which the digest covers: once it has changed, the proposal is void.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core import attempts
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import are_two_persons, require_numbered, require_two_persons

Arguments = Mapping[str, Any]
Content = Callable[[Any, Arguments], Mapping[str, object]]
State = Approval.State
# Label of what an approval sets off.
FOLLOWS = "办理后果"
# Message after a proposal.
PROPOSED = "已提请，经另一人审批后生效。"


@dataclass(frozen=True)
class ApprovableAction:
    """需两人办理的事项: permission in the policy table, content to approve, and the service that performs it."""

    name: str
    permission: str
    label: str
    model: type[models.Model]
    # (object, arguments) -> content to approve, by Chinese labels, without floats. It may lock the rows it reads.
    content: Content
    # (object, arguments, by=approver, at=...) -> whatever the service returns
    perform: Callable[..., object]
    # (user, object) -> True if the object is the user's own, for cells `Po`.
    is_own: Callable[[User, Any], bool] | None = None
    # (object, arguments, at=...) refuses a proposal that the service would refuse at the approval.
    require: Callable[..., None] | None = None
    # (object) refuses what the service refuses whatever is typed; forms ask it before they are shown.
    closed: Callable[[Any], None] | None = None
    # (object, note) is called when the proposal ends without approval (退回、撤回、失效), to reopen its object.
    undo: Callable[[Any, str], None] | None = None
    # (object, arguments) -> text after the label in lists; by default the object.
    names: Callable[[Any, Arguments], str] = lambda target, _: str(target)
    # True: each approval asks for a fresh code, also within the approving window.
    always_asks: bool = False
    # True: several proposals may be approved together, once each was shown whole.
    is_small: bool = False
    # object -> what its approval sets off for good (办理后果), shown to who proposes and to who approves.
    follows: Callable[[Any], str] | None = None

    def content_of(self, target: models.Model, arguments: Arguments) -> dict[str, object]:
        """Return what the approver reads, with what follows at its end."""
        content = dict(self.content(target, arguments))
        return {**content, FOLLOWS: self.follows(target)} if self.follows else content

    def owned_by(self, user: User, target: models.Model) -> bool:
        """True if the object is the user's own, for cells `Po`."""
        return self.is_own is not None and self.is_own(user, target)


@dataclass(frozen=True)
class Waiting:
    """A pending proposal as shown on its object's page: its approvers, whether the user may open or decide it."""

    approval: Approval
    approvers: str
    may_open: bool
    may_decide: bool


def calls(service: Callable[..., object], key: str, **parsers: Callable[[Any], object]) -> Callable[..., object]:
    """Return a `perform` that calls the service with the object's key as `key` and the parsed arguments by name."""

    def perform(target: models.Model, arguments: Arguments, *, by: User, at: datetime) -> object:
        given = {name: parsers.get(name, _as_is)(value) for name, value in arguments.items()}
        return service(**{key: target.pk}, **given, by=by, at=at)

    return perform


def _as_is(value: object) -> object:
    return value


_actions: dict[str, ApprovableAction] = {}
# Actions of whose proposals the retention rules erase content and arguments.
purged_actions: set[str] = set()


def register(*actions: ApprovableAction) -> None:
    """Register the handlers of two-person actions."""
    for action in actions:
        _actions[action.name] = action


def unhandled_actions() -> list[str]:
    """Return the two-person actions of the policy table without a registered handler."""
    handled = {action.permission for action in _actions.values()}
    return sorted(policy.two_person_actions() - handled - policy.NEVER_ARISES)


def one_person_actions() -> list[str]:
    """Return the registered actions that the policy table gives to one person, so that no approval would be asked."""
    return sorted(action.name for action in _actions.values() if action.permission not in policy.two_person_actions())


def action_named(name: str) -> ApprovableAction:
    """Return a registered action."""
    return _actions[name]


def may_start(user: User, name: str, target: models.Model) -> bool:
    """True if the user may propose the action or, where no approval is required, perform it."""
    action = _actions[name]
    asks = policy.may_propose if policy.requires_approval(action.permission) else policy.may
    return asks(user, action.permission, own=action.owned_by(user, target))


def check_may_start(user: User, name: str, target: models.Model) -> None:
    """Raise `Denied` unless the user may start the action; call it before validating the form."""
    if not may_start(user, name, target):
        raise policy.Denied(user, _actions[name].permission)


def start(name: str, target: models.Model, /, *, by: User, at: datetime, **arguments: Any) -> Approval | None:
    """Propose the action, or perform it at once where one person may (then None); dates become text."""
    action = _actions[name]
    arguments = {key: value.isoformat() if isinstance(value, date) else value for key, value in arguments.items()}
    if policy.requires_approval(action.permission):
        return propose(name, target, by=by, at=at, **arguments)
    action.perform(target, arguments, by=by, at=at)
    return None


class Start:
    """`start` with its action and object (a form's service), so that the form's page knows what waits already."""

    do_not_call_in_templates = True

    def __init__(self, name: str, target: models.Model, /, **given: Any) -> None:
        """Remember what is to be started."""
        self.kind, self.target, self.given = name, target, given

    def __call__(self, *, by: User, at: datetime, **given: Any) -> Approval | None:
        """Propose the action, or perform it at once."""
        return start(self.kind, self.target, by=by, at=at, **self.given, **given)

    @property
    def is_proposal(self) -> bool:
        """True if another person has to approve it."""
        return policy.requires_approval(_actions[self.kind].permission)

    def refuse_closed(self) -> None:
        """Refuse what would be refused whatever is typed."""
        _refuse_closed(_actions[self.kind], self.target)


@transaction.atomic
def propose(name: str, target: models.Model, /, *, by: User, at: datetime, **arguments: Any) -> Approval:
    """Propose an action (提请); `arguments` are JSON values, passed unchanged to its `perform`."""
    action = _actions[name]
    policy.check_proposes(by, action.permission, own=action.owned_by(by, target))
    require_numbered(by)
    locked = _lock(action, target.pk)
    if locked is None:
        raise RuleViolation(f"“{target}”已不存在，不能提请“{action.label}”。")
    target = locked
    # Additions, whose target is the content type, may be pending several at a time.
    is_one = action.model is not ContentType
    waiting = Approval.objects.pending().filter(kind=name, object_id=str(target.pk)).select_related("proposed_by")
    if is_one and (earlier := waiting.first()):
        who = f"{earlier.proposed_by.name}已经提请，等待{approvers_of(earlier)}审批"
        raise RuleViolation(f"“{action.label}”{who}；需要更改的，由提请人撤回后重新提请。")
    _refuse_closed(action, target)
    if action.require is not None:
        action.require(target, arguments, at=at)
    content = action.content_of(target, arguments)
    approval = Approval.objects.create(
        kind=name,
        action=action.permission,
        object_type=target._meta.label,
        object_id=str(target.pk),
        title=f"{action.label}：{action.names(target, arguments)}"[:200],
        arguments=arguments,
        content=content,
        digest=_digest(name, str(target.pk), arguments, content),
        reason=str(arguments.get("reason", ""))[:300],
        proposed_by=by,
        proposed_at=at,
    )
    audit.record(
        action.permission,
        target,
        by=by,
        at=at,
        reason=approval.reason,
        detail={"step_label": f"提请：{action.label}", "approval": approval.pk, "digest": approval.digest},
        wrote=[approval],
    )
    return approval


def approve(*, approval_id: int, by: User, at: datetime) -> Approval:
    """Approve and perform the action (同意) in one transaction; if its content has changed, the proposal is void."""
    with transaction.atomic():
        approval = _lock_pending(approval_id, by, check_approver)
        action = _actions[approval.kind]
        target = _lock(action, approval.object_id)
        is_same = target is not None and is_unchanged(approval, target)
        if is_same:
            with policy.approved(action.permission):
                action.perform(target, approval.arguments, by=by, at=at)
        _decide(approval, State.APPROVED if is_same else State.STALE, by=by, at=at)
    if not is_same:
        raise RuleViolation("提请之后内容已有改动，原提请已失效。请核对后重新提请。")
    return approval


@transaction.atomic
def send_back(*, approval_id: int, note: str, by: User, at: datetime) -> Approval:
    """Return a proposal with a reason (退回)."""
    approval = _lock_pending(approval_id, by, check_approver)
    if not note.strip():
        raise RuleViolation("请填写退回理由。")
    return _decide(approval, State.RETURNED, by=by, at=at, note=note.strip())


@transaction.atomic
def withdraw(*, approval_id: int, by: User, at: datetime) -> Approval:
    """Withdraw one's own proposal (撤回)."""
    approval = _lock_pending(approval_id, by, _check_proposer)
    return _decide(approval, State.WITHDRAWN, by=by, at=at)


def check_approver(approval: Approval, by: User) -> None:
    """Refuse users without the permission, and the proposer under any of their accounts."""
    check_decides(approval, by)
    attempts.record_attempt(by, approval.action)
    require_two_persons(by, approval.proposed_by, "提请人和审批人不得为同一人，不能审批本人提请的事项。")


def check_decides(approval: Approval, by: User) -> None:
    """Raise `Denied` unless the user has the permission to decide."""
    if not policy.may(by, approval.action):
        raise policy.Denied(by, approval.action)


def may_decide(user: User, approval: Approval) -> bool:
    """True if the user has the permission to decide and is not the proposer under another account."""
    return policy.may(user, approval.action) and are_two_persons(user, approval.proposed_by)


def pending_for(target: models.Model, action: str) -> Approval | None:
    """Return the pending proposal of an action on the object, if there is one."""
    about = Approval.objects.pending().filter(object_type=target._meta.label, object_id=str(target.pk))
    return about.filter(action=action).select_related("proposed_by").first()


def has_approved(name: str, target: models.Model) -> bool:
    """True if the action was approved for the object and its content has not changed since."""
    approved = Approval.objects.filter(kind=name, object_id=str(target.pk), state=State.APPROVED)
    latest = approved.order_by("-decided_at", "-pk").first()
    return latest is not None and is_unchanged(latest, target)


def names_of(approval: Approval) -> set[str]:
    """Return the names under which lists and pages look for a proposal: kind or action, with its object or year."""
    target = f"{approval.object_type}:{approval.object_id}"
    names = {approval.kind, f"{approval.kind}@{target}", f"{approval.action}@{target}"}
    return names | {f"{approval.kind}:{approval.arguments['year']}"} if "year" in approval.arguments else names


def waiting_instead(user: User, service: Callable[..., object]) -> list[Waiting]:
    """Return the pending proposal of what a form's service would propose: it is shown instead of the form."""
    if not isinstance(service, Start):
        return []
    about = [each for each in waiting_about(user, service.target) if each.approval.kind == service.kind]
    return [each for each in about if service.given.items() <= each.approval.arguments.items()]


def what_follows(service: object) -> str:
    """Return what the proposal of a form's service would set off once it is approved, if that is final."""
    follows = _actions[service.kind].follows if isinstance(service, Start) else None
    return follows(service.target) if follows else ""  # type: ignore[attr-defined]


def waiting_about(user: User, *targets: models.Model) -> list[Waiting]:
    """Return all pending proposals about the objects, of whatever models (one query)."""
    if not targets:
        return []
    keys: dict[str, list[str]] = {}
    for target in targets:
        keys.setdefault(target._meta.label, []).append(str(target.pk))
    of_model = (models.Q(object_type=label, object_id__in=found) for label, found in keys.items())
    about = Approval.objects.pending().filter(reduce(or_, of_model)).select_related("proposed_by")
    return [Waiting(each, approvers_of(each), sees(user, each), may_decide(user, each)) for each in about]


def is_unchanged(approval: Approval, target: models.Model) -> bool:
    """True if the content is still exactly what was proposed."""
    kind, arguments = approval.kind, approval.arguments
    return _digest(kind, str(target.pk), arguments, _actions[kind].content_of(target, arguments)) == approval.digest


def proposal_digest(approval: Approval) -> str:
    """Return the digest of a stored proposal, as it was computed when it was proposed."""
    return _digest(approval.kind, approval.object_id, approval.arguments, approval.content)


def waiting_for(user: User) -> models.QuerySet[Approval]:
    """Return the pending proposals that the user may decide on (待审批)."""
    actions = [action for action in policy.two_person_actions() if policy.may(user, action)]
    return Approval.objects.pending().filter(action__in=actions).exclude(proposed_by__in=user.own_accounts)


def sees(user: User, approval: Approval) -> bool:
    """True if the user may read the proposal: their own, one to decide, for the staff all that the table shows."""
    asks = policy.may_see if user.is_staff else policy.may
    return approval.proposed_by == user or asks(user, approval.action)


def seen_by(user: User) -> models.QuerySet[Approval]:
    """Return the proposals that `sees` admits the user to, decided ones included."""
    asks = policy.may_see if user.is_staff else policy.may
    seen = [action for action in policy.two_person_actions() if asks(user, action)]
    return Approval.objects.filter(models.Q(action__in=seen) | models.Q(proposed_by=user))


def approvers_of(approval: Approval) -> str:
    """Return the roles that decide on the proposal, in Chinese."""
    return "、".join(role.label for role in policy.roles_allowed(approval.action))


def _refuse_closed(action: ApprovableAction, target: models.Model) -> None:
    if action.closed is not None:
        action.closed(target)


def _check_proposer(approval: Approval, by: User) -> None:
    if approval.proposed_by != by:
        raise policy.Denied(by, approval.action)
    attempts.record_attempt(by, approval.action)


def _lock_pending(approval_id: int, by: User, check: Callable[[Approval, User], None]) -> Approval:
    """Lock and return a pending proposal; checks the permission before it reveals the state."""
    approval = Approval.objects.select_for_update(of=("self",)).select_related("proposed_by").get(pk=approval_id)
    check(approval, by)
    if approval.state != State.PENDING:
        raise RuleViolation(f"该提请当前为“{approval.get_state_display()}”，不能重复办理。")
    return approval


def _lock(action: ApprovableAction, pk: object) -> models.Model | None:
    """Lock and return the object while it is proposed or approved; None if it no longer exists."""
    return action.model._default_manager.select_for_update(no_key=True).filter(pk=pk).first()


def _digest(kind: str, key: str, arguments: Arguments, content: Mapping[str, object]) -> str:
    whole = {"kind": kind, "object": key, "arguments": arguments, "content": content}
    return sha256_hex(canonical_json(whole))


def _decide(approval: Approval, state: str, *, by: User, at: datetime, note: str = "") -> Approval:
    approval.state, approval.decided_by, approval.decided_at, approval.note = state, by, at, note
    approval.save(update_fields=["state", "decided_by", "decided_at", "note"])
    action = _actions[approval.kind]
    wrote: list[models.Model] = [approval]
    if state != State.APPROVED and action.undo and (target := _lock(action, approval.object_id)):
        wrote.append(action.model(pk=target.pk))  # it may be deleted
        action.undo(target, note)
    label = f"{approval.get_state_display()}：{approval.title}"
    audit.record(
        approval.action,
        approval,
        by=by,
        at=at,
        reason=note,
        detail={"step_label": label, "approval": approval.pk, "digest": approval.digest},
        wrote=wrote,
    )
    return approval
