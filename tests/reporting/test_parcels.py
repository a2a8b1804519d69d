"""Archives of reports: one for each, opened by its own password alone, as the specification has it."""

import hmac
import json
import re
import shutil
import struct
import subprocess
import sys
import zlib
from hashlib import pbkdf2_hmac, sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from Crypto.Cipher import AES
from Crypto.Util import Counter
from typer.testing import CliRunner

from toolkit.__main__ import app
from toolkit.batch.manifest import FILE as MANIFEST
from toolkit.batch.manifest import rewrite
from toolkit.batch.units import Outcome
from toolkit.faults import StudyError, UsageError
from toolkit.files import names_a_folder
from toolkit.reporting import parcels as parcels_
from toolkit.reporting.parcels import pack, parcels, unpacked

PASSWORDS = {"B01": "correct-horse-1", "B02": "battery staple 2"}
SEVEN_ZIP = next(filter(None, map(shutil.which, ("7z", "7zz", "7za"))), None)


@pytest.fixture
def run(tmp_path):
    """A finished run of two units, with the overview and a failure; returns its folder."""
    folder = tmp_path / "2026H2"
    outcomes = []
    for name, title in (("overview", "总体情况"), ("B01", "第一支部考核评价报告"), ("B02", "a/b: c?")):
        files = {
            "report.html": f"<p>{name} 的报告</p>".encode() * 50,
            "unit_report.ipynb": json.dumps({"metadata": {"title": title}}).encode(),
        }
        (folder / name).mkdir(parents=True)
        for file, data in files.items():
            (folder / name / file).write_bytes(data)
        outcomes.append(Outcome(name, "done", 1.0, {file: sha256(data).hexdigest() for file, data in files.items()}))
    rewrite(folder / MANIFEST, {"study": "demo"}, [*outcomes, Outcome("B03", "failed", 1.0, error="x")])
    return folder


@pytest.fixture
def given(tmp_path):
    """Return a function that writes a file of passwords."""

    def write(passwords=PASSWORDS, *, text=None, head="unit_id,password"):
        path = tmp_path / "passwords.csv"
        rows = text or "".join(f"{name},{password}\n" for name, password in passwords.items())
        path.write_text(f"{head}\n{rows}", encoding="utf-8")
        return path

    return write


def decrypted(archive, password):
    """Files of an archive by the specification of AE-2 alone: extra field 0x9901, PBKDF2, AES-CTR, HMAC."""
    with ZipFile(archive) as listed:
        entries = listed.infolist()
    data, found = Path(archive).read_bytes(), {}
    for entry in entries:
        head = struct.unpack("<4s5H3I2H", data[entry.header_offset : entry.header_offset + 30])
        name_length, extra_length = head[-2:]
        start = entry.header_offset + 30 + name_length
        extra = data[start : start + extra_length]
        place = extra.index(b"\x01\x99\x07\x00")
        version, vendor, strength, method = struct.unpack("<H2sBH", extra[place + 4 : place + 11])
        assert (head[3], version, vendor, strength, method, entry.CRC) == (99, 2, b"AE", 3, 8, 0)
        packed = data[start + extra_length :][: entry.compress_size]
        salt, check, coded, seal = packed[:16], packed[16:18], packed[18:-10], packed[-10:]
        keys = pbkdf2_hmac("sha1", password.encode(), salt, 1000, 66)
        if check != keys[64:]:
            raise ValueError("wrong password")
        assert hmac.new(keys[32:64], coded, "sha1").digest()[:10] == seal
        cipher = AES.new(keys[:32], AES.MODE_CTR, counter=Counter.new(128, little_endian=True))
        found[entry.filename] = zlib.decompress(cipher.decrypt(coded), -15)
    return found


def test_everybody_gets_an_archive_that_a_password_opens(run, given, tmp_path):
    planned = parcels(run, given(), tmp_path / "out")
    assert [pack(parcel) for parcel in planned] == [tmp_path / "out" / "B01.zip", tmp_path / "out" / "B02.zip"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"B01.zip", "B02.zip"}
    for name, inside in (("B01", "B01 第一支部考核评价报告"), ("B02", "B02 a_b_ c_")):
        files = {f"{inside}/{path.name}": path.read_bytes() for path in (run / name).iterdir()}
        archive = tmp_path / "out" / f"{name}.zip"
        assert unpacked(archive, PASSWORDS[name]) == files
        assert decrypted(archive, PASSWORDS[name]) == files
        assert names_a_folder(inside)
        assert b"\xe7\x9a\x84\xe6\x8a\xa5\xe5\x91\x8a" not in archive.read_bytes()


