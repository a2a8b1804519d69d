"""Parcels: the reports of one unit as an encrypted archive, to be handed over alone.

The format is ZIP with AES-256 as WinZip specifies it (AE-2), which 7-Zip, WinRAR and Bandizip open and the Explorer of
Windows does not. Names of files stand in it unencrypted, as ZIP has it: what is inside is secret, whose it is is not.

References
----------
WinZip, "AES Encryption Information: Encryption Specification AE-1 and AE-2", version 1.04,
https://www.winzip.com/en/support/aes-encryption/
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from stat import S_IFREG
from typing import TYPE_CHECKING
from zipfile import ZipFile

from toolkit.batch import manifest
from toolkit.faults import Fault, StudyError, UsageError, one_of
from toolkit.files import FORBIDDEN_IN_NAMES, read_table
from toolkit.reporting.edition import OVERVIEW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from toolkit.batch.units import Outcome

SHORTEST = 12
"""Characters of a password. ZIP makes a key by 1,000 rounds, so that a short one or a number is soon found."""
LONGEST_TITLE = 80
"""Characters of a title in a path, of which Windows allows 260 in all."""
CHUNK = 1 << 16
NO_TIME = datetime(1980, 1, 1)  # noqa: DTZ001  (the earliest that ZIP can say, in no zone)
NEEDED = "archive: needs the extra `archive`: pip install 'toolkit[archive]'"


@dataclass(frozen=True)
class Parcel:
    """An archive that is to be written.

    Attributes
    ----------
    name : str
        Id of the unit or member, which names the archive.
    folder : path
        Its reports.
    files : mapping
        SHA-256 of the files, by name, as the run has written them.
    target : path
        The archive.
    password : str
        Opens it.
    """

    name: str
    folder: Path
    files: Mapping[str, str]
    target: Path
    password: str = field(repr=False)


def parcels(folder: Path, passwords: Path, out: Path, *, units: Sequence[str] = ()) -> list[Parcel]:
    """Plan an archive for everybody who has a finished report.

    Parameters
    ----------
    folder : path
        A run: it holds a folder for each, and the manifest.
    passwords : path
        CSV with the columns `unit_id` (or `member_id`) and `password`, outside `folder` and `out`. A password has at
        least 12 printable ASCII characters, not digits alone, and is nobody else's.
    out : path
        Gets the archives.
    units : sequence of str
        For whom; empty for all but the overview, which is the organisers' own.

    Raises
    ------
    StudyError
        With everything that is wrong with the passwords; none is shown.
    UsageError
        If there is no run, somebody has no finished report, or a path lies where it must not.
    """
    outcomes = manifest.read(folder / manifest.FILE)
    if not outcomes:
        raise UsageError(f"{folder}: must be the folder of a run, with a {manifest.FILE}")
    for path, others in ((passwords, (folder, out)), (out, (folder,))):
        inside = [other for other in others if path.resolve().is_relative_to(other.resolve())]
        if inside:
            raise UsageError(f"{path}: must lie outside {inside[0]}, which is handed round")
    done = {
        name: outcome for name, outcome in outcomes.items() if outcome.outcome in {"done", "kept"} and outcome.files
    }
    for unit in units:
        if unit not in done:
            raise UsageError(f"unit: {unit!r}, {one_of(unit, done, 'a unit with a finished report')}")
    wanted = list(dict.fromkeys(units)) or [name for name in done if name != OVERVIEW]
    found = _passwords(passwords, outcomes, done, wanted)
    return [Parcel(name, folder / name, done[name].files, out / f"{name}.zip", password=found[name]) for name in wanted]


def _passwords(
    path: Path, outcomes: Mapping[str, Outcome], done: Mapping[str, Outcome], wanted: Sequence[str]
) -> dict[str, str]:
    """Passwords by id, or a list of every fault."""
    sheet, faults = read_table(path, ("unit_id", "password"))
    key = "member_id" if "member_id" in sheet.frame else "unit_id"
    lacking = [name for name in (key, "password") if name not in sheet.frame]
    if lacking and not faults:
        faults = [Fault(sheet.file, 1, name, "", "must be a column of the header") for name in lacking]
    if lacking:
        raise StudyError(str(path), faults)
    faults += _faults(sheet.file, sheet.frame, key, outcomes, done)
    found = dict(zip(sheet.frame[key], sheet.frame["password"], strict=True))
    faults += [Fault(sheet.file, None, key, name, "has no password") for name in wanted if name not in found]
    if faults:
        raise StudyError(str(path), faults)
    return found


def _faults(
    file: str, frame: pd.DataFrame, key: str, outcomes: Mapping[str, Outcome], done: Mapping[str, Outcome]
) -> Iterator[Fault]:
    """What is wrong with the rows; a password is never told."""
    owners: dict[str, str] = {}
    names: dict[str, int] = {}
    for row, name, password in zip(frame.index, frame[key], frame["password"], strict=True):
        first = names.setdefault(name, row)
        if first != row:
            yield Fault(file, row, key, name, f"must not be there twice, see row {first}")
        elif name not in outcomes:
            yield Fault(file, row, key, name, one_of(name, outcomes))
        elif name not in done:
            yield Fault(file, row, key, name, "has no finished report")
        if len(password) < SHORTEST or not password.isascii() or not password.isprintable() or password.isdecimal():
            rule = f"must have at least {SHORTEST} printable ASCII characters, not digits alone"
            yield Fault(file, row, "password", "", rule)
        elif owners.setdefault(password, name) != name:
            yield Fault(file, row, "password", "", f"must differ from that of {owners[password]}")


def pack(parcel: Parcel) -> Path:
    """Write an archive, and read it back; only then does it take its place.

    But for the salt, which is random, the same files and password give the same bytes.

    Raises
    ------
    UsageError
        If the extra is not installed, a file is not what the run has written, or the archive cannot be read back.
    """
    try:
        from stream_zip import ZIP_AUTO, stream_zip  # noqa: PLC0415  (an extra)
    except ImportError as fault:
        raise UsageError(NEEDED) from fault
    contents = _contents(parcel)
    members = ((name, NO_TIME, S_IFREG | 0o600, ZIP_AUTO(len(data)), (data,)) for name, data in contents.items())
    work = parcel.target.with_name(f".{parcel.target.name}.partial")
    work.parent.mkdir(parents=True, exist_ok=True)
    try:
        with work.open("wb") as file:
            file.writelines(stream_zip(members, password=parcel.password, extended_timestamps=False))
        with ZipFile(work) as listed:
            names = listed.namelist()
        if names != list(contents) or unpacked(work, parcel.password) != contents:
            raise UsageError(f"{parcel.target}: the archive does not give back what was put into it")
        work.replace(parcel.target)
    finally:
        work.unlink(missing_ok=True)
    return parcel.target


def _contents(parcel: Parcel) -> dict[str, bytes]:
    """The files by their paths in the archive, whose folder says what they are and of whom."""
    read = {name: (parcel.folder / name).read_bytes() for name in sorted(parcel.files)}
    changed = [name for name, data in read.items() if sha256(data).hexdigest() != parcel.files[name]]
    if changed:
        raise UsageError(f"{parcel.folder}: {', '.join(changed)} must be as the run has written it; run it again")
    title = next((_title(data) for name, data in read.items() if name.endswith(".ipynb")), "")
    inside = FORBIDDEN_IN_NAMES.sub("_", f"{parcel.name} {title}"[:LONGEST_TITLE].rstrip())
    return {f"{inside}/{name}": data for name, data in read.items()}


def _title(notebook: bytes) -> str:
    return str(json.loads(notebook)["metadata"].get("title", ""))


def unpacked(archive: Path, password: str) -> dict[str, bytes]:
    """The files of an archive that is encrypted by AES-256, by their paths.

    Raises
    ------
    UsageError
        If the extra is not installed, the password is wrong, or the archive is damaged or encrypted otherwise.
    """
    try:
        from stream_unzip import AE_2, AES_256, UnzipError, stream_unzip  # noqa: PLC0415  (an extra)
    except ImportError as fault:
        raise UsageError(NEEDED) from fault
    try:
        members = stream_unzip(_chunks(archive), password.encode(), allowed_encryption_mechanisms=(AE_2, AES_256))
        return {name.decode(): b"".join(chunks) for name, _, chunks in members}
    except UnzipError as fault:
        raise UsageError(f"{archive}: cannot be read: {type(fault).__name__}") from fault


def _chunks(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
