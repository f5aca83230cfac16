import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.planning.rules.differences import differences, plan_document
from evaluations.planning.rules.inputs import InputError, Inputs
from evaluations.planning.rules.plan import adopted, invite, plan
from evaluations.planning.rules.report import ESTIMATE, NOT_DRAWN_HERE, NOT_SIMULATED, UNSEEN, report
from evaluations.rounds.rules.rulebook_errors import rulebook_errors
from nanchuan_eval.core.canonical import canonical_json
from tests.evaluations.planning.examples import SECTIONS, inputs, last, rulebook, sampled_drawn


class TestInvitations:
    def test_letters_are_the_quota_over_return_and_valid_lines(self):
        found = invite(Inputs(), "D01-01", 40)

        assert (found.letters, found.clients, found.is_everybody) == (106, None, False)
        assert found.expected >= 40

    def test_where_clients_are_too_few_everybody_is_invited(self):
        found = invite(inputs({"D01-01": {"clients": 80}}), "D01-01", 40)

        assert (found.letters, found.is_everybody) == (80, True)
        assert round(found.expected, 1) == 30.4

    def test_as_many_clients_as_letters_are_enough(self):
        assert not invite(inputs({"D01-01": {"clients": 106}}), "D01-01", 40).is_everybody

    def test_a_section_may_have_a_return_of_its_own(self):
        assert invite(inputs({"D01-01": {"return_percent": 80}}), "D01-01", 40).letters == 53


class TestAPlan:
    def test_a_section_with_few_general_lines_invites_more_clients(self):
        before = last({s: {"targeted": 5 if s == "D01-01" else 90} for s in SECTIONS}, lead=8.0)
        found = {of.section: of for of in plan(rulebook(), Inputs(), before).sections}

        few, many = found["D01-01"], found["D01-02"]
        assert few.invitation.quota == round(few.needs["targeted"] - few.general.lines["targeted"] + 0.5)
        assert many.invitation.quota == 40
        assert few.planned.drawn >= few.needs["targeted"]

    def test_without_clients_the_general_ballots_are_all_there_is(self):
        found = plan(rulebook(), inputs(clients__channel="none"))

        assert found.channel == ""
        assert all(of.invitation is None and of.planned == of.general for of in found.sections)
        assert found.letters == 0

    def test_clients_count_where_the_sampled_channel_is_drawn(self):
        assert plan(rulebook(), Inputs()).channel == "targeted"
        assert plan(sampled_drawn(), Inputs()).channel == "sampled"

    def test_a_section_is_protected_only_if_every_drawn_channel_is(self):
        found = plan(sampled_drawn(), inputs(targeted__ballots=50))

        assert all(of.planned.lines["sampled"] >= 40 and not of.is_protected for of in found.sections)

    def test_a_section_that_no_number_protects_still_gets_its_least_quota(self):
        found = plan(rulebook(), inputs(model__lead=1)).sections[0]

        assert (found.needs, found.invitation.quota, found.is_protected) == ({"targeted": None}, 40, False)

    def test_one_line_ballots_let_a_thin_round_pass_the_gate(self):
        found = plan(rulebook(), inputs(targeted__ballots=168))

        assert not found.general.is_passed
        assert found.planned.is_passed

    def test_a_round_without_a_drawn_channel_cannot_be_planned(self):
        channels = {"other": {"weight": "1", "drawn": False}}

        with pytest.raises(InputError, match="没有抽签渠道"):
            plan(rulebook(channels=channels, min_drawn_lines=0), Inputs())

    @settings(deadline=None)
    @given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 500))
    def test_a_larger_quota_never_lowers_what_is_expected(self, least, more, clients):
        known = {s: {"clients": clients} for s in SECTIONS[:3]}
        few, many = (
            plan(rulebook(3), inputs(known, known=3, clients__least=n, targeted__ballots=5)).sections
            for n in (least, least + more)
        )

        assert all(a.planned.drawn <= b.planned.drawn for a, b in zip(few, many, strict=True))
        assert all(of.invitation.letters <= clients for of in many)