def test_no_other_password_opens_it(run, given, tmp_path):
    archive, _ = map(pack, parcels(run, given(), tmp_path / "out"))
    for password in (PASSWORDS["B02"], PASSWORDS["B01"].upper(), PASSWORDS["B01"] + " ", ""):
        with pytest.raises(UsageError, match=r"B01.zip: cannot be read: IncorrectAESPasswordError"):
            unpacked(archive, password)
        with pytest.raises(ValueError, match="wrong password"):
            decrypted(archive, password)


@pytest.mark.skipif(SEVEN_ZIP is None, reason="no 7z on PATH; the test by the specification says the same")
def test_seven_zip_opens_it(run, given, tmp_path):
    archive, _ = map(pack, parcels(run, given(), tmp_path / "out"))
    for password, code in ((PASSWORDS["B01"], 0), (PASSWORDS["B02"], 2)):
        done = subprocess.run([SEVEN_ZIP, "t", f"-p{password}", archive], capture_output=True, check=False, timeout=60)
        assert done.returncode == code


def test_a_damaged_archive_is_noticed(run, given, tmp_path):
    archive, _ = map(pack, parcels(run, given(), tmp_path / "out"))
    data = archive.read_bytes()
    for wrong in (data[:100], data[:120] + bytes([data[120] ^ 1]) + data[121:]):
        archive.write_bytes(wrong)
        with pytest.raises(UsageError, match=r"B01.zip: cannot be read: "):
            unpacked(archive, PASSWORDS["B01"])


def test_but_for_the_salt_the_bytes_are_the_same(run, given, tmp_path, monkeypatch):
    def packed(out):
        return pack(parcels(run, given(), tmp_path / out)[0]).read_bytes()

    assert packed("one") != packed("other")
    monkeypatch.setattr("stream_zip.secrets.token_bytes", bytes)
    assert packed("one") == packed("other")


def test_an_archive_takes_its_place_only_when_it_was_read_back(run, given, tmp_path, monkeypatch):
    out = tmp_path / "out"
    pack(parcels(run, given(), out)[0])
    before = (out / "B01.zip").read_bytes()
    monkeypatch.setattr(parcels_, "unpacked", lambda archive, password: {})  # noqa: ARG005
    with pytest.raises(UsageError, match=r"B01.zip: the archive does not give back what was put into it"):
        pack(parcels(run, given(), out)[0])
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {"B01.zip": before}


def test_a_file_that_somebody_changed_is_not_handed_over(run, given, tmp_path):
    planned = parcels(run, given(), tmp_path / "out")
    (run / "B01" / "report.html").write_text("other", encoding="utf-8")
    (run / "B02" / "notes.txt").write_text("of the organisers", encoding="utf-8")
    with pytest.raises(UsageError, match=r"B01: report.html must be as the run has written it"):
        pack(planned[0])
    assert not (tmp_path / "out").exists()
    assert [Path(name).name for name in unpacked(pack(planned[1]), PASSWORDS["B02"])] == [
        "report.html",
        "unit_report.ipynb",
    ]


def test_some_units_need_no_password_of_others(run, given, tmp_path):
    planned = parcels(run, given({"B02": PASSWORDS["B02"]}), tmp_path / "out", units=["B02"])
    assert [parcel.name for parcel in planned] == ["B02"]
    overview = parcels(run, given({"overview": "for the organisers"}), tmp_path / "out", units=["overview"])
    assert [parcel.name for parcel in overview] == ["overview"]
    with pytest.raises(UsageError, match=r"unit: 'B03', must be a unit with a finished report: one of overview, B01"):
        parcels(run, given(), tmp_path / "out", units=["B03"])


def test_members_have_ids_of_their_own(run, given, tmp_path):
    assert len(parcels(run, given(head="member_id,password"), tmp_path / "out")) == 2


