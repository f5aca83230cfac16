"""The rulebook (评议规则): every number a district might set differently, with its default (rulebook R-A to R-K).

It is frozen with the round and written to rulebook.json; method.md 4.2 and method-2.md 1 describe the scoring part.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from evaluations.rounds.rules.repeat_steps import DEFAULT_STEPS
from evaluations.rounds.rules.rhythm import QUARTERLY, Rhythm
from evaluations.scoring.questionnaire import DEFAULT_INDICATORS, DEFAULT_WORDS, INDICATORS, LEVEL_WORDS

OPEN_FORMS, ISSUED_CODES = "open_forms", "issued_codes"
PLANNED_SEATS = "planned"
SUPERVISORS, SERVER = "supervisors", "server"
NO_SLACK = "开箱须到场的密钥卡与监督员人数相同：没有备余，任何一张卡遗失都要动用备用卡。"

# What only one method reads, or reads with another default; a rulebook holds the keys of its own method alone.
OF_METHOD: dict[str, dict[str, Any]] = {
    "NC-1": {"prior_ballots": 5, "cap": "5", "mean_min_lines": 5, "flag_points": "10"},
    "NC-2": {
        "prior_ballots": 10,
        "cap": "4",
        "line_cap": "50",
        "rater_sweeps": 2,
        "rater_prior": 1,
        "cell_min_lines": 5,
        "follow": "1",
        "pair_min_lines": 10,
        "pair_min_count": 20,
        "between_prior": "4",
        "between_weight": "3/4",
        "publish_share": "4/5",
        "public_recount": True,
        "flag_points": "6",
        "sample_audit": True,
        "audit_risk": "0.05",
        "audit_least": 20,
    },
}

DEFAULTS: dict[str, Any] = {
    "rhythm": Rhythm.HALF_YEAR.value,
    "method": "NC-2",
    **OF_METHOD["NC-2"],
    "levels": 3,
    "severe_from": 2,
    "min_answered": 3,
    INDICATORS: DEFAULT_INDICATORS,
    LEVEL_WORDS: DEFAULT_WORDS,
    "indicator_weights": {"cold": 1, "lazy": 1, "buck_passing": 1, "disorderly": 1, "greedy": 1},
    "channels": {
        "targeted": {"weight": "1/2", "drawn": True},
        "sampled": {"weight": "3/10", "drawn": False},
        "other": {"weight": "1/5", "drawn": False},
    },
    "min_lines": 30,
    "min_drawn_lines": 10,
    "list_length": 10,
    "z": "1.96",
    "nu0": 20,
    "v_prior": "625",
    "basis": "difficulty",
    "flag_z": "3.5",
    "next_margin": "4",
    "count_witnesses": 2,
    "max_sections": {"targeted": 200, "sampled": 10, "other": 10},
    "comment_length": 500,
    "sampled_forms": OPEN_FORMS,
    "open_per_device": 3,
    "open_network_hour": 60,
    "open_burst_hour": 600,
    "open_check": "busy",
    "box_key": SUPERVISORS,
    "box_needed": 3,
    "supervisors": 5,
    "supervisor_alternates": 3,
    "evaluators": 1000,
    "evaluator_strata": {
        "服务对象": 50,
        "市场主体": 20,
        "村居干部和居民代表": 15,
        "两代表一委员": 10,
        "其他": 5,
    },
    "alternates_percent": 10,
    "counted_sampled_ballots": 500,
    "draw_lead_hours": 24,
    "pool_objection_workdays": 3,
    "supervisors_present": 3,
    "signing_codes": 8,
    "removal_percent": 10,
    "unreachable_calls": 3,
    "unreachable_days": 2,
    "extension_rounds": 1,
    "extension_percent": 50,
    "extension_return_percent": 40,
    "extension_after_days": 10,
    "issued_ballots": 2000,
    "issued_quota": "proportional",
    "issued_min": 5,
    "issued_seats": {},
    "client_draw": False,
    "client_letters": 110,
    "client_seats": {},
    "client_least": 40,
    "client_needs": {},
    "client_batch_min": 20,
    "client_top_ups": 2,
    "client_top_up_percent": 50,
    "prelist_most": 14,
    "reply_workdays": 3,
    "office_phone": "",
    "dice": 20,
    "lottery": "快乐8",
    "objection_workdays": 3,
    "notice_workdays": 5,
    "talk_workdays": 10,
    "superior_workdays": 10,
    "freeze_months": 3,
    "plan_workdays": 10,
    "at_once_workdays": 15,
    "report_months": 1,
    "recheck_days": 60,
    "most_failures": 2,
    "order_workdays": 15,
    "inspected_sections": 20,
    "objection_answer_workdays": 5,
    "review_workdays": 3,
    "appeal_days": 10,
    "appeal_answer_days": 10,
    "escalate_days": 7,
    "repeat_top": 3,
    "repeat_prompt": True,
    "repeat_steps": [dict(step) for step in DEFAULT_STEPS],
    "assessment_points": "",
    "assessment_top_points": "",
    "assessment_repeat_points": "",
    "assessment_unclosed_points": "",
}


def default_rulebook(method: str = DEFAULTS["method"]) -> dict[str, Any]:
    """Return a fresh copy of the default rulebook of a method."""
    return with_method(DEFAULTS, method)


def with_method(rulebook: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Return a copy of the rulebook for a method: what only another one reads goes, all else stays as it is."""
    if rulebook.get("method") == method:
        return deepcopy(dict(rulebook))
    of_methods = {key for defaults in OF_METHOD.values() for key in defaults}
    shared = {key: value for key, value in rulebook.items() if key not in of_methods}
    return deepcopy({**shared, **OF_METHOD[method], "method": method, "basis": DEFAULTS["basis"]})


