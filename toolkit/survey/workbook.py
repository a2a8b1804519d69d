"""One workbook for offices that live in Excel: a study's tables with drop-downs and checks, and its faults painted in.

What is written is read back as the same study. Sheets that are no tables (`checks`, and `lists`, which is hidden) are
for people alone, so nothing that a person looks at can become data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd
from openpyxl import Workbook, load_workbook
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill, Protection
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from tqdm import tqdm

from toolkit.ballots import NAME, answer_columns
from toolkit.contract import OPTIONAL, REQUIRED, Demand, known, misplaced
from toolkit.demands import demands_of
from toolkit.faults import UsageError
from toolkit.files import BLANKS, CHECKED, CHECKS, HEADER_WITHIN, LISTS, is_book, read_sheets
from toolkit.rulebook import read_rulebook
from toolkit.rules import STEPS
from toolkit.scheme import ROOT_INDICATOR
from toolkit.scoring.ratees import list_ratees
from toolkit.study import SCHEME, read_study
from toolkit.survey.columns import meaning
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

    from toolkit.faults import Fault
    from toolkit.files import Sheet
    from toolkit.scheme import Scheme
    from toolkit.study import Study

COUNTED = {"weight", "seconds", "share", "quantity", *STEPS}
"""Columns of numbers beside those of answers; `value` is one in measures alone."""
MOST = 1_048_575
"""Rows that a sheet holds below its header."""
SPARE = 300
"""Empty rows below a table in which drop-downs and checks work too."""
TITLE = 32
"""Characters that Excel shows of the title beside a cell."""
TEXT, NUMBER = "text to fill in", "number to fill in"
CORE = "docProps/core.xml"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can tell: a workbook tells none of its own, so that its bytes stay the same."""
DARK, PALE, RED, AMBER = "FF1F3864", "FF5B7BB0", "FFF4B6B6", "FFFFE699"


def write_workbook(
    folder: Path,
    path: Path,
    *,
    round: str = "",  # noqa: A002  (the contract's word)
    sources: Sequence[str] = (),
    overall: bool = False,
) -> Path:
    """Write the tables of a study into a workbook to be filled in.

    Parameters
    ----------
    folder : Path
        The study: `scheme.yaml`, units and members at least.
    path : Path
        An `.xlsx` file outside the folder, or its tables would stand there twice.
    round : str
        Round whose ballots are prefilled; the newest plain one by default.
    sources : sequence of str
        Whose ballots are counted on paper; by default all sources with a scale of levels that are not attributed. Rows
        are made for everybody whom the source has not rated yet.
    overall : bool
        Whether each is voted on once, not on every indicator that the source is asked.

    Raises
    ------
    StudyError
        With every fault of the study.
    UsageError
        If the file has another suffix, lies in the folder or is there already, a round or source is unknown, or a table
        has more rows than a sheet.
    """
    if path.suffix != ".xlsx":
        raise UsageError(f"{path.name}: must end in .xlsx")
    if path.resolve().parent == folder.resolve():
        raise UsageError(f"{path}: must not lie in the study's folder, where its tables would stand twice")
    if path.exists():
        raise UsageError(f"{path}: is there already, and somebody may have filled it in")
    study = read_study(folder)
    schemes, _ = read_rulebook(lambda file: (folder / file).read_text(encoding="utf-8-sig"), SCHEME)
    found, _ = read_sheets(folder, REQUIRED)
    turn = round or study.round
    plain = [name for name, scheme in schemes.items() if scheme.rounds[name].combine is None]
    if turn not in plain:
        raise UsageError(f"--round: {turn!r}, must be one of {', '.join(plain)}")
    tables = {table: _frame(table, found.get(table), schemes) for table in REQUIRED}
    rows = _to_count(study, turn, sources, tables, overall=overall)
    tables["ballots"] = _longer(tables["ballots"], rows)
    tables["ballots"] = _named(tables["ballots"], study)
    tables["turnout"] = _longer(tables["turnout"], _to_report(study, turn, rows, tables["turnout"]))
    large = [f"{table} ({len(frame):,} rows)" for table, frame in tables.items() if len(frame) > MOST]
    if large:
        raise UsageError(f"{', '.join(large)}: a sheet holds {MOST:,}; keep such a table as Parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_bytes(_book(study, tables, _demands(found, schemes, tables))))
    return path


# ------------------------------------------------------------------------------------------------------------- tables


def _frame(table: str, sheet: Sheet | None, schemes: dict[str, Scheme]) -> pd.DataFrame:
    """A table as text with the columns that it has, and those that it may have."""
    columns = [*REQUIRED[table], *OPTIONAL.get(table, ())]
    if table in {"ballots", "satisfaction"}:
        columns += answer_columns(schemes, table)
    frame = sheet.frame if sheet is not None and len(sheet.frame.columns) else pd.DataFrame(columns=columns, dtype=str)
    lacking = [name for name in columns if name not in frame]
    return frame.assign(**dict.fromkeys(lacking, "")).reset_index(drop=True)


def _longer(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, rows.reindex(columns=frame.columns, fill_value="")], ignore_index=True)


