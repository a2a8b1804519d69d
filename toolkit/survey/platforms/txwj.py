"""腾讯问卷 (wj.qq.com): its exports; headings `1.题干`, of a matrix `1.题干:行标题`."""

from toolkit.survey.platform import Platform
from toolkit.survey.platforms.wjx import bare, read

TXWJ = Platform(
    "腾讯问卷",
    ids=("编号",),
    about=(
        "地理位置国家和地区", "地理位置省", "地理位置市", "用户类型",
        "用户标识", "昵称", "自定义字段", "清洗数据结果", "智能清洗数据无效概率",
    ),
    empty=("(跳过)", "(空)"),
    joins="┋",
    came=("结束答题时间", "开始答题时间"),
    took=("答题时长",),
    began=("开始答题时间",),
    ended=("结束答题时间",),
    bare=bare,
    read=read,
)  # fmt: skip
