"""The privacy notice (个人信息处理规则, 个人信息保护法 arts. 17, 44-50): versioned, kept with each round as it was."""

from typing import NamedTuple

VERSION = "2026-11-29"


class Item(NamedTuple):
    """One item of the notice."""

    title: str
    text: str


def privacy_notice(office_phone: str = "") -> list[Item]:
    """Return the notice's items in the order of the law."""
    contact = f"，联系电话{office_phone}" if office_phone else "，联系方式见区政府网站公告"
    return [
        Item("个人信息处理者", f"南川区最难办事科室群众评办公室（区纪委监委机关内）{contact}。"),
        Item(
            "处理目的和方式",
            "随机抽取监督员和评议人员、寄送通知、统计评议结果；由本系统进行处理；不进行自动化决策或用户画像。",
        ),
        Item(
            "处理的个人信息种类",
            "被列入名单库的人员：姓名、单位、手机号、身份类别，手机号加密保存。投票的群众：不收集姓名、身份证号、手机号，"
            "不登录；评议票不记录投票时间、网络地址和设备。文字意见为自愿填写，请不要写姓名、电话。",
        ),
        Item("保存期限", "手机号公示后60日清除，文字意见公示后1年清除，操作日志保存3年；评议票是匿名数据，长期保存。"),
        Item(
            "您的权利和行使方式",
            "可以查询、复制、更正、删除名单库中您的信息，请向评议办提出，15个工作日内答复。评议票是匿名的，提交时即加密；"
            "开箱并销毁票箱密钥后，系统中没有您和票的对应关系。任何时候都不能查询、更正或者撤回某一张票。",
        ),
        Item("其他事项", "处理依据：为履行法定职责所必需。个人信息存储在境内服务器，不向他人提供，不公开。"),
        Item("变更告知", "本说明有变更的，在本页公布新版本；每一轮次适用名录锁定时的版本，以后不改。"),
    ]
