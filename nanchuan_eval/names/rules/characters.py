"""Characters that stand for another one, out of old files and input methods (Unicode 15, GB 18030-2022)."""

# CJK radicals and strokes without a compatibility mapping of their own: Unicode's Equivalent_Unified_Ideograph.
_RADICALS = (
    "⺁⺂⺃⺄⺅⺆⺇⺈⺉⺊⺋⺌⺍⺎⺏⺐⺑⺒⺓⺔⺕⺖⺗⺘⺙⺛⺜⺝⺞⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺪⺫⺬⺭⺮⺯⺰⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥"
    "⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲㇆㇏㇐㇑㇒㇓㇔㇕㇖㇗㇘㇙㇚㇛㇜㇝㇞㇟㇠㇡"
)
_OF_RADICALS = (
    "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑彐忄心扌攵旡日月歺民氵氺灬爫爫丬牛犭王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿肉𦥑艹艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅長镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼"
    "鸟卤麦黄黾斉齐歯齿竜龙龜亀𠃌乀一丨丿丿丶𠃍乛𠃊𠃎𠄌亅𡿨𠃋乀𠃑乚乙𠄎"
)
# What GBK and GB 18030-2000 kept in the private use area, by its first code point.
_PRIVATE_USE = {
    0xE78D: "︐︒︑︓︔︕︖︗︘︙",
    0xE7C7: "ḿǹ",
    0xE7E7: "〾⿰⿱⿲⿳⿴⿵⿶⿷⿸⿹⿺⿻",
    0xE815: (
        "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳"
        "⺶⺷𢦏䎱䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻"
    ),
}
IDEOGRAPH_OF_RADICAL = str.maketrans(_RADICALS, _OF_RADICALS)
UNICODE_OF_PRIVATE_USE = {
    first + n: character for first, characters in _PRIVATE_USE.items() for n, character in enumerate(characters)
}
# Written for the dot within a name (阿依努尔·买买提); full stops count as one between Chinese characters only.
MIDDLE_DOTS = frozenset("·•‧∙⋅・ꞏ⸱⸳᛫◦●˙⁃‣▪⦁ᐧ")
# Blanks that Unicode counts as letters or symbols.
BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# Marks without a shape of their own, beside the control and format characters: joiners and variation selectors.
SHAPELESS = (
    *(range(0x034F, 0x0350), range(0x17B4, 0x17B6), range(0x180B, 0x1810)),
    *(range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)),
)
