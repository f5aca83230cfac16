"""The settings of a rulebook that the office edits: label, bounds, group on the form; differences in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from evaluations.protocol.box import MOST_SUPERVISORS
from evaluations.rounds.rules.repeat_steps import steps_as_text
from evaluations.rounds.rules.rhythm import QUARTERLY, Rhythm
from evaluations.rounds.rules.rule_setting import SCORE, Setting, questionnaire_settings, weight_settings
from evaluations.rounds.rules.rulebook import (
    DEFAULTS,
    ISSUED_CODES,
    OPEN_FORMS,
    PLANNED_SEATS,
    SERVER,
    SUPERVISORS,
    default_rulebook,
    lookup,
    with_method,
    with_rhythm,
)

LOTTERIES = {
    "": "不用彩票，只用骰子",
    "快乐8": "快乐8（80选20）",
    "双色球": "双色球红球（33选6）",
    "福彩3D": "福彩3D（3位数字）",
}


_SCORE, _BALLOT, _DRAW, _AFTER = SCORE, "评议表", "抽取", "公示与问责期限"
SETTINGS: tuple[Setting, ...] = (
    Setting(
        "rhythm",
        "评议周期",
        "评议周期",
        choices=dict(Rhythm.choices),
        help="改变周期后，随周期变化的期限由新周期的预设值代替，请再核对一遍",
        is_later=True,
    ),
    Setting(
        "method",
        "计分方法",
        _SCORE,
        choices={"NC-2": "方法二（NC-2）", "NC-1": "方法一（NC-1）"},
        help="改变方法后，只属于原方法的各项由新方法的默认值代替，请再核对一遍",
    ),
    Setting("channels.targeted.weight", "定向评议权重", _SCORE, help="分数或小数，三个渠道相加为1"),
    Setting("channels.sampled.weight", "抽样评议权重", _SCORE),
    Setting("channels.other.weight", "其他评议权重", _SCORE),
    *weight_settings(),
    Setting(
        "line_cap",
        "一张票对一个科室最多计分（分）",
        _SCORE,
        span=("30", "100"),
        help="减轻个别极端评议的影响；100为不限",
        method="NC-2",
    ),
    Setting("rater_sweeps", "宽严校正次数", _SCORE, 0, 6, help="0为不校正", method="NC-2"),
    Setting("rater_prior", "宽严校正的平均行数", _SCORE, 1, 100, help="越大，校正越谨慎", method="NC-2"),
    Setting(
        "cell_min_lines",
        "采用一个渠道的最少有效票",
        _SCORE,
        5,
        50,
        help="某科室在某渠道的有效票少于此数的，不采用，也不公开",
        method="NC-2",
    ),
    Setting("follow", "票少的渠道向抽签渠道靠拢的程度", _SCORE, span=("0", "1"), method="NC-2"),
    Setting(
        "cap",
        "非抽签渠道最多偏离（分）",
        _SCORE,
        help="非抽签渠道与抽签渠道的偏差超过该分值的，按该分值计算",
        span=("0", "100"),
    ),
    Setting("prior_ballots", "平均票张数", _SCORE, 1, 100),
    Setting("mean_min_lines", "计入渠道均值的最少有效票", _SCORE, 1, 1000, method="NC-1"),
    Setting("pair_min_lines", "比较两个渠道的最少有效票", _SCORE, 1, 1000, method="NC-2"),
    Setting("pair_min_count", "比较两个渠道的最少科室数", _SCORE, 1, 1000, method="NC-2"),
    Setting(
        "between_prior",
        "渠道看法不一的预设方差",
        _SCORE,
        span=("0", "10000"),
        help="可比较的科室不足时采用",
        method="NC-2",
    ),
    Setting("between_weight", "渠道看法不一计入误差的比重", _SCORE, span=("0", "1"), method="NC-2"),
    Setting(
        "publish_share",
        "可以公示的最低排名比例",
        _SCORE,
        span=("1/2", "1"),
        help="参加排名的科室占全部科室的比例达不到的，不能公示",
        method="NC-2",
    ),
    Setting(
        "public_recount",
        "公开复算",
        _SCORE,
        choices={"1": "公示时公布规则文件和数据文件", "": "只供监督员、评议办和纪委监委复算"},
        method="NC-2",
    ),
    Setting("z", "位次区间宽度（标准差）", _SCORE, span=("1", "4"), help="1.96约为95%的把握", method="NC-2"),
    Setting("min_lines", "参加排名的最少有效票", _SCORE, 0, 10_000),
    Setting("min_drawn_lines", "其中抽签渠道最少有效票", _SCORE, 0, 10_000),
    Setting("list_length", "公布名额", _SCORE, 1, 100),
    Setting(
        "basis",
        "排名依据",
        _SCORE,
        choices={"difficulty": "难办指数", "vote_count": "得票数"},
        help="按得票数排名，办事量大的科室容易上榜，请慎用",
        method="NC-1",
    ),
    Setting("flag_points", "渠道相差提示（分）", _SCORE, help="其他评议与抽签渠道相差超过该分值的，予以提示"),
    Setting("flag_z", "偏向提示（稳健标准分）", _SCORE, help="越大提示越少，默认3.5"),
    Setting("next_margin", "下一轮误差目标（分）", _SCORE, help="按难办指数误差不超过该分值计算建议票数"),
    Setting("count_witnesses", "计票须签名的监督员", _SCORE, 0, 20),
    Setting(
        "sample_audit",
        "告知单位之前须抽样核对",
        _SCORE,
        choices={"1": "是", "": "否"},
        help="由监督员随机抽取评议票，与计票内容逐张核对",
        method="NC-2",
    ),
    Setting("audit_risk", "抽样核对漏掉错误名单的概率（不超过）", _SCORE, span=("0.001", "0.2"), method="NC-2"),
    Setting("audit_least", "抽样核对每个渠道至少（张）", _SCORE, 0, 10_000, method="NC-2"),
    Setting("severe_from", "须勾选表象的起点（级）", _SCORE, 1, 4),
    Setting("min_answered", "每个科室至少作答指标数", _SCORE, 1, 5),
    *questionnaire_settings(),
    Setting(
        "sampled_forms",
        "抽样评议票来源",
        _BALLOT,
        choices={OPEN_FORMS: "通过报纸、网站、服务大厅等公开领票", ISSUED_CODES: "只用抽签发放的票号"},
    ),
    Setting(
        "channels.sampled.drawn",
        "抽样渠道视为抽签渠道",
        _BALLOT,
        choices={"": "否", "1": "是"},
        help="仅当抽样票全部来自抽签发放的票号时可选“是”",
    ),
    Setting("max_sections.targeted", "定向票最多评议科室", _BALLOT, 1, 1000),
    Setting("max_sections.sampled", "抽样票最多评议科室", _BALLOT, 1, 1000),
    Setting("max_sections.other", "其他评议票最多评议科室", _BALLOT, 1, 1000),
    Setting("open_per_device", "网上领票每台设备最多张数", _BALLOT, 1, 100, help="家人共用手机的，可以适当放宽"),
    Setting(
        "open_network_hour",
        "同一网段每小时领票超过此数时校验",
        _BALLOT,
        1,
        100_000,
        help="只要求回答校验问题并提示工作人员核查，不因网络地址拒绝领票",
    ),
    Setting("open_burst_hour", "全渠道每小时领票超过此数时校验", _BALLOT, 1, 1_000_000),
    Setting("open_check", "领票校验", _BALLOT, choices={"busy": "领票密集时才校验", "always": "每次都校验"}),
    Setting("comment_length", "意见最多字数", _BALLOT, 0, 2000),
    Setting(
        "box_key",
        "票箱密钥",
        _BALLOT,
        choices={SUPERVISORS: "由监督员持密钥卡，到场开箱", SERVER: "由评议系统保管，截止后自动开箱"},
        help="由评议系统保管的，掌握系统密钥的管理员能够解密评议票，只用于规模很小的轮次",
    ),
    Setting(
        "box_needed",
        "开箱须到场的密钥卡（张）",
        _BALLOT,
        2,
        MOST_SUPERVISORS,
        help="须多于监督员的一半",
    ),
    Setting("supervisors", "监督员人数", _DRAW, 1, 100),
    Setting("supervisor_alternates", "监督员候补人数", _DRAW, 0, 100),
    Setting("evaluators", "定向评议人员人数", _DRAW, 1, 100_000),
    Setting("alternates_percent", "定向候补比例（%）", _DRAW, 0, 100),
    Setting("counted_sampled_ballots", "计票的抽样评议票张数", _DRAW, 1, 1_000_000),
    Setting("draw_lead_hours", "公布承诺至抽取最短间隔（小时）", _DRAW, 1, 720),
    Setting("pool_objection_workdays", "名单公告异议期（工作日）", _DRAW, 0, 60),
    Setting("supervisors_present", "以后各项抽取须签名的监督员", _DRAW, 0, 100),
    Setting("signing_codes", "每名监督员的签名码（个）", _DRAW, 1, 40, help="每次签名用去一个"),
    Setting("removal_percent", "移除上限（占名额%）", _DRAW, 0, 100, help="失联、回避、不符合条件合计；本人拒绝不计"),
    Setting("unreachable_calls", "认定失联至少拨打（次）", _DRAW, 1, 20),
    Setting("unreachable_days", "认定失联至少分布（日）", _DRAW, 1, 20),
    Setting("extension_rounds", "预先承诺的追加抽取次数", _DRAW, 0, 5, help="定向评议人员和发放对象的抽取"),
    Setting("extension_percent", "每次追加比例（占首次%）", _DRAW, 1, 200),
    Setting("extension_return_percent", "启动追加抽取：回收率低于（%）", _DRAW, 1, 100),
    Setting("extension_after_days", "启动追加抽取：开始投票满（日）", _DRAW, 1, 120),
    Setting("issued_ballots", "抽样评议票发放张数", _DRAW, 1, 1_000_000, help="仅用于只用抽签发放票号的轮次"),
    Setting(
        "issued_quota",
        "发放名额分配",
        _DRAW,
        choices={"proportional": "按办件人数比例", "equal": "各科室相等", PLANNED_SEATS: "按评议计划"},
        help="按评议计划：名额由本轮的“评议计划”采用",
    ),
    Setting("issued_min", "发放名额每科室最少", _DRAW, 0, 1000),
    Setting(
        "client_draw",
        "按办件抽取办事群众",
        _DRAW,
        choices={"": "否", "1": "是"},
        help="每个科室从在本期办结过事项的群众中抽取，抽中的每人每科室一张票，只评这个科室，计入定向评议",
        is_later=True,
    ),
    Setting(
        "client_letters",
        "每科室首次抽取办事群众（人）",
        _DRAW,
        1,
        10_000,
        help="采用了评议计划的科室，从其计划；办事群众不足的，全部抽取",
        is_later=True,
    ),
    Setting("client_least", "每科室至少收回办事群众票（张）", _DRAW, 0, 1000, is_later=True),
    Setting(
        "client_batch_min",
        "按科室抽取的最少办事群众（人）",
        _DRAW,
        5,
        1000,
        help="可以抽取的人少于此数的科室不单独抽取，由其他定向评议人员评议，以免票与人对上",
        is_later=True,
    ),
    Setting("client_top_ups", "预先承诺的办事群众追加抽取次数", _DRAW, 0, 5, is_later=True),
    Setting("client_top_up_percent", "办事群众每次追加比例（占首次%）", _DRAW, 1, 200, is_later=True),
    Setting(
        "prelist_most",
        "通知书预先列明的科室（个）",
        _DRAW,
        0,
        50,
        help="按办件记录列出本人办过事的科室，票少的在前；0为不列",
        is_later=True,
    ),
    Setting("reply_workdays", "通知书答复期限（工作日）", _DRAW, 1, 30),
    Setting(
        "office_phone",
        "评议办联系电话",
        _DRAW,
        help="印在通知书和公告上，并在群众看到的每个页面显示；名录锁定前必须填写",
    ),
    Setting("dice", "十面骰子枚数", _DRAW, 0, 60),
    Setting("lottery", "彩票随机数", _DRAW, choices=LOTTERIES, help="与骰子随机数合计不少于64比特"),
    Setting("objection_workdays", "公示前异议期（工作日）", _AFTER, 0, 60),
    Setting("notice_workdays", "公示曝光期限（工作日）", _AFTER, 1, 60),
    Setting("talk_workdays", "谈话提醒期限（工作日）", _AFTER, 1, 60),
    Setting("superior_workdays", "上级通报期限（工作日）", _AFTER, 1, 60),
    Setting("plan_workdays", "整改方案期限（工作日）", _AFTER, 1, 60),
    Setting("at_once_workdays", "立行立改期限（工作日）", _AFTER, 1, 120),
    Setting("report_months", "整改报告期限（月）", _AFTER, 1, 12),
    Setting("recheck_days", "报告后暗访复查期限（日）", _AFTER, 1, 365),
    Setting("most_failures", "移送纪委监委的验收未通过次数", _AFTER, 1, 10),
    Setting("order_workdays", "暗访责令整改期限（工作日）", _AFTER, 1, 120),
    Setting("inspected_sections", "暗访随机抽查科室数", _AFTER, 0, 1000),
    Setting("objection_answer_workdays", "异议答复期限（工作日）", _AFTER, 1, 60),
    Setting("review_workdays", "提请领导小组复核期限（工作日）", _AFTER, 1, 60),
    Setting(
        "appeal_days", "公示后申诉期限（日）", _AFTER, 1, 365, help="也是公示期：名单和公示写明群众在此期间可以反映意见"
    ),
    Setting("appeal_answer_days", "申诉答复期限（日）", _AFTER, 1, 365),
    Setting("escalate_days", "逾期后督办提醒（日）", _AFTER, 0, 365),
    Setting("freeze_months", "不得提拔重用（月）", _AFTER, 1, 24),
    Setting("repeat_top", "连续上榜提示：位次不超过", _AFTER, 1, 100),
    Setting("repeat_prompt", "连续两次居前提示免职建议", _AFTER, choices={"1": "提示", "": "不提示"}),
    Setting(
        "repeat_steps",
        "再次上榜的措施",
        _AFTER,
        help="达到次数的即采取；期限为公示后的工作日。连续居前指位次不超过“连续上榜提示”的位次。清空情形即删去该行",
        words=steps_as_text,
    ),
    Setting("assessment_points", "年度考核扣分（每次上榜）", _AFTER, help="不填的，由考核办确定"),
    Setting(
        "assessment_top_points", "年度考核加扣（位次居前）", _AFTER, help="位次不超过“连续上榜提示”的位次时加扣，可留空"
    ),
    Setting("assessment_repeat_points", "年度考核加扣（年内再次上榜）", _AFTER, help="可留空"),
    Setting("assessment_unclosed_points", "年度考核加扣（整改未销号）", _AFTER, help="可留空"),
)


def unusual(rulebook: Mapping[str, Any]) -> list[str]:
    """Return in Chinese every setting that differs from its default, for the approver of the rulebook."""
    return _differences(default_rulebook(rulebook["method"]), rulebook, settings_of(rulebook))


def carried_over(rulebook: Mapping[str, Any], method: str) -> tuple[dict[str, Any], list[str]]:
    """Return an earlier round's rulebook for a method, and in Chinese what becomes different by it.

    Planned seats are left behind: they were planned for the sections of that round.
    """
    planned: dict[str, Any] = {"issued_seats": {}, "client_seats": {}, "client_needs": {}}
    carried = {**default_rulebook(method), **with_method(rulebook, method), **planned}
    if carried["issued_quota"] == PLANNED_SEATS:
        carried["issued_quota"] = DEFAULTS["issued_quota"]
    earlier = {**default_rulebook(rulebook["method"]), **rulebook}
    of_earlier = {setting.path for setting in settings_of(rulebook)}
    shared = [setting for setting in settings_of(carried) if setting.path in of_earlier]
    new = [setting for setting in settings_of(carried) if setting.path not in of_earlier]
    gone = [setting for setting in settings_of(rulebook) if setting not in shared]
    return carried, [
        *_differences(earlier, carried, shared),
        *(f"{s.group}·{s.label}：（新增）{as_text(s, lookup(carried, s.path))}" for s in new),
        *(f"{s.group}·{s.label}：{as_text(s, lookup(earlier, s.path))} → 不再使用" for s in gone),
    ]


def terms_replaced(rulebook: Mapping[str, Any], rhythm: str) -> list[str]:
    """Return in Chinese the terms that another rhythm replaces; nothing if the rulebook has that rhythm."""
    if rulebook.get("rhythm", DEFAULTS["rhythm"]) == rhythm:
        return []
    terms = [setting for setting in SETTINGS if setting.path in QUARTERLY]
    return _differences(rulebook, with_rhythm(rulebook, rhythm), terms)


def settings_of(rulebook: Mapping[str, Any]) -> list[Setting]:
    """Return the settings that the rulebook's method has."""
    return [setting for setting in SETTINGS if setting.method in ("", rulebook.get("method"))]


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], settings: Iterable[Setting]) -> list[str]:
    values = [(setting, setting.value_in(old), setting.value_in(new)) for setting in settings]
    return [
        f"{setting.group}·{setting.label_in(new)}：{as_text(setting, before)} → {as_text(setting, after)}"
        for setting, before, after in values
        if before != after
    ]


def as_text(setting: Setting, value: Any) -> str:
    """Return a setting's value as the form words it."""
    if setting.words:
        return setting.words(value)
    key = ("1" if value else "") if isinstance(setting.default, bool) else str(value)
    return (setting.choices or {}).get(key) or str(value) or "（空）"
