"""Second factor (动态口令): enrolment, verification, recovery codes, reset."""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.db import transaction
from django_otp.oath import TOTP

from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import User

RECOVERY_CODES, RECOVERY_LENGTH = 10, 16
DIGITS = 6
FAILURES, BLOCKED_FOR = 5, timedelta(minutes=30)


def confirmed(user: User) -> SecondFactor | None:
    """Return the account's confirmed factor."""
    return SecondFactor.objects.filter(user=user, confirmed=True).first()


@transaction.atomic
def begin_enrolment(*, by: User) -> SecondFactor:
    """Create a secret to scan (绑定); a confirmed factor must be reset first."""
    if confirmed(by):
        raise RuleViolation("已经绑定动态口令。更换手机请联系安全管理员重置。")
    secret = secrets.token_bytes(20).hex()
    factor, _ = SecondFactor.objects.update_or_create(
        user=by, defaults={"name": "动态口令", "confirmed": False, "secret": secret}
    )
    return factor


@transaction.atomic
def confirm_enrolment(*, code: str, by: User, at: datetime) -> list[str] | None:
    """Confirm the factor with its first code; returns the recovery codes, shown once, or None for a wrong code."""
    factor = SecondFactor.objects.select_for_update().filter(user=by, confirmed=False).first()
    if factor is None:
        raise RuleViolation("请先开始绑定。")
    if not _is_current(factor, code, at):
        return None
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    factor.confirmed, factor.recovery = True, [_hash(code) for code in codes]
    factor.save(update_fields=["confirmed", "recovery", "last_step"])
    audit.record_event("session.enrolled", factor, by=by, at=at, wrote=[by])
    return codes


@transaction.atomic
def enter_code(*, code: str, by: User, at: datetime) -> SecondFactor | None:
    """Accept a current code or a recovery code, each once; None for a wrong one. Five wrong ones block the factor."""
    factor = SecondFactor.objects.select_for_update().filter(user=by, confirmed=True).first()
    if factor is None:
        raise RuleViolation("请先绑定动态口令。")
    if factor.blocked_until and at < factor.blocked_until:
        raise RuleViolation("动态口令连续输错，已暂停使用30分钟。")
    is_right = _is_current(factor, code, at) or _take_recovery(factor, code)
    factor.failures = 0 if is_right else factor.failures + 1
    if factor.failures >= FAILURES:
        factor.failures, factor.blocked_until = 0, at + BLOCKED_FOR
    factor.save(update_fields=["failures", "blocked_until", "last_step", "recovery"])
    audit.record_event("session.factor", factor, by=by, at=at, is_ok=is_right)
    return factor if is_right else None


def needs_factor(user: User) -> bool:
    """True if the account has to log in with a second factor; a supervisor's one-day account has none."""
    return settings.REQUIRE_OTP and user.role != Role.SUPERVISOR


def asks_again(user: User) -> bool:
    """True if the account must enter a fresh code to approve a proposal."""
    return settings.REQUIRE_OTP and confirmed(user) is not None


def confirm_again(*, code: str, by: User, at: datetime) -> None:
    """Refuse an approval without a fresh code; the limits of the log-in apply."""
    if asks_again(by) and enter_code(code=code, by=by, at=at) is None:
        raise RuleViolation(
            "动态口令不正确或者已使用，事项未办理。每个动态口令只能使用一次，请输入手机上显示的下一个动态口令。"
        )


@transaction.atomic
def reset_factor(*, account_id: int, by: User, at: datetime) -> User:
    """Remove the factor of a lost phone (重置动态口令), once the person's identity has been checked."""
    policy.check(by, "mfa.reset")
    account = User.objects.select_for_update().get(pk=account_id)
    if account.person == by.person:
        raise RuleViolation("不能重置本人的动态口令，请由其他安全管理员办理。")
    SecondFactor.objects.filter(user=account).delete()
    account.renew_sessions()
    account.save(update_fields=["session_stamp"])
    audit.record("mfa.reset", account, by=by, at=at, wrote=[account])
    return account


def enrolment_url(factor: SecondFactor) -> str:
    """Return the otpauth: URL for the QR code."""
    issuer = current_profile().short_name
    label = quote(f"{issuer}:{factor.user.get_username()}")
    return f"otpauth://totp/{label}?secret={typed_secret(factor)}&issuer={quote(issuer)}&digits={DIGITS}&period=30"


def typed_secret(factor: SecondFactor) -> str:
    """Return the secret in Base32, for typing it in."""
    return base64.b32encode(bytes.fromhex(factor.secret)).decode()


def current_code(factor: SecondFactor, at: datetime) -> str:
    """Return the code that an authenticator shows now, for tests."""
    return f"{_totp(factor, at).token():0{DIGITS}d}"


def _is_current(factor: SecondFactor, code: str, at: datetime) -> bool:
    digits = code.replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) == DIGITS):
        return False
    totp = _totp(factor, at)
    if not totp.verify(int(digits), tolerance=1, min_t=factor.last_step + 1):
        return False
    factor.last_step = totp.t()
    return True


def _totp(factor: SecondFactor, at: datetime) -> TOTP:
    totp = TOTP(bytes.fromhex(factor.secret))
    totp.time = at.timestamp()
    return totp


def _take_recovery(factor: SecondFactor, code: str) -> bool:
    digest = _hash(code.replace("-", "").replace(" ", "").upper())
    if digest not in factor.recovery:
        return False
    factor.recovery = [unused for unused in factor.recovery if unused != digest]
    return True


def _new_code() -> str:
    return base64.b32encode(secrets.token_bytes(RECOVERY_LENGTH * 5 // 8)).decode()


def _hash(code: str) -> str:
    return hashlib.sha256(f"recovery/{code}".encode()).hexdigest()
