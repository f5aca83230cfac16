"""What a message is, which way it goes, and where it stands."""

from django.db.models import TextChoices


class MessageKind(TextChoices):
    """内容: the first letter or message with the codes, that of a top-up, a reminder without any code."""

    INVITATION = "invitation", "评议通知"
    TOP_UP = "top_up", "追加抽取的评议通知"
    REMINDER = "reminder", "催评"


class Way(TextChoices):
    """方式: how it reaches the person."""

    SMS = "sms", "短信"
    LETTER = "letter", "信函"


class MessageState(TextChoices):
    """状态: SENT holds its text locked until a receipt or for some hours, DELIVERED none; FAILED for another try."""

    QUEUED = "queued", "待发送"
    SENDING = "sending", "发送中"
    SENT = "sent", "已发出"
    DELIVERED = "delivered", "已送达"
    FAILED = "failed", "未成功"
    STOPPED = "stopped", "不再发送"


# With codes: the person got, or will get, a chance to vote by it.
WITH_CODES = (MessageKind.INVITATION, MessageKind.TOP_UP)
# Still holds what is to be sent.
UNSENT = (MessageState.QUEUED, MessageState.SENDING, MessageState.FAILED)
GIVEN = (MessageState.SENT, MessageState.DELIVERED)


class Failure(TextChoices):
    """Why a message was not delivered, in words that name neither phone nor code."""

    NO_ANSWER = "no_answer", "短信网关没有应答"
    REFUSED = "refused", "短信网关拒绝"
    UNDELIVERED = "undelivered", "运营商未送达"
    NO_PHONE = "no_phone", "没有可用的手机号"
    STOP_LIST = "stop_list", "已退订，改用信函"
    REMOVED = "removed", "已移除，不再评议"
    CLOSED = "closed", "投票已截止"
