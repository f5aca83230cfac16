"""Rounds that were frozen before there was a profile get the one that their pages and papers have shown (0014)."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from nanchuan_eval.profile.rules.profile import from_json
from tests.upgrade.conftest import migrate_to
from tests.upgrade.stored import newest_migrations

BEFORE, AFTER = ("evaluations", "0013_messages"), ("evaluations", "0014_round_profile")
NAMED = {"office": "甲区评议办", "paper_head": "甲区评议办", "place_names": ["甲区"]}


def rounds_at(migration):
    """Migrate to one migration and return the model of rounds as it was there."""
    migrate_to(dict([migration]))
    return MigrationExecutor(connection).loader.project_state([migration]).apps.get_model("evaluations", "Round")


@pytest.fixture
def before(old):
    """The states of a released version's rounds, one of them a draft, as they stood before the migration."""
    states = dict(rounds_at(BEFORE).objects.values_list("key", "state"))
    assert "draft" in states.values()
    return states


def stored_profiles():
    return dict(rounds_at(AFTER).objects.values_list("key", "profile"))


def test_frozen_rounds_get_the_names_of_that_time_and_a_draft_gets_none(before, settings):
    settings.PROFILE = {}
    found = stored_profiles()

    assert {key for key, profile in found.items() if not profile} == {
        key for key, state in before.items() if state == "draft"
    }
    frozen = [profile for profile in found.values() if profile]
    assert len(frozen) == len(before) - 1 > 0
    assert {(each["district"], each["newspaper"], each["paper_code"]) for each in frozen} == {
        ("南川区", "南川日报", "南评办")
    }


def test_what_the_settings_named_stands_in_them(before, settings):
    settings.PROFILE = NAMED

    for profile in filter(None, stored_profiles().values()):
        assert {key: profile[key] for key in NAMED} == NAMED
        assert profile["newspaper"] == "南川日报"


def test_the_way_back_and_again_keeps_every_round(before, settings):
    settings.PROFILE = {}
    first = stored_profiles()
    rounds_at(BEFORE)

    assert stored_profiles() == first


def test_the_present_program_reads_the_names_of_that_time_whatever_the_settings_name_now(before, settings):
    settings.PROFILE = {}
    migrated = stored_profiles()
    migrate_to(newest_migrations())
    settings.PROFILE = {"office": "乙区评议办"}

    for round_ in Round.objects.exclude(state="draft"):
        assert profile_of(round_) == from_json(migrated[round_.key])
        assert profile_of(round_).office == "南川区最难办事科室群众评办公室"
