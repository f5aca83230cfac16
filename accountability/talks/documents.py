"""Papers of a talk (谈话文书): the notice to the person (谈话通知书) and the record for signature (谈话记录)."""

from django.utils import timezone

from accountability.cases.documents import moment, print_document
from accountability.cases.rules.measures import NAME_MISSING, MeasureKind, talk_name
from accountability.talks.models import Talk, TalkPlan
from nanchuan_eval.workdays.rules import in_chinese


def talk_notice(plan: TalkPlan) -> bytes:
    """Render 谈话通知书: about what, when, where, whom to call; a later one says which one it replaces."""
    measure, case = plan.measure, plan.measure.case
    name = talk_name(MeasureKind(measure.kind))
    return print_document(
        "talk_notice",
        "约谈通知书" if measure.kind == MeasureKind.SUMMONS else "谈话通知书",
        case.result.round,
        plan.planned_at,
        to=f"{plan.target.removesuffix(NAME_MISSING)}：",
        body=f"根据最难办事科室群众评有关规定，现就{case.result.section}有关事项与您进行{name}。请按时到场。",
        pairs=[
            ("谈话种类", measure.get_kind_display()),
            ("谈话事由", plan.about),
            ("谈话时间", moment(plan.starts_at)),
            ("谈话地点", plan.place),
            ("谈话人", plan.talker),
            ("联系人及电话", plan.contact),
        ],
        replaces=_replaced(plan),
        note=f"确有特殊情况不能按时到场的，请事先与联系人联系。本次谈话为{name}，依据：{measure.basis}。",
        number=f"通知书编号：{plan.pk}（第{plan.number}次安排）",
        office=measure.responsible,
        date=in_chinese(timezone.localtime(plan.planned_at).date()),
    )


def _replaced(plan: TalkPlan) -> str:
    """Return which earlier notice is void; one that went to somebody else is not this person's affair."""
    earlier = plan.measure.talk_plans.filter(number=plan.number - 1, target=plan.target).first()
    if earlier is None:
        return ""
    issued = in_chinese(timezone.localtime(earlier.planned_at).date())
    return (
        f"本通知书替代{issued}发出的谈话通知书（编号{earlier.pk}，原定{moment(earlier.starts_at)}在{earlier.place}谈话），"
        f"原通知书作废。改期理由：{plan.move_reason.rstrip('。')}。"
    )


def talk_record(talk: Talk) -> bytes:
    """Render 谈话记录 for signature."""
    measure, name = talk.measure, talk_name(MeasureKind(talk.measure.kind))
    pairs = [
        ("谈话种类", measure.get_kind_display()),
        ("谈话人", talk.talker),
        ("谈话对象", talk.person_and_post),
        ("谈话时间", moment(talk.held_at)),
        ("谈话地点", talk.place),
        ("事由", talk.reason),
        ("谈话要点", talk.points),
        ("对象表态", talk.attitude),
        ("整改要求", talk.demand),
        ("记录人", talk.recorder),
    ]
    return print_document(
        "record",
        f"{name}记录",
        measure.case.result.round,
        talk.filed_at,
        subtitle=f"{measure.case.result.round.name}　{measure.case}",
        pairs=pairs,
        signers=["谈话人", "谈话对象", "记录人", "日期"],
        note=f"本记录编号{talk.pk}。{name}不是诫勉，依据：{measure.basis}。",
    )