def _named(ballots: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Ballots with a column of names, by which people find their rows."""
    holders = study.posts.merge(study.members, on="member_id", how="left")
    names = pd.concat([
        study.units.set_index("unit_id")["name"],
        study.members.set_index("member_id")["name"],
        holders.set_index("post_id")["name"],
    ])  # fmt: skip
    rest = ballots.drop(columns=NAME, errors="ignore")
    rest.insert(list(rest).index("ratee_id") + 1, NAME, rest["ratee_id"].map(names).fillna(""))
    return rest


def _to_count(
    study: Study, turn: str, sources: Sequence[str], tables: dict[str, pd.DataFrame], *, overall: bool
) -> pd.DataFrame:
    """`round, ratee_id, source, indicator` of all ballots that are to be counted: nothing that was rated already."""
    scheme = study.schemes[turn]
    votes = {
        name for name, source in scheme.leaf_sources.items() if scheme.scales[source.scale or ""].levels is not None
    }
    unknown = [name for name in sources if name not in votes]
    if unknown:
        raise UsageError(f"--source: {unknown[0]!r}, must be one that votes by levels: {', '.join(sorted(votes))}")
    asked = sources or [
        name for name in scheme.leaf_sources if name in votes and not scheme.leaf_sources[name].attributed
    ]
    ratees = list_ratees(study, turn)
    by_posts = set(study.posts_in(turn)["member_id"])
    ratees = ratees[~ratees["exempt"] & ~((ratees["kind"] == "member") & ratees["ratee_id"].isin(by_posts))]
    ratees = ratees.sort_values(["where", "ratee_id"], kind="stable")
    counts = study.tally.counts.astype({"ratee_id": str, "source": str, "indicator": str, "round": str})
    there = tables["ballots"][["round", "ratee_id", "source", "indicator"]]
    done = pd.concat([counts[list(there)], there]).drop_duplicates()
    rows = []
    for source in asked:
        mine = done[done["source"] == source]
        rated = set(mine.loc[mine["round"] == turn, "ratee_id"])
        indicators = [ROOT_INDICATOR] if overall else _indicators(scheme, turn, source, mine["indicator"])
        if overall and any(misplaced({turn: scheme}, turn, source, ROOT_INDICATOR)):
            raise UsageError(f"--overall: source {source} rates single indicators alone")
        rows += [
            (turn, ratee, source, name) for ratee in ratees["ratee_id"] if ratee not in rated for name in indicators
        ]
    return pd.DataFrame(rows, columns=list(there), dtype=str)


def _indicators(scheme: Scheme, turn: str, source: str, used: pd.Series[str]) -> list[str]:
    """What a source is asked: as it was before, else the leaves, or `overall` where there are none."""
    tree = scheme.indicator_tree
    before = [name for name in tree.names if name in set(used)]
    if before == [ROOT_INDICATOR]:
        return before
    leaves = [tree.names[int(leaf)] for leaf in tree.leaves]
    return [name for name in leaves if not any(misplaced({turn: scheme}, turn, source, name))]


def _to_report(study: Study, turn: str, rows: pd.DataFrame, turnout: pd.DataFrame) -> pd.DataFrame:
    """A row of turnout for every unit and source whose ballots are to be counted."""
    where = list_ratees(study, turn).set_index("ratee_id")["where"]
    wanted = rows[["round", "source"]].assign(unit_id=rows["ratee_id"].map(where)).drop_duplicates()
    keys = ["round", "unit_id", "source"]
    there = set(turnout[keys].itertuples(index=False, name=None))
    keep = [case not in there for case in wanted[keys].itertuples(index=False, name=None)]
    return wanted.loc[keep, keys]


def _demands(
    sheets: dict[str, Sheet], schemes: dict[str, Scheme], tables: dict[str, pd.DataFrame]
) -> dict[str, dict[str, Demand]]:
    """What the cells of every table must be, also where reading a study tells it in another way."""
    found = {table: dict(columns) for table, columns in demands_of(sheets, schemes).items()}
    plain = [name for name in schemes if schemes[name].rounds[name].combine is None]
    sources = dict.fromkeys(name for scheme in schemes.values() for name in scheme.leaf_sources)
    indicators = dict.fromkeys(name for scheme in schemes.values() for name in scheme.indicator_tree.names)
    ids = [*tables["members"]["member_id"], *tables["posts"]["post_id"], *tables["units"]["unit_id"]]
    rated = {
        "round": known(plain, "a round"),
        "ratee_id": known(ids, "a member, post or unit"),
        "source": known([*sources], "a source"),
        "indicator": known([*indicators], "an indicator"),
    }
    return found | {"ratings": rated, "ballots": rated}


# --------------------------------------------------------------------------------------------------------------- book


@dataclass(frozen=True)
class _Lists:
    """Columns of the hidden sheet from which drop-downs take their names; each list stands there once."""

    sheet: Worksheet
    places: dict[tuple[str, ...], str]

    def place(self, names: Collection[str]) -> str:
        """Where a list of names stands, as a formula."""
        key = tuple(dict.fromkeys(names))
        if key not in self.places:
            letter = get_column_letter(len(self.places) + 1)
            for row, name in enumerate(key, start=1):
                _text(_cell(self.sheet, row, len(self.places) + 1), name)
            self.places[key] = f"{LISTS}!${letter}$1:${letter}${len(key)}"
        return self.places[key]


def _book(study: Study, tables: dict[str, pd.DataFrame], demands: dict[str, dict[str, Demand]]) -> Workbook:
    """The workbook: what an office fills in first, then the checks, and the names of all drop-downs."""
    book = Workbook()
    book.remove(book.worksheets[0])
    beside = Alignment(horizontal="left", indent=1)  # or it would touch a number on its left
    free = Protection(locked=False)
    book.add_named_style(NamedStyle(TEXT, number_format="@", protection=free, alignment=beside))
    book.add_named_style(NamedStyle(NUMBER, number_format="General", protection=free))
    sheets = {table: book.create_sheet(table) for table in tables}
    checks = book.create_sheet(CHECKS)
    hidden = book.create_sheet(LISTS)
    hidden.sheet_state = "hidden"
    lists = _Lists(hidden, {})
    for table, sheet in tqdm(sheets.items(), desc="sheets", unit="sheet", delay=2):
        _fill(sheet, table, tables[table], demands.get(table, {}), lists, scheme=study.scheme)
    _check_sums(checks, sheets["ballots"], tables, study.scheme.language)
    book.active = list(tables).index("ballots")
    return book


def _fill(
    sheet: Worksheet, table: str, frame: pd.DataFrame, demands: dict[str, Demand], lists: _Lists, *, scheme: Scheme
) -> None:
    """One table: its cells, what may stand in them, a header that nobody changes by mistake."""
    for place, name in enumerate(frame.columns, start=1):
        letter = get_column_letter(place)
        column = sheet.column_dimensions[letter]
        counts = _counts(table, name)
        column.number_format = "General" if counts else "@"
        column.protection = Protection(locked=False)
        widest = frame[name].map(_width).max() if len(frame) else 0
        column.width = min(max(12, _width(name) + 4, widest + 2), 60)
        head = _cell(sheet, 1, place)
        _text(head, name)
        required = name in REQUIRED[table]
        head.font = Font(bold=True, color="FFFFFFFF")
        head.fill = PatternFill("solid", fgColor=DARK if required else PALE)
        head.alignment = Alignment(
            horizontal="right" if counts else "left", indent=0 if counts else 1, vertical="center"
        )
        for row, value in enumerate(frame[name], start=2):
            if value:  # what is blank has the style of its column
                cell = _cell(sheet, row, place)
                cell.style = NUMBER if counts else TEXT
                _number(cell, value) if counts else _text(cell, value)
        demand = demands.get(name)
        rule = _number_only(table, name) if counts else _choice(demand, lists)
        _explain(rule, table, name, scheme)
        if rule.type or rule.promptTitle:
            rule.add(f"{letter}2:{letter}{len(frame) + 1 + SPARE}")
            sheet.add_data_validation(rule)
    sheet.row_dimensions[1].height = 22
    keys = [place for place, name in enumerate(frame.columns, start=1) if name in REQUIRED[table]]
    sheet.freeze_panes = f"{get_column_letter(max(keys) + 1)}2" if table == "ballots" else "A2"
    _protect(sheet)
    _print_wide(sheet)


def _print_wide(sheet: Worksheet) -> None:
    """Print all columns on one page, with the header on every page."""
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"


def _counts(table: str, name: str) -> bool:
    """Whether a column holds numbers; Excel spoils ids and rounds if it may guess."""
    keys = {*REQUIRED[table], *OPTIONAL.get(table, ())}
    answers = table in {"ballots", "satisfaction"} and name not in {*keys, NAME}
    return answers or name in COUNTED or (table == "measures" and name == "value")


def _number_only(table: str, name: str) -> DataValidation:
    """A cell that holds a number, and no text: people are counted whole, and what weighs nothing is left out."""
    if table in {"points", "measures"}:
        rule = DataValidation("decimal", operator="between", formula1="-1E+15", formula2="1E+15", allow_blank=True)
    elif name in {"weight", "share", "seconds"}:
        rule = DataValidation("decimal", operator="greaterThan", formula1="0", allow_blank=True)
        rule.error = f"{name}: must be a number above 0"
    else:
        rule = DataValidation("whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        rule.error = f"{name}: must be a whole number, 0 or more"
    rule.showErrorMessage = True
    return rule


def _explain(rule: DataValidation, table: str, name: str, scheme: Scheme) -> None:
    """Whoever stands in a cell reads beside it what its column means, in the language of the study."""
    _ = words(scheme.language)
    said = meaning(name, scheme.language)
    if not said and _counts(table, name):
        said = _("Votes: {answer}").format(answer=scheme.label(name))
    if said:
        rule.promptTitle, rule.prompt, rule.showInputMessage = said[:TITLE], name, True


def _choice(demand: Demand | None, lists: _Lists) -> DataValidation:
    """A drop-down of the names that a cell may have, where these are known."""
    if demand is None or not demand.known:
        return DataValidation()
    rule = DataValidation("list", formula1=f"={lists.place(demand.known)}", allow_blank=True, showErrorMessage=True)
    rule.error = demand.expected[:220]
    return rule


def _protect(sheet: Worksheet) -> None:
    """Lock the header, without a password; rows may be added, sorted and filtered."""
    sheet.protection.sheet = True
    for allowed in ("insertRows", "deleteRows", "sort", "autoFilter", "formatColumns", "formatRows", "formatCells"):
        setattr(sheet.protection, allowed, False)  # False: not forbidden


def _cell(sheet: Worksheet, row: int, column: int) -> Cell:
    """A cell that no merged one hides: those that are written lie in sheets of ours, or beyond the last column."""
    return cast("Cell", sheet.cell(row, column))


def _text(cell: Cell, value: str) -> None:
    """Text as text, whatever it begins with."""
    cell.value = value
    cell.data_type = "s"


def _number(cell: Cell, value: str) -> None:
    """A number where it is read again as it was written, else its text."""
    try:
        number = float(value)
    except ValueError:
        return _text(cell, value)
    if f"{number:.15g}" != value:
        return _text(cell, value)
    cell.value = int(value) if value.lstrip("-").isdigit() else number
    return None


def _width(text: str) -> int:
    """Columns that a text takes: a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in str(text))  # noqa: PLR2004  (where CJK begins)


