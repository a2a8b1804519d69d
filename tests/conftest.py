"""A small study folder, written from texts: every test changes only what it is about."""

import pytest

import toolkit as tk

SCHEME = """\
title: 民主评议
rounds:
  2026H1: {from: 2026-01-01, to: 2026-06-30}
scales:
  vote: {levels: {优秀: 100, 合格: 80, 不合格: 0}, codes: {1: 优秀, 2: 合格, 3: 不合格}, blank: [弃权]}
  score: {low: 0, high: 100}
sources:
  superior: {weight: 0.4, scale: score, attributed: true}
  peer: {weight: 0.6, scale: vote}
indicators:
  virtue: {weight: 0.5}
  results: {weight: 0.5, items: {delivery: {weight: 0.6}, service: {weight: 0.4}}}
categories:
  member: {}
  office: {ratee: unit}
"""
TABLES = {
    "units": "unit_id,name,parent_id,category\nP,镇党委,,\nB1,第一支部,P,\nB2,第二支部,P,office\n",
    "members": "member_id,name,unit_id,category\nM1,张三,B1,member\nM2,李四,B1,member\nM3,王五,B2,member\n",
    "ratings": (
        "round,ratee_id,source,rater_id,indicator,value\n"
        "2026H1,M1,peer,r1,virtue,优秀\n"
        "2026H1,M1,peer,r2,virtue,2\n"
        "2026H1,M1,superior,s1,overall,85\n"
        "2026H1,M2,peer,r1,delivery,弃权\n"
        "2026H1,B2,superior,,virtue,90\n"
    ),
}


@pytest.fixture
def plain_scheme():
    """The text of the scheme.yaml that `make_study` writes."""
    return SCHEME


@pytest.fixture
def plain_tables():
    """The texts of the tables that `make_study` writes."""
    return TABLES


@pytest.fixture
def make_study(tmp_path):
    """Return a function that writes a study folder.

    `make_study(members="member_id,...")` replaces a table, `posts=...` adds one, `ratings=None` leaves one out; bytes
    are written as they are. `scheme` is the text of scheme.yaml, `name` the folder's name if it is
    not taken, `files` any further file.
    """

    def make(*, scheme=SCHEME, name="study", files=None, **tables):
        folder = tmp_path / name
        while folder.exists():
            folder = folder.with_name(folder.name + "_")
        folder.mkdir()
        texts = {f"{table}.csv": text for table, text in (TABLES | tables).items()}
        for file, content in ({"scheme.yaml": scheme} | texts | (files or {})).items():
            if content is not None:
                (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return make


@pytest.fixture
def faults_of(make_study):
    """Return a function that writes a study folder, reads it, and returns its faults."""

    def read(**parts):
        try:
            tk.read_study(make_study(**parts))
        except tk.StudyError as error:
            return list(error.faults)
        return []

    return read
