"""How each platform writes down what people answered: a file for each."""

from toolkit.survey.platforms.kobo import KOBO, ODK
from toolkit.survey.platforms.limesurvey import LIMESURVEY
from toolkit.survey.platforms.spss import SPSS
from toolkit.survey.platforms.table import TABLE
from toolkit.survey.platforms.txwj import TXWJ
from toolkit.survey.platforms.wjx import WJX

PLATFORMS = {
    "wjx": WJX,
    "txwj": TXWJ,
    "kobo": KOBO,
    "odk": ODK,
    "limesurvey": LIMESURVEY,
    "spss": SPSS,
    "table": TABLE,
}
