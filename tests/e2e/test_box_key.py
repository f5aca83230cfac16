"""Key cards in a browser: made in the room and printed one at a time; possession confirmed with a scanner at hand."""

import pytest
from django.utils import timezone
from playwright.sync_api import Error, expect

from evaluations.box_key.models import BoxCard, BoxKey
from evaluations.protocol.box import held_code
from evaluations.protocol.box_cards import card_text, qr_text
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.factories import make_key, make_open_round, make_supervisors_key, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LABELS = ["S1", "S2", "S3", "S4", "S5", "P6", "Q6"]


@pytest.fixture
def round_(transactional_db, settings):
    """A drawn round whose key may be replaced, in an office of two persons."""
    round_ = make_open_round(rulebook={"box_key": "supervisors"})
    make_supervisors_key(round_)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.DRAWN)
    round_.refresh_from_db()
    settings.TWO_PERSON_RULE = True
    return round_


@pytest.fixture
def desk(open_page, round_, live_server):
    """Open the page on which the clerk makes the permitted key."""

    def open_(width=1280, **options):
        clerk = make_user("clerk")
        approvals.start("box.key_online", round_, by=clerk, at=timezone.now(), reason="公证处没有设备")
        approval = Approval.objects.pending().get()
        approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=timezone.now())
        page = open_page(width, **options)
        page.add_init_script("window.printed = []; window.print = () => window.printed.push(1)")
        log_in(page, clerk, live_server.url)
        page.goto(f"/admin/evaluations/round/{round_.pk}/box-key/online/")
        return page

    return open_


def on_paper(page):
    """The labels of the cards that would be printed now."""
    page.emulate_media(media="print")
    shown = [card.get_attribute("data-label") for card in page.locator(".box-card").all() if card.is_visible()]
    page.emulate_media(media="screen")
    return shown


@pytest.mark.parametrize("width", [390, 1280])
def test_one_card_at_a_time_for_the_person_called_up(desk, width):
    page = desk(width)
    page.get_by_role("button", name="在线生成密钥卡").click()
    page.wait_for_load_state()
    page.evaluate("() => { window.print = () => window.printed.push(document.querySelector('.called').dataset.label) }")

    for at, label in enumerate(LABELS):
        holder = BoxCard.objects.get(box__replaced_at=None, card=label).holder
        heading = f"请{holder.person.name if holder else '纪委监委'}上前（密钥卡{label}）"
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        assert not [card for card in page.locator(".box-card").all() if card.is_visible()]
        assert on_paper(page) == []
        if at == 0:
            screenshot(page, f"box-cards-{width}")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        expect(page.get_by_role("button", name="已取走，请下一位")).to_be_hidden()
        page.get_by_role("button", name=f"打印密钥卡{label}").click()
        page.get_by_role("button", name="已取走，请下一位").click()
        assert page.locator(f".box-card[data-label={label}]").count() == 0

    assert page.evaluate("window.printed") == LABELS
    expect(page.get_by_role("heading", name="密钥卡已全部取走")).to_be_visible()
    assert "box-card" not in page.content()


def test_while_a_card_is_printed_it_alone_is_on_the_paper(desk):
    page = desk()
    page.get_by_role("button", name="在线生成密钥卡").click()
    page.locator(".box-card").first.evaluate("card => card.classList.add('called')")

    assert on_paper(page) == ["S1"]
    page.emulate_media(media="print")
    screenshot(page, "box-card-on-paper")
    assert page.locator(".errornote").first.is_hidden()


def test_without_script_all_are_printed_each_on_its_page_and_none_is_on_the_screen(desk):
    page = desk(java_script_enabled=False)
    page.get_by_role("button", name="在线生成密钥卡").click()

    expect(page.get_by_text("密钥卡将一次打印完毕")).to_be_visible()
    assert not [card for card in page.locator(".box-card").all() if card.is_visible()]
    assert on_paper(page) == LABELS
    screenshot(page, "box-cards-no-script")
    page.emulate_media(media="print")
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.count(b"/Type /Page\n") == len(LABELS)


