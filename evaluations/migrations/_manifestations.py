"""The default 表象 of the five indicators (rulebook 3); editable in the admin afterwards."""

SIGNS = {
    "cold": (
        "COLD",
        "群众来办事不起身、不抬头，问三句答一句",
        "说话生硬，训斥、挖苦办事群众",
        "只说“办不了”，不讲原因，也不告诉怎么补办",
        "对老人、残疾人和不会用手机的群众不帮不引导",
        "对群众的急事难事漠不关心，到点就关窗让人白等",
        "咨询电话长期无人接，或没说完就挂断",
    ),
    "lazy": (
        "LAZY",
        "上班迟到、脱岗，窗口无人也不放去向牌",
        "上班玩手机、聊天，让办事群众干等",
        "当天能办的拖几天，超过承诺时限又不说明",
        "业务不熟，一问三不知，只叫人“自己上网查”",
        "办到哪一步从不告知，要群众反复催问",
        "收了材料或意见就没有下文",
    ),
    "buck_passing": (
        "BUCK",
        "一句“不归我们管”打发人，又不告诉该找谁",
        "科室之间、上下级之间来回踢皮球，让群众多头跑",
        "不一次说清要带什么材料，来一次多要一样",
        "用领导不在、系统坏了等理由，反复让人改天再来",
        "要群众去开没有依据的证明，好替自己免责",
        "出了差错推给群众、中介或临聘人员",
    ),
    "disorderly": (
        "DISO",
        "同一件事不同的人说法不同，标准随意变",
        "擅自增加条件、材料、环节或收费",
        "不按先后和规定办，插队、走后门",
        "检查、处罚随意，多头重复，轻重不一",
        "依据、流程、收费标准不公开，或公开的与实际不符",
        "把群众的材料弄丢、弄错，或泄露个人信息",
    ),
    "greedy": (
        "GREE",
        "不给好处不办事，给了好处乱办事",
        "办事讲人情、看关系",
        "接受吃请，收受礼品礼金购物卡",
        "指定中介、施工队、产品或代办，从中得利",
        "借审批、检查、报装、验收之机索要财物或报销费用",
        "优亲厚友，把补助、指标、名额给关系户",
    ),
}


def enter(apps, schema_editor):
    """Enter the default manifestations."""
    apps.get_model("evaluations", "Manifestation").objects.bulk_create(
        apps.get_model("evaluations", "Manifestation")(
            code=f"{prefix}-{position}", indicator=indicator, text=text, position=position
        )
        for indicator, (prefix, *texts) in SIGNS.items()
        for position, text in enumerate(texts, start=1)
    )
