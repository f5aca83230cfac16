"""Whether a published list follows from the files that are published with it, recomputed on the server."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from evaluations.publication.models import Publication
from evaluations.scoring.method import RulebookError
from evaluations.scoring.nc2.cells_file import CellsFileError, parse_cells, rulebook_digest
from evaluations.scoring.nc2.method import parse_method_two
from evaluations.scoring.nc2.ranking import Standing, publication, standings
from evaluations.tally.models import Tally
from evaluations.verdicts.queries import Verdict, checked
from nanchuan_eval.core.canonical import sha256_hex


def recount_verdict(published: Publication, tally: Tally, at: datetime) -> Verdict:
    """Count the list again from the published rules and data, as a reader's browser does."""
    content = json.loads(published.content)
    return checked(
        f"recount/{published.content_sha256}", lambda: _faults(published, content, tally), _agrees(content), at
    )


def _agrees(content: Mapping[str, Any]) -> str:
    """Return what is said of a list that the recount confirms."""
    gone = len(content["withdrawn"]) + content["struck"]
    if content["entries"]:
        same = "各上榜科室的位次、标注和位次区间与公示的完全相同" + (f"，撤下的{gone}个科室除外" if gone else "")
    else:
        same = (f"除撤下的{gone}个科室以外，" if gone else "") + "没有科室上榜，与公示的相同"
    return f"按公布的规则和数据重新计算，{same}。"


def _faults(published: Publication, content: Mapping[str, Any], tally: Tally) -> Iterator[str]:
    texts = {
        "公示内容": (published.content, published.content_sha256),
        "规则文件": (tally.rulebook, content["rulebook_sha256"]),
        "数据文件": (tally.cells, content["cells_sha256"]),
    }
    for name, (text, digest) in texts.items():
        if sha256_hex(text.encode()) != digest:
            yield f"{name}与公示时的不同"
    try:
        rulebook = json.loads(tally.rulebook)
        method = parse_method_two(rulebook)
        outcome = standings(method, parse_cells(json.loads(tally.cells), method, rulebook_digest(rulebook)))
    except (CellsFileError, RulebookError) as fault:
        yield str(fault)
        return
    gate, told = publication(method, outcome), content["publication"]
    if (gate.sections, gate.ranked, gate.needed) != (told["sections"], told["ranked"], told["needed"]):
        yield "参加排名的科室数与公示的不同"
    yield from _list_faults(content, outcome)


def _list_faults(content: Mapping[str, Any], outcome: Mapping[str, Standing]) -> Iterator[str]:
    entries = {entry["code"]: entry for entry in content["entries"]}
    withdrawn = {entry["code"] for entry in content["withdrawn"]}
    for code, entry in entries.items():
        standing = outcome.get(code)
        if standing is None or not standing.is_listed or standing.place != entry["rank"]:
            yield f"{entry['department']}{entry['section']}的位次与公示的不同"
        elif (standing.label, *standing.published_interval) != (
            entry["label"],
            entry["rank_low"],
            entry["rank_high"],
        ):
            yield f"{entry['department']}{entry['section']}的标注或者位次区间与公示的不同"
    missing = {code: each.place for code, each in outcome.items() if each.is_listed and code not in entries}
    struck = len(missing.keys() - withdrawn)
    if struck != content["struck"]:
        yield f"应上榜而公示名单中没有的科室有{struck}个，公示写明公示前撤下{content['struck']}个"
    vacant = sorted({place for place in missing.values() if place} - {entry["rank"] for entry in content["entries"]})
    if vacant != content.get("vacant", vacant):
        yield "名单中空缺的位次与公示的不同"
