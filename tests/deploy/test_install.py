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
