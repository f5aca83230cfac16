"""App configuration."""

from collections.abc import Callable

from django.apps import AppConfig


class AccountabilityConfig(AppConfig):
    """问责与整改: accountability and rectification after publication."""

    name = "accountability"
    verbose_name = "问责与整改"

    def ready(self) -> None:
        """Fill the registries of the apps below; models are ready only now."""
        from accountability import approvable_actions

        approvable_actions.register()
        register_lists()
        register_attachments()
        register_pages()
        register_outcomes()
        register_evidence()
        register_fixed_facts()
        register_log()


def register_lists() -> None:
    """Register the lists that staff upload."""
    from accountability.history.approvals import HISTORY
    from nanchuan_eval.lists import services as lists

    lists.register(HISTORY)


def register_attachments() -> None:
    """Register the records to which evidence can be attached."""
    from accountability.evidence.services import evidence
    from accountability.inspections.services.visits import ATTACHMENTS as INSPECTIONS
    from accountability.objections.services import ATTACHMENTS as OBJECTIONS
    from accountability.rectifications.services.items import ATTACHMENTS as RECTIFICATIONS
    from accountability.talks.services.records import ATTACHMENTS as TALKS

    evidence.register(TALKS, OBJECTIONS, RECTIFICATIONS, INSPECTIONS)


def register_pages() -> None:
    """Register the pages of the navigation, the last steps of a round and the pages of its result."""
    from accountability.case_lifecycle.queries import read_cases
    from accountability.objections.queries import read_appeals
    from accountability.worklist.pages import NAVIGATION
    from evaluations.lifecycle import pages
    from evaluations.rounds.queries import readers
    from evaluations.rounds.rules.lifecycle import RoundState, Step
    from nanchuan_eval.monitoring.queries import figures
    from nanchuan_eval.workspace import pages as workspace

    workspace.register(*NAVIGATION)
    figures.private_routes.update(
        f"accountability:{page}" for page in ("follow-up", "suggestions", "suggestion-status")
    )
    pages.STEP_ADDRESS[Step.PUBLISH] = "accountability:commission-publish"
    pages.STEP_ADDRESS[Step.ARCHIVE] = "accountability:commission-archive"
    pages.STEP_PROPOSAL |= {Step.PUBLISH: "publish.list", Step.ARCHIVE: "round.archive"}
    readers[RoundState.PUBLISHED] = lambda round_: read_cases(round_) | read_appeals(round_)
    register_doors()
    pages.RESULT_PAGES += [
        ("异常提示", "accountability:commission-anomalies"),
        ("计票记录", "accountability:commission-count"),
    ]


def register_outcomes() -> None:
    """Register what the front page and the open data say of the rectifications."""
    from accountability.citizens.pages import rectification_document, rectification_outcomes
    from evaluations.open_data.files import UPDATED
    from evaluations.public_site.pages.front import OUTCOMES

    OUTCOMES.append(rectification_outcomes)
    UPDATED["rectifications"] = rectification_document


def register_doors() -> None:
    """Register the pages where the conditions of the last steps are mended."""
    from django.urls import reverse

    from evaluations.rounds.models import Round
    from evaluations.rounds.permissions import DOORS, Door
    from evaluations.rounds.rules.lacks import Place

    def page(name: str) -> Callable[[Round, str], str]:
        return lambda round_, _: reverse(f"accountability:{name}", args=[round_.key])

    def cases(round_: Round, _: str) -> str:
        return reverse("admin:accountability_case_changelist") + f"?result__round__id__exact={round_.pk}"

    def visits(_: Round, __: str) -> str:
        return reverse("accountability:inspection-plans")

    objections = Door(lambda _, __: reverse("accountability:objections"), ("appeal.view",), is_desk=False)
    DOORS.update(
        {
            Place.COUNT_RECORD: Door(page("commission-count"), ("tally.verify",), is_desk=False),
            Place.FLAGS: Door(page("commission-anomalies"), ("tally.view", "ballot.invalid"), is_desk=False),
            Place.OBJECTION_PERIOD: objections,
            Place.HOLDS: objections,
            Place.CASES: Door(cases, ("acc.view",)),
            Place.VISITS: Door(visits, ("insp.plan.view",)),
        }
    )


def register_evidence() -> None:
    """Register evidence for key rotation, integrity checks and retention."""
    from accountability.citizens import services as citizens
    from accountability.evidence.services.evidence import evidence_faults
    from accountability.evidence.services.key_rotation import reencrypt_evidence
    from accountability.evidence_retention.services import retention_rules
    from accountability.worklist import services as reminders
    from nanchuan_eval.audit.queries import integrity_checks
    from nanchuan_eval.encryption import key_rotation
    from nanchuan_eval.retention import services as retention

    key_rotation.extra_steps.append(("旧格式的佐证材料", reencrypt_evidence))
    integrity_checks.append(evidence_faults)
    retention.rules.extend([*retention_rules(), *citizens.retention_rules(), *reminders.retention_rules()])


def register_fixed_facts() -> None:
    """Register what the app's actions fix."""
    from accountability.verification.queries import FACTS, ROWS
    from accountability.verification.services import inspection_faults
    from nanchuan_eval.audit.queries import fixed_facts, integrity_checks, register_rows

    fixed_facts.update(FACTS)
    register_rows(*ROWS)
    integrity_checks.append(inspection_faults)


def register_log() -> None:
    """Register the records after publication that belong to a round's 办理记录; the commission's own are left out."""
    from accountability.cases.models import Case
    from accountability.objections.models import Objection
    from accountability.promotion_freezes.models import PromotionFreeze
    from accountability.rectifications.models import Rectification, RectificationItem
    from evaluations.round_log.queries import Part, parts

    parts.extend(
        [
            Part(Objection, sees="appeal.view"),
            Part(Case, "result__round", "acc.view"),
            Part(PromotionFreeze, "case__result__round", "acc.view"),
            Part(Rectification, "case__result__round", "acc.view"),
            Part(RectificationItem, "rectification__case__result__round", "acc.view"),
        ]
    )
