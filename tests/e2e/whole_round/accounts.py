"""Accounts of the units' liaisons and of the personnel office, from one list."""

import re
import subprocess

from tests.e2e.whole_round.person import Person

# username: name, role, unit as people write it
LATER = {
    "liaison1": ("何平", "单位联络员", "发展改革委"),
    "police": ("陈芳", "单位联络员", "南川区公安局"),
    "liaison3": ("罗勇", "单位联络员", "区人力社保局"),
    "liaison4": ("谢敏", "单位联络员", "住房城乡建委"),
    "personnel": ("曾洁", "组织/考核部门", ""),
}
# Needed only once the list is published: inspectors, and whoever decides where the first commissioner has signed.
AFTER_THE_LIST = {
    "inspector": ("邹强", "暗访督查员", ""),
    "inspector2": ("熊莉", "暗访督查员", ""),
}
SECOND_COMMISSIONER = ("jiwei2", "潘勇", "GH-203")


def open_the_accounts(world):
    """The accounts of the units' liaisons and of the personnel office; the chief approves their roles."""
    _open(world, LATER, first=101)
    world.chief.approve_together("授权")
    _take_letters(world, LATER)


def open_the_later_accounts(world):
    """The accounts of two inspectors by a list, that of a second commissioner by itself."""
    _open(world, AFTER_THE_LIST, first=201)
    world.chief.log_in()
    world.chief.approve_together("授权")
    _take_letters(world, AFTER_THE_LIST)
    _open_for_the_commission(world, *SECOND_COMMISSIONER)


def _open_for_the_commission(world, username, name, number):
    """SYS opens the account, SEC proposes its role, the first commissioner approves, the owner takes a letter."""
    administrator, security = world.sysadmin, world.secadmin
    administrator.follow("/admin/nanchuan_eval/user/add/")
    administrator.enter(username=username, name=name, person_code=number)
    administrator.press("[name=_save]")
    security.follow("/admin/nanchuan_eval/user/")
    security.click(username)
    security.choose("角色", "纪委监委")
    security.enter(reason="公示后的申诉须由另一人复核")
    security.press("form[action$='/grant/'] button")
    world.jiwei.log_in()
    world.jiwei.approve("授权")
    administrator.follow("/admin/nanchuan_eval/user/")
    administrator.click(username)
    text = _text_of(administrator.download("打印登录通知书"))
    world.people[username] = Person(world.office, world.chromium, username, name)
    world.people[username].accept_invitation(_link_of(username, text))


def _open(world, accounts, *, first):
    """SYS opens the accounts of a list, SEC proposes their roles."""
    administrator, security = world.sysadmin, world.secadmin
    numbered = enumerate(accounts.items(), first)
    rows = [f"{unit},{name},GH-{n},{account},{role}" for n, (account, (name, role, unit)) in numbered]
    administrator.log_in()
    administrator.home()
    administrator.click("账号", first=True)
    administrator.click("导入账号名单", first=True)
    administrator.upload("账号.csv", "\n".join(["单位,姓名,人员编号,账号,角色", *rows]).encode("utf-8-sig"))
    administrator.click("上传并预览")
    administrator.press("#content button[name=confirm]")
    administrator.picture("administrator")
    security.log_in()
    security.home()
    security.click("按名单提请授权")
    security.press("main form.asked button")
    security.picture("security")


def _take_letters(world, accounts):
    """Each takes the letter with the one-time link, sets the password and enrols the phone."""
    administrator = world.sysadmin
    administrator.home()
    administrator.click("登录通知书", first=True)
    letters = administrator.download("打印勾选账号的登录通知书")
    text = _text_of(letters)
    for username, (name, _, _) in accounts.items():
        world.people[username] = Person(world.office, world.chromium, username, name)
        world.people[username].accept_invitation(_link_of(username, text))


def _text_of(pdf):
    return subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def _link_of(username, letters):
    page = next(page for page in letters.split("\f") if username in page)
    return re.search(r"https://\S+/set-password/\w+/\w+-\w+/", page.replace("\n", "")).group()
