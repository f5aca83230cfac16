"""The round as its people live it, stage by stage, up to the vote."""

import re
import subprocess
from datetime import timedelta

from tests.e2e.whole_round import files
from tests.e2e.whole_round.accounts import open_the_accounts
from tests.e2e.whole_round.founding import found
from tests.e2e.whole_round.person import Person

NAME, KEY = "2026年上半年", "2026H1"
SUPERVISORS, EVALUATORS = "抽取监督员", "抽取定向评议人员"
# What a small district sets: few people, and ballots that all of them fill in for all twelve sections.
SMALL = {
    "strata": "服务对象 60\n市场主体 40",
    "list_length": 4,
    "evaluators": 10,
    "supervisors": 3,
    "supervisor_alternates": 1,
    "supervisors_present": 2,
    "box_needed": 2,
    "lottery": "",
    "extension_rounds": 0,
    "min_lines": 5,
    "min_drawn_lines": 5,
    "max_sections__sampled": 12,
    "max_sections__other": 12,
    "office_phone": "023-71420000",
}
SEATS = ("服务对象", "市场主体")
ROUND_PAGE = re.compile(r"/round/\d+/change/$")
# Days after the start.
DRAWN, OPENS, CLOSES = 7, 21, 25


class World:
    """The people and what they have written down."""

    def __init__(self, office, chromium):
        self.office, self.chromium = office, chromium
        self.people, self.notes = {}, {}

    def faults(self):
        """Return what browsers and server complained about."""
        return [fault for person in self.people.values() for fault in person.faults] + self.office.faults()

    def __getattr__(self, name):
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None


def found_the_office(world):
    """The first accounts accept their invitations."""
    world.people.update(found(world.office, world.chromium))


def import_the_roster(world):
    """The chief sends a roster with a wrong unit back; the right one is imported."""
    clerk, chief = world.clerk, world.chief
    _upload_roster(clerk, files.roster(wrong_unit="区公安分局"))
    chief.send_back("导入名录", "公安局的单位名称写错，请改正后重新提请")
    _upload_roster(clerk, files.roster())
    chief.approve("导入名录")


def _upload_roster(clerk, content):
    clerk.home()
    clerk.click("科室", within=clerk.page.locator("main"))
    clerk.click("导入名录")
    clerk.upload("名录 定稿.xlsx", content)
    clerk.click("上传并预览")
    clerk.depict("roster-preview")
    clerk.click("提请导入名录")
    clerk.sees("已提请")


def plan_the_round(world):
    """The clerk writes the plan of the round; the chief approves it."""
    clerk, today = world.clerk, world.office.now().date()
    clerk.home()
    clerk.click("评议轮次", within=clerk.page.locator("main"))
    clerk.press("#content .object-tools a.addlink")
    clerk.enter(key=KEY, name=NAME, period_start="2026-01-01", period_end="2026-06-30")
    clerk.enter(opens_at_0=today + timedelta(days=OPENS), opens_at_1="09:00")
    clerk.enter(closes_at_0=today + timedelta(days=CLOSES), closes_at_1="17:00")
    clerk.press("[name=_save]")
    clerk.click("评议规则")
    clerk.enter(**SMALL)
    clerk.click("保存评议规则")
    clerk.sees("评议规则已保存")
    clerk.depict("round-draft")
    clerk.click("提请审定评议方案")
    confirm(clerk)
    world.chief.approve("审定评议方案", depicts="approval")


def freeze_the_roster(world):
    """Two persons freeze the roster and the rules."""
    open_round(world.clerk)
    propose_step(world.clerk, "锁定名录和规则")
    world.chief.approve("锁定名录和规则")


