"""Characters that are mistaken for one another: of the same sound, of like shape, or illegible."""

from collections.abc import Callable

# The readings of a character, without tones; a written syllable (gang) is its own reading.
Readings = Callable[[str], frozenset[str]]
ILLEGIBLE = "□"  # a character that the list could not write; it may be any one
# Characters that are typed and read for one another, group by group; a character may be in several groups.
_LOOK_ALIKES = (
    "己已巳 戊戌戍戎成 祎袆 未末朱 土士 干千于丁 人入 大太犬 天夭无 王玉主壬 侯候 冶治 析折 沐沭 汩汨 日曰目 "
    "刀刁 兔免 鸟乌 师帅 今令 代伐 微徽薇 晴睛 暖暧 炙灸 戴载 毫亳 茶荼 祟崇 享亨 宣宜 卞卡 冼洗 佘余 岑芩 "
    "晟晨 栋株 妹姝 淦金 玟纹 龙尤 陈阵 刚网则 田由申甲中 任仼壬 段叚 祝视 郑邓 兖衮 琛深探 睿容 昊吴旻昱 "
    "汤阳杨扬 彬杉林 爽夹 卓阜 傅博 泽译 沛沐 萍苹 季李 薛薜 牛午 毛手 万方 贝见 汪江 古占 史吏 宋宗 付什 贾贺 "
    "白自 石右 旦且 明朋 思恩 怡恰 宇字 亮亭 延廷 弘引 永水 木术本 仁仕 佳住 嘉喜 城域 勤勒 敏教 瑞端 翔翊 "
    "芝芸 锦绵 超越 霞露 浩洁 秀季 春舂 岚风 志忘 竟竞 欣砍 晶品 苗茁"
)
_GROUPS = {
    character: frozenset(group for group in _LOOK_ALIKES.split() if character in group)
    for character in _LOOK_ALIKES
    if character != " "
}
_NO_GROUP = frozenset[str]()


def are_mistaken(first: str, second: str, readings: Readings) -> bool:
    """True if every character sounds or looks like its counterpart."""
    return len(first) == len(second) and all(
        a == b or ILLEGIBLE in {a, b} or _look_alike(a, b) or readings(a) & readings(b)
        for a, b in zip(first, second, strict=True)
    )


def _look_alike(one: str, other: str) -> bool:
    return bool(_GROUPS.get(one, _NO_GROUP) & _GROUPS.get(other, _NO_GROUP))
