"""The first accounts of an installation and their owners."""

import re

from tests.e2e.whole_round.person import Person

# username: name, role, number
FIRST = {
    "sysadmin": ("邓建国", "系统管理员", "GH-001"),
    "secadmin": ("蒋丽华", "安全管理员", "GH-002"),
    "auditor": ("韩志强", "审计员", "GH-003"),
    "chief": ("周明", "评议办负责人", "GH-004"),
    "clerk": ("吴静", "评议办工作人员", "GH-005"),
    "clerk2": ("郑磊", "评议办工作人员", "GH-006"),
    "jiwei": ("冯涛", "纪委监委", "GH-007"),
}


def found(office, chromium):
    """Make the first accounts and let their owners accept them; return the people by account."""
    office.write("accounts.csv", "\n".join(["角色,姓名,人员编号,账号", *(",".join(row) for row in _rows())]))
    printed = office.command("setup", "--site", office.address, "--accounts", str(office.folder / "accounts.csv"))
    links = dict(re.findall(r"账号(\w+)）\s+(https://\S+)", printed))
    people = {}
    for username, (name, _, _) in FIRST.items():
        people[username] = Person(office, chromium, username, name)
        people[username].accept_invitation(links[username])
    return people


def _rows():
    return [(role, name, number, username) for username, (name, role, number) in FIRST.items()]
