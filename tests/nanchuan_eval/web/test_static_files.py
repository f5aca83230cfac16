"""What is served of sheets and scripts: joined, minified, compressed; programs of strangers as they are."""

import gzip
import re

import brotli
import pytest
from django.core.files.storage import FileSystemStorage
from rcssmin import cssmin
from rjsmin import jsmin

from nanchuan_eval.web.static_files import StaticFiles, shortened, with_used_tokens
from tests.paths import ROOT

STATIC = ROOT / "static"
SOURCES = FileSystemStorage(STATIC)


@pytest.fixture
def collected(tmp_path):
    """The project's own files as `collectstatic` leaves them, by their plain names."""
    storage = StaticFiles(location=tmp_path)
    names = [str(path.relative_to(STATIC)) for path in STATIC.rglob("*.*")]
    for name in names:
        storage._save(name, SOURCES.open(name))
    served = {
        plain: tmp_path / (hashed or plain)
        for plain, hashed, _ in storage.post_process({name: (SOURCES, name) for name in names})
        if not str(hashed).endswith((".gz", ".br"))
    }
    assert set(served) == set(names)
    return served


def test_the_ballots_sheet_holds_all_it_imports_in_their_order(collected):
    sheet = collected["css/voting.css"].read_text()
    parts = [(STATIC / "css" / f"{name}.css").read_text() for name in ("tokens", "base", "voting")]
    bare = [re.sub(r'@import "\w+\.css";', "", part) for part in parts]
    assert sheet == with_used_tokens("".join(map(cssmin, bare)))
    assert set(re.findall(r"[{;](--[\w-]+):", sheet)) == set(re.findall(r"var\((--[\w-]+)", sheet))
    assert not {"/*", "@import", "\n"} & set(re.findall(r"/\*|@import|\n", sheet))


def test_the_ballots_first_script_is_served_minified(collected):
    path = STATIC / "js" / "ballot.js"
    assert collected["js/ballot.js"].read_text() == jsmin(path.read_text())
    assert len(jsmin(path.read_text())) < path.stat().st_size


def test_the_ballots_later_scripts_are_one_file_by_whatever_name(tmp_path):
    storage = StaticFiles(location=tmp_path)
    names = [f"js/ballot/{name}.js" for name in ("walk", "sections", "pages", "kept")]
    assert {path.stem for path in (STATIC / "js" / "ballot").iterdir()} == {"walk", "sections", "pages", "kept"}
    list(storage.post_process({name: (SOURCES, name) for name in names}))
    served = {StaticFiles(location=tmp_path).stored_name(name) for name in names}
    assert len(served) == 1
    joined = (tmp_path / served.pop()).read_text()
    assert joined == "\n".join(jsmin((STATIC / name).read_text()) for name in sorted(names))


def test_programs_that_strangers_check_are_served_as_they_were_written(collected):
    for name in ("js/recount.js", "js/recount-check.js", "js/draw-check.js", "js/receipt.js", "verify/check_draw.py"):
        assert collected[name].read_bytes() == (STATIC / name).read_bytes()


def test_sheets_and_scripts_are_compressed_both_ways(collected):
    for name in ("css/voting.css", "css/base.css", "js/ballot.js"):
        plain = collected[name]
        assert re.search(r"\.[0-9a-f]{12}\.", plain.name)
        assert gzip.decompress(plain.with_name(plain.name + ".gz").read_bytes()) == plain.read_bytes()
        assert brotli.decompress(plain.with_name(plain.name + ".br").read_bytes()) == plain.read_bytes()


def test_a_later_version_is_made_from_what_was_written_not_from_what_was_served(tmp_path):
    sources = FileSystemStorage(tmp_path)
    folder = tmp_path / "css"
    folder.mkdir()
    (folder / "a.css").write_text("/* one */\nb { color: red; }\n")
    (folder / "b.css").write_text('@import "a.css";\n\ni { color: blue; }\n')
    paths = {name: (sources, name) for name in ("css/a.css", "css/b.css")}
    assert shortened("css/b.css", paths) == "b{color:red}i{color:blue}"
    (folder / "a.css").write_text("b { color: green; }\n")
    assert shortened("css/b.css", paths) == "b{color:green}i{color:blue}"
