"""`manage.py setup --site URL [--accounts FILE] [--profile FILE] [--out DIR]`: check the settings, begin the site."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from nanchuan_eval.accounts.letters import address_of, letter_files
from nanchuan_eval.accounts.links import OneTimeLink
from nanchuan_eval.backups import upgrades
from nanchuan_eval.core.faults import summed_up
from nanchuan_eval.installation.queries import clock_lines, database_line, setting_lines
from nanchuan_eval.installation.rules import (
    COLUMNS,
    OFFICES,
    ONLY_ONE_SECURITY,
    FirstAccount,
    Level,
    Line,
    Office,
    faults,
    named,
    read_accounts,
)
from nanchuan_eval.installation.services import ALREADY, install, renew_links
from nanchuan_eval.lists import workbooks
from nanchuan_eval.lists.rules.tables import TableError
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.management.files import make_folder, read_list, read_text, write_file, write_secret
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.profile.queries import newest_profile
from nanchuan_eval.profile.rules.profile import Profile
from nanchuan_eval.profile_changes.files import read_profile
from nanchuan_eval.profile_changes.services import INSTALLED, install_profile
from nanchuan_eval.users.models import User

YES = ("y", "yes", "是")


class Command(ServiceCommand):
    help = (
        "新装系统：检查配置，建立数据库各表和首批账号，给每人一个一次性链接。"
        "首批账号：系统管理员、安全管理员、审计员、评议办负责人、纪委监委各一人，评议办工作人员两人，一人一个账号。"
        "口令由本人打开链接后设置。中断的可以重新运行；建成后不能再次运行。"
    )
    requires_system_checks: list[str] = []  # this command tells their findings in its own lines
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--site", default="", metavar="URL", help="网站地址，如 https://pingyi.example；链接由它得出"
        )
        parser.add_argument(
            "--accounts", type=Path, metavar="FILE", help="首批账号的名单（.xlsx 或 .csv）；没有就逐项询问"
        )
        parser.add_argument(
            "--out", type=Path, metavar="DIR", help="把登录通知书（PDF，每人一份）写入这个目录，不在屏幕上显示链接"
        )
        parser.add_argument(
            "--profile",
            type=Path,
            metavar="FILE",
            help="本地的机构信息（TOML，写法见 deploy/example-district/profile.toml），通知书和网页从一开始就用它",
        )
        parser.add_argument("--template", type=Path, metavar="FILE", help="只输出名单模板（.xlsx）")
        parser.add_argument("--check", action="store_true", help="只检查配置")
        parser.add_argument(
            "--renew", nargs="*", metavar="NAME", help="给尚未设置口令的首批账号重新发链接（不写账号的，全部重发）"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["template"]:
            write_file(options["template"], workbooks.template("首批账号", COLUMNS))
            self.stdout.write(f"模板已写入“{options['template']}”。填写后运行：setup --accounts 文件 --site 地址")
            return
        profile = _profile(options)
        first = _listed(options["accounts"]) if options["accounts"] else []
        self._check(options["site"] or (None if options["check"] else ""))
        if options["check"]:
            return
        self._build()
        if options["renew"] is None:
            self._install(first, profile, options)
        else:
            with transaction.atomic():
                links = renew_links(usernames=options["renew"], by=OPERATOR, at=timezone.now())
                self._hand_over(links, options)

    def _check(self, site: str | None) -> None:
        lines: list[Line] = []
        for line in (*setting_lines(site), database_line()):
            lines.append(line)
            self.stdout.write(str(line))
        found = sum(line.level is Level.FAULT for line in lines)
        if found:
            raise CommandError(f"有{found}项须先改正（以×开头的各行），没有建立账号。改正后重新运行。")

    def _build(self) -> None:
        """Create the tables of an empty database, and judge the clocks, which are compared with a table."""
        if not upgrades.applied_migrations():
            self.stdout.write("正在建立数据库各表……")
            call_command("migrate", interactive=False, verbosity=0)
        lines = list(clock_lines())
        for line in lines:
            self.stdout.write(str(line))
        if any(line.level is Level.FAULT for line in lines):
            raise CommandError("请先校准时钟，没有建立账号。")

    def _install(self, first: list[FirstAccount], profile: Profile | None, options: dict[str, Any]) -> None:
        if User.objects.exists():  # before anything is asked
            raise CommandError(ALREADY)
        first = first or self._ask()
        with transaction.atomic():  # no accounts without their links
            links = install(first, by=OPERATOR, at=timezone.now())
            if profile:  # before the letters, which name the office
                install_profile(profile=profile, reason=INSTALLED, by=OPERATOR, at=timezone.now())
            self._hand_over(links, options)
        if sum(one.role == "SEC" for one in first) == 1:
            self.stdout.write(f"{Level.WARNING.value} {ONLY_ONE_SECURITY}")
        self._say_whose(profile)
        self.stdout.write(
            f"已建立{len(links)}个账号。各人在期限内打开链接设置口令，再绑定动态口令。"
            "链接遗失或者过期的，运行 setup --renew 账号 --site 地址。"
        )

    def _say_whose(self, profile: Profile | None) -> None:
        how = "在“系统 → 机构信息”提请修改"
        if profile is None:
            self.stdout.write(
                f"{Level.WARNING.value} 机构信息为默认的（{newest_profile().district}），其他区县请{how}。"
            )
            return
        self.stdout.write(f"机构信息：{profile.site_name}。以后由系统管理员{how}，评议办负责人审批。")

    def _hand_over(self, links: Sequence[OneTimeLink], options: dict[str, Any]) -> None:
        site, out = options["site"], options["out"]
        until = f"{timezone.localtime(links[0].good_until):%Y年%-m月%-d日 %H:%M}"
        if out:
            _write_letters(links, site, out)
            self.stdout.write(f"登录通知书{len(links)}份已写入“{out}”，链接{until}前有效。交给本人后请删除这些文件。")
            return
        self.stdout.write(f"一次性链接（{until}前有效，只显示这一次，请分别交给本人）：")
        for link in links:
            account = link.account
            self.stdout.write(f"{account.get_role_display()} {account.name}（账号{account.username}）")
            self.stdout.write(f"    {address_of(link, site)}")

    def _ask(self) -> list[FirstAccount]:
        if not sys.stdin.isatty():
            text = "请在终端中运行，逐项回答；或者用 --template FILE 得到名单模板，填写后用 --accounts FILE。"
            raise CommandError(text, returncode=2)
        self.stdout.write("请逐人填写。人员编号填写工号等，各人不同；账号直接回车的，由系统起名。")
        try:
            first = named([one for office in OFFICES for one in self._ask_for(office)])
            self._show(first)
            is_agreed = input("建立以上账号？（y/n）").strip().lower() in YES
        except (EOFError, KeyboardInterrupt):
            raise CommandError("已中断，没有建立账号。", returncode=2) from None
        if found := list(faults(first)):
            raise CommandError("\n".join(found))
        if not is_agreed:
            raise CommandError("没有建立账号。", returncode=2)
        return first

    def _ask_for(self, office: Office) -> Iterable[FirstAccount]:
        for number in range(1, office.least + 1):
            which = f"{office.label}（第{number}人）" if office.least > 1 else office.label
            name, code = _answer(f"{which}姓名："), _answer("    人员编号：")
            yield FirstAccount(office.role, name, code, input("    账号（可不填）：").strip())

    def _show(self, accounts: Iterable[FirstAccount]) -> None:
        for one in accounts:
            self.stdout.write(f"{one.label}：{one.name}，人员编号{one.person_code}，账号{one.username}")


def _profile(options: dict[str, Any]) -> Profile | None:
    path = options["profile"]
    if path and options["renew"] is not None:
        raise CommandError("--profile 只在新装时使用；之后在“系统 → 机构信息”提请修改。", returncode=2)
    return read_profile(read_text(path)) if path else None


def _answer(question: str) -> str:
    while not (text := input(question).strip()):
        pass
    return text


def _listed(path: Path) -> list[FirstAccount]:
    try:
        return read_accounts(read_list(path))
    except TableError as error:
        lines = "\n".join(summed_up(error.faults))
        raise CommandError(f"文件“{path}”不能用：\n{lines}") from None


def _write_letters(links: Sequence[OneTimeLink], site: str, out: Path) -> None:
    """Write a letter for each person, or none: without all of them no account is created."""
    make_folder(out)
    written: list[Path] = []
    try:
        for username, pdf in letter_files(links, site=site, at=timezone.now()):
            path = out / f"登录通知书-{username}.pdf"
            write_secret(path, pdf)
            written.append(path)
    except BaseException:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