def with_rhythm(rulebook: Mapping[str, Any], rhythm: str) -> dict[str, Any]:
    """Return a copy of the rulebook for a rhythm, with the terms that go with it."""
    terms = QUARTERLY if rhythm == Rhythm.QUARTER else {key: DEFAULTS[key] for key in QUARTERLY}
    return deepcopy({**rulebook, **terms, "rhythm": str(rhythm)})


def lookup(rulebook: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path."""
    value: Any = rulebook
    for key in path.split("."):
        value = value[key]
    return value


def with_value(rulebook: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy of the rulebook with one value changed."""
    changed = deepcopy(dict(rulebook))
    *way, last = path.split(".")
    if way and way[0] not in changed:  # a draft that is older than the setting
        changed[way[0]] = deepcopy(DEFAULTS[way[0]])
    inner = changed
    for key in way:
        inner = inner[key]
    inner[last] = value
    return changed


def shares_of(total: int, percents: Mapping[str, int]) -> dict[str, int]:
    """Split `total` seats by whole percents that sum to 100; left-over seats go to the largest remainders."""
    seats = {key: total * percent // 100 for key, percent in percents.items()}
    by_remainder = sorted(percents, key=lambda key: (-(total * percents[key] % 100), key))
    for key in by_remainder[: total - sum(seats.values())]:
        seats[key] += 1
    return seats


def planned_seats(rulebook: Mapping[str, Any]) -> dict[str, int]:
    """Return section -> seats of the draw among clients, where the round's plan decides them; else nothing."""
    return dict(rulebook.get("issued_seats", {})) if rulebook["issued_quota"] == PLANNED_SEATS else {}


def strata_by_share(rulebook: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the strata with their shares, the largest first; a stored rulebook keeps no order of its keys."""
    return sorted(rulebook["evaluator_strata"].items(), key=lambda line: (-line[1], line[0]))


def is_opened_by_supervisors(rulebook: Mapping[str, Any]) -> bool:
    """True if the supervisors hold the box key; a rulebook frozen before there were box keys means the server."""
    return bool(rulebook.get("box_key", SERVER) == SUPERVISORS)


def wants_sample_audit(rulebook: Mapping[str, Any]) -> bool:
    """True if drawn ballots have to be compared before the units are told; earlier rulebooks know no such audit."""
    return bool(rulebook.get("sample_audit"))


def rulebook_warnings(rulebook: Mapping[str, Any]) -> list[str]:
    """Return in Chinese what is allowed but leaves no slack."""
    has_slack = not is_opened_by_supervisors(rulebook) or rulebook["box_needed"] < rulebook["supervisors"]
    return [] if has_slack else [NO_SLACK]


def has_public_recount(rulebook: Mapping[str, Any]) -> bool:
    """True if rulebook.json and cells.json are published with the list; NC-1 has no cells.json."""
    return bool(rulebook["method"] == "NC-2" and rulebook["public_recount"])
