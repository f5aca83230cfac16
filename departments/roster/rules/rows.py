"""Columns of the roster workbook, and the values of one section with its department."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from nanchuan_eval.lists.rules.columns import Column, Kind
from nanchuan_eval.lists.rules.tables import Carried, Record
from nanchuan_eval.names.rules.keys import is_no_name
from nanchuan_eval.names.rules.others import joined

DEPARTMENT_KINDS = {"行政部门": "administrative", "事业单位": "institution", "公用企业": "utility"}
SERVICE_KINDS = {
    "行政审批": "approval",
    "行政服务": "service",
    "行政执法": "enforcement",
    "公用事业": "utility",
}
YES_OR_NO = {"是": True, "√": True, "1": True, "否": False, "×": False, "0": False}
MOST_PLACES = 10  # rows that a notice names
ONCE = "同一单位只须填一行"
OTHER_NAMES = "几个名称用顿号分开；名单中这样写单位的，也能认出"
COLUMNS = (
    Column(
        "department_code",
        "单位代码",
        ("部门代码", "department_code"),
        Kind.CODE,
        is_required=True,
        most=20,
        examples=("D01", "D01"),
    ),
    Column(
        "department_name",
        "单位",
        ("单位名称", "部门", "部门单位", "部门名称", "department_name"),
        is_required=True,
        most=60,
        help="与上一行相同的，可以合并单元格或者不填",
        examples=("区发展改革委", "区发展改革委"),
    ),
    Column(
        "department_kind",
        "单位性质",
        ("性质", "department_kind"),
        Kind.CHOICE,
        is_required=True,
        choices=DEPARTMENT_KINDS,
        examples=("行政部门", "行政部门"),
    ),
    Column("short_names", "简称", ("单位简称",), most=200, help=OTHER_NAMES, examples=("发改委、区发改委", "")),
    Column("former_names", "曾用名", ("单位曾用名", "原名称"), most=300, help=OTHER_NAMES, examples=("区计委", "")),
    Column(
        "section_code",
        "科室代码",
        ("section_code",),
        Kind.CODE,
        is_required=True,
        most=20,
        help="科室按代码对应，代码不要改",
        examples=("D01-01", "D01-02"),
    ),
    Column(
        "section_name",
        "科室",
        ("科室名称", "section_name"),
        is_required=True,
        most=60,
        examples=("价格和收费管理科", "能源科"),
    ),
    Column(
        "service_kind",
        "服务类型",
        ("类型", "service_kind"),
        Kind.CHOICE,
        is_required=True,
        choices=SERVICE_KINDS,
        examples=("行政审批", "行政服务"),
    ),
    Column(
        "is_vertical", "垂直管理", ("是否垂直管理",), Kind.CHOICE, choices=YES_OR_NO, help=ONCE, examples=("否", "")
    ),
    Column("superior", "上级主管单位", ("上级单位",), most=60, help=ONCE, examples=("市发展改革委", "")),
    Column("chief_leader", "主要领导", ("单位主要领导",), most=40, help=ONCE, examples=("王主任", "")),
    Column("leader_in_charge", "分管领导", ("单位分管领导",), most=40, help=ONCE, examples=("李副主任", "")),
    Column("head_name", "科室负责人", ("负责人",), most=40, examples=("张三", "李四")),
    Column(
        "head_since",
        "任职日期",
        ("任职时间",),
        Kind.DATE,
        help="负责人换人的必须填写，且晚于前任；只写年月的按当月1日",
        examples=("2019-03-01", "2021年6月"),
    ),
)
LABELS: Mapping[str, str] = {column.key: column.label for column in COLUMNS}
# Values of the department: empty, merged or omitted cells repeat the row above.
OF_DEPARTMENT = (
    "department_name",
    "department_kind",
    "short_names",
    "former_names",
    "is_vertical",
    "superior",
    "chief_leader",
    "leader_in_charge",
)
CARRIED = Carried(by=("department_code", "department_name"), keys=("department_code", *OF_DEPARTMENT))
# Compared by the key of names: another spelling of the same name is no change.
PEOPLE = ("chief_leader", "leader_in_charge", "head_name")
NAMES = frozenset({"department_name", "section_name", "superior", *PEOPLE})


@dataclass(frozen=True)
class RosterRow:
    """One section with its department, values as in the database; empty or None if the file has none."""

    department_code: str
    department_name: str
    department_kind: str
    section_code: str
    section_name: str
    service_kind: str
    is_vertical: bool | None = None
    superior: str = ""
    chief_leader: str = ""
    leader_in_charge: str = ""
    head_name: str = ""
    head_since: date | None = None
    short_names: str = ""
    former_names: str = ""
    where: str = field(default="", compare=False)


def roster_row(record: Record) -> RosterRow:
    """Return the section of a row of the file."""
    texts = {column.key: record[column.key] for column in COLUMNS if column.key not in {"is_vertical", "head_since"}}
    texts |= {key: "" for key in PEOPLE if is_no_name(texts[key])}
    span = record["head_since"] if texts["head_name"] or not record["head_name"] else None
    return RosterRow(
        **texts
        | {
            "short_names": joined([record["short_names"]]),
            "former_names": joined([record["former_names"]]),
        },
        is_vertical=None if record["is_vertical"] == "" else bool(record["is_vertical"]),
        head_since=span.first if span else None,
        where=record.where,
    )


def no_name_notices(records: Iterable[Record]) -> Iterator[str]:
    """Yield a notice for each column of people in which rows write that there is nobody (暂缺)."""
    for key in PEOPLE:
        places: dict[str, list[str]] = {}
        for record in records:
            if record[key] and is_no_name(record[key]):
                places.setdefault(record[key], []).append(record.where)
        for text, wheres in places.items():
            more = f"等{len(wheres)}处" if len(wheres) > MOST_PLACES else ""
            left = "；已离任的，请在科室页面填写离任日期" if key == "head_name" else ""
            yield (
                f"“{LABELS[key]}”写“{text}”，按未填处理，名录中原有的{LABELS[key]}不变{left}："
                f"{'、'.join(wheres[:MOST_PLACES])}{more}。"
            )
