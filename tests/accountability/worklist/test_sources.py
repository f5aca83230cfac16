"""Everything that can wait has a source: the table of permissions is walked row by row."""

import pytest

from accountability.worklist.queries.items import SOURCES, work_items_of
from accountability.worklist.queries.steps import PHASE_OF
from evaluations.rounds.permissions import DOORS
from evaluations.rounds.rules.lacks import MENDED_BY
from evaluations.rounds.rules.lifecycle import STEP_ACTION
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import ACCOUNT_ROLES

ACCOUNTS = [Role(role) for role, _ in ACCOUNT_ROLES]
# Actions that nobody is ever late with: (P and Y cells; an A cell waits as a proposal.)
AT_WILL = "谁需要谁办，没有期限"
BY_OTHERS = "由别的事项带出"
NEVER_DUE = {
    "receipt.check": AT_WILL,
    "opinion.submit": AT_WILL,
    "privacy.request": AT_WILL,
    "ballot.open": AT_WILL,
    "ballot.submit": AT_WILL,
    "round.unfreeze": AT_WILL,
    "round.void": AT_WILL,
    "round.extend": AT_WILL,
    "pool.unmask": AT_WILL,
    "pool.export": AT_WILL,
    "draw.redraw": AT_WILL,
    "cred.void": AT_WILL,
    "comment.redact": AT_WILL,
    "box.recover": AT_WILL,
    "tally.tiebreak": "并列科室位次相同，不抽签",
    "top10.export": AT_WILL,
    "rect.extend": AT_WILL,
    "insp.original": AT_WILL,
    "appeal.submit": "是单位的权利，期限在日历上",
    "session.own": AT_WILL,
    "policy.set": "告警在待办中，策略不定期修改",
    "sys.config": AT_WILL,
    "profile.edit": AT_WILL,
    "session.kill": AT_WILL,
    "backup.restore": AT_WILL,
    "log.export": AT_WILL,
    "retention.purge": "每日定时清除；提前清除没有期限",
    "acc.hold.lift": BY_OTHERS,
    "log.alert": "告警不是表中的行，逐条列出",
    "audit.explain": BY_OTHERS,
    "records.deliver": "每日报送；缺报和差异列在“本单位办件”页",
}
COVERED = {action for source in SOURCES for action in source.actions}
COVERED |= set(STEP_ACTION.values()) | set(MENDED_BY.values())


@pytest.mark.parametrize("action", policy.table())
def test_every_action_that_can_fall_due_has_a_source_or_a_reason(action):
    starts = [role for role in ACCOUNTS if policy.table()[action][role][:1] in {"P", "Y"}]

    assert not starts or action in COVERED or action in NEVER_DUE, f"{action} waits nowhere for {starts}"


@pytest.mark.parametrize("action", sorted(policy.two_person_actions() - policy.NEVER_ARISES))
def test_whoever_approves_an_action_finds_its_proposals_under_a_phase(action):
    from accountability.worklist.queries.proposals import phase_of  # noqa: PLC0415

    assert phase_of(action).label


def test_a_decision_of_one_role_has_a_source_of_its_own():
    alone = {
        action
        for action, row in policy.table().items()
        if any(row[role][:1] == "A" for role in ACCOUNTS) and action not in policy.two_person_actions()
    }

    assert alone <= COVERED | {"ballot.invalid"}


def test_no_reason_is_given_for_what_has_a_source():
    assert not {action for action in NEVER_DUE if action in {a for source in SOURCES for a in source.actions}} - {
        "acc.hold.lift",
        "rect.extend",
        "session.kill",
    }


def test_the_names_of_sources_are_theirs_alone():
    assert len({source.key for source in SOURCES}) == len(SOURCES)


def test_every_step_before_publication_and_every_place_has_its_page():
    assert set(PHASE_OF) == set(STEP_ACTION) - {"archive"}
    assert set(MENDED_BY) <= set(DOORS)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ACCOUNTS)
@pytest.mark.parametrize("two", [True, False])
def test_every_role_reads_its_sources(role, two, settings):
    from tests.accountability.factories import make_account  # noqa: PLC0415

    settings.TWO_PERSON_RULE = two

    assert isinstance(work_items_of(make_account(role, "D01" if role == Role.LIAISON else "")), list)
