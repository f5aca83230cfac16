"""The record of a sample audit (抽样核对记录) as PDF: no ballot, no receipt, no mark of a vote."""

from datetime import datetime

from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.key_statement import document_mark
from evaluations.sample_audit.queries.record import sample_page
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.documents.rendering import render_pdf
from nanchuan_eval.workdays.rules import in_chinese

SIGNERS = ("评议办", "纪委监委", "监督员", "监督员")


def sample_record_pdf(round_: Round, at: datetime) -> bytes:
    """Return the 抽样核对记录 with its signature lines."""
    page = sample_page(round_)
    if page.audit is None or page.audit.drawn_at is None:
        raise RuleViolation("抽取之后才有抽样核对记录。")
    data = {
        "title": "抽样核对记录",
        "subtitle": f"{round_.name}最难办事科室群众评",
        "demo": document_mark(round_.rulebook, is_demo=round_.is_demo),
        "facts": [
            ("轮次", f"{round_.name}（{round_.key}）"),
            ("核对的计票", f"第{page.audit.tally.version}版"),
            ("方案确定时间", f"{timezone.localtime(page.audit.planned_at):%Y年%-m月%-d日 %H:%M}"),
            ("抽取时间", f"{timezone.localtime(page.audit.drawn_at):%Y年%-m月%-d日 %H:%M}"),
            ("骰子数字", page.audit.dice),
            ("核对的评议票", f"{len(page.sheets)}张对照正票，{page.online}张对照封箱时的内容校验值"),
        ],
        "result": page.audit.tally.result_sha256,
        "plan": page.audit.plan_sha256,
        "seed": page.audit.seed,
        "channels": [
            [line.label, str(line.counted), str(line.size), str(line.equal), str(line.unequal)]
            for line in page.channels
        ],
        "drawn_from": page.drawn_from,
        "claims": [[line.section, "是" if line.is_claimed else "否", line.verdict] for line in page.claims],
        "differing": [
            [str(row.number), row.get_outcome_display(), row.explanation or "尚未查明"] for row in page.differing
        ],
        "conclusion": page.conclusion or "核对尚未完成：" + "".join(page.lacks),
        "signed": page.signed,
        "signers": SIGNERS,
        "office": profile_of(round_).office,
        "date": in_chinese(timezone.localtime(at).date()),
    }
    return render_pdf("sample_record", data, at=at)
