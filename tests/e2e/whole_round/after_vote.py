"""From the first ballot to the published list."""

from tests.e2e.test_citizen import vote as vote_on_phone
from tests.e2e.whole_round.citizens import Visitor, answers, levels
from tests.e2e.whole_round.files import sections
from tests.e2e.whole_round.person import Person
from tests.e2e.whole_round.story import (
    NAME,
    SMALL,
    confirm,
    open_round,
    propose_step,
    sign,
)

ONLINE, ON_PAPER, AT_CHANNEL = 7, (8, 9), 7
PAPER_BATCH = "定向评议·市场主体"


def codes():
    """Return the codes of all sections, in the order of the ballot form."""
    return [code for _, code, _ in sections()]


def cast_the_ballots(world):
    """One drawn person votes on a phone, others by the same forms; visitors take codes of the open channels."""
    office, chromium, given = world.office, world.chromium, world.notes["codes"]
    phone = Person(office, chromium, "citizen", width=390)
    vote_on_phone(phone.page, given[ONLINE])
    assert phone.faults == []
    for voter in range(ONLINE):
        Visitor(office, chromium).vote(given[voter], answers(voter, codes()))
    for number in range(AT_CHANNEL):
        for channel in (0, 1):  # the system gives the codes of the two channels by turns
            visitor = Visitor(office, chromium)
            code = visitor.claim()
            visitor.vote(code, answers(100 * (channel + 1) + number, codes()))


def key_the_paper(world):
    """The slips of two paper ballots are registered; two clerks key the ballots, each unseen by the other."""
    for clerk in (world.clerk, world.clerk2):
        clerk.log_in()
        open_round(clerk)
        clerk.click(PAPER_BATCH)
        if clerk is world.clerk:
            clerk.click("登记票号联")
            clerk.page.locator("[name=codes]").fill("\n".join(world.notes["codes"][at] for at in ON_PAPER))
            confirm(clerk)
        clerk.click("录入正票")
        for number, voter in enumerate(ON_PAPER, start=1):
            clerk.page.locator("[name=number]").fill(str(number))
            type_ballot(clerk, voter)
            clerk.click("保存录入")
    clerk.sees(f"第{len(ON_PAPER)}号票已核定")


def type_ballot(clerk, voter):
    """Type what the paper says: five answers a section, the first manifestation of each severe one."""
    for code, given in levels(voter, codes()).items():
        clerk.page.locator(f"[name='{code}.keys']").fill("".join(map(str, given)))
        clerk.page.locator(f"[name='{code}.ticks']").fill(" ".join("1" for level in given if level > 1))


def open_the_box(world):
    """After the closing time the paper is counted; two supervisors open the box with their cards and sign."""
    clerk, cards = world.clerk, world.notes["cards"]
    world.office.mornings(4, hour=17, minute=10)
    world.office.mornings(3)
    clerk.log_in()
    open_round(clerk)
    clerk.click(PAPER_BATCH)
    clerk.click("清点")
    clerk.enter(returned=len(ON_PAPER), spoiled=0, missing=0)
    confirm(clerk)
    clerk.sees("票数平衡")
    open_round(clerk)
    clerk.click("开箱", first=True)
    for place, card in enumerate(("S1", "S2")):
        clerk.page.locator(f"[name=card-{place}]").fill(cards[card])
    clerk.click("开箱")
    clerk.sees("已开箱并封箱")
    sign(world, clerk, "在开箱记录上签名")


def count(world):
    """All sampled ballots count without a draw; supervisors sign the record and compare a sample with the paper."""
    clerk = world.clerk
    open_round(clerk)
    clerk.sees("全部计票，不用抽取")
    propose_step(clerk, "计票")
    world.chief.log_in()
    world.chief.approve("计票")
    open_round(clerk)
    clerk.click("计票记录")
    sign(world, clerk, "确认计票记录")
    open_round(clerk)
    clerk.click("抽样核对")
    clerk.click("确定核对方案")
    clerk.click("抽取核对的评议票")
    clerk.enter(dice="17320508075688772935")
    confirm(clerk)
    for _ in ON_PAPER:
        line = clerk.page.get_by_role("row").filter(has=clerk.page.locator("a[href*=sample-ballot]")).first
        number = int(line.locator("td").nth(1).inner_text())
        clerk._click(line.get_by_role("link"))
        type_ballot(clerk, ON_PAPER[number - 1])
        clerk.click("与计票内容比对")
        clerk.sees("一致")
    sign(world, clerk, "在抽样核对记录上签名")


def announce_the_result(world):
    """Two persons tell the units; each sees its own sections."""
    clerk = world.clerk
    open_round(clerk)
    propose_step(clerk, "告知初步结果")
    world.chief.approve("告知初步结果")


def object_to_the_count(world):
    """A unit doubts the count; it is recounted before two supervisors and confirmed."""
    liaison, clerk, commission = world.liaison3, world.clerk, world.jiwei
    liaison.log_in()
    liaison.picture("home-liaison")
    liaison.press("main a[href='/unit/']")
    liaison.click("提出异议", first=True)
    liaison.click("提出异议或申诉")
    liaison.choose("科室", "区人力社保局劳动仲裁科")
    liaison.tick("计票有误")
    liaison.fill("事实和理由", "本科室办件少，请复核得票数。")
    liaison.click("提出")
    _open_objection(clerk)
    clerk.click("受理异议或申诉")
    clerk.click("受理")
    world.chief.approve("受理")
    _open_objection(clerk)
    clerk.click("复算计票结果")
    clerk.click("开始复算")
    clerk.sees("与计票结果一致")
    for codes in list(world.notes["signing"].values())[:2]:
        clerk.click("监督员签名")
        clerk.page.locator("[name=code]").fill(codes.pop(0))
        clerk.click("确认签名")
    commission.log_in()
    _open_objection(commission)
    commission.click("作出答复")
    commission.tick("维持")
    commission.fill("答复", "经监督员在场复算，计票结果无误。")
    commission.click("答复", within=commission.page.locator("form"))
    commission.sees("已答复")


def _open_objection(person):
    person.home()
    person._click(person.page.locator("main a").filter(has_text="公示前异议").first)


def publish(world):
    """The days to object are over: the chief proposes the list, the commission publishes it."""
    chief, commission = world.chief, world.jiwei
    world.office.mornings(4)
    chief.log_in()
    chief.picture("home-chief")
    open_round(chief)
    chief.click("公示前十名", within=chief.page.locator("#content"))
    commission.log_in()
    commission.approve("公示前十名")
    citizen = Person(world.office, world.chromium, "citizen", width=390)
    citizen.page.goto("/")
    citizen.click(f"查看{NAME}公示全文")
    assert citizen.page.locator("main table").first.locator("tbody tr").count() == SMALL["list_length"]


VOTE = [
    cast_the_ballots,
    key_the_paper,
    open_the_box,
    count,
    announce_the_result,
    object_to_the_count,
    publish,
]
