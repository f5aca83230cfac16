"""Lists of people for the tests of pools, as rows and as files."""

from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.rules.parsing import parse_people
from evaluations.pools.rules.people import PoolRules
from nanchuan_eval.lists.rules.tables import TableError
from nanchuan_eval.names.rules.units import Unit, UnitNames
from nanchuan_eval.spreadsheets import Row

HEADER = ("身份类别", "姓名", "手机号", "单位", "办过事的科室", "回避申报")
PLACES = ("重庆市南川区", "南川区", "区")
POLICE = Unit("D05", "公安局", ("警察局",), ("治安管理科", "车辆管理所"))
TAXES = Unit("D06", "税务局")
RULES = PoolRules(
    section_codes=frozenset({"A01", "B02", "C03"}),
    units=UnitNames((POLICE, TAXES), PLACES),
    strata=("党代表", "企业"),
    liaisons=(("联络人", "公安局"),),
    masked=lambda phone: f"****{phone[-4:]}",
)


def person(name="张三", phone="13800000001", stratum="党代表", unit="", codes="", relatives=""):
    """A row of a list."""
    return (stratum, name, phone, unit, codes, relatives)


def listed(*people, header=HEADER):
    """The rows of a list."""
    return [Row("名单", number, tuple(cells)) for number, cells in enumerate((header, *people), start=1)]


def parse(*people, header=HEADER, kind=PoolKind.EVALUATORS, rules=RULES, answers=None):
    return parse_people(listed(*people, header=header), kind, rules, answers)


def faults(*people, **options):
    """What a list is refused for."""
    try:
        parse(*people, **options)
    except TableError as error:
        return [str(fault) for fault in error.faults]
    raise AssertionError("the list was accepted")


def answered(value, *people, **options):
    """The list with one answer to all its questions."""
    questions = parse(*people, **options).questions
    return parse(*people, **options, answers={question.key: value for question in questions})
