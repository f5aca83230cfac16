"""票号批次 and 意见 at the desk; single ballots are shown to nobody (ballot.raw: never)."""

from django.contrib import admin

from evaluations.admin.codes import BatchPages
from evaluations.models import CodeBatch, Comment
from nanchuan_eval.desk import ReadOnlyAdmin


@admin.register(CodeBatch)
class CodeBatchAdmin(BatchPages):
    """票号批次."""

    order = 4
    see_action = "cred.print"
    list_display = ["label", "round", "channel", "origin", "is_self_service", "is_open", "is_halted", "issued_sha256"]
    list_filter = ["round", "channel"]
    list_select_related = ["round"]


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """评议意见."""

    order = 5
    see_action = "comment.view"
    list_display = ["text", "round"]
    list_filter = ["round"]
    list_select_related = ["round"]
    fields = ["round", "text"]
