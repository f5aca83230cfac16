"""Change since the round before, on the pages of section, commission, unit and year; where there is none, why."""

import json
from datetime import UTC, date, datetime, time
from fractions import Fraction

import pytest

from departments.models import ChangeKind, Section, SectionChange
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.nc2.cells_file import cells_document, rulebook_digest
from evaluations.scoring.nc2.index import CellFigures, Figures
from evaluations.tally.models import Tally
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account, make_bare_round, make_liaison, make_result, make_tally
from tests.pages import page_in

pytestmark = pytest.mark.django_db
MAY_SEE = {Role.CLERK, Role.CHIEF, Role.COMMISSION}
CODES = [f"D{n // 2 + 1:02}-{n % 2 + 1:02}" for n in range(25)]
HARDEST, BETTER = (
    CODES[-1],
    "若没有变化，按上期结果推算本期约为31.78，实际为20.00，好转（误差±2.76，只计抽样误差；与全体科室中位数相比）。",
)
EVEN = {code: n - 12 for n, code in enumerate(CODES)}
IMPROVED = EVEN | {HARDEST: 0}


def make_round(key, deviations, state=RoundState.PUBLISHED, method="NC-2", few=(), **settings):
    """A round counted from the targeted channel alone, whose mean is 20; `few` = sections with too few lines."""
    round_ = make_bare_round(key, state, rulebook={**default_rulebook(method), **settings})
    for place, code in enumerate(sorted(deviations, key=lambda code: -deviations[code]), 1):
        make_result(round_, code, rank=None if code in few else place)
    tally = make_tally(round_)
    if method == "NC-2":
        digest = rulebook_digest(json.loads(tally.rulebook))
        cells = {
            code: {"targeted": CellFigures(None if code in few else 40, Fraction(0 if code in few else d), Fraction(1))}
            for code, d in deviations.items()
        }
        figures = Figures({"targeted": Fraction(20)}, {"targeted": Fraction(1)}, Fraction(0), cells)
        document = canonical_json(cells_document(figures, digest)).decode()
        Tally.objects.filter(pk=tally.pk).update(cells=document, rulebook_sha256=digest)
    return round_


def change_page(client, key="2020H1", role=Role.COMMISSION):
    client.force_login(make_account(role))
    return client.get(f"/commission/{key}/changes/").content.decode()


@pytest.mark.parametrize("role", [*sorted(MAY_SEE), Role.LIAISON, Role.PERSONNEL, Role.SUPERVISOR, Role.AUDITOR])
def test_office_and_commission_see_the_page_and_nobody_else(client, role):
    make_round("2020H1", EVEN)
    client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

    assert client.get("/commission/2020H1/changes/").status_code == (200 if role in MAY_SEE else 403)


def test_nothing_is_compared_before_the_count(client):
    make_bare_round(state=RoundState.SEALED)
    client.force_login(make_account())

    assert client.get("/commission/2020H1/changes/").status_code == 404


class TestTheCommissionsPage:
    def test_shows_one_picture_and_every_section_in_the_order_of_its_gain(self, client):
        make_round("2019H2", EVEN)
        make_round("2020H1", IMPROVED | {CODES[0]: -3})

        text = change_page(client)

        assert "25个科室可以比较：好转1个，变差1个，无明显变化23个" in text
        assert text.count("<svg") == 1
        assert text.count('class="bar is-better"') == text.count('class="bar is-worse"') == 1
        rows = [text.index(f"第{code}科</a>") for code in (HARDEST, CODES[12], CODES[0])]
        assert rows == sorted(rows)
        assert "style=" not in text

    @pytest.mark.parametrize("rounds", [2, 4])
    @pytest.mark.parametrize("sections", [22, 25])
    def test_takes_a_constant_number_of_queries(self, client, rounds, sections):
        some = {code: EVEN[code] for code in CODES[:sections]}
        for key in ["2018H1", "2018H2", "2019H1", "2019H2"][-rounds:]:
            make_round(key, some)
        make_round("2020H1", some)
        client.force_login(make_account())

        page_in(client, "/commission/2020H1/changes/", queries=7, shows="个科室可以比较")

    def test_compares_with_published_rounds_only(self, client):
        make_round("2019H1", EVEN)
        make_round("2019H2", IMPROVED, RoundState.VOID)
        make_round("2020H1", IMPROVED, RoundState.COUNTED)

        assert "上一轮：2019年上半年" in change_page(client)

    def test_a_demonstration_is_not_compared_with_real_rounds(self, client):
        Round.objects.filter(pk=make_round("2019H2", EVEN).pk).update(is_demo=True)
        make_round("2020H1", EVEN)

        assert "本轮之前没有已公示的轮次" in change_page(client)


