"""Answers written down as each platform really exports them, from a questionnaire and what everybody ticked."""

import csv
import io

import numpy as np
import pandas as pd
import pyreadstat
from openpyxl import Workbook

from toolkit.survey.platforms.wjx import option, pages
from toolkit.survey.questionnaire import CHOSEN

STAMPS = ("2026/7/1 9:05:00", "2026-07-02 10:15:30", "2026年7月3日 11:20")


class Sheet:
    """Who ticked what, `{(ratee, indicator): value}`, for each rater; for each ratee where he rates himself."""

    def __init__(self, form, ratings):
        self.form = form
        own = form.chooser is not None
        key = "ratee_id" if own else "rater_id"
        self.rows = []
        for who, part in ratings.groupby(key, sort=False, observed=True):
            places = zip(part["ratee_id"], part["indicator"], part["value"], strict=True)
            answers = {(CHOSEN if own else ratee, indicator): value for ratee, indicator, value in places}
            self.rows.append((str(who), answers))
        self.questions = [(block, question) for block in form.blocks for question in block.questions]
        self.by_value = {choice.value: choice for choice in form.answers.choices}
        self.people = {choice.value: choice for choice in form.ratees}

    def cells(self, answers, of, empty):
        """What stands in the columns of the questions."""
        for block, question in self.questions:
            value = answers.get((block.ratee, question.indicator), "")
            yield empty if value == "" else of(self.by_value[value]) if value in self.by_value else value


def text_of(form):
    return lambda choice: option(form.answers, choice)


def place_of(form):
    """问卷星's code of a choice is its place; of a scale from 0 that would be another number, so texts are exported."""
    by_place = all(choice.name == str(place) for place, choice in enumerate(form.answers.choices, start=1))
    return code if by_place else text_of(form)


def code(choice):
    return choice.name


def label(choice):
    return choice.label


def xlsx(path, rows):
    book = Workbook()
    for row in rows:
        book.active.append([_typed(cell) for cell in row])
    book.save(path)
    return path


def _typed(cell):
    """Excel keeps numbers as numbers."""
    try:
        return int(cell)
    except ValueError:
        return cell


def text(path, rows, *, encoding="utf-8-sig", delimiter=","):
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter).writerows(rows)
    path.write_bytes(target.getvalue().encode(encoding))
    return path


def wjx_rows(sheet, *, of=None, empty="(跳过)", own=label):
    """问卷星: a matrix is headed 第2题(德), whom somebody chooses 1、您的姓名."""
    form, of = sheet.form, of or text_of(sheet.form)
    lead = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP", "总分"]
    heads = [f"1、{form.chooser.label}"] if form.chooser else []
    matrix = form.answers.choices
    place = len(heads)
    for title, rows in pages(form):
        if matrix:
            place += 1
            heads += [f"第{place}题({row})" for row, _ in rows]
        else:
            heads += [f"{place + number}、{title}：{row}" for number, (row, _) in enumerate(rows, start=1)]
            place += len(rows)
    yield [*lead, *heads]
    for number, (who, answers) in enumerate(sheet.rows, start=1):
        about = [number, STAMPS[number % 3], f"{60 + number}秒", "微信", "N/A", f"10.0.0.{number % 250}(北京-北京)", 0]
        chosen = [own(sheet.people[who])] if form.chooser else []
        yield [*about, *chosen, *sheet.cells(answers, of, empty)]


