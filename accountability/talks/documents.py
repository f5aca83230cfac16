"""Talks: documents."""

from accountability.cases.documents import _moment, _print
from accountability.talks.models import Talk


def talk_record(talk: Talk) -> bytes:
    """Return 谈话记录 to sign, with lines for both."""
    measure = talk.measure
    pairs = [
        ("谈话种类", measure.get_kind_display()),
        ("谈话人", talk.talker),
        ("谈话对象", f"{talk.person}（{talk.post}）"),
        ("谈话时间", _moment(talk.held_at)),
        ("谈话地点", talk.place),
        ("事由", talk.reason),
        ("谈话要点", talk.points),
        ("对象表态", talk.attitude),
        ("整改要求", talk.demand),
        ("记录人", talk.recorder),
    ]
    return _print(
        "record",
        "谈话提醒记录",
        measure.case.result.round,
        talk.filed_at,
        subtitle=f"{measure.case.result.round.name}　{measure.case}",
        pairs=pairs,
        signers=["谈话人", "谈话对象", "记录人", "日期"],
        note=f"本记录编号{talk.pk}。谈话提醒不是诫勉，依据：{measure.basis}。",
    )
