"""SPSS: a `.sav` whose variables are named, or labelled, like the questions; -3 and -2 are missing, declared or not."""

from toolkit.survey.platform import Platform
from toolkit.survey.platforms.wjx import bare

SPSS = Platform(
    "SPSS", ids=("id", "index", "序号", "caseid"), empty=("-3", "-2", "跳过", "空", "(跳过)", "(空)"), bare=bare
)