# ------------------------------------------------------------------------------------------------------------- checks


def _check_sums(checks: Worksheet, ballots: Worksheet, tables: dict[str, pd.DataFrame], language: str) -> None:
    """Hold the sum of every row of ballots against the turnout of its ratee or unit, while somebody types."""
    _ = words(language)
    keys = ["round", "ratee_id", NAME, "source", "indicator"]
    titles = [*keys, _("Answers counted"), _("Ballots returned"), _("Check")]
    for place, title in enumerate(titles, start=1):
        cell = _cell(checks, 1, place)
        _text(cell, title)
        cell.font, cell.fill = Font(bold=True, color="FFFFFFFF"), PatternFill("solid", fgColor=DARK)
        counts = len(keys) < place < len(titles)
        cell.alignment = Alignment(horizontal="right" if counts else "left", indent=0 if counts else 1)
        checks.column_dimensions[get_column_letter(place)].width = 40 if place == len(titles) else 16
    columns = list(tables["ballots"].columns)
    answers = [name for name in columns if _counts("ballots", name)]
    last = len(tables["ballots"]) + 1 + SPARE
    letters = {name: get_column_letter(columns.index(name) + 1) for name in columns}
    few, many = _("fewer answers than ballots"), _("more answers than ballots")
    for row in range(2, last + 1):
        for place, name in enumerate(keys, start=1):
            checks.cell(row, place, f'=ballots!{letters[name]}{row}&""')
        counted = "+".join(f"N(ballots!{letters[name]}{row})" for name in answers) or "0"
        checks.cell(row, 6, f'=IF(B{row}="","",{counted})')
        checks.cell(row, 7, f'=IF(B{row}="","",{_returned(row, tables)})')
        told = f'IF(F{row}>G{row},"{many}",IF(AND(F{row}>0,F{row}<G{row}),"{few}",""))'
        checks.cell(row, 8, f'=IF(B{row}="","",IF(G{row}=0,"",{told}))').alignment = Alignment(indent=1)
    area = f"A2:{get_column_letter(len(columns))}{last}"
    for text, colour in ((many, RED), (few, AMBER)):
        shown = DifferentialStyle(fill=PatternFill("solid", bgColor=colour))
        ballots.conditional_formatting.add(area, Rule("expression", dxf=shown, formula=[f'{CHECKS}!$H2="{text}"']))
        checks.conditional_formatting.add(f"A2:H{last}", Rule("expression", dxf=shown, formula=[f'$H2="{text}"']))
    checks.freeze_panes = "A2"
    checks.protection.sheet = True
    _print_wide(checks)


