"""App configuration."""

from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    """评议轮次: one round from the frozen roster to the published list."""

    name = "evaluations"
    verbose_name = "评议轮次"

    def ready(self) -> None:
        """Fill the registries of lower apps and features; models can be imported only now."""
        from evaluations import approvable_actions
        from evaluations.box_key.queries import card_alarms
        from evaluations.codes.queries import origins_together
        from evaluations.draws.queries.people import liaison_conflicts
        from evaluations.draws.services import candidates
        from evaluations.lifecycle.queries import READERS, clock_alarms
        from evaluations.personal_data.services import people, requests
        from evaluations.rounds import queries as rounds
        from evaluations.verification.queries import FACTS, ROWS
        from evaluations.verification.services import log_faults, tally_faults
        from nanchuan_eval.accounts import services as accounts
        from nanchuan_eval.approvals import services as approvals
        from nanchuan_eval.audit.queries import fixed_facts, integrity_checks, register_rows
        from nanchuan_eval.clock import queries as clock
        from nanchuan_eval.retention import services as retention

        approvable_actions.register()
        rounds.readers.update(READERS)
        candidates.origins_together.append(origins_together)
        accounts.conflict_checks.append(liaison_conflicts)
        clock.alarms.extend([clock_alarms, card_alarms])
        fixed_facts.update(FACTS)
        register_rows(*ROWS)
        integrity_checks.extend([tally_faults, log_faults])
        approvals.purged_actions.update(people.PURGED_PROPOSALS)
        retention.rules.extend([*people.retention_rules(), *requests.retention_rules()])
