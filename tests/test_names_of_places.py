"""No code, template, sheet or script names a district or presupposes one; only the default profile does."""

import re
import subprocess

from tests.paths import ROOT

PLACES = re.compile("南川|重庆|渝|023-")
# What every district has under another level's name (县纪委监委): the profile's level writes it.
LEVELS = re.compile(
    r"(?<!\{level\})(?<!\.level\})(?<![甲乙])区(纪委|委组织部|委巡察|政府|人大|政协|评议办|考核办)|[全本我]区(?![间分])"
)
# Folders with what runs, prints or is installed.
RUNS = ("nanchuan_eval", "departments", "evaluations", "accountability", "templates", "static", "deploy", "manage.py")
DEFAULTS = {
    "nanchuan_eval/profile/rules/profile.py",  # the default
    "evaluations/migrations/0014_round_profile.py",  # what rounds frozen before it have said
    *("static/verify/check_result.py", "static/js/recount.js"),  # how lists published before explain a veto
    "evaluations/migrations/0001_initial.py",  # a hint that 0015 replaces
}


def sources():
    """Every text file that is part of the product, by its name."""
    listed = subprocess.run(["git", "ls-files", *RUNS], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix not in {".xlsx", ".png", ".ttf", ".woff2"} and path.is_file():
            yield name, path.read_text(encoding="utf-8")


def found_in(text):
    return [line.strip() for line in text.splitlines() if PLACES.search(line) or LEVELS.search(line)]


def test_only_the_default_profile_names_a_district():
    texts = dict(sources())
    assert len(texts) > 900

    assert {name: found for name, text in texts.items() if name not in DEFAULTS and (found := found_in(text))} == {}


def test_a_name_planted_anywhere_would_be_found():
    assert (
        found_in("f'《南川日报》'")
        and found_in("报区纪委监委")
        and found_in("由本区任用")
        and found_in("x\n区委组织部")
    )
    assert found_in("政务服务区间、本分区、{level}委组织部、纪委监委") == []


def test_the_default_profile_is_where_it_is_said_to_be():
    texts = dict(sources())
    assert {name for name in DEFAULTS if found_in(texts[name])} == DEFAULTS
