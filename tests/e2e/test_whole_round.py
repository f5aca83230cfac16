"""A real round in production mode, from an empty database to its archive, through the pages only."""

import os
import sys

import pytest

from tests.e2e.whole_round.after_vote import VOTE
from tests.e2e.whole_round.consequences import AFTER_THE_LIST
from tests.e2e.whole_round.office import Office
from tests.e2e.whole_round.story import PREPARATION, World
from tests.nanchuan_eval.handbook.texts import names_in
from tests.paths import ROOT

# What the round took from the empty database to the published list; .ci/run prints it.
COUNTED = ROOT / "test-results" / "whole-round.txt"
# All people's clicks until then, and the chief's one-time codes, log-ins included.
MOST_CLICKS, MOST_CODES = 300, 12
# What 从安装到开启评议 names for those who send letters and messages instead of printing a file of codes.
OTHER_ROAD = {"生成票号和通知"}
DATABASE = os.environ.get("DATABASE_URL", "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.minutes,
    pytest.mark.skipif(not DATABASE.startswith("postgres"), reason="production needs PostgreSQL: set DATABASE_URL"),
]


@pytest.fixture
def office(tmp_path):
    """A server of its own on an empty database."""
    office = Office(tmp_path, DATABASE)
    office.install()
    office.serve()
    yield office
    office.stop()
    office.drop()


def test_a_round_goes_from_setup_to_its_archive(office, chromium, capsys):
    world = World(office, chromium)

    for stage in (*PREPARATION, *VOTE):
        live(world, stage)
    to_the_list = office.counted()
    assert office.codes_of("chief") <= MOST_CODES, to_the_list
    assert office.clicks_in_all() <= MOST_CLICKS, to_the_list
    assert office.unseen(names_in("first-round")) == OTHER_ROAD
    for stage in AFTER_THE_LIST:
        live(world, stage)

    COUNTED.parent.mkdir(exist_ok=True)
    COUNTED.write_text(to_the_list + "\n", encoding="utf-8")
    with capsys.disabled():
        sys.stderr.write(f"\n{to_the_list}\n")


def live(world, stage):
    """Live through one stage; nobody meets a refused link, a fault of a page or of the server."""
    with world.office.step(stage.__name__):
        stage(world)
    assert world.faults() == [], stage.__name__