class TestRoundsThatCannotBeCompared:
    @pytest.mark.parametrize(
        ("before", "now", "reason"),
        [
            ({"method": "NC-1"}, {}, "2019年下半年按计分方法NC-1计票，两轮的难办指数不能比较。"),
            ({}, {"method": "NC-1"}, "2020年上半年按计分方法NC-1计票"),
            ({"cap": "5"}, {}, "本轮与2019年下半年的计分规则不同（非抽签渠道最多偏离"),
            ({"levels": 4}, {}, "（评价等级）"),
            ({"few": CODES[19:]}, {}, "都参加排名的科室只有19个，不足20个，不作比较。"),
        ],
    )
    def test_say_why(self, client, before, now, reason):
        make_round("2019H2", EVEN, **before)
        make_round("2020H1", IMPROVED, **now)

        text = change_page(client)

        assert reason in text
        assert "<svg" not in text
        assert "好转" not in text.replace("为好转方向", "")

    def test_the_sections_page_says_so_too(self, client):
        make_round("2020H1", EVEN)
        client.force_login(make_account())

        assert (
            "本轮之前没有已公示的轮次，不作比较。"
            in client.get(f"/commission/2020H1/sections/{HARDEST}/").content.decode()
        )


class TestASection:
    def text(self, client, code=HARDEST):
        client.force_login(make_account())
        return client.get(f"/commission/2020H1/sections/{code}/").content.decode()

    def test_has_its_change_in_one_sentence(self, client):
        make_round("2019H2", EVEN)
        make_round("2020H1", IMPROVED)

        assert BETTER in self.text(client)
        assert "无明显变化（误差±" in self.text(client, CODES[12])

    @pytest.mark.parametrize(("which", "words"), [("before", "上一轮样本不足"), ("now", "本轮样本不足")])
    def test_with_too_few_ballots_is_not_compared(self, client, which, words):
        make_round("2019H2", EVEN, few=[HARDEST] if which == "before" else [])
        make_round("2020H1", EVEN, few=[HARDEST] if which == "now" else [])

        assert f"{words}，不作比较。" in self.text(client)
        assert "<tr" in change_page(client)
        assert f"{words}，不作比较。" in change_page(client)

    def test_that_is_new_is_not_compared(self, client):
        make_round("2019H2", {code: d for code, d in EVEN.items() if code != HARDEST})
        make_round("2020H1", EVEN)

        assert "上一轮没有参评，不作比较。" in self.text(client)

    def reform(self, kind, earlier, later, on=date(2020, 2, 1)):
        found = dict.fromkeys([earlier, later])
        for code in found:
            found[code] = Section.objects.get(code=code)
        SectionChange.objects.create(
            kind=kind,
            on=on,
            earlier=found[earlier],
            later=found[later],
            earlier_name="旧科",
            earlier_department_name="旧局",
        )

    @pytest.mark.parametrize("kind", [ChangeKind.RENAMED, ChangeKind.MOVED])
    def test_renamed_or_moved_is_still_compared(self, client, kind):
        make_round("2019H2", EVEN)
        make_round("2020H1", IMPROVED)
        self.reform(kind, HARDEST, HARDEST)

        assert BETTER in self.text(client)

    @pytest.mark.parametrize("kind", [ChangeKind.MERGED, ChangeKind.SPLIT])
    @pytest.mark.parametrize("place", ["earlier", "later"])
    def test_merged_or_split_since_is_left_out_with_the_reason(self, client, kind, place):
        make_round("2019H2", EVEN)
        make_round("2020H1", IMPROVED)
        self.reform(kind, *((HARDEST, CODES[3]) if place == "earlier" else (CODES[3], HARDEST)))

        assert f"上一轮以来科室有{kind.label}，不是原来的评议对象，不作比较。" in self.text(client)
        assert "23个科室可以比较" in change_page(client)

    def test_merged_before_the_last_round_is_compared(self, client):
        make_round("2019H2", EVEN)
        make_round("2020H1", IMPROVED)
        self.reform(ChangeKind.MERGED, CODES[3], HARDEST, on=date(2019, 3, 1))

        assert BETTER in self.text(client)


