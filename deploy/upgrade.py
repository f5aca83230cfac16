#!/usr/bin/env python3
"""From the running version to another, and back by itself if anything fails (docs/operations.md, 2).

Standard library only; read whole before the files are exchanged. What it does stands in `Upgrade.run`, in order.
"""

import argparse
import fcntl
import hashlib
import http.client
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DONE, REFUSED, WENT_BACK, STANDS_STILL = 0, 1, 3, 4
APPS = ("nanchuan_eval", "departments", "evaluations", "accountability")
ALIVE_WITHIN = 90  # seconds
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OK, NOT_FOUND = 200, 404
LONGEST_NAME = 63  # of a database
# Settings whose value is a list, as pg_dump knows them: quoted as a whole they would be one strange name.
LISTS = {"local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces"}
LISTED = re.compile(r'"((?:[^"]|"")*)"|([^\s,"]+)')
# Stages in which packages and files may have been exchanged, and the database with them.
HAS_OTHER_FILES = {"exchanging", "migrating", "serving", "restored", "back"}
HAS_OTHER_DATABASE = {"migrating", "serving"}
# Everything, by name too: units that an earlier version has put into /etc may not be part of the target.
STOP = "systemctl stop nanchuan.target 'nanchuan*.timer' 'nanchuan*.service'"
START = "systemctl start nanchuan.target"

# Run by the Python of either version; names of models and columns that all versions have.
SET_UP = """
import json, os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanchuan_eval.settings")
import django
django.setup()
from django.apps import apps
from django.conf import settings
from django.db import connection
entries = apps.get_model("nanchuan_eval", "AuditEntry").objects.order_by("-seq").values_list("seq", flat=True)
"""
LAST_ENTRY = f"{SET_UP}print(entries.first() or 0)"
FACTS = (
    SET_UP  # noqa: S608  no input
    + """
CLOSED = ["sealed", "counted", "review", "published", "closed"]
rounds = apps.get_model("evaluations", "Round").objects.order_by("-closes_at")
given, user, is_apart = connection.settings_dict, "", False
if connection.vendor == "postgresql":
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'nanchuan_eval_auditentry'")
        is_apart = cursor.fetchone() == ("nanchuan_audit",)
        cursor.execute("SELECT current_user")
        user = cursor.fetchone()[0]
print(json.dumps({
    "vendor": connection.vendor, "database": str(given["NAME"]), "is_apart": is_apart,
    "host": str(given["HOST"]), "port": str(given["PORT"]), "user": user,
    "open": list(rounds.filter(state="open").values_list("name", flat=True)),
    "waiting": apps.get_model("evaluations", "BallotSpool").objects.count(),
    "closed": list(rounds.filter(state__in=CLOSED).values_list("key", flat=True)[:1]),
    "site": next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost"),
}))
"""
)


NO_SUPERUSER = (
    "升级和退回需要数据库超级用户，UPGRADE_PSQL 没有以它连接上。数据库在另一台机器的，见 docs/operations.md 第2.1节。"
)


class Failed(Exception):
    """A step did not succeed; the text says why, in Chinese."""


FAULTS = (Failed, OSError, ValueError, KeyError)


class Log:
    """Tells the operator in a line what is done, and writes down what every command said."""

    def __init__(self, folder: Path, at: str) -> None:
        self.path = folder / f"upgrade-{at}.log"
        self.file = self.path.open("a", encoding="utf-8")
        self.path.chmod(0o640)

    def say(self, text: str) -> None:
        self.write(text)
        with suppress(OSError, ValueError):  # the terminal may be gone
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    def write(self, text: str) -> None:
        with suppress(OSError):  # a full disk, of which the steps themselves tell
            self.file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
            self.file.flush()