def _returned(row: int, tables: dict[str, pd.DataFrame]) -> str:
    """The ballots that came back for the ratee in a row of the checks: his own row of turnout, or his unit's."""

    def column(table: str, name: str) -> str:
        letter = get_column_letter(list(tables[table].columns).index(name) + 1)
        return f"{quote_sheetname(table)}!${letter}:${letter}"

    def home(table: str, key: str) -> str:
        return f"INDEX({column(table, 'unit_id')},MATCH(B{row},{column(table, key)},0))"

    unit = f"IFERROR({home('members', 'member_id')},IFERROR({home('posts', 'post_id')},B{row}))"
    where = f"{column('turnout', 'round')},A{row},{column('turnout', 'source')},D{row}"
    own = f"{where},{column('turnout', 'ratee_id')},B{row}"
    whole = f'{where},{column("turnout", "unit_id")},{unit},{column("turnout", "ratee_id")},"="'
    returned = column("turnout", "returned")
    return f"IF(COUNTIFS({own})>0,SUMIFS({returned},{own}),SUMIFS({returned},{whole}))"


# ------------------------------------------------------------------------------------------------------------- faults


def paint_faults(folder: Path, faults: Iterable[Fault]) -> Path | None:
    """Copy the study's workbook with every fault of its tables painted, and written behind the row it stands in.

    Parameters
    ----------
    folder : Path
        The study's folder.
    faults : iterable of Fault
        What reading it found.

    Returns
    -------
    Path or None
        `NAME.checked.xlsx` beside the workbook, which is not touched; None where no workbook has a fault.
    """
    for path in sorted(filter(is_book, folder.iterdir())):
        place = re.compile(re.escape(path.name) + r"\[(.*)\]")
        mine = [(match[1], fault) for fault in faults if (match := place.fullmatch(fault.file))]
        if mine:
            book = load_workbook(path)
            for name in dict.fromkeys(name for name, _ in mine):
                _paint(book[name], [fault for other, fault in mine if other == name])
            target = path.with_name(path.stem + CHECKED)
            target.write_bytes(_bytes(book))
            return target
    return None


