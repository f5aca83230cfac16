"""Measures against the listed sections: notice, talks, freeze and assessment; then the round is archived."""

import io
from datetime import timedelta

from PIL import Image

from tests.e2e.whole_round.person import Person
from tests.e2e.whole_round.story import NAME, open_round

NOTICE, LEADER, HEAD, FREEZE = "公示曝光", "对单位领导谈话提醒", "对科室负责人谈话提醒", "不得提拔重用"
LIAISONS = ("liaison1", "police", "liaison3", "liaison4")


def signed_sheet():
    """A photo of a signed record."""
    target = io.BytesIO()
    Image.new("RGB", (600, 800), "white").save(target, "JPEG")
    return target.getvalue()


def tasks(person, kind):
    """Return the addresses of the tasks of this kind in the person's list of what waits."""
    person.home()
    links = person.page.locator("main a:not([href^='/work/sections/'])").filter(has_text=f"：{kind}")
    return list(dict.fromkeys(link.get_attribute("href") for link in links.all()))


def publish_in_the_paper(world):
    """The office records where the list was printed."""
    world.jiwei.home()
    world.jiwei.picture("home-commission")
    world.chief.log_in()
    for address in tasks(world.chief, NOTICE):
        _record(world.chief, address, NOTICE, "刊登于《南川日报》第三版")


def _record(person, address, kind, text):
    person.follow(address)
    if not person.page.locator("[name=record]").count():
        person.click("登记办理", within=person.row(kind).first)
    person.enter(done_on=person.office.now().date(), record=text)
    person.press("#content input[type=submit]")


def talk_to_the_leaders(world):
    """The commission arranges the talks with the leaders in charge; one is moved before it is held."""
    world.jiwei.log_in()
    addresses = tasks(world.jiwei, LEADER)
    for address in addresses:
        _arrange(world.jiwei, address)
    _move(world.jiwei, addresses[0])
    world.office.mornings(2, hour=10)
    world.jiwei.log_in()
    for address in addresses:
        _hold(world.jiwei, address)
        _talk(world.jiwei, address, person="区分管领导", talker="纪委监委 王书记")


def _arrange(writer, address):
    writer.follow(address)
    writer.click("安排谈话")
    writer.enter(starts_at=_at(writer, days=1), place="纪委监委谈话室", talker="纪委监委 王书记")
    writer.enter(contact="冯涛 023-71420001")
    writer.click("保存谈话安排")
    writer.sees("已安排")


def _move(writer, address):
    writer.follow(address)
    writer.click("改期")
    writer.enter(starts_at=_at(writer, days=2), reason="谈话对象外出学习")
    writer.click("保存改期")
    assert writer.download("打印谈话通知书（PDF）").startswith(b"%PDF")


def _hold(writer, address):
    writer.follow(address)
    writer.click("登记已谈话")
    writer.enter(held_at=_at(writer))
    writer.click("登记已谈话", within=writer.page.locator("form"))
    writer.sees("已谈话")


def _at(writer, *, days=0):
    return f"{writer.office.now() + timedelta(days=days):%Y-%m-%dT}09:00"


def talk_to_the_heads(world):
    """The units talk to the heads of their sections; the commission confirms the records together."""
    for name in LIAISONS:
        liaison = world.people[name]
        liaison.log_in()
        for address in tasks(liaison, HEAD):
            _talk(liaison, address, talker="党组书记 张书记")
    world.jiwei.log_in()
    world.jiwei.approve_together("谈话记录")


def _talk(writer, address, **known):
    writer.follow(address)
    writer.click("填写谈话记录")
    writer.enter(held_at=_at(writer), place="会议室", recorder="记录员", **known)
    writer.enter(points="指出群众反映的问题，提醒履行管理责任。", attitude="诚恳接受。", demand="按期整改。")
    writer.tick("谈话人和谈话对象已在记录上签字", exact=False)
    writer.click("保存谈话记录")
    writer.click("上传签字件")
    writer.upload("签字件.jpg", signed_sheet())
    writer.press("main form:has(input[type=file]) button")
    writer.page.goto(address)
    writer.click("报送谈话记录")


def bar_from_promotion(world):
    """The commission proposes to record the freezes, the personnel office approves them together."""
    for address in tasks(world.jiwei, FREEZE):
        _record(world.jiwei, address, FREEZE, "已函告区委组织部")
    world.personnel.log_in()
    world.personnel.picture("home-personnel")
    world.personnel.approve_together("登记影响期")


def assess_the_year(world):
    """The personnel office records assessment and bonus of all cases on one page, and exports the year."""
    personnel = world.personnel
    personnel.log_in()
    personnel.page.goto("/personnel/assessment/record/")
    personnel.enter(common_on=personnel.office.now().date())
    for number, record in enumerate(personnel.page.locator("textarea[name$=record]").all(), 1):
        record.fill(f"已列入年度考核（第{number}项）")
    personnel.click("登记已填写的各项")
    personnel.picture("assessment")
    assert personnel.download("导出 Excel 工作簿").startswith(b"PK")


def cases(person):
    """Return the addresses of the round's cases that are still being worked on."""
    person.home()
    person.press("a[href='/admin/accountability/case/']")
    rows = person.page.locator("#result_list tbody tr").filter(has_text="办理中")
    return [link.get_attribute("href") for link in rows.locator("th a").all()]


def close_the_cases(world):
    """The chief proposes to close each case, the commission approves them together; then the round is archived."""
    chief, commission = world.chief, world.jiwei
    chief.log_in()
    for address in cases(chief):
        chief.follow(address)
        chief.click("办结问责事项")
    commission.log_in()
    commission.approve_together("办结问责事项")


def archive(world):
    """Two persons archive the round; its list stays public."""
    open_round(world.chief)
    world.chief.click("归档")
    world.jiwei.approve("归档")
    visitor = Person(world.office, world.chromium, "visitor", width=390)
    visitor.page.goto("/")
    visitor.sees(f"查看{NAME}公示全文")