class Machine:
    """The commands of this machine: what they are, and how they are run and written down."""

    def __init__(self, given: Mapping[str, str], log: Log) -> None:
        is_root = os.geteuid() == 0
        self.is_interrupted = False
        self.project = Path(given.get("UPGRADE_PROJECT", str(Path(__file__).resolve().parent.parent)))
        self.log = log
        user = given.get("UPGRADE_USER", "nanchuan" if is_root else "")
        home = pwd.getpwnam(user).pw_dir if user else ""
        self.as_user = ["runuser", "-u", user, "--", "env", f"HOME={home}"] if user else []
        self.stop = given.get("UPGRADE_STOP", STOP)
        self.start = given.get("UPGRADE_START", START)
        self.alive = given.get("UPGRADE_ALIVE", "http://127.0.0.1:8000/readyz")
        self.wheels = given.get("UPGRADE_WHEELS", "")
        self.keeps_packages = given.get("UPGRADE_PACKAGES", "") == "keep"
        self.psql = shlex.split(given.get("UPGRADE_PSQL", "runuser -u postgres -- psql"))
        self.python = given.get("UPGRADE_PYTHON", str(self.project / ".venv" / "bin" / "python"))

    def run(self, *command: object, env: Mapping[str, str] | None = None, what: str = "", umask: int = 0o022) -> str:
        """Run a command in the project's folder; returns what it printed. Ctrl-C waits for its end."""
        if self.is_interrupted:
            raise Failed("被中断。")
        words = [str(word) for word in command]
        self.log.write("$ " + (what or shlex.join(words)))
        done = subprocess.run(  # noqa: S603  the operator's own commands
            words, cwd=self.project, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False,
            start_new_session=True, umask=umask,
        )  # fmt: skip
        for line in (done.stdout + done.stderr).splitlines() if not what else ():
            self.log.write(f"    {line}")
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
            raise Failed(f"命令没有成功（{what or shlex.join(words)}）：{' '.join(said)}")
        return done.stdout

    def shell(self, command: str) -> None:
        if command:
            self.run("/bin/sh", "-c", command)

    def git(self, *arguments: object) -> str:
        return self.run("git", *arguments).strip()

    def manage(self, *arguments: object) -> str:
        """Run a command of the application as its own user; what it writes is for that user alone."""
        return self.run(*self.as_user, self.python, "manage.py", *arguments, umask=0o077)

    def finish_files(self) -> None:
        """Make static files, and bytecode, which the site itself may not write."""
        self.run(self.python, "manage.py", "collectstatic", "--noinput", "-v0")
        self.run(self.python, "-m", "compileall", "-q", *APPS)

    def ask(self, program: str, what: str) -> Any:
        """Run a few lines inside the project's settings; their answer may hold a password and is not written down."""
        return json.loads(self.run(*self.as_user, self.python, "-c", program, what=what).splitlines()[-1])

    def sql(self, facts: Mapping[str, Any], database: str, statement: str) -> str:
        """Run a statement as the database's superuser (UPGRADE_PSQL)."""
        where = {"PGHOST": facts["host"], "PGPORT": facts["port"]}
        if "," in facts["host"]:  # of two database servers the one that can be written to
            where["PGTARGETSESSIONATTRS"] = "read-write"
        arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement]
        return self.run(*self.psql, *arguments, env={name: text for name, text in where.items() if text}).strip()

    def wait_until_alive(self, site: str) -> None:
        """Wait until the site's /readyz answers; a version before that address has /healthz."""
        if not self.alive:
            return
        address, ends_at, answer = urlsplit(self.alive), time.monotonic() + ALIVE_WITHIN, "没有应答"
        path = address.path
        while time.monotonic() < ends_at and not self.is_interrupted:
            connection = http.client.HTTPConnection(address.netloc, timeout=10)
            try:
                connection.request("GET", path, headers={"Host": site, "X-Forwarded-Proto": "https"})
                status = connection.getresponse().status
                if status == OK:
                    return
                answer = f"状态码{status}"
                path = "/healthz" if status == NOT_FOUND else path
            except (OSError, http.client.HTTPException) as fault:
                answer = f"没有应答（{type(fault).__name__}）"
            finally:
                connection.close()
            time.sleep(1)
        raise Failed(f"网站启动后{ALIVE_WITHIN}秒内没有恢复服务：{self.alive} {answer}。")