def test_going_back_or_reloading_shows_no_card_again(desk):
    page = desk()
    page.get_by_role("button", name="在线生成密钥卡").click()
    expect(page.get_by_role("heading", name="上前")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="返回票箱密钥页").click()
    page.wait_for_url("**/box-key/")

    with pytest.raises(Error, match="ERR_CACHE_MISS"):  # the browser kept no copy
        page.go_back()

    assert page.locator(".box-card").count() == 0
    assert BoxKey.objects.count() == 2


@pytest.fixture
def key(round_):
    """A key on cards that nobody has confirmed."""
    key = make_key(round_)
    approvals.start("box.key", round_, by=make_user("clerk"), at=timezone.now(), record=key.record.decode())
    approvals.approve(approval_id=Approval.objects.pending().get().pk, by=make_user("chief"), at=timezone.now())
    return key


def scan(page, text):
    """A hand scanner types fast and ends with Enter."""
    page.locator("[name=code]").focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_scanned_card_is_not_sent(open_page, round_, key, scripts, width):
    page, posts = open_page(width, java_script_enabled=scripts), []
    page.on("request", lambda request: posts.append(request.post_data) if request.method == "POST" else None)
    page.goto(f"/rounds/{round_.key}/card/")
    if scripts:
        check_page(page)
    scan(page, qr_text(key.cards[0], key.key_id))
    page.wait_for_timeout(300)

    assert posts == []
    if scripts:
        expect(page.get_by_text("刚才输入的内容已清除")).to_be_visible()
        assert page.locator("[name=code]").input_value() == ""
    screenshot(page, f"box-card-scanned-{width}-{'script' if scripts else 'plain'}")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_holder_confirms_a_card(open_page, round_, key, scripts, width):
    page = open_page(width, java_script_enabled=scripts)
    page.goto(f"/rounds/{round_.key}/box/")
    page.get_by_role("link", name="确认领取密钥卡").click()
    card = key.cards[1]
    code = held_code(key.key_id, card.label, card.share)
    scan(page, "-".join(code[at : at + 4] for at in range(0, 20, 4)))
    assert BoxCard.objects.filter(held_at__isnull=False, box__key_id=key.key_id).count() == 0
    page.get_by_role("button", name="确认领取密钥卡").click()

    expect(page.get_by_role("heading", name="密钥卡S2已确认领取")).to_be_visible()
    screenshot(page, f"box-card-held-{width}")
    assert BoxCard.objects.get(box__key_id=key.key_id, card="S2").held_at
    page.get_by_role("link", name="返回票箱公开页").click()
    if scripts:
        check_page(page)
    screenshot(page, f"box-public-{width}")
    assert card_text(card, key.key_id)[:5] not in page.content()


def test_two_persons_import_a_key_in_the_browser(open_page, round_, live_server, tmp_path):
    key, path = make_key(round_), tmp_path / "box-key.json"
    path.write_bytes(key.record)
    clerk, chief = open_page(1280), open_page(1280)
    log_in(clerk, make_user("clerk"), live_server.url)
    log_in(chief, make_user("chief"), live_server.url)
    clerk.goto(f"/admin/evaluations/round/{round_.pk}/change/")
    clerk.get_by_role("link", name="票箱密钥").first.click()
    screenshot(clerk, "box-key-desk")
    clerk.get_by_role("link", name="导入票箱密钥登记").click()
    clerk.set_input_files("[name=record]", path)
    clerk.get_by_role("button", name="导入票箱密钥登记").click()
    expect(clerk.get_by_text("已提请，经另一人审批后生效")).to_be_visible()

    chief.goto(f"/approvals/{Approval.objects.get().pk}/")
    screenshot(chief, "box-key-approval")
    expect(chief.get_by_text(key.key_id)).to_be_visible()
    chief.get_by_role("button", name="同意").click()
    chief.wait_for_load_state()

    assert Round.objects.get(pk=round_.pk).box_key == key.key_id
    clerk.goto(f"/admin/evaluations/round/{round_.pk}/box-key/")
    expect(clerk.get_by_text("密钥卡S1、S2、S3、S4、S5、P6、Q6尚未确认领取。")).to_be_visible()
