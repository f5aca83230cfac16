"""deploy/install.sh: refuses in Chinese what it cannot do, makes settings once, and is right about databases."""

import os
import re
import shutil
import subprocess

import pytest

from tests.paths import ROOT

SCRIPT = ROOT / "deploy" / "install.sh"
FUNCTIONS = SCRIPT.read_text("utf-8").partition("\nwhile [ $# -gt 0 ]")[0]


def run(*arguments):
    return subprocess.run(["bash", str(SCRIPT), *arguments], text=True, capture_output=True, check=False)


def in_shell(folder, text, **environment):
    """Run shell text after the script's functions, in a folder; what it needs of the machine can be replaced."""
    return subprocess.run(
        ["bash", "-c", f"{FUNCTIONS}\n{text}"], cwd=folder, env={**os.environ, **environment},
        text=True, capture_output=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "请写明网站的主机名"),
        (("https://pingyi.example.gov.cn",), "不是主机名"),
        (("Pingyi.example",), "不是主机名"),
        (("pingyi",), "不是主机名"),
        (("a.b; rm -r x",), "不是主机名"),
        (("--proxy", "apache", "pingyi.example.gov.cn"), "--proxy 只能是"),
        (("--only", "packages,everything"), "没有这个步骤：everything"),
        (("--fast", "pingyi.example.gov.cn"), "没有这个选项：--fast"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence_and_before_anything_is_done(arguments, told):
    done = run(*arguments)

    assert done.returncode == 1
    assert told in done.stderr
    assert "==" not in done.stdout


def test_it_runs_where_the_units_look_for_it():
    done = run("pingyi.example.gov.cn")

    assert done.returncode == 1
    assert ("/srv/nanchuan" if os.geteuid() == 0 else "root") in done.stderr


def test_the_help_names_every_step_in_its_order_and_the_document_has_them():
    told = re.findall(r"^  ([a-z]+) +\S", run("--help").stdout.partition("步骤，依次为")[2], re.M)
    functions = re.findall(r"^([a-z]+)\(\) \{", FUNCTIONS, re.M)
    page = (ROOT / "docs" / "installation.md").read_text("utf-8")

    assert len(told) == 14
    assert set(told) <= set(functions)
    assert [step for cell in re.findall(r"^\| (`[^|]+`) \|", page, re.M) for step in re.findall(r"`([a-z]+)`", cell)][
        :14
    ] == told


@pytest.mark.parametrize(
    ("readable", "told"), [("true", "setup --site https://a.example --out"), ("false", "账号 nanchuan 读不到")]
)
def test_the_districts_profile_goes_to_the_setup_if_the_application_can_read_it(tmp_path, readable, told):
    fakes = f'install() {{ :; }}; runuser() {{ {readable}; }}; manage() {{ [ "$1" = setup ] && echo "$*"; }}'
    done = in_shell(tmp_path, f"{fakes}; site=a.example accounts_file=/dev/null profile_file=/p/profile.toml; accounts")

    assert told in done.stdout + done.stderr
    assert ("--profile /p/profile.toml" in done.stdout) == (readable == "true")
    assert done.returncode == (0 if readable == "true" else 1)


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("postgres:///nanchuan", True),
        ("postgres://:5433/nanchuan", True),
        ("postgres://nanchuan:word@10.0.0.5:5432/nanchuan", False),
        ("sqlite:////tmp/x", False),
    ],
)
def test_a_database_on_this_machine_is_told_from_one_elsewhere(tmp_path, url, is_local):
    (tmp_path / ".env").write_text(f"DATABASE_URL=postgres:///old\nDATABASE_URL={url}\n")

    assert (in_shell(tmp_path, "is_local_database").returncode == 0) == is_local