class Upgrade:
    """One upgrade: what the way back needs is in `kept`, on the disk, before anything changes."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine, self.log, self.state = machine, machine.log, folder / "upgrade.json"
        self.kept: dict[str, Any] = {}
        self.venv, self.old_venv = machine.project / ".venv", machine.project / ".venv.before"
        self.new_venv = machine.project / ".venv.after"  # set aside by the way back

    def run(self, target: str) -> int:
        """Take the site to the target version; anything that fails after the stop leads back."""
        try:
            facts = self._prepare(target)
        except FAULTS as fault:
            self.log.say(f"× 没有开始升级，什么都没有改动，网站照常运行：{fault}")
            return REFUSED
        try:
            self._step("停止网站和定时任务", lambda: self.machine.shell(self.machine.stop))
            self._step("备份，并读回核对", lambda: self._back_up(facts))
            self._step(f"换上{target}的程序和依赖包", self._exchange_files)
            self._step("升级数据库，核对设置、操作日志和全部轮次", lambda: self._migrate(facts))
            self._step("核验已结束的轮次", self._verify)
            self._step("启动网站和定时任务", self._start)
        except FAULTS as fault:
            self.log.say(f"× 没有升级：{fault}")
            return self.go_back()
        self.log.say(f"升级完成，现为{target}。请打开首页和名单查看，登录一次，再做一次备份。")
        self.log.say(f"升级前的备份：{self.kept['backup']}；记录：{self.log.path}")
        self._compare()
        return DONE

    def go_back(self, *, even_if_used: bool = False) -> int:
        """Restore files, packages and database to what they were before, and start the old version.

        Cut short at whatever point, the same again goes on from there: every step finds out what has been done.
        """
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        self.machine.is_interrupted = False
        is_later = not self.kept
        kept = self.kept = self.kept or json.loads(self.state.read_text(encoding="utf-8"))
        if kept["stage"] == "returned":
            self.log.say(f"× 最近一次升级已经退回{kept['version']}，没有可以退回的。")
            return REFUSED
        self.log.say(f"正在退回{kept['version']}。")
        if is_later and kept["stage"] == "serving":
            # Before anything is stopped: a site that goes on serving is better than one between two versions.
            try:
                self._refuse_what_is_missing()
                self._refuse_loss(even_if_used=even_if_used)
            except FAULTS as fault:
                self.log.say(f"× 没有退回，网站照常运行：{fault}")
                return REFUSED
        try:
            self._return(even_if_used=even_if_used)
        except FAULTS as fault:
            self.log.say(f"× 没有退回，网站没有启动：{fault}")
            self.log.say(
                "排除原因后运行 deploy/upgrade.py --back，从断处接着办；或者按 docs/operations.md 第2.3节人工办理。"
            )
            self.log.say(f"升级前的备份：{kept.get('backup', '没有')}；记录：{self.log.path}")
            return STANDS_STILL
        self.log.say(f"已退回{kept['version']}，网站已启动，数据与升级之前相同。记录：{self.log.path}")
        with suppress(OSError):
            _remove(self.new_venv)
        self._compare()
        return WENT_BACK

    def _return(self, *, even_if_used: bool) -> None:
        kept = self.kept
        if kept["stage"] != "prepared":
            self._step("停止网站和定时任务", lambda: self.machine.shell(self.machine.stop))
        if kept["stage"] in HAS_OTHER_FILES:
            self._refuse_what_is_missing()
            self._step("换回原来的程序和依赖包", self._return_files)
        if kept["stage"] in HAS_OTHER_DATABASE:
            self._refuse_loss(even_if_used=even_if_used)
            self._step("把数据库和证据恢复到升级之前", self._return_database)
        self._step("核验操作日志和已结束的轮次", lambda: self._verify(audit=True))
        self._step("启动网站和定时任务", lambda: self._start(stage="back"))
        self._keep(stage="returned")

    def _compare(self) -> None:
        """Say what of /etc is of another version than the files now are, and the command that mends it."""
        try:
            said = self.machine.run("deploy/install.sh", "--compare")
        except FAULTS:
            said = "没有比较 /etc 中的文件：这个版本的 deploy/install.sh 不能比较（docs/operations.md 第2.1节）。"
        for line in said.splitlines():
            self.log.say(line)

    def _prepare(self, target: str) -> dict[str, Any]:
        """Everything that can be found out and fetched while the site runs; a failure here changes nothing."""
        machine, facts = self.machine, {}
        self.log.say(f"升级到{target}。记录：{self.log.path}")

        def look() -> None:
            if machine.git("status", "--porcelain", "--untracked-files=no"):
                raise Failed("程序文件有改动（git status），请先处理。")
            facts.update(machine.ask(FACTS, "读取设置和数据库"))
            self._refuse_vote(facts)
            if facts["vendor"] == "postgresql":
                self._refuse_other_role(facts)

        def fetch() -> None:
            with suppress(Failed):  # a server without a way out gets its versions as a bundle beforehand
                machine.git("fetch", "--quiet", "--tags")
            self.kept = {
                "from": machine.git("rev-parse", "HEAD"),
                "branch": machine.git("branch", "--show-current"),
                "version": machine.git("describe", "--always", "--tags"),
                "to": machine.git("rev-parse", "--verify", f"{target}^{{commit}}"),
                "stage": "prepared",
                **{name: facts[name] for name in ("vendor", "database", "host", "port", "is_apart", "user", "site")},
                "round": facts["closed"][0] if facts["closed"] else "",
            }
            if self.kept["from"] == self.kept["to"]:
                raise Failed(f"现在就是{target}，不需要升级。")
            self._fetch_packages()

        self._step("查看现状：没有正在评议的轮次", look)
        self._step("取得新版本和依赖包", fetch)
        self._step("用现在的版本核验操作日志和已结束的轮次", lambda: self._verify(audit=True))
        self._keep()
        for folder in (self.old_venv, self.new_venv):  # of an earlier upgrade, whose way back ends here
            _remove(folder)
        return facts

    def _step(self, label: str, work: Callable[[], object]) -> None:
        work()
        self.log.say(f"√ {label}")

    def _keep(self, **facts: object) -> None:
        """Write down what the way back needs; without the database's password."""
        self.kept.update(facts)
        scratch = self.state.with_suffix(".part")
        scratch.write_text(json.dumps(self.kept, ensure_ascii=False, indent=1), encoding="utf-8")
        scratch.replace(self.state)

    def _refuse_vote(self, facts: Mapping[str, Any]) -> None:
        if facts["open"] or facts["waiting"]:
            names = "、".join(facts["open"])
            raise Failed(f"有轮次正在评议（{names}），或者有待封箱的评议票（{facts['waiting']}张）。请封箱之后再升级。")

    def _refuse_other_role(self, facts: Mapping[str, Any]) -> None:
        try:
            is_superuser = self.machine.sql(facts, "postgres", "SHOW is_superuser") == "on"
        except Failed as fault:
            raise Failed(f"{NO_SUPERUSER}{fault}") from None
        if not is_superuser:
            raise Failed(NO_SUPERUSER)

    def _fetch_packages(self) -> None:
        """Download the new version's packages while the site runs, so that the interruption is short."""
        machine = self.machine
        if machine.keeps_packages or machine.wheels:
            return
        shutil.rmtree(self._downloads, ignore_errors=True)
        self._downloads.mkdir(parents=True)
        wanted = self._downloads / "requirements.txt"
        wanted.write_text(machine.git("show", f"{self.kept['to']}:requirements.txt") + "\n", encoding="utf-8")
        pip = (machine.python, "-m", "pip", "--disable-pip-version-check")
        machine.run(*pip, "download", "--quiet", "--require-hashes", "-r", wanted, "-d", self._downloads)

    @property
    def _downloads(self) -> Path:
        return self.state.parent / "packages"

    def _back_up(self, facts: dict[str, Any]) -> None:
        machine = self.machine
        facts.update(machine.ask(FACTS, "读取数据库"))
        self._refuse_vote(facts)  # a round may have been opened since the first look
        path = machine.manage("backup").splitlines()[0].strip()
        machine.manage("restore", path, "--verify")
        self._keep(backup=path, digest=_digest(Path(path)), stage="backed up")

    def _exchange_files(self) -> None:
        machine = self.machine
        self._keep(stage="exchanging")
        if not machine.keeps_packages:
            copy = self.old_venv.with_name(".venv.copy")
            _remove(copy)
            shutil.copytree(self.venv, copy, symlinks=True)
            copy.rename(self.old_venv)  # whole, or it is not there
            self._keep(has_old_venv=True)
        machine.git("switch", "--quiet", "--detach", self.kept["to"])
        if not machine.keeps_packages:
            source = machine.wheels or str(self._downloads)
            pip = (machine.python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
            machine.run(*pip, "--no-index", "--find-links", source, "--require-hashes", "-r", "requirements.txt")
        machine.finish_files()

    def _migrate(self, facts: Mapping[str, Any]) -> None:
        """Migrate and check all; the right to change the audit log's tables is lent for it where they are apart."""
        machine = self.machine
        self._keep(stage="migrating")
        if facts["is_apart"]:
            machine.sql(facts, facts["database"], f'GRANT nanchuan_audit TO "{facts["user"]}"')
        try:
            said = machine.manage("upgrade")
        finally:
            if facts["is_apart"]:
                machine.sql(facts, facts["database"], f'REVOKE nanchuan_audit FROM "{facts["user"]}"')
        for line in said.splitlines():
            self.log.say(f"    {line}")
        machine.manage("check", "--database", "default")
        self._keep(seq=machine.ask(LAST_ENTRY, "读取操作日志的最后编号"))

    def _verify(self, *, audit: bool = False) -> None:
        if audit:
            self.machine.manage("verify_audit")
        if self.kept["round"]:
            self.machine.manage("verify_round", self.kept["round"])

    def _start(self, stage: str = "serving") -> None:
        self._keep(stage=stage)
        self.machine.shell(self.machine.start)
        self.machine.wait_until_alive(self.kept["site"])

    def _refuse_what_is_missing(self) -> None:
        """Refuse a way back without the packages or the backup over which it leads."""
        kept, venvs = self.kept, (self.old_venv, self.new_venv)
        if self._has_old_venv and not any(folder.is_dir() for folder in venvs):
            raise Failed(
                f"{self.old_venv} 不在了，换不回原来的依赖包。请在 {self.venv} 中另行装好{kept['version']}的依赖包，"
                "再以 UPGRADE_PACKAGES=keep 运行。"
            )
        if kept["stage"] in HAS_OTHER_DATABASE:
            backup = Path(kept["backup"])
            if not backup.is_file() or _digest(backup) != kept["digest"]:
                raise Failed(f"升级前的备份 {backup} 不在了，或者不是原来的文件。请从另一台机器拷回原处，再运行。")

    @property
    def _has_old_venv(self) -> bool:
        return "has_old_venv" in self.kept and not self.machine.keeps_packages

    def _return_files(self) -> None:
        machine, kept = self.machine, self.kept
        if self._has_old_venv and self.old_venv.is_dir():
            if self.venv.is_dir():
                _remove(self.new_venv)
                self.venv.rename(self.new_venv)
            self.old_venv.rename(self.venv)
        for name in ("index.lock", "HEAD.lock"):  # of a git that was cut short; no other one runs now
            (machine.project / machine.git("rev-parse", "--git-path", name)).unlink(missing_ok=True)
        is_there = kept["branch"] and machine.git("rev-parse", f"refs/heads/{kept['branch']}") == kept["from"]
        back_to = [kept["branch"]] if is_there else ["--detach", kept["from"]]
        machine.git("switch", "--quiet", "--discard-changes", *back_to)
        machine.finish_files()

    def _refuse_loss(self, *, even_if_used: bool) -> None:
        """Refuse to throw away what was done in the new version, unless the operator says so."""
        seq = self.kept.get("seq")
        if seq is None or even_if_used or "aside" in self.kept:
            return
        if (found := self.machine.ask(LAST_ENTRY, "读取操作日志的最后编号")) > seq:
            raise Failed(f"升级之后已有{found - seq}条新的操作记录，退回会丢失。确需退回的，加 --even-if-used 再运行。")

    def _return_database(self) -> None:
        """Set the migrated database aside and restore the backup into an empty one of the same name."""
        machine, kept = self.machine, self.kept
        if kept["vendor"] == "sqlite":
            self._set_file_aside()
        else:
            self._set_aside()
        self.log.say(f"    升级过的数据库另存为{kept['aside']}，查明原因后销毁。")
        machine.manage("restore", kept["backup"])
        if kept["is_apart"]:
            self._separate_audit_role()
        self._keep(stage="restored")

    def _name_aside(self, exists: Callable[[str], bool]) -> str:
        """Return under which name to set the database aside, written down beforehand; a second try has another one."""
        kept = self.kept
        if "aside" not in kept or exists(kept["aside"]):
            stem = kept["database"] if kept["vendor"] == "sqlite" else kept["database"][: LONGEST_NAME - 26]
            stem += f"_aside_{time.strftime('%Y%m%d_%H%M%S')}"
            name = next(name for name in (f"{stem}{more}" for more in ("", "_2", "_3", "_4")) if not exists(name))
            if "aside" not in kept:
                self._keep(aside=name)
            else:  # what an earlier try has made; the name of the upgraded one stays written down
                self.log.say(f"    上次没有完成的恢复另存为{name}，退回之后销毁。")
            return name
        return str(kept["aside"])

    def _set_file_aside(self) -> None:
        database = self.kept["database"]
        aside = self._name_aside(lambda name: Path(name).exists())
        for suffix in ("-wal", "-shm", ""):  # as long as the last is there, the next try goes on
            with suppress(FileNotFoundError):
                Path(database + suffix).rename(aside + suffix)

    def _set_aside(self) -> None:
        """Rename the database, if it is there, and make an empty one with the same sorting order and settings."""
        kept, name = self.kept, self.kept["database"]

        def ask(statement: str) -> str:
            return self.machine.sql(kept, "postgres", statement)

        def exists(other: str) -> bool:
            return bool(ask(f"SELECT 1 FROM pg_database WHERE datname = '{other}'"))  # noqa: S608

        if "settings" not in kept:
            self._keep(**_qualities(ask, name))
        if exists(name):
            aside = self._name_aside(exists)
            ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
            ask(f'ALTER DATABASE "{name}" RENAME TO "{aside}"')
        same = f"ENCODING 'UTF8' LC_COLLATE '{kept['order']}' LC_CTYPE '{kept['kind']}'"
        ask(f'CREATE DATABASE "{name}" OWNER "{kept["user"]}" TEMPLATE template0 {same}')
        for setting in kept["settings"]:
            ask(f'ALTER DATABASE "{name}" SET {as_assignment(setting)}')

    def _separate_audit_role(self) -> None:
        """Give the audit log's tables to their own role again; rights that this needs are lent for the moment."""
        machine, kept = self.machine, self.kept
        database, user = kept["database"], kept["user"]
        for statement in (f'GRANT nanchuan_audit TO "{user}"', "GRANT CREATE ON SCHEMA public TO nanchuan_audit"):
            machine.sql(kept, database, statement)
        try:
            machine.manage("separate_audit_role", user)
        finally:
            machine.sql(kept, database, "REVOKE CREATE ON SCHEMA public FROM nanchuan_audit")
            machine.sql(kept, database, f'REVOKE nanchuan_audit FROM "{user}"')


def main(arguments: Sequence[str]) -> int:
    """Upgrade, or go back from an earlier upgrade; one at a time."""
    parser = argparse.ArgumentParser(description="升级到另一版本，失败时自动退回。设置见 docs/operations.md 第2节。")
    parser.add_argument("version", nargs="?", metavar="VERSION", help="要升级到的版本（git 的标签或提交）")
    parser.add_argument("--back", action="store_true", help="退回最近一次升级之前（升级完成后，或者升级中途断电后）")
    parser.add_argument("--even-if-used", action="store_true", help="和 --back 一起：放弃升级之后办理的事项")
    options = parser.parse_args(arguments)
    if bool(options.version) == options.back:
        parser.error("请写明版本，或者 --back")
    folder = Path(os.environ.get("UPGRADE_LOG", "/var/log/nanchuan"))
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    log = Log(folder, time.strftime("%Y%m%d-%H%M%S"))
    with (folder / "upgrade.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            log.say("× 另一次升级正在进行。")
            return REFUSED
        work = Upgrade(Machine(os.environ, log), folder)
        if options.back:
            if not work.state.is_file():
                log.say("× 没有可以退回的升级。")
                return REFUSED
            return work.go_back(even_if_used=options.even_if_used)
        for number in STOPPING:
            signal.signal(number, lambda *_: setattr(work.machine, "is_interrupted", True))
        return work.run(options.version)


def as_assignment(setting: str) -> str:
    """Return a setting, as the database's catalog has it, as ALTER DATABASE … SET wants it."""
    name, _, value = setting.partition("=")
    values = (
        [quoted.replace('""', '"') or plain for quoted, plain in LISTED.findall(value)] if name in LISTS else [value]
    )
    literals = ", ".join("'" + one.replace("'", "''") + "'" for one in values)
    return f"{name} = {literals}"


def _qualities(ask: Callable[[str], str], database: str) -> dict[str, Any]:
    """Ask for a database's sorting order and settings."""
    of_it = f"datname = '{database}'"
    order, kind = ask(f"SELECT datcollate || '|' || datctype FROM pg_database WHERE {of_it}").split("|")  # noqa: S608
    settings = ask(
        "SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase"  # noqa: S608
        f" WHERE setrole = 0 AND {of_it}"
    )
    return {"order": order, "kind": kind, "settings": settings.splitlines()}


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
