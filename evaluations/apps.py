"""App configuration."""

from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    """评议轮次: one round from the frozen roster to the published list."""

    name = "evaluations"
    verbose_name = "评议轮次"

    def ready(self) -> None:
        """Make known what the audit watches over and which deeds take two persons."""
        from evaluations import deeds  # noqa: PLC0415  models are loaded only now
        from evaluations.liaisons import objections_to  # noqa: PLC0415
        from evaluations.services import data_request, privacy  # noqa: PLC0415
        from evaluations.verification import tally_faults  # noqa: PLC0415
        from nanchuan_eval import accounts, audit, retention  # noqa: PLC0415

        accounts.objections.append(objections_to)
        audit.watches.append(tally_faults)
        retention.schedule.extend([*privacy.schedule(), *data_request.schedule()])
        deeds.register()
