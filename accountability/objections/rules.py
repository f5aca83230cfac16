"""Stages, grounds, states and outcomes of objections (rulebook R-G)."""

from django.db.models import TextChoices


class Stage(TextChoices):
    """Kinds of objection, by the time they are filed."""

    OBJECTION = "objection", "公示前异议"
    APPEAL = "appeal", "公示后申诉"
    REVIEW = "review", "提请领导小组复核"


class Ground(TextChoices):
    """事由: facts only; disagreement with the score is not a ground (rulebook R-G)."""

    WRONG_SECTION = "wrong_section", "评议对象有误"
    COUNTING = "counting", "计票有误"
    INVALID_BALLOTS = "invalid_ballots", "计入了无效票"
    DUPLICATE = "duplicate", "重复计票"
    VETO_FACTS = "veto_facts", "一票否决事实有误"


class ObjectionState(TextChoices):
    """States of an objection."""

    FILED = "filed", "已提出"
    ACCEPTED = "accepted", "已受理"
    RECOUNTED = "recounted", "已复算"
    DECIDED = "decided", "已答复"


class Outcome(TextChoices):
    """Outcomes of an objection."""

    UPHELD = "upheld", "更正"
    REJECTED = "rejected", "维持"
    INADMISSIBLE = "inadmissible", "不予受理"


LEAST_WITNESSES = 2