@pytest.fixture
def checkout(tmp_path):
    """A folder with what the step `settings` reads."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "env.example", tmp_path / "deploy")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


# No user nanchuan here, and a cluster on the second port.
PLAIN = (
    'install() { command install -m 640 /dev/null "${!#}"; }; cluster() { echo 17 main 5433 online; }; site=a.example; '
)


def test_settings_are_made_once_with_keys_of_their_own(checkout):
    first = in_shell(checkout, f"{PLAIN} settings")
    made = (checkout / ".env").read_text()
    second = in_shell(checkout, f"{PLAIN} settings")
    values = dict(line.split("=", 1) for line in made.splitlines() if re.match(r"[A-Z_]+=", line))

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (checkout / ".env").read_text() == made
    assert not list(checkout.glob(".env.new"))
    assert (checkout / ".env").stat().st_mode & 0o777 == 0o640
    assert values["ALLOWED_HOSTS"] == "a.example"
    assert values["DATABASE_URL"] == "postgres://:5433/nanchuan"
    assert (values["DEBUG"], values["TRUSTED_PROXIES"]) == ("false", "127.0.0.1")
    assert len(values["SECRET_KEY"]) >= 50
    assert len(values["FIELD_KEY"]) == 44


def test_two_servers_get_different_keys(checkout, tmp_path):
    made = []
    for _ in range(2):
        in_shell(checkout, f"{PLAIN} settings")
        made.append((checkout / ".env").read_text())
        (checkout / ".env").unlink()

    assert not set(re.findall(r"_KEY=(.+)", made[0])) & set(re.findall(r"_KEY=(.+)", made[1]))


def test_settings_without_a_key_stop_it(checkout):
    (checkout / ".env").write_text("SECRET_KEY=\nFIELD_KEY=x\n")
    done = in_shell(checkout, f"{PLAIN} settings")

    assert done.returncode == 1
    assert "没有 SECRET_KEY 或 FIELD_KEY" in done.stderr


@pytest.mark.parametrize(
    ("state", "told"), [("own", "自签证书"), ("other name", "没有 a.example 这个名字"), ("other key", "不是一对")]
)
def test_a_certificate_is_judged(tmp_path, state, told):
    name = "b.example" if state == "other name" else "a.example"
    script = (
        f"CERTIFICATES={tmp_path}; site={name}; certificate >/dev/null; site=a.example; "
        + (f"openssl genrsa -out {tmp_path}/site.key 2048 2>/dev/null; " if state == "other key" else "")
        + "certificate"
    )
    done = subprocess.run(
        ["bash", "-c", FUNCTIONS.replace("readonly CERTIFICATES=$ETC/nanchuan ", "readonly ") + "\n" + script],
        cwd=tmp_path, text=True, capture_output=True, check=False,
    )  # fmt: skip

    assert told in done.stdout + done.stderr
    assert (done.returncode == 0) == (state != "other key")


@pytest.fixture
def etc(tmp_path):
    """Run shell text after the script's functions, with another folder as /etc."""
    functions = FUNCTIONS.replace("STATE=/var/lib/nanchuan ETC=/etc", f"STATE=/var/lib/nanchuan ETC={tmp_path}")
    assert functions != FUNCTIONS

    def shell(text):
        return subprocess.run(
            ["bash", "-c", f"{functions}\nsite=a.example; {text}"],
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=False,
        )

    return shell


def test_what_was_answered_once_is_remembered(etc):
    done = etc("remember proxy nginx; remember units a; remember proxy caddy; remember units 'a b'")

    assert (done.returncode, done.stderr) == (0, "")
    assert etc("remembered proxy; remembered units; remembered other").stdout == "caddy\na b\n"


def test_what_somebody_changed_in_a_file_of_etc_is_kept_beside_the_new_one(etc, tmp_path):
    (tmp_path / "site").write_text("changed by hand")

    first = etc("echo new | put $ETC/site")
    second = etc("echo new | put $ETC/site")

    assert (tmp_path / "site").read_text() == "new\n"
    assert (tmp_path / "site.before").read_text() == "changed by hand"
    assert "site.before" in first.stdout
    assert second.stdout == ""


def installed_by_hand(shell, tmp_path):
    text = (
        "while read -r source target; do install -D -m 644 $source $target; done < <(unit_files); "
        "mkdir -p $ETC/postgresql/15/main/conf.d $ETC/nginx/sites-available $ETC/caddy; "
        "cp deploy/postgresql.conf $ETC/postgresql/15/main/conf.d/nanchuan.conf; "
        "site_file nginx.conf >$ETC/nginx/sites-available/nanchuan; echo 'of another site' >$ETC/caddy/Caddyfile"
    )
    assert shell(text).returncode == 0
    return tmp_path


