"""Evaluators are drawn section by section from those who really dealt with it, everybody with the same chance."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings
from django.urls import reverse

from evaluations.draws import documents as draws_documents
from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.queries.clients import drawn_clients, first_drawn_in
from evaluations.draws.queries.people import liaison_conflicts
from evaluations.draws.queries.proofs import proof_text
from evaluations.draws.rules import RemovalReason, client_seats
from evaluations.draws.services import removals
from evaluations.draws.services.clients import NOBODY
from evaluations.draws.services.removals import Removal, open_next_round, remove_drawn
from evaluations.pools.rules.kinds import ExclusionReason
from evaluations.protocol.drawing import person_token
from evaluations.protocol.proofs import verify_proof
from evaluations.rounds.models import Round
from evaluations.rounds.queries import wanted_draws
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.service_records.models import Client
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User
from tests.evaluations.service_records.factories import make_clients, make_records
from tests.factories import LATER, commit, hold_draw, make_open_round, make_user

pytestmark = pytest.mark.django_db
RULES = {"client_draw": True, "client_letters": 6, "client_batch_min": 5, "alternates_percent": 50}


def client_round(*people, **rules):
    """A frozen round and its sections, with so many clients of each."""
    round_ = make_open_round(sections=len(people), rulebook={**RULES, **rules})
    Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN)
    round_.refresh_from_db()
    sections = [each.section for each in round_.sections.order_by("code")]
    for section, size in zip(sections, people, strict=True):
        make_clients(section, size)
    return round_, sections


def stratum_of(section):
    return f"{section.code} {section.name}"


def selected(draw, **of):
    return draw.entries.filter(is_selected=True, **of)


class TestTheCommitment:
    def test_gives_each_section_its_seats_or_all_its_people(self):
        round_, (many, few) = client_round(10, 5)

        draw = hold_draw(round_, DrawPurpose.CLIENTS)

        assert selected(draw, stratum=stratum_of(many)).count() == 6
        assert selected(draw, stratum=stratum_of(few)).count() == 5  # all: a draw takes nobody twice
        assert draw.entries.filter(stratum=stratum_of(many), place__isnull=False).count() == 9  # half as alternates

    def test_takes_the_seats_of_a_section_from_the_plan(self):
        rounds, alternates = client_seats(
            {**RULES, "client_seats": {"A": 25}, "client_top_ups": 2, "client_top_up_percent": 50}, ["A 一科", "B 二科"]
        )

        assert rounds == [[25, 6], [38, 9], [50, 12]]
        assert alternates == 13

    def test_leaves_small_sections_to_the_general_channel_and_says_so(self, client):
        round_, (_, small) = client_round(6, 4)

        draw = commit(round_, DrawPurpose.CLIENTS)

        assert not draw.entries.filter(stratum=stratum_of(small)).exists()
        assert "1个科室可抽的办事群众不足5人" in json.loads(draw.params)["note"]
        page = client.get(reverse("draw", args=[draw.draw_id])).content.decode()
        assert "1个科室可抽的办事群众不足5人" in page
        assert small.name in page

    def test_lists_who_is_excluded_with_the_reason_only(self):
        round_, (section,) = client_round(5)
        make_clients(section, 1, exclusion=ExclusionReason.CONFLICT)
        make_clients(section, 1, phone="")

        draw = commit(round_, DrawPurpose.CLIENTS)

        reasons = Counter(draw.entries.values_list("exclusion", flat=True))
        assert reasons == {"": 5, "conflict": 1, "ineligible": 1}

    def test_counts_several_records_with_a_section_as_one_chance(self):
        round_, (section,) = client_round(5)
        busy = Client.objects.first()
        make_records(section, busy, busy, busy)

        assert commit(round_, DrawPurpose.CLIENTS).entries.filter(client=busy).count() == 1

    def test_waits_for_records_and_for_a_section_with_enough_people(self):
        round_, (section,) = client_round(0)

        with pytest.raises(RuleViolation, match="还没有办件"):
            commit(round_, DrawPurpose.CLIENTS)
        make_clients(section, 4)
        with pytest.raises(RuleViolation, match="没有科室的可抽办事群众达到5人"):
            commit(round_, DrawPurpose.CLIENTS)

    def test_names_the_trigger_of_the_top_ups(self):
        round_, _ = client_round(6)

        note = json.loads(commit(round_, DrawPurpose.CLIENTS).params)["note"]

        assert "按已收回票数预计有科室达不到所需票数的，经两人办理依次启动" in note
        assert "封存名册校验值" in note

    def test_is_wanted_only_where_the_rulebook_asks_for_it(self):
        asked, _ = client_round(6)
        older = Round(rulebook={key: value for key, value in asked.rulebook.items() if not key.startswith("client_")})

        assert DrawPurpose.CLIENTS in wanted_draws(asked)
        assert DrawPurpose.CLIENTS not in wanted_draws(older)


class TestAPersonInSeveralSections:
    """One letter, but nothing public tells that it is one person."""

    @pytest.fixture
    def shared(self):
        round_, sections = client_round(6, 6)
        make_records(sections[1], *Client.objects.filter(records__section=sections[0]))
        return round_, sections

    def test_has_a_salt_and_token_of_its_own_for_each(self, shared, client):
        draw = hold_draw(shared[0], DrawPurpose.CLIENTS)

        twice = [entries for _, entries in everybody(draw) if len(entries) == 2]
        assert len(twice) == 6
        assert len(set(draw.entries.values_list("token", flat=True))) == draw.entries.count() == 18
        assert len(set(draw.entries.values_list("salt", flat=True))) == 18
        for entry in draw.entries.select_related("client"):
            assert person_token(entry.salt, f"{entry.client.name}/{entry.client.phone}") == entry.token

    def test_shows_no_salt_name_or_phone_to_the_public(self, shared, client):
        draw = hold_draw(shared[0], DrawPurpose.CLIENTS)
        files = ("params.json", "pool.tsv", "exclusions.tsv", "drawn.tsv", "chances.csv")
        pages = [reverse(name, args=[draw.draw_id]) for name in ("draw", "draw-proof")]
        pages += [reverse("draw-file", args=[draw.draw_id, name]) for name in files]

        answers = [client.get(page) for page in pages]

        assert {answer.status_code for answer in answers} == {200}
        text = "".join(answer.getvalue().decode() for answer in answers)
        secrets = [value for person in Client.objects.all() for value in (person.name, person.phone)]
        secrets += DrawEntry.objects.values_list("salt", flat=True)
        assert [secret for secret in secrets if secret in text] == []

    def test_gets_one_letter_with_a_code_for_each(self, shared, client, monkeypatch):
        printed = []
        monkeypatch.setattr(draws_documents, "render_pdf", lambda name, data, **_: printed.append(data) or b"%PDF")
        draw = hold_draw(shared[0], DrawPurpose.CLIENTS)
        client.force_login(make_user("clerk"))
        people = {person.pk: entries for person, entries in drawn_clients(draw)}
        several = next(entries for entries in people.values() if len(entries) == 2)

        client.post(reverse("admin:draw-letters", args=[draw.pk]), {"form": "pdf", "reason": "寄发"})
        one = reverse("admin:draw-letters", args=[draw.pk]) + f"?entry={several[0].pk}"
        client.post(one, {"form": "pdf", "reason": "补寄"})

        assert len(printed[0]["letters"]) == len(people)
        (letter,) = printed[1]["letters"]
        assert {chance["token"] for chance in letter["chances"]} == {entry.token for entry in several}

    def test_loses_one_section_and_keeps_the_other(self, shared):
        draw = hold_draw(shared[0], DrawPurpose.CLIENTS)
        person, (here, there) = next((who, entries) for who, entries in drawn_clients(draw) if len(entries) == 2)

        removal = Removal(RemovalReason.REFUSED, "只愿评另一个科室")
        remove_drawn(entry_id=here.pk, removal=removal, by=make_user("chief"), at=LATER)

        left = [entry for who, entries in drawn_clients(draw) if who == person for entry in entries]
        assert left == [there]
        assert verify_proof(proof_of(draw)) == draw.seed


def everybody(draw):
    found = {}
    for entry in draw.entries.select_related("client"):
        found.setdefault(entry.client_id, []).append(entry)
    return found.items()


def proof_of(draw):
    return json.loads("".join(proof_text(Draw.objects.get(pk=draw.pk))))


class TestTheProof:
    def test_passes_the_checker_that_shares_no_code_with_the_program(self, tmp_path):
        round_, _ = client_round(10, 6, 5)
        draw = hold_draw(round_, DrawPurpose.CLIENTS)
        target = tmp_path / "proof.json"
        target.write_text("".join(proof_text(draw)), encoding="utf-8")

        checker = settings.BASE_DIR / "static" / "verify" / "check_draw.py"
        done = subprocess.run([sys.executable, checker, target], capture_output=True, text=True, check=False)

        assert done.stdout.strip() == f"OK {draw.seed}"
        assert verify_proof(proof_of(draw)) == draw.seed


class TestFurtherRounds:
    @pytest.fixture
    def topped_up(self, monkeypatch):
        monkeypatch.setattr(removals, "further_round_faults", lambda *_: [])
        round_, sections = client_round(20, 5)
        return hold_draw(round_, DrawPurpose.CLIENTS), sections

    def open_next(self, draw):
        open_next_round(draw_id=draw.pk, by=make_user("chief"), at=LATER)

    def remove_first(self, draw, section):
        entry = selected(draw, stratum=stratum_of(section)).order_by("place").first()
        removal = Removal(RemovalReason.REFUSED, "电话中说明")
        remove_drawn(entry_id=entry.pk, removal=removal, by=make_user("chief"), at=LATER)

    def test_list_only_whom_each_of_them_drew(self, topped_up):
        draw, (_, small) = topped_up
        first = {entry.pk for _, entries in drawn_clients(draw) for entry in entries}

        self.open_next(draw)

        later = {entry.pk for _, entries in drawn_clients(draw, 2) for entry in entries}
        assert len(later) == 3  # half of six; the small section had sent everybody
        assert not later & first
        assert {entry.pk for _, entries in drawn_clients(draw, 1) for entry in entries} == first
        assert len(drawn_clients(draw)) == 6 + 3 + 5
        assert not selected(draw, stratum=stratum_of(small), pk__in=later).exists()

    def test_count_an_alternate_to_the_round_in_which_they_took_the_seat(self, topped_up):
        draw, (section, _) = topped_up
        self.remove_first(draw, section)  # the seventh takes the seat
        assert len(drawn_clients(draw, 1)) == 11
        self.open_next(draw)  # six seats become nine: the eighth, ninth and tenth
        self.remove_first(draw, section)  # the eleventh

        rounds = Counter(first_drawn_in(Draw.objects.get(pk=draw.pk)).values())

        assert rounds == {1: 7 + 5, 2: 4}
        assert len(drawn_clients(draw, 2)) == 4

    def test_take_few_queries(self, topped_up, django_assert_num_queries):
        draw, _ = topped_up
        with django_assert_num_queries(1):
            drawn_clients(draw)
        with django_assert_num_queries(4):
            drawn_clients(draw, 1)


class TestThePages:
    def test_show_everybodys_chance_in_each_section(self, client):
        round_, (many, few) = client_round(12, 5)
        draw = hold_draw(round_, DrawPurpose.CLIENTS)

        page = client.get(reverse("draw", args=[draw.draw_id])).content.decode()
        rows = client.get(reverse("draw-file", args=[draw.draw_id, "chances.csv"])).getvalue().decode("utf-8-sig")

        assert "6/12" in page
        assert "50.0%" in page
        assert "5/5" in page
        assert rows.splitlines()[1].startswith(f"{many.code},{many.name},12,6,50.0%")
        assert rows.splitlines()[2].startswith(f"{few.code},{few.name},5,5,100.0%")

    def test_name_the_drawn_to_the_office_and_remove_one(self, client):
        round_, _ = client_round(10)
        draw = hold_draw(round_, DrawPurpose.CLIENTS)
        client.force_login(make_user("chief"))
        entry = selected(draw).order_by("place").first()

        page = client.get(reverse("admin:draw-people", args=[draw.pk])).content.decode()
        found = client.get(reverse("admin:draw-people", args=[draw.pk]), {"q": entry.client.phone[-4:]})
        client.post(
            reverse("admin:draw-remove", args=[entry.pk]),
            {"reason": "refused", "calls": "", "explanation": "电话中说明"},
        )

        assert entry.client.name in page
        assert entry.client.masked_phone in page
        assert entry.client.phone not in page
        assert entry.client.name in found.content.decode()
        entry.refresh_from_db()
        assert not entry.is_selected

    def test_find_nobody_to_draw_where_there_is_nobody(self):
        assert "导入" in NOBODY


class TestLiaisons:
    """Whoever becomes a liaison after the import takes no part; whoever is drawn becomes none."""

    def liaison(self, name, unit):
        made = make_user("liaison")
        User.objects.filter(pk=made.pk).update(name=name, unit_code=unit.code, is_active=True)
        return made

    def test_of_the_same_name_are_excluded_at_the_commitment(self):
        round_, (section,) = client_round(6)
        namesake = Client.objects.first()
        self.liaison(namesake.name, section.department)

        draw = commit(round_, DrawPurpose.CLIENTS)

        assert draw.entries.get(client=namesake).exclusion == ExclusionReason.CONFLICT
        assert draw.entries.filter(exclusion="").count() == 5

    def test_leave_a_section_out_that_has_too_few_others(self):
        round_, (section, _) = client_round(5, 6)
        self.liaison(Client.objects.first().name, section.department)

        draw = commit(round_, DrawPurpose.CLIENTS)

        assert {entry.stratum for entry in draw.entries.all()} == {stratum_of(round_.sections.latest("code"))}

    def test_cannot_be_appointed_from_the_drawn(self):
        round_, (section,) = client_round(6)
        draw = hold_draw(round_, DrawPurpose.CLIENTS)
        drawn = selected(draw).first().client
        made = self.liaison(drawn.name, section.department)

        (conflict,) = liaison_conflicts(User.objects.get(pk=made.pk), "L", section.department.code)

        assert "抽中或者候补的办事群众中有同名人员" in conflict
        assert drawn.phone not in conflict