class TestTakingOver:
    def test_evaluators_and_counted_ballots_are_taken_over(self):
        book = rulebook()
        found = adopted(book, plan(book, inputs(targeted__ballots=764, sampled__ballots=600)))

        assert (found["evaluators"], found["counted_sampled_ballots"]) == (764, 600)
        assert rulebook_errors(found) == []
        labels = {each.label: (each.before, each.after) for each in differences(book, found)}
        assert labels["定向评议人员人数"] == ("1000", "764")
        assert labels["定向评议名额·服务对象"] == ("500人", "382人")

    def test_letters_to_clients_become_seats_of_their_draw(self):
        book = rulebook(3)
        found = adopted(book, plan(book, inputs(known=3, clients__channel="sampled")))

        assert found["issued_seats"] == dict.fromkeys(SECTIONS[:3], 106)
        assert (found["issued_ballots"], found["issued_quota"]) == (318, "planned")
        assert (found["sampled_forms"], found["max_sections"]["sampled"]) == ("issued_codes", 1)
        assert found["channels"]["sampled"]["drawn"] is True
        assert rulebook_errors(found) == []
        assert ("发放名额·D01-01", "未定", "106张") in differences(book, found)

    def test_letters_change_no_draw_where_neither_rulebook_nor_inputs_ask_for_one(self):
        book = rulebook(3)

        assert adopted(book, plan(book, inputs(known=3))) == book

    def test_letters_that_count_as_targeted_become_a_draw_among_clients(self):
        book = rulebook(3)
        known = {"D01-01": {"clients": 80}}
        found = adopted(book, plan(book, inputs(known, known=3, clients__channel="targeted", clients__least=45)))

        assert found["client_draw"] is True
        assert found["client_seats"] == {"D01-01": 80, "D01-02": 119, "D01-03": 119}
        assert (found["client_needs"], found["client_least"]) == (dict.fromkeys(SECTIONS[:3], 45), 45)
        assert found["issued_seats"] == {}
        assert rulebook_errors(found) == []
        assert ("抽取办事群众·D01-01", "未定", "80人，需收回45张") in differences(book, found)
        assert differences(found, adopted(found, plan(found, inputs(known, known=3, clients__least=45)))) == []

    def test_a_section_with_too_few_clients_has_no_draw_of_its_own(self):
        book = rulebook(3)
        known = {"D01-01": {"clients": 19}, "D01-02": {"clients": 20}, "D01-03": {"clients": 0}}
        found = plan(book, inputs(known, known=3, clients__channel="targeted"))

        assert adopted(book, found)["client_seats"] == {"D01-02": 20}
        assert [of.section for of in found.too_small] == ["D01-01", "D01-03"]
        assert any("2个科室可以抽取的办事群众不足20人" in note for note in report(found, {}).notes)

    def test_a_plan_without_clients_or_with_sampled_ones_ends_their_draw(self):
        book = rulebook(3, client_draw=True)

        for channel in ("none", "sampled"):
            assert adopted(book, plan(book, inputs(known=3, clients__channel=channel)))["client_draw"] is False

    def test_a_rulebook_older_than_the_draw_among_clients_is_planned_like_any_other(self):
        earlier = {key: value for key, value in rulebook(3).items() if "client" not in key}
        found = adopted(earlier, plan(earlier, inputs(known=3, clients__channel="targeted")))

        assert found["client_seats"] == dict.fromkeys(SECTIONS[:3], 106)
        assert adopted(earlier, plan(earlier, inputs(known=3))) == earlier

    def test_a_plan_of_its_own_rulebook_changes_nothing_the_second_time(self):
        book = rulebook(3)
        once = adopted(book, plan(book, inputs(known=3, clients__channel="sampled")))

        assert differences(once, adopted(once, plan(once, inputs(known=3)))) == []


class TestWords:
    def test_every_plan_says_that_it_is_an_estimate_and_what_it_cannot_see(self):
        notes = report(plan(rulebook(), Inputs()), {}).notes

        assert notes[0] == ESTIMATE
        assert {UNSEEN, NOT_DRAWN_HERE} <= set(notes)
        assert NOT_SIMULATED in report(plan(sampled_drawn(), Inputs()), {}).notes

    def test_what_more_lines_are_good_for_is_told_with_this_plans_numbers(self):
        assert "由60张增至100张，误差由±3.7分变为±3.6分" in report(plan(rulebook(), Inputs()), {}).more_lines
        assert "由±7.5分变为±7.4分" in report(plan(rulebook(), inputs(model__between=16)), {}).more_lines

    def test_top_ups_are_those_of_the_further_draws_committed_beforehand(self):
        def last_note(**rules):
            return report(plan(sampled_drawn(3, **rules), inputs(known=3)), {}).notes[-1]

        assert "最多补发通知书159张" in last_note()
        assert "最多补发通知书318张" in last_note(extension_rounds=2)
        assert "不能补发" in last_note(extension_rounds=0)

    def test_top_ups_of_the_draw_among_clients_go_to_those_not_drawn_yet(self):
        known = {"D01-01": {"clients": 106}, "D01-02": {"clients": 150}}
        book = rulebook(3, client_draw=True)

        notes = report(plan(book, inputs(known, known=3)), {}).notes

        assert notes[-2].startswith("本计划建议") and "首次发出通知书318张" in notes[-2]
        assert notes[-2].endswith("以上是建议，采用到评议规则并经审定后才按此抽取。")
        assert "共2次，每次为首次的50%，最多补发通知书150张" in notes[-1]

    def test_the_summary_tells_gate_thin_and_unprotected_sections(self):
        thin = report(plan(rulebook(), inputs(targeted__ballots=168, clients__channel="none")), {})

        assert "达不到公示条件" in thin.summary
        assert "105个科室的票偏少，105个科室防不住12张买票" in thin.summary
        assert "没有科室的票偏少，各科室都防得住12张买票" in report(plan(rulebook(), Inputs()), {}).summary

    def test_the_thinnest_section_comes_first(self):
        before = last({s: {"targeted": n} for n, s in enumerate(reversed(SECTIONS))})
        found = report(plan(rulebook(), inputs(clients__channel="none"), before), {"D21-05": "民政局婚姻登记处"})

        assert found.rows[0].name == "民政局婚姻登记处"

    def test_the_need_is_told_by_channel_where_two_are_drawn(self):
        assert report(plan(rulebook(), Inputs()), {}).rows[0].needed == "59"
        assert report(plan(sampled_drawn(), Inputs()), {}).rows[0].needed == "定向42、抽样22"
        assert report(plan(rulebook(), inputs(model__lead=1)), {}).rows[0].needed == "防不住"

    def test_every_section_shows_its_margin(self):
        few, many = (plan(rulebook(), inputs(clients__least=n)).sections[0] for n in (20, 80))

        assert 3 < many.margin < few.margin < 5

    def test_the_file_of_a_plan_is_canonical(self):
        document = plan_document(plan(rulebook(3), inputs(known=3)))

        assert document["is_estimate"] is True
        assert document["sections"][0]["planned"]["lines"]["targeted"].count(".") == 1
        assert canonical_json(document)
