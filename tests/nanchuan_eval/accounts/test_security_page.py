"""The security page and the auditor's filters: in Chinese, without links to pages that answer 403."""

import re

import pytest
from django.utils import timezone

from nanchuan_eval.accounts.views.security import setting_lines
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditEntry
from tests.factories import NOON, make_user

pytestmark = pytest.mark.django_db


def test_the_page_shows_every_figure_and_the_whole_table(client, settings):
    settings.PASSWORD_LENGTH = 17
    client.force_login(make_user("security"))
    page = client.get("/admin/policy/").content.decode()
    assert "17位" in page
    assert page.count('<th scope="row">') >= 103
    assert all(line.what in page for line in setting_lines())
    assert "/admin/policy/" in client.get("/home/").content.decode()


def test_the_page_is_read_only(client):
    client.force_login(make_user("security"))
    assert client.post("/admin/policy/").status_code == 405


class TestTheAuditLog:
    @pytest.fixture(autouse=True)
    def rows(self, client):
        audit.record("round.edit", None, by=make_user("chief"), at=NOON, reason="改规则")
        client.force_login(make_user("auditor"))

    def test_is_filtered_by_names(self, client):
        page = client.get("/admin/nanchuan_eval/auditentry/").content.decode()
        sidebar = page[page.index('id="changelist-filter"') :]
        assert "建立轮次、修改评议规则" in sidebar
        assert "评议办负责人" in sidebar
        assert "按角色" in sidebar
        assert not re.search(r">\s*round\.edit\s*<", page)

    @pytest.mark.parametrize("query", ["action=round.edit", "role=H", "result__exact=ok", "q=改规则"])
    def test_each_filter_finds_it(self, client, query):
        assert client.get(f"/admin/nanchuan_eval/auditentry/?{query}").context["cl"].result_count == 1

    def test_a_filter_that_fits_nothing_finds_nothing(self, client):
        assert client.get("/admin/nanchuan_eval/auditentry/?action=tally.run").context["cl"].result_count == 0

    def test_a_row_leads_nowhere_the_auditor_may_not_go(self, client):
        row = AuditEntry.objects.get(action="round.edit")
        page = client.get(f"/admin/nanchuan_eval/auditentry/{row.pk}/change/").content.decode()
        assert row.actor.name in page
        links = set(re.findall(r'href="(/admin/[^"#?]*)"', page))
        assert not [link for link in links if client.get(link, follow=True).status_code >= 400]

    @pytest.mark.parametrize(
        ("words", "found"), [("建立轮次", 1), ("round.edit", 1), ("建立轮次 成功", 1), ("无权限", 0)]
    )
    def test_is_searched_by_chinese_names(self, client, words, found):
        page = client.get("/admin/nanchuan_eval/auditentry/", {"q": words})
        assert page.context["cl"].result_count == found

    def test_shows_the_result_before_the_action(self, client):
        AuditEntry.objects.update(result=AuditEntry.Result.DENIED)
        page = client.get("/admin/nanchuan_eval/auditentry/").content.decode()
        assert '<span class="outcome">无权限</span>' in page
        assert page.index("column-outcome") < page.index("column-action_text")

    def test_every_cell_names_its_column_on_a_phone(self, client):
        page = client.get("/admin/nanchuan_eval/auditentry/").content.decode()
        assert 'data-label="来源地址" class="field-address' in page

    def test_a_row_is_named_by_its_local_time(self):
        row = AuditEntry.objects.get(action="round.edit")
        assert str(row).startswith(f"{timezone.localtime(row.at):%Y-%m-%d %H:%M}")
