"""Read-only pages of roles outside the admin site, and the links to them."""

import pytest
from django.urls import reverse

from departments.models import Tenure
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions.policy import Role
from tests import factories as early
from tests.accountability.factories import TODAY, make_account, make_counted_round
from tests.pages import compact

pytestmark = pytest.mark.django_db
PLACES, ROSTER, MONITOR = "/personnel/places/", "/work/roster/", "/work/monitor/"


def page(client, role, address, unit=""):
    client.force_login(make_account(role, unit))
    return client.get(address, follow=True).content.decode()


class TestTheWayThere:
    @pytest.mark.parametrize(
        ("role", "unit", "shown", "hidden"),
        [
            (Role.SUPERVISOR, "", [ROSTER, MONITOR, "/draws/"], [PLACES, "/commission/"]),
            (Role.INSPECTOR, "", [ROSTER], [PLACES, MONITOR]),
            (Role.LIAISON, "D01", [ROSTER], [PLACES, MONITOR]),
            (Role.PERSONNEL, "", [PLACES], [MONITOR, "/commission/"]),
            (Role.COMMISSION, "", ["/commission/"], [PLACES, ROSTER, MONITOR]),
        ],
    )
    def test_the_work_list_names_what_the_role_reads(self, client, role, unit, shown, hidden):
        text = page(client, role, "/home/", unit)

        assert [address for address in shown if f'href="{address}"' not in text] == []
        assert [address for address in hidden if f'href="{address}"' in text] == []

    def test_a_supervisor_starts_on_the_work_list(self, client):
        client.force_login(make_account(Role.SUPERVISOR))
        assert client.get("/login/").url == reverse("home")


class TestTheRoster:
    def test_a_witness_reads_units_sections_and_heads_in_office(self, client):
        section = early.make_section()
        Tenure.objects.create(section=section, name="孙科长", starts_on=TODAY)

        text = page(client, Role.SUPERVISOR, ROSTER)

        assert section.department.name in text
        assert section.name in text
        assert "孙科长" in text

    def test_a_liaison_reads_only_the_own_unit(self, client):
        own, other = early.make_section(), early.make_section()

        text = page(client, Role.LIAISON, ROSTER, own.department.code)

        assert own.name in text
        assert other.name not in text

    def test_an_inactive_section_is_not_listed(self, client):
        assert early.make_section(is_active=False).name not in page(client, Role.INSPECTOR, ROSTER)


class TestTheTurnout:
    def test_without_an_open_round_there_is_nothing_to_watch(self, client):
        assert "没有正在投票的轮次" in page(client, Role.SUPERVISOR, MONITOR)

    def test_a_witness_sees_counts_and_no_button(self, client, time_machine):
        time_machine.move_to(early.NOON, tick=False)
        round_ = early.make_open_round()
        early.make_codes(round_, 7)

        text = page(client, Role.SUPERVISOR, MONITOR)

        assert "各批次" in text
        assert f"/rounds/{round_.key}/box/" in text
        assert "/admin/" not in text

    def test_the_sealed_boxes_are_linked(self, client):
        round_ = early.make_sealed_round()
        assert f"/rounds/{round_.key}/box/" in page(client, Role.SUPERVISOR, MONITOR)


class TestAllPlaces:
    def test_personnel_reads_every_place_once_the_list_is_out(self, client):
        round_ = make_counted_round(state=RoundState.PUBLISHED)
        results = round_.results.exclude(rank=None)

        text = page(client, Role.PERSONNEL, PLACES)

        assert results.count() > 1
        assert [r.section.name for r in results if r.section.name not in text] == []

    def test_details_for_office_and_commission_only_are_hidden(self, client):
        make_counted_round(state=RoundState.PUBLISHED)
        text = page(client, Role.PERSONNEL, PLACES)
        assert [word for word in ("临界", "上榜概率", "位次区间", "剔除后") if word in text] == []

    @pytest.mark.parametrize("state", [RoundState.COUNTED, RoundState.REVIEW, RoundState.VOID])
    def test_nothing_is_shown_before_publication(self, client, state):
        round_ = make_counted_round(state=state)
        client.force_login(make_account(Role.PERSONNEL))
        assert "暂无已公示的轮次" in client.get(PLACES).content.decode()
        assert client.get(f"{PLACES}{round_.key}/").status_code == 404

    def test_rounds_are_chosen_by_address(self, client):
        for key in ("2020H1", "2020H2"):
            make_counted_round(key, RoundState.PUBLISHED)
        for key in ("2020H1", "2020H2"):
            address = f"{PLACES}{key}/"
            assert f'href="{address}" aria-current="page"' in compact(page(client, Role.PERSONNEL, address))
