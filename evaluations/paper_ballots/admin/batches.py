"""票号批次 and 意见 at the desk; single ballots are shown to nobody (ballot.raw: never)."""

from django.contrib import admin

from evaluations.codes.models import CodeBatch
from evaluations.paper_ballots.admin.codes import BatchPages


@admin.register(CodeBatch)
class CodeBatchAdmin(BatchPages):
    """票号批次."""

    order = 4
    see_action = "cred.print"
    list_display = ["label", "round", "channel", "origin", "is_self_service", "is_open", "is_halted", "issued_sha256"]
    list_filter = ["round", "channel"]
    list_select_related = ["round"]
