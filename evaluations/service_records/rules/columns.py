"""The columns of a file of service records (办件清单), from a hall's or a department's system."""

from evaluations.pools.rules.kinds import RELATIVES
from evaluations.service_records.rules.kinds import ClientKind
from nanchuan_eval.lists.rules.columns import Column, Kind

PERSONS = ("个人", "自然人", "群众", "居民", "公民")
FIRMS = ("企业", "法人", "非自然人", "企业法人", "单位", "组织", "个体工商户", "其他组织", "机构")

NUMBER = Column(
    *(
        "number",
        "办件编号",
        ("办件号", "业务编号", "受理编号", "办件流水号", "流水号", "业务流水号", "受理号", "申办流水号"),
    ),
    is_required=True,
    most=60,
    help="同一单位内不重复的编号。",
    examples=("NC2026070100001", "NC2026070100002"),
)
SECTION = Column(
    *("section", "科室", ("科室代码", "科室名称", "承办科室", "办理科室", "经办科室", "受理科室")),
    is_required=True,
    most=60,
    help="科室代码、名称或者曾用名。",
    examples=("D01-01", "不动产登记中心"),
)
DEPARTMENT = Column(
    *(
        "department",
        "评议对象单位",
        ("单位", "部门", "承办单位", "办理单位", "受理单位", "承办部门", "办理部门", "部门单位"),
    ),
    most=60,
    help="科室所属的单位。几个单位有同名科室的，须填写。",
    examples=("政务服务中心", ""),
)
TOPIC = Column(
    *("topic", "事项", ("事项名称", "办理事项", "业务名称", "服务事项", "办件事项")),
    most=100,
    examples=("企业设立登记", ""),
)
FINISHED = Column(
    *("finished_on", "办结日期", ("办结时间", "办结日", "完成日期", "办结时间日期", "办毕日期")),
    kind=Kind.DATE,
    is_required=True,
    most=40,
    examples=("2026-07-01", "2026-07-02"),
)
NAME = Column(
    *("name", "姓名", ("办事人", "办事人姓名", "申请人", "申请人姓名", "经办人", "代办人", "联系人", "名字")),
    is_required=True,
    most=40,
    help="到场或者申请的人；企业办事的，填写经办人。",
    examples=("张三", "李四"),
)
PHONE = Column(
    *("phone", "手机号", ("手机", "手机号码", "联系电话", "电话", "联系方式", "移动电话", "申请人手机")),
    kind=Kind.PHONE,
    most=40,
    help="可不填；没有手机号的人不能抽取，只计入件数。同一企业的几个人可以用同一手机号。",
    examples=("13800000001", "13800000002"),
)
KIND = Column(
    *("kind", "类别", ("办事人类别", "申请人类型", "对象类别", "服务对象类型", "申请人类别")),
    kind=Kind.CHOICE,
    choices=dict.fromkeys(PERSONS, ClientKind.PERSON.value) | dict.fromkeys(FIRMS, ClientKind.FIRM.value),
    help="不填写的，填了工作单位的视为企业，没有填的视为个人。",
    examples=("企业", "个人"),
)
UNIT = Column(
    *("unit", "工作单位", ("企业名称", "单位名称", "公司名称", "所在单位", "企业", "公司")),
    most=80,
    help="企业办事的，填写企业名称。评议对象的人员自动列为回避。",
    examples=("某某贸易有限公司", ""),
)
COLUMNS = (NUMBER, DEPARTMENT, SECTION, TOPIC, FINISHED, NAME, PHONE, KIND, UNIT, RELATIVES)
