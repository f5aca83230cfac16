"""After the list, role by role: corrections, plans and their closing, visits, freezes and the year's assessment."""

from datetime import timedelta

from tests.e2e.whole_round.accounts import open_the_later_accounts
from tests.e2e.whole_round.aftermath import (
    LIAISONS,
    archive,
    assess_the_year,
    bar_from_promotion,
    cases,
    close_the_cases,
    publish_in_the_paper,
    signed_sheet,
    talk_to_the_heads,
    talk_to_the_leaders,
    tasks,
)
from tests.e2e.whole_round.person import Person
from tests.e2e.whole_round.story import KEY, NAME

APPEALED, WRONG_SECTION = "公示后申诉", "评议对象有误"
AT_ONCE = "立行立改"
SATURDAY = 5
FREEZE_DAYS = 94  # three months and a few days


# -- objection, appeal, correction twice


def correct_the_list_twice(world):
    """Two units prove that a section of theirs was no object of the appraisal; each time the list is corrected."""
    world.jiwei2.log_in()
    for _ in range(2):
        _correct_the_list(world)
    visitor = Person(world.office, world.chromium, "visitor", width=390)
    visitor.page.goto(f"/list/{KEY}/")
    for section in world.notes["withdrawn"]:
        visitor.sees(section)
    visitor.picture("corrected-list")


def _correct_the_list(world):
    clerk, chief, commission = world.clerk, world.chief, world.jiwei2
    liaison, section = _a_listed_section(world)
    liaison.click("提出异议或申诉")
    liaison.choose("科室", section)
    liaison.tick(WRONG_SECTION)
    liaison.fill("事实和理由", "该科室已于评议期前撤销，职责划入其他科室。")
    liaison.click("提出")
    clerk.log_in()
    open_objection(clerk, APPEALED)
    clerk.click("受理异议或申诉")
    clerk.click("受理")
    chief.log_in()
    chief.approve("受理")
    recount_before_supervisors(world, APPEALED)
    open_objection(commission, APPEALED)
    commission.click("作出答复")
    commission.tick("更正")
    commission.fill("答复", "经核实，该科室不属于本轮评议对象，予以更正。")
    commission.click("答复", within=commission.page.locator("form"))
    commission.sees("已答复")
    assert commission.download("打印答复书（PDF）", exact=False).startswith(b"%PDF")


def _a_listed_section(world):
    for name in LIAISONS:
        liaison = world.people[name]
        liaison.log_in()
        liaison.page.goto("/work/objections/")
        liaison.click("提出异议或申诉")
        options = liaison.page.locator("select[name=section] option").all_inner_texts()
        liaison.page.go_back()
        listed = [option for option in options if option not in world.notes.setdefault("withdrawn", [])][1:]
        if listed:
            world.notes["withdrawn"].append(listed[0])
            return liaison, listed[0]
    raise AssertionError("no section is listed")


def open_objection(person, stage):
    """Open the objection that waits for this person."""
    person.home()
    person._click(person.page.locator("main a").filter(has_text=stage).first)


def recount_before_supervisors(world, stage):
    """The clerk recounts the ballots; two supervisors sign."""
    clerk = world.clerk
    open_objection(clerk, stage)
    clerk.click("复算计票结果")
    clerk.click("开始复算")
    clerk.sees("与计票结果一致")
    for codes in list(world.notes["signing"].values())[:2]:
        clerk.click("监督员签名")
        clerk.page.locator("[name=code]").fill(codes.pop(0))
        clerk.click("确认签名")


# -- plan, progress with evidence, report


def plan_the_rectifications(world):
    """Each unit fills in and submits its plans; the office reads and accepts them."""
    world.notes["rectifications"] = []
    for name in LIAISONS:
        liaison = world.people[name]
        liaison.log_in()
        for address in tasks(liaison, "报送整改方案"):
            _plan(liaison, address)
            world.notes["rectifications"].append((name, address))
    world.clerk.log_in()
    for _, address in world.notes["rectifications"]:
        world.clerk.follow(address)
        world.clerk.click("审核整改方案")
        world.clerk.tick("认可")
        world.clerk.enter(note="措施具体，同意。")
        world.clerk.click("保存审核结果")
    world.chief.log_in()
    world.chief.approve_together("审核整改方案")


