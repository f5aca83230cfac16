"""The documents say what the code does: cited sections exist, defaults agree, worked examples recompute."""

import ast
import importlib.util
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.pictures import packages
from evaluations.box_key.services import keys
from evaluations.protocol import box, codes, drawing
from evaluations.protocol.box_cards import Card, card_text
from evaluations.protocol.merkle import audit_path, levels_of, root_of_path
from evaluations.protocol.openings import openings_fault
from evaluations.protocol.proofs import verify_proof
from evaluations.rounds.rules.rulebook import DEFAULTS
from evaluations.scoring.methods import recount
from nanchuan_eval.core.canonical import canonical_json, protocol_json, sha256_hex
from tests.paths import ROOT

CODE = ("accountability", "departments", "evaluations", "nanchuan_eval", "static", "templates", "tests", "bench")
KINDS = {".py", ".html", ".js", ".css"}
SECTION = r"(?:R-[A-Z]|\d+(?:\.\d+)*)"
# "method.md 2.2, 2.3", "rulebook R-A to R-K", "protocol 6.1"
CITATION = re.compile(
    rf"\b(rulebook|protocol|method(?:-2)?|security)(?:\.md)? ({SECTION}(?:(?:, | and | to ){SECTION})*)(?![\w%-]|\.\w)"
)
ROWS = {  # what is cited by another number than a section's -> the text that holds it
    re.compile(r"\brulebook finding (\d+)\b"): ("rulebook.md", "**Finding {}.**"),
    re.compile(r"\bsecurity\.md (\d+\.\d+\.\d+)"): ("security.md", "ASVS {} "),
    re.compile(r"\b(G\d+)\b(?=\)|\"|:)"): ("security.md", "| {} |"),
}
BARE_RULE, BARE_SECTION = re.compile(r"\b(R-[A-Z])\b"), re.compile(r"\((\d\.\d{1,2})\)")


def sources() -> Iterator[Path]:
    for folder in CODE:
        yield from (p for p in (ROOT / folder).rglob("*") if p.suffix in KINDS and p != Path(__file__))


def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def blocks(name: str) -> dict[str, str]:
    """The fenced blocks of a document by what stands behind the language: ```json proof.json."""
    found = re.findall(r"^```[a-z]+ (.+?)\n(.*?)^```$", document(name), re.M | re.S)
    return dict(found)