def clear_faults(folder: Path) -> Path | None:
    """Take away the copy in which faults of the study's workbook were painted, once there are none."""
    for path in filter(is_book, folder.iterdir()):
        stale = path.with_name(path.stem + CHECKED)
        if stale.is_file():
            stale.unlink()
            return stale
    return None


def _paint(sheet: Worksheet, faults: list[Fault]) -> None:
    """Paint the cells of a sheet, and say behind its last column what is wrong with each row."""
    fill = PatternFill("solid", fgColor=RED)
    sheet.conditional_formatting = ConditionalFormattingList()  # or its colours would lie over those of faults
    beside = sheet.max_column + 1
    said: dict[int, list[str]] = {}
    for fault in faults:
        columns = _columns(sheet, fault.column)
        for row in _rows(sheet, fault, columns):
            said.setdefault(row, []).append(f"{fault.column}: {fault.expected}" if fault.column else fault.expected)
            for column in columns or range(1, beside):
                sheet.cell(row, column).fill = fill
    for row, texts in said.items():
        cell = _cell(sheet, row, beside)
        _text(cell, "; ".join(dict.fromkeys(texts)))
        cell.fill, cell.font = fill, Font(bold=True)
    sheet.column_dimensions[get_column_letter(beside)].width = 80
    sheet.sheet_properties.tabColor = RED


