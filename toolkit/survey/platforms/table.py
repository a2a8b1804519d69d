"""Any Excel or CSV table; a mapping says what its columns and answers are, where the headings do not."""

from toolkit.survey.platform import Platform
from toolkit.survey.platforms.wjx import bare

TABLE = Platform("Excel or CSV", ids=("id", "rater_id", "编号", "序号"), empty=("-",), bare=bare)