def txwj_rows(sheet):
    """腾讯问卷: 1.题干:行标题."""
    form = sheet.form
    place = ["地理位置国家和地区", "地理位置省", "地理位置市"]
    lead = ["编号", "开始答题时间", "结束答题时间", "答题时长", *place, "用户类型", "用户标识", "昵称", "自定义字段"]
    heads = [f"1.{form.chooser.label}"] if form.chooser else []
    for number, (block, question) in enumerate(sheet.questions, start=1 + len(heads)):
        heads.append(f"{number}.{block.label}:{question.label}")
    yield [*lead, *heads]
    for number, (who, answers) in enumerate(sheet.rows, start=1):
        about = [number, *STAMPS[:2], "1分2秒", "中国", "北京", "北京", "微信", f"openid{number}", f"小明{number}", ""]
        chosen = [sheet.people[who].label] if form.chooser else []
        yield [*about, *chosen, *sheet.cells(answers, text_of(form), "")]


def kobo_rows(sheet, *, mark="/", of=code, last=("_id", "_uuid", "_submission_time", "_submitted_by")):
    """KoboToolbox and ODK: a group before each question; the submission at the end."""
    form = sheet.form
    heads = [form.chooser.name] if form.chooser else []
    heads += [f"{block.name}{mark}{question.name}" for block, question in sheet.questions]
    yield ["start", "end", *heads, *last]
    for number, (who, answers) in enumerate(sheet.rows, start=1):
        chosen = [sheet.people[who].name] if form.chooser else []
        about = [100 + number, f"uuid-{number:04d}", "2026-07-01T09:00:00", "user"][: len(last)]
        if len(last) == 1:
            about = [f"uuid:{number:04d}"]
        times = ["2026-07-01T09:00:00.000+08:00", "2026-07-01T09:05:00.000+08:00"]
        yield [*times, *chosen, *sheet.cells(answers, of, ""), *about]


def limesurvey_rows(sheet, *, of=code, texts=False):
    """LimeSurvey: codes rM1[q1], or texts 张三 [德]."""
    form = sheet.form
    heads = [form.chooser.label if texts else form.chooser.name] if form.chooser else []
    for block, question in sheet.questions:
        heads.append(
            f"{block.label} [{question.label}]" if texts else f"{block.name}[{question.name.removeprefix(block.name)}]"
        )
    yield ["id", "submitdate", "lastpage", "startlanguage", "seed", *heads]
    for number, (who, answers) in enumerate(sheet.rows, start=1):
        chosen = [of(sheet.people[who])] if form.chooser else []
        yield [number, "2026-07-01 09:00:00", 3, "zh-Hans", 123456789, *chosen, *sheet.cells(answers, of, "")]


def sav(path, sheet):
    """SPSS: codes as numbers with value labels; -3 and -2 are missing."""
    form = sheet.form
    names = ["id", *([form.chooser.name] if form.chooser else []), *(question.name for _, question in sheet.questions)]
    rows = []
    for number, (who, answers) in enumerate(sheet.rows, start=1):
        chosen = [sheet.people[who].name] if form.chooser else []
        rows.append([number, *chosen, *(float(cell) for cell in sheet.cells(answers, code, -3))])
    frame = pd.DataFrame(rows, columns=names)
    asked = [question.name for _, question in sheet.questions]
    labels = {float(choice.name): choice.label for choice in form.answers.choices} | {-3.0: "跳过", -2.0: "空"}
    frame[asked] = frame[asked].astype(np.float64)
    meant = dict.fromkeys(asked, labels)
    pyreadstat.write_sav(
        frame, str(path), variable_value_labels=meant, missing_ranges={name: [-3, -2] for name in asked}
    )
    return path


def table_rows(sheet):
    """An Excel table of an office: a row for each rater and ratee."""
    indicators = list(dict.fromkeys(question.indicator for _, question in sheet.questions))
    yield ["工号", "被评人", *(f"指标 {name}" for name in indicators), "手机"]
    for who, answers in sheet.rows:
        ratees = dict.fromkeys(who if ratee == CHOSEN else ratee for ratee, _ in answers)
        for ratee in ratees:
            at = CHOSEN if (CHOSEN, indicators[0]) in answers or sheet.form.chooser else ratee
            yield [f"工{who}", ratee, *(answers.get((at, name), "") for name in indicators), "13800000000"]
