"""Missing conditions as pages show them: the sentence, the link to where it is mended, and whom it waits for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lacks import FOR_SUPERVISORS, FOR_THE_CLOCK, MENDED_BY, Lack, Place
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User

Address = Callable[[Round, str], str]
# So many accounts of a role are named; more are only called by their role.
MOST_NAMED = 3


@dataclass(frozen=True)
class Door:
    """The page of a place: its address, and the actions of which an account must see (or start) one to open it."""

    address: Address
    actions: tuple[str, ...]
    is_for_starters: bool = False
    is_desk: bool = True

    def opens_for(self, user: User) -> bool:
        """True if the account may open the page."""
        asks = policy.may_start if self.is_for_starters else policy.may_see
        return (user.is_staff or not self.is_desk) and any(asks(user, action) for action in self.actions)


@dataclass(frozen=True)
class Condition:
    """One missing condition with the address of its place ("" if the account may not go there)."""

    text: str
    place: Place
    ref: str
    address: str
    # Role and, where known, person; "" if this account itself can mend it.
    waits_for: str

    def __str__(self) -> str:
        return self.text


def _of_round(name: str, anchor: str = "") -> Address:
    return lambda round_, _: reverse(f"admin:{name}", args=[round_.pk]) + anchor


def _fixed(name: str, *args: str) -> Address:
    return lambda _, __: reverse(name, args=args)


def _draw(round_: Round, purpose: str) -> str:
    """Return the ceremony of the draw; before it is committed, its row on the round's page."""
    made = round_.draws.standing().filter(purpose=purpose).values_list("pk", flat=True).first()
    if made:
        return reverse("admin:draw-ceremony", args=[made])
    return reverse("admin:evaluations_round_change", args=[round_.pk]) + f"#draw-{purpose}"


PAGE = "evaluations_round_change"
# Later apps add the doors of their pages.
DOORS: dict[Place, Door] = {
    Place.ROUND: Door(_of_round(PAGE), ("round.open",)),
    Place.CLOSING: Door(_of_round(PAGE), ("round.open",)),
    Place.RULEBOOK: Door(_of_round("round-rulebook"), ("round.open",)),
    Place.MANIFESTATIONS: Door(_fixed("admin:evaluations_manifestation_changelist"), ("round.edit",)),
    Place.ROSTER: Door(_fixed("list-new", "roster"), ("roster.import",), is_for_starters=True),
    Place.SETTLEMENT: Door(_of_round("round-settle"), ("round.edit",), is_for_starters=True),
    Place.POOL: Door(
        lambda round_, kind: reverse("admin:round-pool", args=[round_.pk]) + f"#pool-{kind}", ("pool.view",)
    ),
    Place.RECORDS: Door(_of_round("round-frame"), ("pool.view",)),
    Place.PLANNED_DRAW: Door(
        lambda round_, purpose: reverse("admin:draw-plan", args=[round_.pk, purpose]),
        ("draw.commit",),
        is_for_starters=True,
    ),
    Place.DRAW: Door(_draw, ("draw.run",)),
    Place.CODES: Door(_of_round("round-codes-together"), ("cred.print",), is_for_starters=True),
    Place.BOX_KEY: Door(_of_round("round-box-key"), ("box.key",)),
    Place.EXTENSION: Door(_of_round("round-extend"), ("round.extend",), is_for_starters=True),
    Place.PAPER: Door(
        lambda _, batch: reverse("admin:papers", args=[batch]), ("paper.entry", "cred.print", "cred.void")
    ),
    Place.OPENING_RECORD: Door(_of_round("round-opening-record"), ("box.open",)),
    Place.ALERTS: Door(_of_round("round-monitor", "#alerts"), ("round.monitor",)),
    Place.PROBLEMS: Door(
        lambda _, result: reverse("admin:evaluations_sectionresult_change", args=[result]), ("tally.view",)
    ),
    Place.SAMPLE: Door(_of_round("round-sample"), ("audit.sample",)),
    Place.GATE: Door(_of_round("round-decide"), ("publish.approve",), is_for_starters=True),
}


