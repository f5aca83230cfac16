"""Published lists, and the documents of a result (计票记录、公示) as data for the templates."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from evaluations.draws.queries.sample import without_draw
from evaluations.publication.models import Publication
from evaluations.publication.queries import annulled_since, first_version
from evaluations.publication.rules import (
    change_in_words,
    comment_lines,
    comment_lines_on,
    last_day,
    list_changes,
    without_annulled,
)
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.rounds.rules.key_statement import document_mark
from evaluations.scoring.wording import empty_list, span
from evaluations.turnout.queries import (
    COLUMNS,
    COLUMNS_EXPLAINED,
    COLUMNS_EXPLAINED_BEFORE,
    disclosed_turnout,
    turnout_table,
)
from nanchuan_eval.audit import services as audit
from nanchuan_eval.documents.rendering import render_pdf
from nanchuan_eval.workdays.rules import in_chinese


@dataclass(frozen=True)
class CorrectionMade:
    """One correction of a list, as every later version repeats it; `changes` are section, 原 and 现 of each row."""

    publication: Publication
    content: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Which version it made, and when."""
        return f"第{self.publication.version}版，{_day(self.publication.published_at)}"

    @property
    def changes(self) -> list[list[str]]:
        """The rows that it changed: section, as it was (原), as it is now (现)."""
        return changes_in_words(self.content)


@dataclass(frozen=True)
class PublishedList:
    """One published version with its frozen content and all corrections up to it, the newest first."""

    publication: Publication
    content: Mapping[str, Any]
    corrections: Sequence[CorrectionMade]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The listed sections, under NC-2 with the interval in words."""
        return [entry | {"span": _span(entry)} for entry in self.content["entries"]]

    @property
    def later_terms(self) -> dict[str, date]:
        """The sections that a correction has put on the list, with the last day of their units' appeals."""
        listed: dict[str, date] = {}
        for made in reversed(self.corrections):
            last = last_day(timezone.localdate(made.publication.published_at), made.publication.round.rulebook)
            listed |= {row["code"]: last for row in made.content["changes"] if row["now"] and not row["was"]}
        named = {entry["code"]: f"{entry['department']}{entry['section']}" for entry in self.content["entries"]}
        return {name: listed[code] for code, name in named.items() if code in listed}

    @property
    def empty(self) -> str:
        """Why the list names no section; nothing if it names one."""
        return _empty(self.content)

    @property
    def vacant(self) -> str:
        """Which sections were taken off the list, and which places are vacant because of it."""
        return vacant_places(self.content, self.corrections)

    @property
    def columns_explained(self) -> str:
        """What the columns of the figures mean."""
        return columns_explained(self.content)

    @property
    def thin(self) -> int:
        """How many sections have too few ballots to be ranked."""
        return thin_sections(self.content)


def nobody_listed(round_: Round) -> str:
    """Return why the round's list names no section now; "" if it names one (two queries)."""
    if round_.results.filter(is_listed=True).exists():
        return ""
    return empty_list(round_.results.filter(rank__isnull=False).count())


def published_rounds() -> list[Round]:
    """Return the rounds whose list is public (one query)."""
    return list(Round.objects.filter(publications__isnull=False).distinct())


def published_versions(key: str) -> list[PublishedList]:
    """Return all published versions of a round, the newest first (at most two queries)."""
    publications = Publication.objects.filter(round__key=key).select_related("round").order_by("version")
    return as_published(publications)[::-1]


def as_published(publications: Iterable[Publication]) -> list[PublishedList]:
    """Return all versions of one list, given in order, each with the corrections up to it."""
    versions = with_changes(publications)
    return [PublishedList(*each, corrections_of(versions[: place + 1])) for place, each in enumerate(versions)]


def as_shown(publication: Publication) -> PublishedList:
    """Return one version with the corrections up to it (at most two queries)."""
    stored = publication.round.publications.select_related("round").order_by("version")
    versions = as_published(publication if each == publication else each for each in stored)
    return next(each for each in versions if each.publication == publication)


def corrections_of(versions: Sequence[tuple[Publication, Mapping[str, Any]]]) -> list[CorrectionMade]:
    """Return the corrections among all versions of a list up to one, given `with_changes`; the newest first."""
    return [CorrectionMade(*each) for each in reversed(versions) if each[0].version > 1]


def vacant_places(content: Mapping[str, Any], corrections: Sequence[CorrectionMade]) -> str:
    """Return which sections were taken off a list, and that nobody has moved up to their places; "" if none was.

    Those taken off before publication are not named. A recount may have moved others since.
    """
    struck = content.get("struck", 0)
    told = f"公示前撤下{struck}个科室，不公布名称。" if struck else ""
    lost = _lost_places(content, corrections)
    if lost:
        held = "、".join(f"{e['department']}{e['section']}（原第{lost[e['code']]}位）" for e in content["withdrawn"])
        told = f"经更正撤下：{held}。{told}"
    if not told:
        return ""
    # Lists published before that stood in the content were not counted again since.
    vacant = content.get("vacant", sorted({*lost.values()} - {entry["rank"] for entry in content["entries"]}))
    why = f"，名单中{'、'.join(f'第{place}位' for place in vacant)}空缺" if vacant else ""
    return f"{told}撤下后其他科室不递补{why}。"


