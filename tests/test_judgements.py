"""A file of pairwise judgements is read, or everything that is wrong with it is said."""

import numpy as np
import pytest

from toolkit.faults import StudyError
from toolkit.judgements import read_judgements
from toolkit.weighting.groups import pool_judgements, synthesise

FILE = """\
expert,parent,left,right,value
E1,,superior,peer,2
E1,,superior,public,4
E1,,peer,public,2
E2,,superior,peer,1/2
E2,,public,peer,0.333
E1,superior,leader,team,3
"""


@pytest.fixture
def read(tmp_path):
    def write_and_read(text):
        path = tmp_path / "judgements.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_judgements(path)

    return write_and_read


@pytest.fixture
def faults(read):
    def said(*rows, header="expert,parent,left,right,value"):
        with pytest.raises(StudyError) as caught:
            read("\n".join([header, *rows]) + "\n")
        return [str(fault) for fault in caught.value.faults]

    return said


def test_matrices_of_every_expert(read):
    found = read(FILE)
    assert list(found) == ["", "superior"]
    assert list(found[""]) == ["E1", "E2"]
    one, two = found[""].values()
    assert list(one) == ["superior", "peer", "public"]
    assert one.to_numpy().tolist() == [[1, 2, 4], [0.5, 1, 2], [0.25, 0.5, 1]]
    assert two.loc["peer", "public"] == pytest.approx(3, abs=0.01)
    assert np.isnan(two.loc["superior", "public"])


def test_from_the_file_to_weights(read):
    found = synthesise({parent: pool_judgements(experts) for parent, experts in read(FILE).items()})
    assert found.weights["leader"] == pytest.approx(0.75)
    assert found.leaves.sum() == pytest.approx(1)
    assert list(found.leaves.index) == ["peer", "public", "leader", "team"]


def test_as_an_office_saves_it(read):
    text = "expert,parent,left,right,value\n专家甲,,上级,群众,１/3\n".encode("gb18030")
    assert read(text)[""]["专家甲"].loc["群众", "上级"] == 3
    assert read(b"\xef\xbb\xbf" + FILE.encode()).keys() == {"", "superior"}


def test_every_fault_is_said_at_once(faults):
    found = faults(
        "E1,,a,b,10",
        "E1,,a,c,-2",
        ",,b,c,2",
        "E2,,a,a,1",
        "E2,,a,b,2",
        "E2,,b,a,0.5",
        "E2,,b,c,3-Jan",
        "E2,b,x,c,3",
    )
    expected = "must be a number or fraction from 1/9 to 9, such as 3, 1/3 or 0.333"
    assert f"judgements.csv, row 2, value: '10': {expected}" in found
    assert f"judgements.csv, row 3, value: '-2': {expected}" in found
    assert "judgements.csv, row 4, expert: must not be blank" in found
    assert "judgements.csv, row 5, right: 'a': must be another name than left" in found
    assert "judgements.csv, row 7, right: 'b, a': must be judged once by an expert; see row 6" in found
    assert (
        f"judgements.csv, row 8, value: '3-Jan': {expected}; Excel takes 1/3 for a day unless the cell is text" in found
    )
    assert "judgements.csv, row 9, right: 'c': must stand below one parent; in row 3 it stands at the top" in found
    assert len(found) == 7


def test_parents_stand_somewhere_and_not_below_themselves(faults):
    assert faults("E1,,a,b,1", "E1,bb,x,y,1") == [
        "judgements.csv, row 3, parent: 'bb': must be blank or a name: one of a, b, x, y (nearest: b)"
    ]
    assert faults("E1,,a,b,1", "E1,x,y,z,1", "E1,y,x,w,1") == [
        "judgements.csv, row 3, parent: 'x': must not stand below itself",
        "judgements.csv, row 4, parent: 'y': must not stand below itself",
    ]


def test_somebody_must_connect_a_set(faults, read):
    assert faults("E1,,a,b,1", "E2,,c,d,1") == ["judgements.csv, row 2, parent: somebody must compare a, b with c, d"]
    assert set(read("expert,parent,left,right,value\nE1,,a,b,1\nE2,,c,d,1\nE3,,b,c,1\n")[""]) == {"E1", "E2", "E3"}


def test_what_is_no_file_of_judgements(faults, tmp_path):
    assert faults("E1,,a,b,1", header="expert,parent,left,right,points") == [
        "judgements.csv, value: column must be there"
    ]
    assert faults() == ["judgements.csv: must hold at least one judgement"]
    assert "must have a header row: expert,parent,left,right,value" in faults("1,2", header="a,b")[0]
    with pytest.raises(StudyError, match="must be readable: No such file"):
        read_judgements(tmp_path / "none.csv")