class TestAUnit:
    def text(self, client, unit="D13"):
        client.force_login(make_liaison(unit))
        return client.get("/unit/").content.decode()

    @pytest.mark.parametrize(("state", "is_told"), [(RoundState.REVIEW, False), (RoundState.PUBLISHED, True)])
    def test_reads_the_change_of_its_own_sections_once_the_list_is_published(self, client, state, is_told):
        make_round("2019H2", EVEN)
        make_round("2020H1", IMPROVED, state)

        assert (BETTER in self.text(client)) is is_told
        assert BETTER not in self.text(client, "D01")

    def test_is_compared_with_a_round_in_which_it_took_no_part(self, client):
        make_round("2019H1", IMPROVED)
        make_round("2019H2", {code: d for code, d in EVEN.items() if code != HARDEST})
        make_round("2020H1", IMPROVED)

        assert "上一轮没有参评，不作比较。" in self.text(client)

    @pytest.mark.parametrize("rounds", [1, 4])
    def test_takes_a_constant_number_of_queries(self, client, rounds):
        for key in ["2018H2", "2019H1", "2019H2", "2020H1"][-rounds:]:
            make_round(key, EVEN)
        client.force_login(make_liaison("D13"))

        page_in(client, "/unit/", queries=7, shows="只计抽样误差" if rounds > 1 else "本轮之前没有")


KEYS = [f"{year}H{half}" for year in (2017, 2018, 2019, 2020) for half in (1, 2)]


class TestAroundTheCut:
    """Every other round the sections at places 6 to 10 differ among each other; `gained` = what they always improve."""

    def rounds(self, number, gained=0):
        deviations = dict(EVEN)
        for n, key in enumerate(KEYS[:number]):
            make_round(key, deviations)
            cut = sorted(deviations, key=lambda code: -deviations[code])[5:10]
            deviations |= {code: deviations[code] - gained for code in cut}
            spread = (-4, -2, 0, 2, 4) if n % 2 == 0 else (4, 2, 0, -2, -4)
            deviations |= {code: deviations[code] + by for code, by in zip(CODES[10:15], spread, strict=True)}
        return KEYS[number - 1]

    def test_too_few_pairs_are_not_judged(self, client):
        key = self.rounds(6)

        assert "轮次不足：目前有5对前后两轮可以比较，满6对后才作判断。" in change_page(client, key)

    @pytest.mark.parametrize(
        ("gained", "label", "direction"),
        [(0, "看不出差别", ""), (4, "上榜后改进快于榜外", "多改进"), (-4, "上榜后改进慢于榜外", "少改进")],
    )
    def test_six_pairs_are(self, client, gained, label, direction):
        key = self.rounds(7, gained)

        text = change_page(client, key)

        assert f"{label}：6对前后两轮中，榜上最后5位比榜外最前5位平均{direction}" in text
        assert "只说明位次在公布名额附近的科室" in text

    def test_the_years_report_says_the_same(self, client):
        self.rounds(7)
        for round_ in Round.objects.all():
            at = datetime.combine(round_.period_end, time(4), UTC)
            Publication.objects.create(round=round_, published_at=at, approved_by=make_account(), content="{}")
        client.force_login(make_account(Role.PERSONNEL))

        assert "看不出差别：6对前后两轮中" in client.get("/personnel/assessment/2020/").content.decode()
        assert "轮次不足：目前有5对" in client.get("/personnel/assessment/2019/").content.decode()
