"""Who has no key learns nothing from a pseudonym; who has it finds the same one again."""

import hashlib
import hmac
import os
import stat

import pytest

from toolkit.faults import UsageError
from toolkit.survey.pseudonyms import pseudonym, read_key

KEY = b"0123456789abcdef"


def test_it_is_the_hmac_of_round_source_and_identity():
    """RFC 2104, written out: H((K ^ opad) || H((K ^ ipad) || text))."""
    text = b"2026H1\x1fpeer\x1f17"
    block = KEY.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + text).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()
    assert pseudonym(KEY, "2026H1", "peer", "17") == "r" + outer[:16]
    assert hmac.compare_digest(outer, hmac.digest(KEY, text, "sha256").hex())


def test_roles_and_rounds_cannot_be_joined():
    places = [(turn, source, who) for turn in "12" for source in "ab" for who in ("x", "y")]
    assert len({pseudonym(KEY, *place) for place in places}) == 8
    assert pseudonym(KEY, "ab", "c", "d") != pseudonym(KEY, "a", "bc", "d")
    assert pseudonym(KEY, "1", "a", "x") != pseudonym(KEY + b"1", "1", "a", "x")


def test_a_key_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TOOLKIT_KEY", " sixteen letters! ")
    assert read_key(tmp_path, tmp_path.parent / "no" / "key") == b"sixteen letters!"
    monkeypatch.setenv("TOOLKIT_KEY", "short")
    with pytest.raises(UsageError, match="TOOLKIT_KEY: the key must have at least 16 characters"):
        read_key(tmp_path, tmp_path.parent / "no" / "key")


@pytest.fixture
def without(monkeypatch):
    monkeypatch.delenv("TOOLKIT_KEY", raising=False)


@pytest.mark.usefixtures("without")
def test_a_file_is_made_on_first_use(tmp_path):
    study, path = tmp_path / "study", tmp_path / "home" / "key"
    key = read_key(study, path)
    assert len(key) == 64
    assert read_key(study, path) == key
    if os.name == "posix":  # Windows gives a file in somebody's folder to him alone
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("without")
@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
def test_a_file_that_others_can_read(tmp_path):
    path = tmp_path / "key"
    path.write_text("0123456789abcdef", encoding="utf-8")
    path.chmod(0o640)
    with pytest.raises(UsageError, match="must be readable by its owner alone: chmod 600"):
        read_key(tmp_path / "study", path)


@pytest.mark.usefixtures("without")
def test_a_key_in_the_study(tmp_path):
    with pytest.raises(UsageError, match="the key must lie outside the study"):
        read_key(tmp_path, tmp_path / "sub" / ".." / "key")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("without")
def test_a_key_saved_by_notepad(tmp_path):
    path = tmp_path / "key"
    path.write_text("0123456789abcdef" * 4, encoding="utf-8")
    path.chmod(0o600)
    study = tmp_path / "study"
    key = read_key(study, path)
    path.write_text("0123456789abcdef" * 4 + "\r\n", encoding="utf-8-sig")
    assert read_key(study, path) == key
    path.write_text("0123456789abcdef" * 4, encoding="utf-16")
    with pytest.raises(UsageError, match="must be UTF-8"):
        read_key(study, path)
