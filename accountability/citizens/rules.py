"""群众建议 and 追评: what citizens may say after the list."""

import hashlib

from django.db.models import TextChoices


class SuggestionState(TextChoices):
    """建议状态."""

    NEW = "new", "待研究"
    ADOPTED = "adopted", "已采纳"
    DECLINED = "declined", "未采纳"


class Satisfaction(TextChoices):
    """追评."""

    BETTER = "better", "明显好转"
    SOMEWHAT = "somewhat", "有所好转"
    UNCHANGED = "unchanged", "没有变化"
    WORSE = "worse", "有所变差"


def follow_up_mark(receipt: str, case_id: int) -> str:
    """Return the mark that a receipt has spoken about a case; it says nothing of what was said."""
    return hashlib.sha256(f"nanchuan-follow-up/1\n{case_id}\n{receipt}".encode()).hexdigest()
