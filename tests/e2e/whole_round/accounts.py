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
    "jiwei2": ("潘勇", "纪委监委", ""),
}


def open_the_accounts(world):
    """The accounts of the units' liaisons and of the personnel office; the chief approves their roles."""
    _open(world, LATER, first=101)
    world.chief.approve_together("授权")
    _take_letters(world, LATER)


def open_the_later_accounts(world):
    """The accounts of inspectors, whom the chief approves, and of a second commissioner, whom the first approves."""
    _open(world, AFTER_THE_LIST, first=201)
    world.chief.log_in()
    world.chief.approve_together("授权")
    world.jiwei.log_in()
    world.jiwei.approve("授权")
    _take_letters(world, AFTER_THE_LIST)


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
    text = subprocess.run(["pdftotext", "-raw", "-", "-"], input=letters, capture_output=True, check=True).stdout
    world.notes["letters"] = text.decode()
    for username, (name, _, _) in accounts.items():
        world.people[username] = Person(world.office, world.chromium, username, name)
        world.people[username].accept_invitation(_link_of(username, world.notes["letters"]))


def _link_of(username, letters):
    page = next(page for page in letters.split("\f") if username in page)
    return re.search(r"https://\S+/set-password/\w+/\w+-\w+/", page.replace("\n", "")).group()
