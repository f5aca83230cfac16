"""办什么事: what people commonly come for, as a beginning; the desk changes it."""

from django.db import migrations, models

ERRANDS = (
    ("办房产证、过户、抵押", "不动产登记"),
    ("买房卖房、房屋交易备案", "房地产交易"),
    ("公租房、廉租房", "住房保障"),
    ("物业纠纷、维修资金", "物业管理"),
    ("取公积金", "归集提取"),
    ("公积金贷款", "贷款管理"),
    ("农村建房、宅基地", "宅基地"),
    ("建房规划许可", "建设项目规划"),
    ("上户口、迁户口、身份证", "户政"),
    ("护照、港澳通行证", "出入境"),
    ("车辆上牌、年检、驾照", "车辆管理"),
    ("交通违章处理", "交通巡逻警察"),
    ("结婚、离婚登记", "婚姻登记"),
    ("低保、临时救助", "社会救助"),
    ("丧葬、火化", "殡仪馆"),
    ("成立社会团体、民办非企业", "社会组织"),
    ("公证", "公证处"),
    ("请法律援助、打官司", "法律援助"),
    ("行政复议", "行政复议"),
    ("养老金、社保", "养老保险 社会保险"),
    ("工伤认定", "工伤保险"),
    ("找工作、职称、档案", "就业和人才"),
    ("讨薪、劳动纠纷", "劳动保障监察 劳动人事争议"),
    ("医保报销", "医疗保险事务"),
    ("上学、转学、学区", "基础教育"),
    ("助学金、助学贷款", "学生资助"),
    ("办幼儿园、培训机构", "民办教育"),
    ("办营业执照", "市场主体登记"),
    ("食品经营许可、餐饮", "食品生产经营"),
    ("药店、医疗器械", "药品医疗器械"),
    ("电梯、锅炉", "特种设备"),
    ("消费投诉、退货", "消费者权益"),
    ("缴税、开发票", "税务所 纳税服务"),
    ("生育登记、准生证", "妇幼健康"),
    ("诊所、医师执业", "医政医管"),
    ("退伍安置", "移交安置"),
    ("优抚、烈属", "优抚"),
    ("环评", "环境影响评价"),
    ("道路运输证、客货运", "道路运输"),
    ("摆摊、占道、违建", "城市管理综合行政执法"),
    ("砍树、林地手续", "林政资源"),
    ("动物检疫", "动物卫生"),
    ("烟草证", "专卖监督"),
    ("消防验收、消防检查", "防火监督"),
    ("上访、反映问题", "来访接待"),
    ("用电报装", "业扩报装"),
    ("停电报修", "抢修服务"),
    ("水管报修", "管网维修"),
    ("招标投标", "工程建设交易 政府采购"),
)


def enter(apps, schema_editor):
    errand = apps.get_model("evaluations", "Errand")
    errand.objects.bulk_create(errand(text=text, words=words) for text, words in ERRANDS)


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0014_review_of_odd_claims")]
    operations = [
        migrations.CreateModel(
            name="Errand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "text",
                    models.CharField(
                        help_text="群众的说法，如：办房产证、过户、抵押", max_length=60, unique=True, verbose_name="办什么事"
                    ),
                ),
                (
                    "words",
                    models.CharField(
                        help_text="科室名称里有其中一个词的，就显示这件事；几个词之间空一格",
                        max_length=200,
                        verbose_name="科室名称中的词",
                    ),
                ),
            ],
            options={"verbose_name": "办什么事", "verbose_name_plural": "办什么事", "ordering": ["pk"]},
        ),
        migrations.RunPython(enter, migrations.RunPython.noop),
    ]