def announce_the_draws(world):
    """The clerk announces when and where is drawn, and the lists to draw from; one list is replaced after that."""
    clerk, chief, today = world.clerk, world.chief, world.office.now().date()
    open_round(clerk)
    for purpose in (SUPERVISORS, EVALUATORS):
        clerk.click("登记抽取公告", within=clerk.row(purpose))
        clerk.enter(planned_at=f"{today + timedelta(days=DRAWN)} 10:00", place="区行政服务中心一楼")
        clerk.enter(witnesses="纪委监委、区人大代表、市民代表、企业代表")
        confirm(clerk)
    clerk.press("#content .links a:has-text('名单库')")
    _import_pool(clerk, "导入监督员库", files.supervisors())
    _import_pool(clerk, "导入定向评议名单库", files.evaluators())
    for pool in ("监督员库", "定向评议名单库"):
        clerk.click(f"公告{pool}人数并开始异议期", exact=False)
    clerk.depict("pools")
    chief.approve("公告", "公告")
    _import_pool(clerk, "重新导入监督员库", files.supervisors(10))
    clerk.click("公告监督员库人数并开始异议期", exact=False)
    chief.approve("公告")


def _import_pool(clerk, label, content):
    clerk.click(label)
    clerk.upload("名单.xlsx", content)
    clerk.click("上传并预览")
    clerk.click(f"确认{label.removeprefix('重新')}")


def commit_to_the_draws(world):
    """After the days to object both lists are fixed before any dice are thrown."""
    clerk, chief = world.clerk, world.chief
    world.office.mornings(4)
    clerk.log_in()
    propose_commitments(clerk, SUPERVISORS, EVALUATORS)
    chief.log_in()
    chief.approve("承诺", "承诺")
    open_the_accounts(world)


def propose_commitments(clerk, *purposes):
    """Tick the due draws on the round's page and propose that their commitments are published."""
    open_round(clerk)
    for purpose in purposes:
        box = clerk.row(purpose).get_by_role("checkbox")
        if not box.is_checked():
            clerk._click(box)
    clerk.depict("round-draws", "#content section:has(> h2:text-is('抽取'))")
    clerk.click("提请公布所选抽取的承诺")
    clerk.sees("已提请")


def draw_the_people(world):
    """Supervisors are drawn, take their signing codes and sign the draw of the evaluators."""
    world.office.mornings(3, hour=10)
    throw_dice(world, SUPERVISORS, "31415926535897932384")
    world.clerk.picture("ceremony")
    draw_and_publish(world, signers=0)
    hand_out_signing_codes(world)
    throw_dice(world, EVALUATORS, "27182818284590452353")
    draw_and_publish(world, signers=2)
    open_round(world.clerk)
    propose_step(world.clerk, "确认抽取完成")
    world.chief.approve("确认抽取完成")


def hand_out_signing_codes(world):
    """Each supervisor takes a sealed sheet from one clerk, which another confirms."""
    clerk, other = world.clerk2, world.clerk
    clerk.click("监督员签名码")
    clerk.click("提请发放签名码")
    world.chief.approve("签名码")
    clerk.refresh()
    world.notes["signing"] = {}
    for line in clerk.page.get_by_role("row").filter(has_text="待取出").all():
        sheet = clerk.download("取出密封件", within=line, exact=False)
        world.notes["signing"] |= _signing_codes(sheet)
    other.page.goto(clerk.page.url)
    other.depict("signing-codes")
    other.press("#content form#hand button")
    other.sees("已确认当面交付")


def throw_dice(world, purpose, digits):
    """Both clerks enter the dice that the witnesses threw."""
    for clerk in (world.clerk, world.clerk2):
        clerk.log_in()
        open_round(clerk)
        clerk.click("现场抽取", within=clerk.row(purpose))
        clerk.enter(**{f"numbers{group}": digits[5 * group : 5 * group + 5] for group in range(4)})
        if purpose == EVALUATORS:
            clerk.depict("ceremony")
        clerk.click("录入随机数")


def draw_and_publish(world, *, signers):
    """The chief lets the draw run and its proof be published, the supervisors sign in between."""
    clerk, chief = world.clerk2, world.chief
    clerk.click("执行抽取")
    chief.log_in()
    chief.approve("执行抽取")
    clerk.refresh()
    sign(world, clerk, "确认签名", signers)
    clerk.click("公开证明")
    chief.approve("公开")


