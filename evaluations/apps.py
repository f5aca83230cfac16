"""App configuration."""

from typing import Any

from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    """评议轮次: one round from the frozen roster to the published list."""

    name = "evaluations"
    verbose_name = "评议轮次"

    def ready(self) -> None:
        """Fill the registries of lower apps and features; models can be imported only now."""
        from evaluations import approvable_actions
        from evaluations.box_key.queries import card_alarms
        from evaluations.draws.queries.people import liaison_conflicts
        from evaluations.lifecycle.queries import READERS, voting_rounds
        from evaluations.personal_data.services import people, requests
        from evaluations.personal_data.services.clients import unnamed_faults
        from evaluations.rounds import queries as rounds
        from evaluations.service_records.queries.chain import (
            correction_faults,
            record_chain_faults,
            record_content_faults,
        )
        from evaluations.verification.queries import FACTS, ROWS
        from evaluations.verification.services import log_faults, tally_faults
        from nanchuan_eval.accounts import services as accounts
        from nanchuan_eval.approvals import services as approvals
        from nanchuan_eval.audit.queries import fixed_facts, integrity_checks, register_rows, thorough_checks
        from nanchuan_eval.clock import queries as clock
        from nanchuan_eval.retention import services as retention

        approvable_actions.register()
        rounds.readers.update(READERS)
        accounts.conflict_checks.append(liaison_conflicts)
        clock.alarms.append(card_alarms)
        clock.awaiting.append(voting_rounds)
        fixed_facts.update(FACTS)
        register_rows(*ROWS)
        integrity_checks.extend([tally_faults, log_faults, record_chain_faults, correction_faults])
        thorough_checks.extend([record_content_faults, unnamed_faults])
        approvals.purged_actions.update(people.PURGED_PROPOSALS)
        retention.rules.extend([*people.retention_rules(), *requests.retention_rules()])
        for register in (
            self._register_draws,
            self._register_pools,
            self._register_records,
            self._register_topics,
            self._register_navigation,
            self._register_checks,
            self._register_backups,
            self._register_messages,
            self._register_monitoring,
        ):
            register()

    def _register_draws(self) -> None:
        """Let draws know which origins are published together, and when clients are drawn further."""
        from evaluations.codes.queries import origins_together
        from evaluations.draws.services import candidates, removals
        from evaluations.messages.queries import DELIVERED_BY
        from evaluations.messages.services.making import deliver_drawn
        from evaluations.rounds.rules.lifecycle import DrawPurpose
        from evaluations.turnout.queries import top_up_faults

        candidates.origins_together.append(origins_together)
        removals.triggers[DrawPurpose.CLIENTS] = top_up_faults
        removals.deliveries |= dict.fromkeys(DELIVERED_BY, deliver_drawn)

    def _register_backups(self) -> None:
        """Tell what a backup holds of ballots whose box is not open yet; recheck a round in a restored one."""
        from evaluations.sealing.queries import backup_note
        from evaluations.verification.services import newest_sealed_round
        from nanchuan_eval.backups import services as backups
        from nanchuan_eval.backups import trials

        backups.box_notes.append(backup_note)
        trials.rechecks.append(newest_sealed_round)

    def _register_monitoring(self) -> None:
        """Let no figure tell when somebody voted; tell doctor and the monitor how many messages wait."""
        from evaluations.messages.queries import overdue_line, waiting_figures
        from nanchuan_eval.doctor.queries.examination import examinations
        from nanchuan_eval.monitoring.queries import figures

        voting = ("ballot", *(f"ballot-{step}" for step in ("sections", "rate", "review", "cast", "words", "claim")))
        papers = (f"admin:{page}" for page in ("paper-key", "paper-settle", "paper-slips", "papers", "batch-print"))
        others = ("receipt-check", "privacy-request", "box-card", "message-receipts")
        figures.private_routes.update({*voting, *papers, *others})
        figures.gauges.append(waiting_figures)
        examinations["短信"] = overdue_line

    def _register_messages(self) -> None:
        """Refuse a message gateway that cannot work; forget who got which message; send no code of a recalled batch."""
        from django.conf import settings
        from django.core import checks

        from evaluations.codes.services import voiding
        from evaluations.messages.rules.gateway import gateway_faults
        from evaluations.messages.services.forgetting import (
            ADDRESSEES,
            addressed_in,
            forget_addressees,
            retention_rules,
        )
        from evaluations.messages.services.gateways import gateway
        from evaluations.messages.services.removed import stop_recalled
        from evaluations.personal_data.services import people
        from nanchuan_eval.retention import services as retention

        retention.rules.extend(retention_rules())
        voiding.on_recall.append(stop_recalled)
        people.also_held.append((ADDRESSEES, addressed_in, forget_addressees))

        @checks.register
        def message_gateway_works(**kwargs: Any) -> list[checks.CheckMessage]:
            faults = gateway_faults(gateway(), is_production=not settings.DEBUG)
            return [checks.Error(fault, id="nanchuan.E015") for fault in faults]

    def _register_checks(self) -> None:
        """Refuse days of the calendar that are unknown or out of order."""
        from django.conf import settings
        from django.core import checks

        from evaluations.rounds.rules.calendar import offset_errors
        from evaluations.rounds.rules.dates import usual_errors
        from evaluations.service_records.services.deliveries import token_faults
        from evaluations.turnout.rules.forecast import USUAL_CURVE, curve_errors

        @checks.register
        def calendar_days_are_in_order(**kwargs: Any) -> list[checks.CheckMessage]:
            errors = offset_errors(settings.CALENDAR_DAYS)
            return [checks.Error(f"CALENDAR_DAYS：{error}", id="nanchuan.E012") for error in errors]

        @checks.register
        def usual_days_are_known(**kwargs: Any) -> list[checks.CheckMessage]:
            errors = usual_errors(settings.USUAL_DAYS)
            return [checks.Error(f"USUAL_DAYS：{error}", id="nanchuan.E014") for error in errors]

        @checks.register
        def tokens_of_records_are_digests(**kwargs: Any) -> list[checks.CheckMessage]:
            return [checks.Error(fault, id="nanchuan.E016") for fault in token_faults(settings.RECORDS_TOKENS)]

        @checks.register
        def the_return_curve_rises(**kwargs: Any) -> list[checks.CheckMessage]:
            errors = [f"RETURN_CURVE：{error}" for error in curve_errors(settings.RETURN_CURVE or USUAL_CURVE)]
            if not 0 < settings.SENT_PERCENT <= 100:
                errors.append("SENT_PERCENT：应为1至100的整数")
            if not 0 < settings.VALID_PERCENT <= 100:
                errors.append("VALID_PERCENT：应为1至100的整数")
            return [checks.Error(error, id="nanchuan.E015") for error in errors]

    def _register_pools(self) -> None:
        """Offer the pools' lists for upload; let pools know who stands in a draw's record."""
        from evaluations.draws.queries.people import count_in_draws
        from evaluations.pools import queries as pools
        from evaluations.pools.services.uploads import list_kinds
        from nanchuan_eval.lists import services as lists

        pools.recorded_people.append(count_in_draws)
        lists.register(*list_kinds())

    def _register_records(self) -> None:
        """Offer the list of service records for upload."""
        from evaluations.service_records.services.uploads import RECORD_LIST
        from nanchuan_eval.lists import services as lists

        lists.register(RECORD_LIST)

    def _register_topics(self) -> None:
        """Show changed service topics at once; offer their list for upload."""
        from evaluations.ballot_form.approvals import TOPIC_LIST
        from evaluations.ballot_form.models import ServiceTopic
        from evaluations.ballot_form.queries import renew_topics
        from nanchuan_eval.admin_site.services import consequences
        from nanchuan_eval.lists import services as lists

        consequences[ServiceTopic] = renew_topics
        lists.register(TOPIC_LIST)

    def _register_navigation(self) -> None:
        """Offer the pages of the round in work in the navigation."""
        from evaluations.lifecycle.pages import NAVIGATION
        from nanchuan_eval.workspace import pages as workspace

        workspace.register(*NAVIGATION)
