"""App configuration."""

from django.apps import AppConfig


class AccountabilityConfig(AppConfig):
    """问责与整改: what follows the published list."""

    name = "accountability"
    verbose_name = "问责与整改"

    def ready(self) -> None:
        from accountability.deeds import register_deeds  # noqa: PLC0415  models are ready only now
        from accountability.evidence_check import evidence_faults  # noqa: PLC0415
        from accountability.services import destruction, sealing_up  # noqa: PLC0415
        from nanchuan_eval import audit, key_rotation, retention  # noqa: PLC0415

        register_deeds()
        key_rotation.also.append(("未加密的佐证材料", sealing_up.seal_open_evidence))
        audit.watches.append(evidence_faults)
        retention.schedule.extend(destruction.schedule())
