"""The box key in force, who opens the box, and what is missing before a round can open."""

from evaluations.box_key.models import BoxKey
from evaluations.rounds.models import Round
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation


def key_in_force(round_: Round) -> BoxKey:
    """Return the key to which the round's ballots are sealed; refuses a round without one."""
    found = BoxKey.objects.filter(key_id=round_.box_key, round=round_).first() if round_.box_key else None
    if found is None:
        raise RuleViolation("本轮还没有票箱密钥。")
    return found


def key_faults(round_: Round) -> list[str]:
    """Return in Chinese what the key still lacks before the round opens; a server's key is made when it opens."""
    if not is_opened_by_supervisors(round_.rulebook):
        return []
    key = BoxKey.objects.filter(key_id=round_.box_key).first() if round_.box_key else None
    return [] if key else ["还没有票箱密钥。"]


def is_recovery_permitted(key: BoxKey) -> bool:
    """True if using the recovery card was permitted (动用备用卡)."""
    permits = AuditEntry.objects.performed().filter(action="box.recover", object_type=BoxKey._meta.label)
    return permits.filter(object_id=str(key.pk)).exists()
