"""What the demonstration leaves behind: the workbook, the proofs and the files to recount with."""

from pathlib import Path

from accountability.demo import NOTICE
from accountability.exports import top10_workbook
from evaluations.files import ballots_csv
from evaluations.models import Draw, Round
from evaluations.proofs import proof_text
from evaluations.rules.rounds import DrawStatus

WORKBOOK = "最难办科室前十.xlsx"


def write_files(round_: Round, out: Path) -> list[Path]:
    """Write everything a stranger needs into `out` and return the paths."""
    (out / "draws").mkdir(parents=True, exist_ok=True)
    texts = {"result.json": round_.tally.result, "rulebook.json": round_.tally.rulebook}
    for name, text in texts.items():
        (out / name).write_bytes(text.encode())
    proofs = [_write_proof(draw, out) for draw in round_.draws.filter(status=DrawStatus.PUBLISHED)]
    with (out / "ballots.csv").open("w", encoding="utf-8", newline="") as target:
        target.writelines(ballots_csv(round_))
    (out / WORKBOOK).write_bytes(top10_workbook(round_))
    (out / "说明.txt").write_text(f"{NOTICE}\n本目录由 manage.py demo 生成。\n", encoding="utf-8")
    return [out / WORKBOOK, out / "ballots.csv", *(out / name for name in texts), *proofs, out / "说明.txt"]


def _write_proof(draw: Draw, out: Path) -> Path:
    path = out / "draws" / f"{draw.draw_id}.json"
    with path.open("w", encoding="utf-8", newline="") as target:
        target.writelines(proof_text(draw))
    return path


def top_ten_table(round_: Round) -> str:
    """Return the list as a text table."""
    listed = round_.results.filter(is_listed=True).select_related("section")
    lines = [f"\n{round_.name}最难办事科室前十名（{NOTICE}）"]
    lines += [
        f"{result.rank:>3}  {result.difficulty:>7.2f}  {result.label or '—'}  {result.section}  {result.main_problems}"
        for result in listed
    ]
    if not listed:
        lines.append("本轮各科室有效票均不足，没有科室参加排名。")
    return "\n".join(lines)