# Proposals about the round that mend a place once they are approved.
PROPOSED_AS = {
    Place.SETTLEMENT: "round.edit",
    Place.DRAW: "draw.commit.{}",
    Place.BOX_KEY: "box.key",
    Place.EXTENSION: "round.extend",
    Place.FLAGS: "flags.keep",
}
IMPORT = "roster.import"


def conditions(
    round_: Round, lacks: Sequence[Lack], user: User, proposals: Sequence[Approval] | None = None
) -> list[Condition]:
    """Return the missing conditions with their places and whom they wait for (two queries, and one a draw).

    `proposals` = the pending ones about the round, where they are known already.
    """
    if not lacks:
        return []
    names = holders_of({role for lack in lacks for role in _roles(lack)})
    if proposals is None:
        proposals = proposals_about(round_) if names else []
    found = []
    for lack in lacks:
        wanted = proposed_as(round_, lack) if proposals else frozenset[str]()
        proposal = next((each for each in proposals if approvals.names_of(each) & wanted), None)
        if proposal:
            found.append(_proposed(lack, proposal, user, names))
            continue
        waits = _waits(lack, user, names)
        found.append(Condition(lack.text, lack.place, lack.ref, address_of(round_, lack, user), waits))
    return found


def proposed_as(round_: Round, lack: Lack) -> frozenset[str]:
    """Return the names of the proposals that would mend the condition."""
    if lack.place == Place.ROSTER:
        return frozenset({IMPORT})
    if lack.place == Place.GATE:
        return frozenset({f"publish.decide@evaluations.Tally:{round_.tally.pk}"})
    name = PROPOSED_AS.get(lack.place, "").format(lack.ref)
    return frozenset({f"{name}@{Round._meta.label}:{round_.pk}"} if name else ())


def address_of(round_: Round, lack: Lack, user: User) -> str:
    """Return where the condition is mended, or "" if the account may not open the page."""
    door = DOORS[lack.place]
    return door.address(round_, lack.ref) if door.opens_for(user) else ""


def may_mend(user: User, place: Place) -> bool:
    """True if the account may start what mends the condition."""
    return place in MENDED_BY and policy.may_start(user, MENDED_BY[place])


def holders_of(roles: Iterable[Role]) -> dict[Role, str]:
    """Return each role as people say it: its label, with the names of its accounts if they are few (one query)."""
    wanted = sorted(set(roles))
    people: dict[str, list[str]] = {}
    for role, name in User.objects.filter(is_active=True, role__in=wanted).values_list("role", "name"):
        people.setdefault(role, []).append(name)
    return {
        role: f"{role.label}（{'、'.join(people[role])}）"
        if 0 < len(people.get(role, ())) <= MOST_NAMED
        else role.label
        for role in wanted
    }


def _roles(lack: Lack) -> list[Role]:
    """Return the roles that a condition waits for, and those who would approve what they propose."""
    action = MENDED_BY.get(lack.place, "")
    return [*policy.starters(action), *policy.roles_allowed(action)] if action else []


def proposals_about(*rounds: Round) -> list[Approval]:
    """Return the pending proposals about the rounds (one query)."""
    keys = [str(round_.pk) for round_ in rounds]
    whole = Q(object_type=Round._meta.label, object_id__in=keys) | Q(kind=IMPORT)
    about = Approval.objects.pending().filter(whole)
    return list(about.select_related("proposed_by"))


def _proposed(lack: Lack, proposal: Approval, user: User, names: Mapping[Role, str]) -> Condition:
    """Return a condition that only lacks the approval: nobody is told to propose it again."""
    approvers = "、".join(names.get(role, role.label) for role in policy.roles_allowed(proposal.action))
    address = reverse("approval", args=[proposal.pk]) if approvals.sees(user, proposal) else ""
    waits = f"{proposal.proposed_by.name}已提请，等待{approvers}审批"
    return Condition(f"“{proposal.title}”尚待审批。", lack.place, lack.ref, address, waits)


def _waits(lack: Lack, user: User, names: Mapping[Role, str]) -> str:
    if lack.place in FOR_THE_CLOCK:
        return "到期后自动具备"
    if lack.place in FOR_SUPERVISORS:
        return "等待监督员到场签名"
    if may_mend(user, lack.place):
        return ""
    return f"等待{'、'.join(names[role] for role in policy.starters(MENDED_BY[lack.place]))}办理"
