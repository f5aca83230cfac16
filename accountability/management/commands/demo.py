"""`manage.py demo`: run a whole round on demonstration data (演示), then serve the site."""

import socket
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test.utils import override_settings
from django.utils import timezone

from accountability.demo.output import bound_codes_csv, refusal, top_ten_table, write_files, write_proofs
from accountability.demo.people import ACCOUNTS, PASSWORD
from accountability.demo.story import ROSTER, VOTE_OPENED, Story
from accountability.demo.whole import EARLIER, Whole
from evaluations.codes.services.issuing import codes_csv
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.management.base import ServiceCommand
from nanchuan_eval.management.files import read_text
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.profile_changes.files import District, read_district
from nanchuan_eval.profile_changes.services import INSTALLED, install_profile

PORT = 8000
LEAST_RECORDS = 2000
ASKED = (
    "登录须输入动态口令：首次登录时用手机上的动态口令应用扫描页面上的二维码绑定（监督员不需要）。"
    "不用动态口令的：REQUIRE_OTP=false make site"
)
NOT_ASKED = "登录不用动态口令（REQUIRE_OTP=false）；须两人办理的事项，由两个账号分别提请、审批。"


class Command(ServiceCommand):
    help = (
        "用演示数据运行几轮评议：此前几轮已归档，本轮从名录、抽取、投票、封箱、计票到公示、问责，下一轮正在筹备；"
        "须两人办理的事项由两个账号办理。然后启动网站。环境变量 REQUIRE_OTP=false 时登录不用动态口令，true 时须用。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="运行完毕即结束，不启动网站")
        parser.add_argument(
            "--open", action="store_true", help="停在投票期间，一张票也没有投；票号在输出目录的 codes.csv"
        )
        parser.add_argument("--supervisors", action="store_true", help="由监督员持密钥卡开箱（密钥卡由演示程序保管）")
        parser.add_argument("--decide", action="store_true", help="样本不足、不能公示的，由两人决定公示并注明")
        parser.add_argument("--ballots", type=int, default=3000, metavar="N", help="投票张数（默认3000）")
        parser.add_argument(
            "--records",
            type=int,
            default=0,
            metavar="N",
            help="办件数：从办事群众中按科室抽取评议人员（默认0，不抽；一个区县半年约30000件，连同上一个半年60000件）",
        )
        parser.add_argument(
            "--seed", type=int, default=2020, metavar="S", help="随机数种子，决定演示评议票的内容（默认2020）"
        )
        parser.add_argument(
            "--earlier",
            type=int,
            choices=range(EARLIER + 1),
            default=EARLIER,
            help=f"此前已公示、归档的轮次数（默认{EARLIER}；数据库中已有轮次的，不再生成）",
        )
        parser.add_argument(
            "--profile",
            type=Path,
            metavar="FILE",
            help="机构信息和名录：另一个区县的演示，如 deploy/example-district/profile.toml",
        )
        parser.add_argument("--out", type=Path, default=Path("demo-output"), metavar="DIR", help="文件输出目录")

    district: District | None = None

    def handle(self, *args: Any, **options: Any) -> None:
        if options["ballots"] < 0 or options["records"] < 0:
            raise CommandError("投票张数和办件数不能是负数。", returncode=2)
        if 0 < options["records"] < LEAST_RECORDS:
            raise CommandError(f"办件数至少{LEAST_RECORDS}，再少就没有科室可抽；0为不抽办事群众。", returncode=2)
        if path := options["profile"]:
            self.district = read_district(read_text(path), path.parent)
        call_command("migrate", verbosity=0)
        if Round.objects.filter(is_demo=False).exists():
            raise CommandError("这个数据库里有真实的评议轮次，不能写入演示数据。请用 DATABASE_URL 另指一个数据库。")
        _prepare(options["out"])
        if self.district:
            install_profile(profile=self.district.profile, reason=INSTALLED, by=OPERATOR, at=timezone.now())
        self.stdout.write(f"【{DEMO_NOTICE}】")
        with override_settings(TWO_PERSON_RULE=True):
            for path in self._begin(options) if options["open"] else self._run(options):
                self.stdout.write(f"  {path}")
            if not options["no_serve"]:
                self._serve()

    def _run(self, options: dict[str, Any]) -> list[Path]:
        """Tell all half-years and write the files of the main one."""
        story = self._story(options)
        round_ = Whole(story, earlier=options["earlier"]).run()
        files = write_files(round_, options["out"])
        self.stdout.write(refusal(round_, story.refused) if story.refused else top_ten_table(round_))
        self.stdout.write("\n文件：")
        return files

    def _begin(self, options: dict[str, Any]) -> list[Path]:
        """Run until voting is open; write the codes, those of one section apart, the key cards and the proofs."""
        story = self._story(options, today=timezone.localdate() + timedelta(days=VOTE_OPENED))
        Whole(story, earlier=options["earlier"]).tell_earlier()
        files = {"codes.csv": codes_csv(story.begin())}
        if story.clients:
            files["bound-codes.csv"] = bound_codes_csv(story.clients.codes)
        if story.is_supervised:
            files["key-cards.txt"] = "\n".join(story.cards.texts).encode()
        for name, content in files.items():
            (options["out"] / name).write_bytes(content)
            (options["out"] / name).chmod(0o600)
        self.stdout.write("\n文件：")
        return [*(options["out"] / name for name in files), *write_proofs(story.round, options["out"])]

    def _story(self, options: dict[str, Any], **given: Any) -> Story:
        return Story(
            ballots=options["ballots"],
            records=options["records"],
            seed=options["seed"],
            is_supervised=options["supervisors"],
            decides=options["decide"],
            tell=self._tell,
            roster=(self.district and self.district.roster) or ROSTER,
            **given,
        )

    def _tell(self, line: str) -> None:
        """Print a line as soon as a step is done."""
        self.stdout.write(line)
        self.stdout.flush()

    def _serve(self) -> None:
        port = _free_port()
        self.stdout.write(
            f"\n网站：http://127.0.0.1:{port}/    公示：http://127.0.0.1:{port}/list/"
            f"\n工作台：http://127.0.0.1:{port}/admin/    纪委监委：http://127.0.0.1:{port}/commission/"
            f"\n演示账号（口令均为 {PASSWORD}）："
        )
        for username, _, role, unit in ACCOUNTS:
            self.stdout.write(f"  {username:<11}{role.label}{unit and f'（{unit}）'}")
        self.stdout.write(ASKED if settings.REQUIRE_OTP else NOT_ASKED)
        self.stdout.write("按 Ctrl+C 结束。")
        self.stdout.flush()  # a pipe buffers lines, and the server never exits
        settings.DEBUG = False  # visitors see the real error pages, not the developer's
        call_command("runserver", f"127.0.0.1:{port}", use_reloader=False, skip_checks=True)


def _prepare(out: Path) -> None:
    """Create the output folder before the long run starts; delete the proofs of an earlier one."""
    try:
        (out / "draws").mkdir(parents=True, exist_ok=True)
        for old in (out / "draws").glob("*.json"):
            old.unlink()
    except OSError:
        raise CommandError(f"不能使用输出目录“{out}”，请换一个目录。", returncode=2) from None


def _free_port() -> int:
    for port in range(PORT, PORT + 50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise CommandError("8000至8049端口均被占用。请关闭占用端口的程序后重试。")
