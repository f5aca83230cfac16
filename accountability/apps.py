"""App configuration."""

from django.apps import AppConfig


class AccountabilityConfig(AppConfig):
    """问责与整改: accountability and rectification after publication."""

    name = "accountability"
    verbose_name = "问责与整改"

    def ready(self) -> None:
        """Fill the registries of the apps below; models are ready only now."""
        from accountability import approvable_actions

        approvable_actions.register()
        register_attachments()
        register_pages()
        register_evidence()
        register_fixed_facts()


def register_attachments() -> None:
    """Register the records to which evidence can be attached."""
    from accountability.evidence.services import evidence
    from accountability.inspections.services.visits import ATTACHMENTS as INSPECTIONS
    from accountability.objections.services import ATTACHMENTS as OBJECTIONS
    from accountability.rectifications.services.items import ATTACHMENTS as RECTIFICATIONS
    from accountability.talks.services import ATTACHMENTS as TALKS

    evidence.register(TALKS, OBJECTIONS, RECTIFICATIONS, INSPECTIONS)


def register_pages() -> None:
    """Register the roles' home pages, the last steps of a round and the pages of its result."""
    from evaluations.lifecycle import pages
    from evaluations.rounds.rules.lifecycle import Step
    from nanchuan_eval.permissions.policy import Role
    from nanchuan_eval.web import views

    views.HOME.update(
        {
            Role.COMMISSION: "accountability:commission",
            Role.SUPERVISOR: "accountability:work",
            Role.LIAISON: "accountability:unit",
            Role.INSPECTOR: "accountability:inspections",
            Role.PERSONNEL: "accountability:work",
        }
    )
    pages.STEP_ADDRESS[Step.PUBLISH] = "accountability:commission-publish"
    pages.STEP_ADDRESS[Step.ARCHIVE] = "accountability:commission-archive"
    pages.RESULT_PAGES += [
        ("异常提示", "accountability:commission-anomalies"),
        ("计票记录", "accountability:commission-count"),
    ]


def register_evidence() -> None:
    """Register evidence for key rotation, integrity checks and retention."""
    from accountability.evidence.services.evidence import evidence_faults
    from accountability.evidence.services.key_rotation import reencrypt_evidence
    from accountability.evidence_retention.services import retention_rules
    from nanchuan_eval.audit.queries import integrity_checks
    from nanchuan_eval.encryption import key_rotation
    from nanchuan_eval.retention import services as retention

    key_rotation.extra_steps.append(("旧格式的佐证材料", reencrypt_evidence))
    integrity_checks.append(evidence_faults)
    retention.rules.extend(retention_rules())


def register_fixed_facts() -> None:
    """Register what the app's actions fix."""
    from accountability.verification.queries import FACTS, ROWS
    from accountability.verification.services import inspection_faults
    from nanchuan_eval.audit.queries import fixed_facts, integrity_checks, register_rows

    fixed_facts.update(FACTS)
    register_rows(*ROWS)
    integrity_checks.append(inspection_faults)