def values(text: str) -> dict[str, str]:
    """The lines `name = value` of a block."""
    return {name.strip(): value for name, value in (line.split(" = ") for line in text.splitlines())}


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def cited_sections(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (document, section) of every citation; bare numbers are the rulebook's, in the protocol the protocol's."""
    text = path.read_text("utf-8")
    for name, sections in CITATION.findall(text):
        yield from ((f"{name}.md", section) for section in re.findall(SECTION, sections))
    yield from (("rulebook.md", rule) for rule in BARE_RULE.findall(text))
    if path.parent == ROOT / "evaluations" / "protocol":
        yield from (("protocol.md", section) for section in BARE_SECTION.findall(text))


def test_every_cited_section_is_a_heading():
    is_row = re.compile(r"\d+\.\d+\.\d+")
    cited = {found for path in sources() for found in cited_sections(path) if not is_row.fullmatch(found[1])}

    assert {name for name, _ in cited} == {"rulebook.md", "protocol.md", "method.md", "method-2.md", "security.md"}
    assert {(n, s) for n, s in cited if not re.search(rf"^#+ {re.escape(s)} ", document(n), re.M)} == set()


@pytest.mark.parametrize("pattern", ROWS, ids=lambda pattern: pattern.pattern)
def test_every_cited_row_is_in_its_document(pattern: re.Pattern[str]):
    name, row = ROWS[pattern]
    cited = {row.format(number) for path in sources() for number in pattern.findall(path.read_text("utf-8"))}

    assert cited
    assert {place for place in cited if place not in document(name)} == set()


def test_every_cited_document_exists():
    cited = {name for path in sources() for name in re.findall(r"[\w-]+\.md\b|score-method", path.read_text("utf-8"))}

    assert {name for name in cited if not (ROOT / "docs" / name).exists() and not (ROOT / name).exists()} == set()


def leaves(book: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in book.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from leaves(value, name)
        else:
            yield name, value


def test_the_rulebook_names_every_key_with_its_default():
    table = re.findall(r"\| `([^|]*)` \| `([\w.]+)` \|$", document("rulebook.md"), re.M)
    told = {key: default for default, key in table}

    assert told == {key: json.dumps(value, ensure_ascii=False) for key, value in leaves(DEFAULTS)}


def test_the_worked_score_recomputes():
    example = blocks("method.md")
    rulebook, result = json.loads(example["rulebook.json"]), json.loads(example["result.json"])

    found = recount(example["ballots.csv"].splitlines(keepends=True), rulebook).result

    assert found == canonical_json(result)
    assert sha256_hex(found) in document("method.md")


def test_the_worked_score_of_the_second_method_recomputes():
    example = blocks("method-2.md")
    rulebook = json.loads(example["rulebook.json"])

    found = recount(example["ballots.csv"].splitlines(keepends=True), rulebook)

    assert found == tuple(canonical_json(json.loads(example[name])) for name in ("result.json", "cells.json"))
    assert all(sha256_hex(file) in document("method-2.md") for file in found)


class TestTheWorkedDraw:
    EXAMPLE = blocks("protocol.md")
    RANDOMNESS = ((7, 0, 3, 3), (5, 42, 77))

    def proof(self) -> dict[str, Any]:
        params = json.loads(self.EXAMPLE["params.json"])
        return {
            "params": params,
            "commit": drawing.commitment(params),
            "pool": rows(self.EXAMPLE["pool.tsv"]),
            "exclusions": rows(self.EXAMPLE["exclusions.tsv"]),
            "randomness": [list(numbers) for numbers in self.RANDOMNESS],
            "events": json.loads(self.EXAMPLE["events.json"]),
            "result": json.loads(self.EXAMPLE["result.json of the draw"]),
        }

    def test_the_proof_holds(self):
        told = values(self.EXAMPLE["draw"])

        assert verify_proof(self.proof()) == told["seed"]
        assert self.proof()["commit"] == told["commit"]

    def test_the_parameters_are_canonical(self):
        params = self.EXAMPLE["params.json"].removesuffix("\n")

        assert protocol_json(json.loads(params)).decode() == params

    def test_tickets_and_token(self):
        told = values(self.EXAMPLE["draw"])
        tickets = [(name.split()[1:], value) for name, value in told.items() if name.startswith("ticket")]

        assert [drawing.ticket(told["seed"], *who) for who, _ in tickets] == [value for _, value in tickets]
        assert drawing.person_token("00" * 32, "张三/13900000000") == told["token 张三/13900000000"]


class TestTheWorkedBox:
    EXAMPLE = blocks("protocol.md")

    def test_codes_and_receipts(self):
        told = values(self.EXAMPLE["codes"])
        for ballot in json.loads(self.EXAMPLE["ballots.json"]):
            spend = codes.spend_hash("2020H1", codes.normalize_code(ballot["code"]))
            receipt = codes.format_code(codes.receipt(ballot["random"], ballot["digits"]))
            assert (told[f"{ballot['code']} E"], told[f"{ballot['code']} I"]) == (spend, codes.issue_hash(spend))
            assert ballot["receipt"] == receipt

    def test_openings_lead_to_the_closing_list_and_its_root(self):
        closing = self.EXAMPLE["closing-list.txt"].encode().splitlines()

        assert not openings_fault(
            self.EXAMPLE["openings.jsonl"].splitlines(), closing, values(self.EXAMPLE["root"])["root"]
        )

    def test_the_path_leads_to_the_root(self):
        told = values(self.EXAMPLE["root"])
        closing = self.EXAMPLE["closing-list.txt"].encode().splitlines()
        ((name, path),) = [(key.split()[-1], json.loads(told[key])) for key in told if key != "root"]
        place = next(n for n, entry in enumerate(closing) if entry.startswith(name.encode()))

        assert [tuple(step) for step in path] == audit_path(levels_of(closing), place)
        assert root_of_path(closing[place], path) == told["root"]


def test_the_worked_box_key_recomputes():
    told = values(blocks("box-key.md")["box key"])
    pair = keys.private_key(bytes.fromhex(told["seed"]), told["round"])
    card = Card("S", 1, bytes.fromhex(told["share S1"]))
    of_card = (told["key_id"], card.label, card.share)

    assert pair.public_key.encode().hex() == told["public_key"]
    assert box.key_id(told["round"], told["public_key"]) == told["key_id"]
    assert (box.tag(told["key_id"]), card_text(card, told["key_id"])) == (told["tag"], told["card S1"])
    assert (box.share_sha256(*of_card), box.held_code(*of_card)) == (told["share_sha256 S1"], told["领卡确认码 S1"])


@pytest.mark.parametrize("name", ["box-key.md", "method.md", "method-2.md", "protocol.md", "rulebook.md"])
def test_links_between_documents_lead_somewhere(name: str):
    assert [
        link for link in re.findall(r"\]\(([\w-]+\.md)", document(name)) if not (ROOT / "docs" / link).exists()
    ] == []


def test_the_picture_of_the_packages_is_current():
    assert packages.PICTURE.read_text("utf-8") == packages.picture(ROOT), "make picture"


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FILE = re.compile(r"(?<![\w/.*<>-])[\w-]+(?:/[\w.-]+)*\.(?:py|html|js|css|typ|md|svg|toml|sh)\b(?![\w/(])")
FOLDER = re.compile(r"`((?:[\w-]+/)+)`")
MODULE = re.compile(r"\b(?:nanchuan_eval|departments|evaluations|accountability|tests)(?:\.(?!sqlite3|md\b)\w+)+")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def known_files() -> set[str]:
    """Every file of the project, also by the ends of its path: draws/rules.py stands for evaluations/draws/rules.py."""
    folders = (*CODE, "docs", "deploy", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    parts = [path.relative_to(ROOT).parts for path in (*files, *ROOT.glob("*.*"))]
    return {"/".join(names[start:]) for names in parts for start in range(len(names))}


def exists(name: str) -> bool:
    """True if a dotted name is a module of the project, or something in one."""
    for end in range(name.count(".") + 1, 0, -1):
        module, names = ".".join(name.split(".")[:end]), name.split(".")[end:]
        if importlib.util.find_spec(module.partition(".")[0]) and is_module(module):
            # Without a name no import: wsgi turns the debug mode off for the whole process.
            return not names or hasattr(importlib.import_module(module), names[0])
    return False


def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page: Path):
    text, files = page.read_text("utf-8"), known_files()
    missing = {name for name in FILE.findall(text) if name not in files}
    missing |= {name for name in FOLDER.findall(text) if not (ROOT / name).is_dir() and "<" not in name}
    missing |= {name for name in MODULE.findall(text) if not exists(name)}
    missing |= {link for link in LINK.findall(text) if not (page.parent / link).exists()}

    assert missing == set()


def prose(path: Path) -> Iterator[str]:
    """Yield the docstrings and comments of a module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""
    with path.open("rb") as source:
        yield from (token.string for token in tokenize.tokenize(source.readline) if token.type == tokenize.COMMENT)


def test_docstrings_and_comments_name_modules_that_exist():
    files, missing = known_files(), set()
    for path in (each for each in sources() if each.suffix == ".py"):
        text = "\n".join(prose(path))
        missing |= {(path.name, name) for name in FILE.findall(text) if name not in files}
        missing |= {(path.name, name) for name in MODULE.findall(text) if not exists(name)}

    assert missing == set()


def test_the_architecture_names_every_package():
    graph, _ = packages.read_imports(ROOT)
    rows = re.findall(r"^\| `(\w+)` \|", document("architecture.md").partition("## Layers")[0], re.M)

    assert sorted(rows) == sorted(name.split(".")[1] for name in graph)


def test_the_glossary_names_what_the_code_has():
    code = "\n".join(path.read_text("utf-8") for path in sources() if path.suffix == ".py")
    rows = [line.split("|")[3] for line in document("glossary.md").splitlines() if line.startswith("| ")]
    names = {name for row in rows for name in re.findall(r"`(\w+)", row)}

    assert {name for name in names if not re.search(rf"\b{name}\b", code)} == set()