def test_every_fault_of_the_passwords_is_told_and_no_password(run, given, tmp_path):
    secret = "xK9-secret-value"  # noqa: S105
    rows = (
        f"B01,{secret}",
        "B01,another-secret-1",
        f"B99,{secret}",
        "B03,third-secret-00",
        "overview,2026070120260701",
        "P9,short",
        "P8,密码密码密码密码密码密码",
    )
    with pytest.raises(StudyError) as told:
        parcels(run, given(text="\n".join(rows)), tmp_path / "out")
    assert [str(fault) for fault in told.value.faults] == [
        "passwords.csv, row 3, unit_id: 'B01': must not be there twice, see row 2",
        "passwords.csv, row 4, unit_id: 'B99': must be one of overview, B01, B02, B03",
        "passwords.csv, row 4, password: must differ from that of B01",
        "passwords.csv, row 5, unit_id: 'B03': has no finished report",
        "passwords.csv, row 6, password: must have at least 12 printable ASCII characters, not digits alone",
        "passwords.csv, row 7, unit_id: 'P9': must be one of overview, B01, B02, B03",
        "passwords.csv, row 7, password: must have at least 12 printable ASCII characters, not digits alone",
        "passwords.csv, row 8, unit_id: 'P8': must be one of overview, B01, B02, B03",
        "passwords.csv, row 8, password: must have at least 12 printable ASCII characters, not digits alone",
        "passwords.csv, unit_id: 'B02': has no password",
    ]
    assert not re.search("secret|short|密码|20260701", str(told.value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit_id,secret\nB01,correct-horse-1\n", "row 1, password: must be a column of the header"),
        ("name,password\nB01,correct-horse-1\n", "row 1, unit_id: must be a column of the header"),
        ("B01,correct-horse-1\n", "row 1: must have a header row: unit_id,password"),
        ("", "row 1: is empty"),
    ],
)
def test_a_file_without_its_columns_is_refused(run, given, tmp_path, text, message):
    path = given()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=message) as told:
        parcels(run, path, tmp_path / "out")
    assert "horse" not in str(told.value)


def test_passwords_and_archives_lie_outside_the_reports(run, given, tmp_path):
    for inside in (run / "passwords.csv", run / "B01" / "passwords.csv"):
        shutil.copy(given(), inside)
        with pytest.raises(UsageError, match=r"passwords.csv: must lie outside .*2026H2, which is handed round"):
            parcels(run, inside, tmp_path / "out")
    with pytest.raises(UsageError, match=r"out: must lie outside .*2026H2"):
        parcels(run, given(), run / "out")
    with pytest.raises(UsageError, match=r"passwords.csv: must lie outside"):
        parcels(run, given(), tmp_path)


def test_a_folder_without_a_run_is_refused(given, tmp_path):
    with pytest.raises(UsageError, match=r"must be the folder of a run, with a manifest.jsonl"):
        parcels(tmp_path / "nowhere", given(), tmp_path / "out")


def test_a_parcel_shows_its_password_to_nobody(run, given, tmp_path):
    assert "horse" not in repr(parcels(run, given(), tmp_path / "out"))


def test_without_the_extra_it_is_named(run, given, tmp_path, monkeypatch):
    planned = parcels(run, given(), tmp_path / "out")
    archive = pack(planned[0])
    for module in ("stream_zip", "stream_unzip"):
        monkeypatch.setitem(sys.modules, module, None)
    for needs in (lambda: pack(planned[0]), lambda: unpacked(archive, PASSWORDS["B01"])):
        with pytest.raises(UsageError, match=r"needs the extra `archive`: pip install 'toolkit\[archive\]'"):
            needs()


# The command ------------------------------------------------------------------------------------------------------


def test_the_command_writes_beside_the_run_and_tells_of_no_password(run, given):
    told = CliRunner().invoke(app, ["archive", str(run), "--passwords", str(given())])
    assert told.exit_code == 0, told.output
    folder = run.with_name("2026H2.archives")
    assert told.stdout == f"{folder}\n"
    assert "2 of 2 archives are written and were read back" in told.stderr
    assert {path.name for path in folder.iterdir()} == {"B01.zip", "B02.zip"}
    assert not re.search("horse|staple", told.output)


def test_the_command_goes_on_after_a_unit_that_cannot_be_packed(run, given):
    (run / "B01" / "report.html").unlink()
    told = CliRunner().invoke(app, ["archive", str(run), "--passwords", str(given())])
    assert told.exit_code == 1
    assert "B01" in told.stderr
    assert "1 of 2 archives" in told.stderr
    assert [path.name for path in run.with_name("2026H2.archives").iterdir()] == ["B02.zip"]


def test_the_command_says_what_is_wrong_with_passwords(run, given):
    told = CliRunner().invoke(app, ["archive", str(run), "--passwords", str(given({"B01": "correct-horse-1"}))])
    assert told.exit_code == 1
    assert "passwords.csv, unit_id: 'B02': has no password" in told.stderr
    assert "horse" not in told.output
