"""What identifies a person is taken out of a text, in whatever form it stands; points, days and offices stay."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.survey.redaction import Redactor, is_identity

REDACTOR = Redactor(["张三", "欧阳建华", "李建国", "Li Si", "高明"])
MARKS = {
    "［邮箱］": "mail", "［证件号］": "identity", "［电话］": "telephone", "［号码］": "number", "［账号］": "account",
    "［车牌］": "plate", "［门牌］": "house", "［姓名］": "name",
}  # fmt: skip


def kinds(text):
    return sorted(REDACTOR.redact(text)[1].elements())


@pytest.mark.parametrize(
    "number",
    [
        "13812345678", "１３８１２３４５６７８", "138 1234 5678", "138-1234-5678", "138–1234–5678", "138.1234.5678",
        "1381 234 5678", "138 123 45678", "138 12 34 56 78", "138/1234/5678", "(138)12345678",
        "138\u200b1234\u200b5678",
        "13812 345678", "1 3 8 1 2 3 4 5 6 7 8", "+86 13812345678", "8613812345678",
        "0086-138 1234 5678", "幺三八一二三四五六七八", "一三八〇〇一三八〇〇〇", "0571-87654321", "（0571）87654321",
        "(010) 6543 2100", "01065432100转802", "0571 8765432-12", "+86-571-87654321", "400-800-1234", "8008001234",
    ],
)  # fmt: skip
def test_telephones(number):
    text, found = REDACTOR.redact(f"请回电{number}，谢谢")
    assert text == "请回电［电话］，谢谢"
    assert found == {"telephone": 1}


@pytest.mark.parametrize("text", ["座机：8765 4321", "电话是 87654321", "tel. 8765-4321", "联系方式:6543210"])
def test_a_short_number_is_a_telephone_where_it_is_called_one(text):
    assert kinds(text) == ["telephone"]


# 11010519491231002X and 440524188001010014 are the examples of GB 11643-1999 itself.
@pytest.mark.parametrize(
    "number",
    [
        "11010519491231002X", "11010519491231002x", "440524188001010014", "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002X", "110105-1949-1231-002X", "1101 0519 4912 3100 2X", "110 105 194 912 310 02X",
        "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "130503670401001", "130503 670401 001",
    ],
)  # fmt: skip
def test_identity_numbers(number):
    text, found = REDACTOR.redact(f"身份证{number}。")
    assert text == "身份证［证件号］。"
    assert found == {"identity": 1}


def test_the_check_digit_tells_an_identity_number_without_a_day():
    """By hand after GB 11643: the weights 7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2 times 1 0 0 ... give 7, that is 5."""
    assert is_identity("100000000000000005")
    assert not is_identity("100000000000000004")
    assert kinds("100000000000000004") == ["number"]  # taken out all the same


def test_a_mistyped_identity_number_holds_a_day_of_birth_all_the_same():
    assert is_identity("110105194912310028")
    assert not is_identity("110105194913310028")
    assert not is_identity("130503671301001")
    assert kinds("130503671301001") == ["number"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("卡号6222021234567890123", "number"), ("6222 0212 3456 7890 123", "number"), ("a.b-c@mail.example.cn", "mail"),
        ("zhang ＠ 163．com", "mail"), ("zhang(at)163.com", "mail"), ("微信号：zhang_san88", "account"),
        ("加QQ 123456789", "account"), ("浙A·12345", "plate"), ("沪AD12345停在门口", "plate"),
        ("建设路12号3单元502室", "house"), ("人民大道8号", "house"), ("12号楼2单元301", "house"), ("3栋502室", "house"),
    ],
)  # fmt: skip
def test_other_numbers(text, kind):
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "积分 15 80 90 100 95", "得分85.5，第13名", "1.3、2.5、3.5分", "学时 45、60、100，共1,234,567元", "花了12000元",
        "2026-06-30", "2026.06.30 14:30", "20260630", "2026年6月30日", "202606301430", "20260630143000",
        "20260101-20260630", "2026-06-30 2026-07-01 12345", "2023 2024 2025 2026", "热线12345", "拨打110", "G20260630",
        "2号线", "村里12号开会", "第13条第8款", "电话会议20260630召开", "满意度 91.5% 88.0% 79.25%", "0.13812345",
        "担任书记", "现任主任", "提高老师待遇", "由于主任不在", "向书记反映", "机关书记", "历史老师",
        "厨房师傅", "班主任",
        "高中老师", "文化站长", "安全委员", "公安局长", "资金总额", "全体同志", "党员同志", "老同志", "小学", "老方法",
        "本人方便的时候", "于是主任说", "明天说", "车间主任", "I am sorry, Mr. no",
    ],
)  # fmt: skip
def test_points_days_and_offices_stay(text):
    assert REDACTOR.redact(text) == (text, {})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("张三不下村", "［姓名］不下村"), ("张 三、张　三", "［姓名］、［姓名］"), ("欧阳建华说", "［姓名］说"),
        ("LI SI said", "［姓名］ said"), ("Lisa said", "Lisa said"), ("一位王书记说", "一位［姓名］书记说"),
        ("现任高书记", "现任［姓名］书记"), ("同高主任谈", "同［姓名］主任谈"), ("陈副镇长", "［姓名］副镇长"),
        ("王小明老师", "［姓名］老师"), ("欧阳老师", "［姓名］老师"), ("老王说得对", "老［姓名］说得对"),
        ("李某某反映", "［姓名］反映"), ("我叫赵六，住村东", "我叫［姓名］，住村东"),
        ("联系人：钱七 电话", "联系人：［姓名］ 电话"),
        ("赵总，你好", "［姓名］总，你好"), ("Mr. Smith was late", "Mr. ［姓名］ was late"),
    ],
)  # fmt: skip
def test_names(text, left):
    assert REDACTOR.redact(text)[0] == left


def test_a_day_beside_a_telephone_stays():
    assert REDACTOR.redact("2026-06-30 13812345678打来")[0] == "2026-06-30 ［电话］打来"


def test_marks_are_in_the_language_of_the_scheme():
    assert Redactor(language="en").redact("13812345678")[0] == "[telephone]"


def test_several_in_one_text_are_each_replaced_and_counted():
    text, found = REDACTOR.redact("张三（13812345678，a@b.cn）与李建国住建设路5号")
    assert text == "［姓名］（［电话］，［邮箱］）与［姓名］住建设路［门牌］"
    assert found == {"name": 2, "telephone": 1, "mail": 1, "house": 1}


@given(st.text(st.sampled_from("张三李建国王老师 0123456789-.Xx＠@a某138年月日，路号")))
def test_what_was_redacted_once_holds_nothing_more(text):
    once, _ = REDACTOR.redact(text)
    plain = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in once)
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)|张三|李建国", plain)
    assert set(re.findall("［..?.?］", once)) <= set(MARKS)


@pytest.mark.parametrize("before", ["我叫", "联系人：", "投诉人：", "举报人：", "我的名字叫"])
@pytest.mark.parametrize("between", ["", "/"])
def test_a_name_right_before_a_telephone(before, between):
    text, _found = REDACTOR.redact(f"{before}赵六{between}13812345678")
    assert text == f"{before}［姓名］{between}［电话］"


def test_what_cannot_be_seen_hides_no_name():
    assert REDACTOR.redact("找张\u200b三谈")[0] == "找［姓名］谈"