def _columns(sheet: Worksheet, column: str) -> list[int]:
    """Places of the columns that a fault names, which may be several."""
    names = [name.strip() for name in column.split(",")]
    for cells in sheet.iter_rows(max_row=HEADER_WITHIN):
        header = {str(cell.value).strip(BLANKS): cell.column for cell in cells if cell.value is not None}
        found = [header[name] for name in names if name in header]
        if found:
            return found
    return []


def _rows(sheet: Worksheet, fault: Fault, columns: list[int]) -> list[int]:
    """The row of a fault, and all further rows that hold the same value in the same place."""
    first = fault.row or 1
    if not fault.more or len(columns) != 1:
        return [first]
    same = sheet.cell(first, columns[0]).value
    return [row for row in range(first, sheet.max_row + 1) if sheet.cell(row, columns[0]).value == same]


# -------------------------------------------------------------------------------------------------------------- bytes


def _bytes(book: Workbook) -> bytes:
    """A workbook as bytes that tell no time: the same content gives the same bytes."""
    held = BytesIO()
    book.save(held)
    settled = BytesIO()
    with ZipFile(held) as parts, ZipFile(settled, "w", ZIP_DEFLATED) as out:
        for name in parts.namelist():
            content = parts.read(name)
            if name == CORE:
                content = re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", content)
            info = ZipInfo(name, LONG_AGO)
            info.compress_type = ZIP_DEFLATED
            out.writestr(info, content)
    return settled.getvalue()
