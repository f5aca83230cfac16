"""One word for one thing: no text of an interface, a document, a message or a log uses a word of the list."""

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from tests.paths import ROOT

# Regular expression -> what is said instead.
NEVER = {
    r"(?<!勾)选票|票证": "评议票",
    r"评议码|验证码": "票号",
    r"回执码|追踪号": "回执号",
    r"测评|打分": "评议",
    r"投出": "提交",
    r"自助领票|取票(?!号)|公开渠道": "网上领票",
    r"收回率|回收数": "回收率、收回",
    r"收回批次": "停用批次",
    r"票根": "票号联",
    r"关箱|混票": "封箱",
    r"被评议科室": "参评科室",
    r"人员库": "名单库",
    r"回避清单": "回避名单",
    r"抽签仪式|抽取仪式": "现场抽取",
    r"登记公告": "公告抽取",
    r"承诺了什么": "抽取前公布的内容",
    r"盐": "查询码、匿名编号",
    r"裁量移除": "移除",
    r"追加轮": "追加抽取",
    r"指纹|散列值": "校验值",
    r"操作留痕|留痕|审计日志": "操作日志",
    r"验算": "核验、复算",
    r"名次": "位次",
    r"(?<![-\w])%m月|%d日": "%-m月%-d日：公文的日期不编虚位",
    r"前10名|(?<!上)榜单": "前十名、上榜名单",
    r"限幅": "封顶",
    r"有效行": "有效票",
    r"区评议办公室": "评议办",
    r"经办员": "评议办工作人员",
    r"密码|第二因子": "口令、动态口令",
    r"会话": "登录",
    r"审签": "审批",
    r"回马枪": "回访复查",
    r"(?<!申)报完成": "申报完成",
    r"追评": "整改评价",
    r"责任负责人": "责任人",
    r"催收": "催评",
    r"才能算数|跑|搞|弄|咱": "书面用语",
}
# (file, text in the line) -> why the word stands there.
ALLOWED = {
    ("nanchuan_eval/spreadsheets/guard.py", "去掉密码"): "of an Excel file",
    ("evaluations/scoring/questionnaire.py", "让群众来回跑"): "the indicator's words",
    ("accountability/history/rules/earlier_lists.py", "名次"): "a heading that lists of others have",
}
APPS = ("nanchuan_eval", "departments", "evaluations", "accountability")
CHINESE = re.compile("[一-鿿]")


def texts_of_python(path: Path) -> Iterator[str]:
    """Strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {
        id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def texts_of_template(path: Path) -> Iterator[str]:
    yield from re.sub(
        r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(encoding="utf-8"), flags=re.S
    ).split("\n")


def texts_of_script(path: Path) -> Iterator[str]:
    yield from (
        line for line in path.read_text(encoding="utf-8").split("\n") if not line.strip().startswith(("//", "*", "/*"))
    )


def texts() -> Iterator[tuple[str, str]]:
    """Every text with the file it stands in."""
    readers = [(f"{app}/**/*.py", texts_of_python) for app in APPS]
    readers += [("templates/**/*.html", texts_of_template), ("templates/**/*.typ", texts_of_script)]
    readers += [("static/js/**/*.js", texts_of_script), ("templates/**/*.txt", texts_of_script)]
    readers += [("docs/handbook/*.md", texts_of_script)]
    for pattern, read in readers:
        for path in sorted(ROOT.glob(pattern)):
            if "migrations" not in path.parts:
                name = str(path.relative_to(ROOT))
                yield from ((name, text) for text in read(path) if CHINESE.search(text))


def test_no_text_uses_another_word_for_a_thing():
    found = {}
    for name, text in texts():
        for word, instead in NEVER.items():
            if (hit := re.search(word, text)) and not any(name == file and part in text for file, part in ALLOWED):
                found[name, text.strip()[:80]] = f"{hit[0]}：{instead}"
    assert found == {}


def test_no_label_of_a_model_and_no_name_of_an_action_does():
    labels = [str(model._meta.verbose_name) for model in apps.get_models() if model._meta.app_label in APPS]
    for model in apps.get_models():
        if model._meta.app_label in APPS:
            for field in set(model._meta.concrete_fields) - {User._meta.get_field("password")}:
                labels += [str(field.verbose_name), *(str(label) for _, label in field.flatchoices)]
    with policy.TABLE.open(encoding="utf-8", newline="") as table:
        labels += [row["name_zh"] for row in csv.DictReader(table)]
    assert [(label, word) for label in labels for word in NEVER if re.search(word, label)] == []


@pytest.mark.parametrize(("file", "part"), ALLOWED)
def test_what_is_allowed_still_stands_there(file, part):
    assert part in (ROOT / file).read_text(encoding="utf-8")
