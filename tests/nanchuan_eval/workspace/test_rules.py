"""Which entry of the navigation is current."""

from nanchuan_eval.workspace.rules import current_address

ADDRESSES = ["/commission/", "/work/items/", "/work/", "/admin/evaluations/round/"]


def test_a_page_is_covered_by_the_entry_closest_above_it():
    assert current_address(ADDRESSES, "/work/items/5/") == "/work/items/"
    assert current_address(ADDRESSES, "/work/leads/") == "/work/"
    assert current_address(ADDRESSES, "/admin/evaluations/round/1/change/") == "/admin/evaluations/round/"


def test_a_page_below_no_entry_has_no_current_one():
    assert current_address(ADDRESSES, "/account/") == ""
    assert current_address([], "/home/") == ""