def _plan(liaison, address):
    liaison.follow(address)
    if not liaison.page.locator("article.item").count():
        liaison.click("增加整改问题")
        liaison.page.locator("select[name=sign]").select_option(index=1)
        liaison.click("增加整改问题", within=liaison.page.locator("form"))
    for number in range(liaison.page.locator("article.item").count()):
        item = liaison.page.locator("article.item").nth(number)
        liaison.click("填写方案", within=item)
        liaison.enter(cause="窗口人手不足", goal="当日件当日办", measures="增设窗口并公开时限")
        liaison.enter(leader="张副局长", person="李科长", due_on=liaison.office.now().date() + timedelta(days=14))
        liaison.tick(AT_ONCE)
        liaison.click("保存")
    liaison.click("报送整改方案")
    liaison.enter(opinion="党组同意。")
    liaison.click("报送整改方案", within=liaison.page.locator("form"))
    liaison.sees("方案待审")


def carry_the_plans_out(world):
    """Each unit reports progress with its proof, then completion and the report."""
    world.office.mornings(5)
    for name, address in world.notes["rectifications"]:
        liaison = world.people[name]
        liaison.log_in()
        liaison.follow(address)
        for number in range(liaison.page.locator("article.item").count()):
            _finish(liaison, address, number)
        liaison.click("报送整改报告")
        liaison.enter(report="各项措施均已落实。")
        liaison.click("报送整改报告", within=liaison.page.locator("form"))
        liaison.sees("已报告，等待验收")


def _finish(liaison, address, number):
    item = liaison.page.locator("article.item").nth(number)
    liaison.click("填报进展", within=item)
    liaison.enter(text="已增设两个窗口。")
    liaison.click("保存进展")
    liaison.click("上传佐证材料", within=item)
    liaison.upload("窗口.jpg", signed_sheet())
    liaison.press("main form:has(input[type=file]) button")
    liaison.page.goto(address)
    liaison.click("申报完成", within=item)
    liaison.enter(outcome="窗口已增设，时限已公开。")
    liaison.click("申报完成", within=liaison.page.locator("form"))


# -- finding, order, reply, return visit


def inspect(world):
    """The listed sections are visited; what one visit finds is ordered to be mended, and visited again."""
    _plan_the_visits(world)
    world.office.mornings(6)
    for inspector in (world.inspector, world.inspector2):
        inspector.log_in()
    visits = _visits_of(world.inspector)
    for number, address in enumerate(visits):
        _visit(world.inspector, address, finds=number == 0)
    world.chief.log_in()
    for address in visits:
        world.chief.follow(address)
        world.chief.click("审定暗访记录")
    world.chief.follow(visits[0])
    world.notes["visited"] = visits[0]
    world.chief.click("发出责令整改通知")
    world.chief.enter(demand="窗口应有人值守。")
    world.chief.click("发出责令整改通知", within=world.chief.page.locator("form"))


def _plan_the_visits(world):
    chief, today = world.chief, world.office.now().date()
    chief.log_in()
    chief.page.goto("/inspection/plans/")
    chief.press("main a[href*='/inspection/plans/propose/']")
    chief.enter(name=f"{NAME}暗访", starts_on=today, ends_on=today + timedelta(days=4), drawn_sections=0)
    chief.click("报请批准")
    world.jiwei.log_in()
    world.jiwei.approve("暗访计划")
    chief.page.goto("/inspection/plans/")
    chief.click(f"{NAME}暗访")
    chief.click("排定暗访日期")
    _assign(chief)


def _assign(chief):
    """Assign both inspectors to each visit of the plan on the page that has none."""
    plan, unassigned = chief.page.url, chief.page.get_by_role("row").filter(has_text="未派")
    while unassigned.count():
        chief.click("指派督查员", within=unassigned.first)
        for name in ("邹强", "熊莉"):
            chief.tick(name)
        chief.click("派员", within=chief.page.locator("form"))
        chief.page.goto(plan)


def _visits_of(inspector, kind=""):
    inspector.page.goto("/inspection/")
    rows = inspector.page.locator("main :is(li, tr)").filter(has_text="已派员").filter(has_text=kind)
    links = rows.locator("a[href^='/inspection/']")
    return list(dict.fromkeys(link.get_attribute("href") for link in links.all()))


def _visit(inspector, address, *, finds):
    now = inspector.office.now()
    inspector.follow(address)
    inspector.tick("模拟办事")
    inspector.enter(arrived_at=f"{now:%Y-%m-%dT}08:30", left_at=f"{now:%Y-%m-%dT}08:50", place="一楼3号窗口")
    inspector.enter(errand="咨询办证", situation="窗口无人值守十分钟。" if finds else "窗口秩序良好。")
    for group in inspector.page.locator("fieldset:has(input[name^=check-])").all():
        group.get_by_label("是", exact=True).check()
    for group in inspector.page.locator("fieldset:has(input[name^=item-])").all():
        group.get_by_label("整改到位", exact=True).check()
    if finds:
        inspector.page.locator("details.stratum").first.evaluate("part => { part.open = true; }")
        inspector.page.locator("select[name^=sign-]").first.select_option(index=1)
    inspector.page.locator(f"input[name=conclusion][value={'by_date' if finds else 'sound'}]").check()
    inspector.click("保存暗访记录（可多次保存）")
    inspector.sees("已保存")
    inspector.page.locator("a[href$='/submit/']").click()
    inspector.click("提交并锁定")
    inspector.sees("已提交")


