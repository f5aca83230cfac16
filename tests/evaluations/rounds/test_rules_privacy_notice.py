"""The privacy notice: the items the law requires, with the office's telephone if it has one."""

import pytest

from evaluations.messages.rules.gateway import MOST_KEPT
from evaluations.rounds.rules.privacy_notice import privacy_notice
from nanchuan_eval.profile.rules.profile import DEFAULT

TITLES = (
    "个人信息处理者 处理目的和方式 处理的个人信息种类 保存在您的设备上的内容 "
    "保存期限 您的权利和行使方式 其他事项 变更告知"
)


def test_the_notice_has_the_items_of_the_law_in_order():
    assert [item.title for item in privacy_notice(DEFAULT)] == TITLES.split()
    assert all(item.text.endswith("。") for item in privacy_notice(DEFAULT))


@pytest.mark.parametrize(
    ("phone", "contact"), [("71400000", "，联系电话71400000。"), ("", "，联系方式见区政府网站公告。")]
)
def test_the_notice_names_the_telephone_or_where_to_find_it(phone, contact):
    assert privacy_notice(DEFAULT, phone)[0].text.endswith(contact)


def test_says_what_the_gateway_of_text_messages_gets_and_how_long_its_traces_are_kept():
    items = {item.title: item.text for item in privacy_notice(DEFAULT)}

    assert "短信委托短信平台发送" in items["处理目的和方式"]
    assert "为此得到收信人的姓名、手机号、所评科室和评议链接（含票号、为您列明的办过事的科室）" in items["其他事项"]
    assert "退订的手机号保存到本人申请恢复接收" in items["保存期限"]
    assert "短信编号的校验值公示后60日清除" in items["保存期限"]


def test_promises_a_time_for_codes_of_sent_messages_that_no_setting_exceeds():
    items = {item.title: item.text for item in privacy_notice(DEFAULT)}

    assert items["处理的个人信息种类"].count("满7日") == 2
    assert MOST_KEPT < 7 * 24