def test_nothing_is_told_of_an_etc_that_is_of_this_version(etc, tmp_path):
    assert etc("compare").stdout == ""  # nothing installed
    installed_by_hand(etc, tmp_path)

    done = etc("compare")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("systemd/system/nanchuan.service", "units,start"),
        ("systemd/system/nanchuan-.service.d/hardening.conf", "units,start"),
        ("postgresql/15/main/conf.d/nanchuan.conf", "postgresql,start"),
        ("nginx/sites-available/nanchuan", "proxy,start"),
    ],
)
def test_what_of_etc_is_of_another_version_is_told_with_the_command(etc, tmp_path, path, steps):
    file = installed_by_hand(etc, tmp_path) / path
    file.write_text(f"{file.read_text()}# of another version\n")

    told = etc("compare").stdout.splitlines()

    assert told[0] == f"  不同：{file}"
    assert told[1].endswith(f"：deploy/install.sh --only {steps}")
    assert len(told) == 2


def test_a_new_unit_is_missing_and_an_old_one_too_many(etc, tmp_path):
    units = installed_by_hand(etc, tmp_path) / "systemd" / "system"
    (units / "nanchuan-daily.timer").rename(units / "nanchuan-earlier.timer")

    told = etc("compare").stdout

    assert "不同" in told.splitlines()[0]
    assert "nanchuan-daily.timer" in told.splitlines()[0]
    assert "systemctl disable --now nanchuan-earlier.timer" in told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("postgres://nanchuan:secret@10.0.0.5/nanchuan", "请写文件名"),
        ("/nonexistent", "读不到"),
        ("{file}", "不是数据库地址"),
    ],
)
def test_a_database_elsewhere_is_named_in_a_file_and_not_on_the_command_line(tmp_path, given, told):
    (tmp_path / "address").write_text("postgres:///nanchuan\n")

    done = run("--database", given.format(file=tmp_path / "address"), "pingyi.example.gov.cn")

    assert done.returncode == 1
    assert told in done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_the_address_of_a_database_elsewhere_gets_into_the_settings(checkout, tmp_path):
    address = "postgres://nanchuan:secret@10.0.0.5:5432/nanchuan"
    (tmp_path / "address").write_text(f"{address}\n")
    here = f"{PLAIN} read_address {tmp_path}/address; "

    done = in_shell(checkout, f"{here} settings")
    another = in_shell(checkout, f"{here} database_url=postgres://x@10.0.0.6/x; settings")

    assert done.returncode == 0, done.stderr
    assert f"DATABASE_URL={address}\n" in (checkout / ".env").read_text()
    assert "不是 --database 所写的地址" in another.stderr
    assert in_shell(checkout, "is_elsewhere").returncode == 0


@pytest.mark.parametrize(("proxy", "is_named"), [("nginx", True), ("none", False)])
def test_a_certificate_on_another_machine_is_not_looked_for_here(checkout, proxy, is_named):
    in_shell(checkout, f"{PLAIN} proxy={proxy}; settings")

    assert ("\nCERTIFICATE=" in (checkout / ".env").read_text()) == is_named


# Of systemctl only what `start` asks for: what it enables is written down.
SYSTEMCTL = (
    'has_systemd() { :; }; systemctl() { [ "$1" != enable ] || echo "${@: -1}" >>$ETC/enabled; [ "$1" = enable ] || '
    'echo "$*" >>$ETC/called; }; curl() { :; }; proxy=nginx; '
)


def test_a_timer_is_switched_on_once_and_the_first_jobs_run_once(etc, tmp_path):
    first = etc(f"{SYSTEMCTL} start")
    enabled = (tmp_path / "enabled").read_text().split()
    second = etc(f"{SYSTEMCTL} start")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    timers = {path.name for path in (ROOT / "deploy" / "systemd").glob("*.timer")}
    assert set(enabled) == timers | {
        f"nanchuan{end}" for end in (".target", ".service", "-redis.service", "-messages.service")
    }
    assert (tmp_path / "enabled").read_text().split() == enabled
    called = (tmp_path / "called").read_text()
    assert called.count("start nanchuan-daily.service") == called.count("start nanchuan-clock.service") == 1
    assert called.count("restart nanchuan.service") == 2


def test_a_timer_that_a_new_version_brings_is_switched_on(etc, tmp_path):
    etc(f"{SYSTEMCTL} start")
    text = (tmp_path / "nanchuan" / "install").read_text()
    (tmp_path / "nanchuan" / "install").write_text(text.replace(" nanchuan-daily.timer", ""))
    (tmp_path / "enabled").unlink()

    etc(f"{SYSTEMCTL} start")

    assert (tmp_path / "enabled").read_text() == "nanchuan-daily.timer\n"