def answer_the_order(world):
    """The unit replies to the order; a return visit finds the trouble mended."""
    world.office.mornings(1)
    liaison, order = _whose_order(world)
    liaison.follow(order)
    liaison.click("反馈整改情况")
    liaison.enter(reply="已安排专人值守。")
    liaison.click("报送反馈")
    world.chief.log_in()
    world.chief.home()
    world.chief._click(world.chief.page.locator(f"main a[href='{order}']").first)
    world.chief.click("安排回访复查")
    world.chief.sees("已安排专人值守")
    days = _days_to_a_weekday(world.office.now().date())
    world.chief.enter(visit_on=world.office.now().date() + timedelta(days=days))
    world.chief.click("安排回访复查", within=world.chief.page.locator("form"))
    _assign(world.chief)
    world.office.mornings(days)
    world.inspector.log_in()
    (visit,) = _visits_of(world.inspector, "回访复查")
    _visit(world.inspector, visit, finds=False)
    world.chief.log_in()
    world.chief.follow(visit)
    world.chief.click("审定暗访记录")
    world.chief.follow(order)
    world.chief.sees("回访复查通过")


def _days_to_a_weekday(today):
    """Visits are made on working days."""
    return next(days for days in range(1, 4) if (today + timedelta(days=days)).weekday() < SATURDAY)


def _whose_order(world):
    for name in LIAISONS:
        world.people[name].log_in()
        orders = tasks(world.people[name], "反馈责令整改")
        if orders:
            return world.people[name], orders[0]
    raise AssertionError("no unit has an order")


def close_the_plans(world):
    """Every item was passed by a visit: the clerk proposes to close it, the chief agrees; the plans close with them."""
    clerk = world.clerk
    clerk.log_in()
    for _, address in world.notes["rectifications"]:
        clerk.follow(address)
        for number in range(clerk.page.locator("article.item").count()):
            clerk.page.goto(address)
            clerk.click("销号", within=clerk.page.locator("article.item").nth(number))
            clerk.enter(verdict="暗访复查通过，同意销号。")
            clerk.click("销号", within=clerk.page.locator("form"))
    world.chief.log_in()
    world.chief.approve_together("销号")
    for _, address in world.notes["rectifications"]:
        world.chief.follow(address)
        world.chief.sees("已销号")


# -- freeze asked, answered, lifted, ended


def ask_for_the_freezes(world):
    """Before a promotion the personnel office asks the register: who is barred now."""
    world.personnel.log_in()
    assert "在影响期内" in _answer_about(world.personnel, "住房城乡建委")


def end_the_freezes(world):
    """After their last day two persons lift the freezes; nobody of the unit is barred any more."""
    commission = world.jiwei
    for _ in range(2):  # an account that nobody uses for so long would be disabled
        world.office.pass_time(days=FREEZE_DAYS // 2)
        world.office.mornings(1)
        for person in (world.personnel, world.chief, commission):
            person.log_in()
    assert "没有人员在影响期内" in _answer_about(world.personnel, "住房城乡建委")
    commission.log_in()
    for address in cases(commission):
        commission.follow(address)
        if commission.page.get_by_role("link", name="解除影响期", exact=True).count():
            commission.click("解除影响期")
            commission.enter(on=world.office.now().date(), reason="影响期已满")
            commission.press("#content input[type=submit], #content form button")
    world.personnel.approve_together("解除影响期")


def _answer_about(personnel, unit):
    personnel.page.goto("/personnel/")
    personnel.enter(unit=unit)
    personnel.click("查询影响期")
    return personnel.page.locator("section.panel").first.inner_text()


AFTER_THE_LIST = [
    publish_in_the_paper,
    open_the_later_accounts,
    correct_the_list_twice,
    publish_in_the_paper,
    talk_to_the_leaders,
    talk_to_the_heads,
    bar_from_promotion,
    plan_the_rectifications,
    carry_the_plans_out,
    inspect,
    answer_the_order,
    close_the_plans,
    ask_for_the_freezes,
    end_the_freezes,
    assess_the_year,
    close_the_cases,
    archive,
]
