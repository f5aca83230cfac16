"""Empty lists of the staff site say that they are empty and where their rows come from, without filters of nothing."""

import pytest
from django.urls import reverse

from tests.factories import make_section, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "name", "said"),
    [
        ("sysadmin", "nanchuan_eval_backup", "目前没有备份。备份由定时任务每天自动进行"),
        ("clerk", "departments_section", "目前没有科室。请点“导入名录”"),
        ("clerk", "evaluations_draw", "目前没有抽取。抽取在轮次页面公布承诺后列入本页。"),
        ("commission", "accountability_case", "目前没有问责事项。公示时，系统为每个上榜科室建立问责事项。"),
    ],
)
def test_an_empty_list_says_where_its_rows_come_from(client, role, name, said):
    client.force_login(make_user(role))

    page = client.get(reverse(f"admin:{name}_changelist")).content.decode()

    assert said in page
    assert "changelist-filter" not in page


def test_a_search_without_a_hit_keeps_its_filters_and_says_so(client):
    make_section()
    client.force_login(make_user("clerk"))

    page = client.get(reverse("admin:departments_section_changelist"), {"q": "无此科室"}).content.decode()

    assert "没有符合条件的记录，请放宽查找、筛选条件。" in page
    assert "changelist-filter" in page