def sign(world, clerk, button, number=2):
    """So many supervisors enter one of their signing codes each."""
    for codes in list(world.notes.get("signing", {}).values())[:number]:
        clerk.page.locator("[name=code]").fill(codes.pop(0))
        clerk.click(button)


def _signing_codes(pdf):
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    return {pdf: re.findall(r"(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}", text.decode())}


def print_the_codes(world):
    """Ballot codes for the envelopes of all strata and two open channels in one act; each file is downloaded."""
    clerk = world.clerk
    open_round(clerk)
    clerk.press("#content a[href$='/codes/together/']")
    clerk.depict("codes-together")
    confirm(clerk)
    world.notes["codes"] = []
    for stratum in SEATS:
        section = clerk.page.locator("section").filter(has_text=f"·{stratum}")
        text = clerk.download("下载票号文件", within=section, exact=False).decode("utf-8-sig")
        world.notes["codes"] += re.findall(r"^\d+,(\S+)", text, re.M)


def hand_out_the_key(world):
    """The box key is made at the desk; each holder takes a card and confirms it on a phone."""
    clerk = world.clerk
    _open_key_page(clerk)
    clerk.click("在线生成票箱密钥")
    clerk.enter(reason="公证处没有离线生成的设备")
    clerk.click("提请在线生成票箱密钥")
    world.chief.approve("票箱密钥")
    clerk.page.add_init_script("window.print = () => {}")
    _open_key_page(clerk)
    clerk.depict("box-key")
    clerk.click("在线生成票箱密钥")
    clerk.click("在线生成密钥卡")
    cards = [
        (card.get_attribute("data-label"), card.locator("code").all_text_contents())
        for card in clerk.page.locator(".box-card").all()
    ]
    for label, _ in cards:
        clerk.click(f"打印密钥卡{label}")
        clerk.click("已取走，请下一位")
    world.notes["cards"] = {label: " ".join(texts[1:-1]) for label, texts in cards}
    holder = Person(world.office, world.chromium, "holders", width=390)
    for _, texts in cards:
        holder.page.goto(f"/rounds/{KEY}/card/")
        holder.page.locator("[name=code]").fill(texts[-1])
        holder.click("确认领取密钥卡")
        holder.sees("已确认领取")


def _open_key_page(clerk):
    if clerk.page.url.endswith("/box-key/"):
        clerk.refresh()
    else:
        open_round(clerk)
        clerk.press("#content .links a:has-text('票箱密钥')")


def open_the_vote(world):
    """Two persons open the vote; it begins by itself on its day."""
    open_round(world.clerk)
    world.clerk.picture("round-before-the-vote")
    world.clerk.depict("round-opening")
    propose_step(world.clerk, "开启评议")
    world.chief.approve("开启评议")
    world.office.mornings(OPENS - DRAWN, minute=10)


def open_round(person):
    """Open the round's page: by the way back where there is one, or else from home."""
    way_back = person.page.locator(".breadcrumbs").get_by_role("link", name=NAME, exact=True)
    if way_back.count():
        person.press(f".breadcrumbs a:text-is('{NAME}')")
    elif ROUND_PAGE.search(person.page.url):
        person.refresh()
    else:
        person.home()
        person.click(NAME, within=person.page.locator("main"), first=True)


def confirm(person):
    """Press the one button of the page's form."""
    person.press("#content form button.primary")


def propose_step(clerk, label):
    """Propose the next step after its consequences were shown."""
    clerk.click(label, within=clerk.page.locator("#content"))
    confirm(clerk)
    clerk.sees("已提请")


PREPARATION = [
    found_the_office,
    import_the_roster,
    plan_the_round,
    freeze_the_roster,
    announce_the_draws,
    commit_to_the_draws,
    draw_the_people,
    print_the_codes,
    hand_out_the_key,
    open_the_vote,
]