def _lost_places(content: Mapping[str, Any], corrections: Sequence[CorrectionMade]) -> dict[str, int]:
    """Return the place that each withdrawn section had on the last list that named it."""
    rows = [row for each in reversed(corrections) for row in each.content["changes"]]
    lost = {row["code"]: row["was"]["rank"] for row in rows if row["was"] and not row["now"]}
    return {entry["code"]: lost.get(entry["code"], entry["rank"]) for entry in content["withdrawn"]}


def with_changes(publications: Iterable[Publication]) -> list[tuple[Publication, dict[str, Any]]]:
    """Return all versions of one list, in order, with their contents, which say from the second on what changed.

    Versions published before that stood in the content are compared with the one before. A veto annulled since is
    said to be, and what a version said of its section is not repeated.
    """
    found: list[tuple[Publication, dict[str, Any]]] = []
    versions = list(publications)
    annulled = annulled_since(versions)
    for publication in versions:
        content = without_annulled(json.loads(publication.content), annulled.get(publication.version, ()))
        if found and "changes" not in content:
            content["changes"] = list_changes(found[-1][1], content)
        found.append((publication, content))
    return found


def changes_in_words(content: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows that a version corrected: section, as it was (原), as it is now (现)."""
    changes = content.get("changes", [])
    return [[f"{each['department']}{each['section']}", *change_in_words(each)] for each in changes]


def thin_sections(content: Mapping[str, Any]) -> int:
    """Return how many sections of a published list have too few ballots: under NC-2 vetoed ones are among them."""
    gate = content.get("publication")
    return int(gate["sections"] - gate["ranked"] if gate else content["unranked"])


def comments_on(first: Publication, shown: PublishedList) -> list[str]:
    """Return the period of the notice, which begins with the first version, and how to comment on a version of it."""
    lines = comment_lines(timezone.localdate(first.published_at), first.round.rulebook)
    return _comments(lines, shown, shown.later_terms)


def comments_of(first: Publication, shown: PublishedList, day: date) -> list[str]:
    """Return the same as it is said on a day: a period that is over is said to be over."""
    lines = comment_lines_on(day, timezone.localdate(first.published_at), first.round.rulebook)
    return _comments(lines, shown, {name: last for name, last in shown.later_terms.items() if day <= last})


def _comments(lines: list[str], shown: PublishedList, later: Mapping[str, date]) -> list[str]:
    """Return the lines with `later` terms of appeal; without any appeals of a list that names nobody."""
    *others, appeals = lines
    if not shown.content["entries"]:
        return others
    named = [f"更正后上榜的{name}，所在单位提出申诉的期限至{in_chinese(last)}。" for name, last in later.items()]
    return [*others, "".join([*named, f"{'其他' if named else ''}{appeals}"])]


def columns_explained(content: Mapping[str, Any]) -> str:
    """Return what a published list says of its figures; the earliest lists counted differently and say nothing."""
    return str(content.get("columns_explained", COLUMNS_EXPLAINED_BEFORE))


def count_record_pdf(round_: Round, *, at: datetime) -> bytes:
    """Return the 计票记录 of the count in force, with its digests and the supervisors who signed."""
    return render_pdf("count_record", count_record(round_), at=at)


def count_record(round_: Round) -> dict[str, object]:
    """Return the data of the 计票记录."""
    tally = round_.tally
    book = json.loads(tally.rulebook)
    results = list(round_.results.select_related("section"))
    signed = tally.signatures.select_related("supervisor__person")
    return {
        "title": "计票记录",
        "subtitle": f"{round_.name}最难办事科室群众评",
        "demo": document_mark(round_.rulebook, is_demo=round_.is_demo),
        "facts": [
            ["计票时间", f"{timezone.localtime(tally.at):%Y年%-m月%-d日 %H:%M}（第{tally.version}次）"],
            ["重新计票的依据", tally.reason or "无，首次计票"],
            ["排名依据", "难办指数" if book["basis"] == "difficulty" else "得票数"],
            [
                "参评科室",
                f"{len(results)}个，其中样本不足{sum(r.rank is None or r.difficulty is None for r in results)}个",
            ],
            ["异常提示", _flag_text(round_)],
            *([["抽样评议票", whole]] if (whole := without_draw(round_)) else []),
        ],
        "figures": list(COLUMNS.values()),
        "channels": turnout_table(disclosed_turnout(round_)),
        "columns_explained": COLUMNS_EXPLAINED,
        "listed": [[r.rank, r.section.department_name, r.section.name] for r in results if r.is_listed],
        "empty": empty_list(sum(r.rank is not None for r in results)),
        "digests": list(_digests(round_)),
        "signed": [f"{_name(s.supervisor)}（{timezone.localtime(s.at):%Y年%-m月%-d日 %H:%M}）" for s in signed],
        "witnesses": ["监督员", "监督员", "计票人", "评议办负责人"],
        "office": profile_of(round_).office,
        "date": _day(tally.at),
    }


def title_of(round_name: str, kind: str) -> tuple[str, ...]:
    """Return the title of a 公示 or 通报 in the parts between which its lines may be broken."""
    return ("关于", round_name, "最难办事科室", "群众评结果", f"的{kind}")


def notice_document(publication: Publication) -> dict[str, Any]:
    """Return the data of the 公示, from its frozen content and the day of the first version."""
    shown, first = as_shown(publication), first_version(publication)
    content = shown.content
    facts = content["round"]
    return {
        "title": "".join(title_of(facts["name"], "公示")),
        "demo": document_mark(publication.round.rulebook, is_demo=content["is_demo"]),
        "version": content["version"],
        "corrections": shown.corrections,
        "basis": list(_basis(content)),
        "columns": _columns(content),
        "entries": [_row(content, entry) for entry in content["entries"]],
        "empty": _empty(content),
        "note": content.get("note", ""),
        "reading": _reading(content),
        "vacant": shown.vacant,
        "figures": list(COLUMNS.values()),
        "channels": turnout_table(content["channels"]),
        "columns_explained": columns_explained(content),
        "comments": comments_on(first, shown),
        "sha256": publication.content_sha256,
        "digests": list(_published_digests(content)),
        "anchor": audit.anchor_text(publication.anchor_seq, publication.anchor_hash),
        "office": profile_of(publication.round).office,
        "date": _day(publication.published_at),
    }


def _empty(content: Mapping[str, Any]) -> str:
    return "" if content["entries"] else empty_list(content["sections"] - content["unranked"])


def _published_digests(content: Mapping[str, Any]) -> Iterator[list[str]]:
    yield ["规则文件 rulebook.json", content["rulebook_sha256"]]
    if content.get("cells_sha256"):
        yield ["数据文件 cells.json", content["cells_sha256"]]
    yield ["结果文件 result.json", content["result_sha256"]]
    if content["closing_root"]:
        yield ["封箱总校验值", content["closing_root"]]


def _span(entry: Mapping[str, Any]) -> str:
    return span(entry.get("rank_low"), entry.get("rank_high"))


def _columns(content: Mapping[str, Any]) -> list[str]:
    sureness = ["标注", "位次区间"] if "interval" in content else []
    return ["位次", "单位", "科室", *sureness, "主要问题"]


def _row(content: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    sureness = [entry["label"], _span(entry) or "—"] if "interval" in content else []
    return [str(entry["rank"]), entry["department"], entry["section"], *sureness, entry["problems"]]


def _reading(content: Mapping[str, Any]) -> list[str]:
    """Return how a list by NC-2 is to be read; nothing of a list by NC-1 or without a section."""
    if "method" not in content or not content["entries"]:
        return []
    labels = [f"“{label}”：{meaning}" for label, meaning in content.get("labels", [])]
    said = (f"表中的位次是{content['places']}的位次。", content["margin"], content.get("interval"), *labels)
    return [sentence for sentence in said if sentence]


def _basis(content: Mapping[str, Any]) -> Iterator[str]:
    facts = content["round"]
    opened, closed = (_day(datetime.fromisoformat(facts[key])) for key in ("opens_at", "closes_at"))
    counted = [row["counted"] for row in content["channels"]]
    total = "" if any(isinstance(number, str) for number in counted) else f"，计票{sum(counted)}张"
    yield (
        f"根据《{facts['name']}最难办事科室群众评评议规则》，评议办于{opened}至{closed}组织群众对"
        f"{content['sections']}个科室进行评议{total}。"
    )
    if thin := thin_sections(content):
        yield f"其中{thin}个科室有效票数未达到规定数量，不参加排名。"


def _digests(round_: Round) -> Iterator[list[str]]:
    tally = round_.tally
    yield ["规则文件 rulebook.json", tally.rulebook_sha256]
    yield ["计票汇总", tally.rows_sha256]
    if tally.cells_sha256:
        yield ["数据文件 cells.json", tally.cells_sha256]
    yield ["结果文件 result.json", tally.result_sha256]
    yield from ([f"日志锚点（{row}）", digest] for row, digest in _anchors(tally.at))
    if round_.closing_root:
        yield ["封箱总校验值", round_.closing_root]
    for draw in round_.draws.exclude(seed=""):
        yield [f"{draw.get_purpose_display()}种子", draw.seed]


def _anchors(at: datetime) -> list[list[str]]:
    line = audit.anchor_line(at=at)
    return [line] if line else []


def _flag_text(round_: Round) -> str:
    flags = list(round_.flags.all())
    if not flags:
        return "无"
    kinds = {
        verdict: sum(f.get_verdict_display() == verdict for f in flags)
        for verdict in ("保留计票", "认定废票", "待处理")
    }
    return f"{len(flags)}件：" + "，".join(f"{verdict}{count}件" for verdict, count in kinds.items() if count)


def _name(entry: Any) -> str:
    return entry.person.name if entry.person else "监督员（个人信息已到期清除）"


def _day(moment: datetime) -> str:
    return in_chinese(timezone.localtime(moment).date())
