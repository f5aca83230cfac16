"""During the vote: the expected gate from returned codes and declared sections, and the warning with what to do."""

from datetime import timedelta

import pytest
from django.urls import reverse

from evaluations.planning.rules.forecast import Drawn, Returns, expected_gate
from evaluations.planning.rules.lines import LastRound
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.nc2.method import parse_method_two
from tests.evaluations.turnout.test_services import make_drawn
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_user

SECTIONS = [f"S{number:02d}" for number in range(10)]
ENOUGH = {"targeted": Returns(600, 300), "sampled": Returns(2000, 300, 500), "other": Returns(3000, 3000)}


def expected(returns=ENOUGH, *, declared=None, elapsed=0.5, last=None, bound=None, **changes):
    book = {**default_rulebook(), "sections": SECTIONS, "vetoes": [], **changes}
    return expected_gate(
        book, parse_method_two(book), returns, drawn=Drawn(declared or {}, bound or {}), elapsed=elapsed, last=last
    )


class TestExpectedGate:
    def test_enough_returns_pass(self):
        found = expected()

        assert (found.sections, found.ranked, found.needed, found.is_passed) == (10, 10, 8, True)

    def test_without_drawn_ballots_nobody_is_ranked(self):
        assert expected(ENOUGH | {"targeted": Returns(600, 0)}).ranked == 0

    def test_the_pace_so_far_goes_on_but_not_beyond_the_people_invited(self):
        late = ENOUGH | {"targeted": Returns(600, 20)}

        assert expected(late, elapsed=0.1).ranked == 10
        assert expected(late, elapsed=1.0).ranked == 0
        assert expected(ENOUGH | {"targeted": Returns(20, 20)}, elapsed=0.1).ranked == 0

    def test_sampled_ballots_count_up_to_the_number_drawn(self):
        only_sampled = {"targeted": Returns(600, 600), "sampled": Returns(9000, 9000, 10), "other": Returns(0, 0)}

        assert expected(only_sampled, elapsed=1.0, min_lines=500).ranked == 0
        assert expected(only_sampled | {"sampled": Returns(9000, 9000)}, elapsed=1.0, min_lines=500).ranked == 10

    def test_targeted_ballots_go_where_the_evaluators_have_dealt_with_a_section(self):
        declared = dict.fromkeys(SECTIONS[:7], 100)

        found = expected(declared=declared)

        assert (found.ranked, found.is_passed) == (7, False)

    def test_ballots_of_drawn_clients_are_one_line_of_their_section_each(self):
        general = ENOUGH | {"targeted": Returns(0, 0), "other": Returns(0, 0), "sampled": Returns(0, 0)}
        bound = {code: Returns(110, 30) for code in SECTIONS[:6]} | {SECTIONS[6]: Returns(12, 12)}

        assert expected(general, min_lines=5).ranked == 0
        assert expected(general, min_lines=5, bound=bound).ranked == 6

    def test_other_ballots_go_as_in_the_last_round(self):
        lines = {code: {"targeted": 0 if code == "S00" else 99} for code in SECTIONS}

        assert expected(last=LastRound(lines, {}, 1.4, None, 10)).ranked == 9

    def test_a_cell_that_will_stay_hidden_counts_for_nothing(self):
        few = ENOUGH | {"targeted": Returns(600, 10), "other": Returns(0, 0)}

        assert expected(few, elapsed=1.0, min_lines=0, min_drawn_lines=1).ranked == 10
        assert expected(few, elapsed=1.0, min_lines=0, min_drawn_lines=1, cell_min_lines=10).ranked == 0


@pytest.mark.django_db
class TestWarning:
    def running(self, **rulebook):
        round_ = make_open_round(
            rulebook=rulebook, opens_at=NOON - timedelta(days=3), closes_at=NOON + timedelta(days=3)
        )
        cast_ballots(round_, make_codes(round_, 6))
        return round_

    @pytest.fixture
    def read(self, client, monkeypatch):
        """Return the text of the round's page and of the monitor, as the chief sees them at a moment."""

        def at(round_, moment=NOON):
            monkeypatch.setattr("nanchuan_eval.clock.queries.now", lambda: moment)
            client.force_login(make_user("chief"))
            names = ("admin:evaluations_round_change", "admin:round-monitor")
            return [client.get(reverse(name, args=[round_.pk])).content.decode() for name in names]

        return at

    def test_says_what_is_missing_and_leads_to_a_top_up(self, read, settings):
        round_ = self.running()
        make_drawn(round_, people=6)
        settings.TWO_PERSON_RULE = True

        for page in read(round_):
            assert "预计不能公示" in page
            assert "3个科室中约有0个的有效评议能达到排名要求，" in page
            assert "启动追加抽取" in page
        assert reverse("admin:round-extend", args=[round_.pk]) in page

    def test_waits_for_the_second_day_and_ends_with_the_vote(self, read):
        round_ = self.running()

        for moment in (round_.opens_at + timedelta(hours=23), round_.closes_at):
            assert not any("预计不能公示" in page for page in read(round_, moment))

    @pytest.mark.parametrize("rulebook", [default_rulebook("NC-1"), {"min_lines": 1, "min_drawn_lines": 1}])
    def test_is_silent_under_nc_1_and_where_enough_is_expected(self, read, rulebook):
        round_ = self.running(**rulebook | {"box_key": "server"})

        assert not any("预计不能公示" in page for page in read(round_))
