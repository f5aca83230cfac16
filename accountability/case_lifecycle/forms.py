"""Forms of a case: each kind of measure asks for its own record and hints at nothing else."""

from dataclasses import dataclass
from typing import Any

from django import forms

from accountability.cases.rules.measures import MeasureKind
from nanchuan_eval.web.fields import DAY, ReasonForm, TextField

LONGEST_RECORD = 5000


@dataclass(frozen=True)
class RecordHints:
    """Which day counts for one kind of measure, and what its record has to say."""

    day: str
    record: str


HINTS = {
    MeasureKind.NOTICE: RecordHints(
        "公示刊登的日期", "请写明：刊登的报纸或网站、版面或网址、公示期起止。例如：某日报第3版，公示期10日。"
    ),
    MeasureKind.CIRCULAR: RecordHints(
        "通报发出的日期", "请写明：通报的上级主管单位、通报文号、送达方式、对方的反馈（如有）。"
    ),
    MeasureKind.FREEZE: RecordHints(
        "组织部门登记的日期", "请写明：登记的机关和经办人、登记的文号或者方式。起止日期由系统计算，不用填写。"
    ),
    MeasureKind.ASSESSMENT: RecordHints(
        "记入考核结果的日期", "请写明：考核年度、记入的领导班子和领导干部、扣分分值、依据的考核文件或者文号。"
    ),
    MeasureKind.BONUS: RecordHints(
        "绩效奖兑现或者扣减的日期", "请写明：考核年度、涉及的人数、绩效奖扣减的办法或者比例、依据的文件或者文号。"
    ),
    MeasureKind.SPECIAL_INSPECTION: RecordHints(
        "向领导小组报告的日期", "请写明：督查组人员、督查时间、发现的问题、处理意见、向领导小组报告的文号。"
    ),
    MeasureKind.REMOVAL_PROMPT: RecordHints(
        "会议研究的日期", "请写明：研究的会议或者机关、研究结论（是否提出免职建议）、决定的文号。"
    ),
}
WAIVERS = {
    MeasureKind.NOTICE: "例如：名单已更正，本科室不再公示。",
    MeasureKind.TALK_LEADER: "例如：该单位已撤并，没有可以谈话的领导。",
    MeasureKind.TALK_HEAD: "例如：负责人已退休或者调离本地。",
    MeasureKind.SUMMONS: "例如：负责人已退休或者调离本地。",
    MeasureKind.FREEZE: "例如：负责人已退休，不再提拔重用。",
    MeasureKind.CIRCULAR: "例如：上级主管单位已撤销。",
    MeasureKind.ASSESSMENT: "例如：该单位本年度不参加年度综合考核，写明依据。",
    MeasureKind.BONUS: "例如：该科室工作人员不享受年终绩效奖，写明依据。",
    MeasureKind.SPECIAL_INSPECTION: "例如：党委巡察正在进行，一并督查，写明依据。",
    MeasureKind.REMOVAL_PROMPT: "例如：负责人已调整岗位，写明文号。",
}


class RecordForm(forms.Form):
    """登记办理: date and record of a measure, worded for its kind."""

    done_on = forms.DateField(label="办理日期", widget=DAY)
    record = TextField(
        label="办理记录", max_length=LONGEST_RECORD, widget=forms.Textarea(attrs={"rows": 8, "cols": 80})
    )

    def __init__(self, *args: Any, kind: MeasureKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if hints := HINTS.get(kind):
            self.fields["done_on"].help_text = hints.day
            self.fields["record"].help_text = hints.record


class WaiverForm(ReasonForm):
    """标为不适用: the reason, with an example of the kind."""

    def __init__(self, *args: Any, kind: MeasureKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = WAIVERS.get(kind, "")


class LiftForm(forms.Form):
    """解除影响期: date and reason."""

    on = forms.DateField(label="解除日期", widget=DAY)
    reason = TextField(
        label="解除理由",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        help_text="例如：影响期届满。更正名单撤下的，系统随更正自动解除。",
    )
