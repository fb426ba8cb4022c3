"""Public data sets: downloaded, checked against a known checksum, unpacked."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wearsynth.errors import FetchError
from wearsynth.fetching.catalogue import Dataset, catalogue, dataset
from wearsynth.fetching.downloading import WAITS_S, Say, Wanted, Watch, download
from wearsynth.fetching.unpacking import unpack
from wearsynth.files import atomic_file, telling_file_errors

__all__ = ["Dataset", "Fetched", "catalogue", "dataset", "fetch"]

MOST_BYTES = 8 << 30
"""No archive of a data set whose size is not known may be larger."""


@dataclass(frozen=True)
class Fetched:
    """A data set on disk. path: what a reader is given. archive: the file it came from, kept.

    sha256: of the archive, "" where the folder was there before and nothing was fetched.
    """

    path: Path
    archive: Path
    sha256: str


def nobody_watches(_done: int, _total: int | None) -> None:
    """Show no progress."""


def nobody_listens(_line: str) -> None:
    """Print no lines."""


def fetch(
    wanted: Dataset,
    folder: Path,
    *,
    url: str | None = None,
    sha256: str | None = None,
    accept_unknown: bool = False,
    watch: Watch = nobody_watches,
    say: Say = nobody_listens,
    waits_s: Sequence[float] = WAITS_S,
) -> Fetched:
    """Download a data set's archive into a folder, check it and unpack it into folder/NAME.

    An archive that is there already, by hand or from before, is not downloaded again. sha256: the
    sum it must have, in place of the catalogue's. Without any, accept_unknown takes what comes and
    writes its sum beside it, which later downloads must have. url: another address of the archive.
    FetchError, one sentence, for all that can go wrong on the way; Interrupted on Ctrl-C.
    """
    archive = folder / wanted.archive
    unpacked = folder / wanted.name
    if unpacked.is_dir() and any(unpacked.iterdir()):
        say(f"{unpacked} is there already: nothing was fetched. Remove it to fetch it again.")
        return Fetched(unpacked / wanted.folder, archive, "")
    expected = _expected(wanted, archive, sha256)
    if expected is None and not accept_unknown:
        raise FetchError(
            f"{wanted.name}: nobody tells the checksum of its archive, so what comes cannot be "
            "checked. Give the one you trust with --sha256, or take it as it comes with "
            "--accept-unknown."
        )
    with telling_file_errors(folder, "write"):
        folder.mkdir(parents=True, exist_ok=True)
    if downloaded := not archive.is_file():
        source = _source(wanted, url, expected)
        download(source, archive, watch=watch, say=say, waits_s=waits_s)
    got = _sha256(archive)
    if expected is not None and got != expected:
        raise _unexpected(archive, got, expected, downloaded=downloaded)
    if expected is None:
        _remember(archive, got)
        say(f"SHA-256 {got}, written to {_sums(archive)}: later downloads must have it")
    say(f"unpacking into {unpacked}")
    unpack(archive, unpacked, inner=wanted.inner, most_bytes=wanted.most_unpacked_gb << 30)
    return Fetched(unpacked / wanted.folder, archive, got)


def _source(wanted: Dataset, url: str | None, expected: str | None) -> Wanted:
    """Give what to download; plain HTTP will do where a sum is known that what comes must have."""
    checked = expected is not None
    return Wanted(
        url or wanted.url,
        wanted.page,
        MOST_BYTES,
        bytes=wanted.bytes if expected in {None, wanted.sha256} else None,
        checked=checked,
        plain_http=url is not None and checked,
    )


def _expected(wanted: Dataset, archive: Path, sha256: str | None) -> str | None:
    """Give the sum an archive must have: as given, as known, or as remembered from before."""
    if sha256 is not None:
        if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
            raise FetchError(f"--sha256 {sha256!r}: expected 64 digits of 0-9 and a-f.")
        return sha256.lower()
    if wanted.sha256 is not None:
        return wanted.sha256
    sums = _sums(archive)
    if not sums.is_file():
        return None
    with telling_file_errors(sums, "read"):
        found = re.match(r"([0-9a-f]{64})\s", sums.read_text(encoding="utf-8", errors="replace"))
    if found is None:
        raise FetchError(f"{sums}: does not begin with a SHA-256. Remove it or mend it.")
    return found[1]


def _unexpected(archive: Path, got: str, expected: str, *, downloaded: bool) -> FetchError:
    """Put a file with the wrong sum aside, if it was downloaded just now, and say what is wrong."""
    wrong = f"has the SHA-256 {got}, expected {expected}: it is damaged or another version."
    if not downloaded:
        return FetchError(f"{archive}: {wrong} Remove it to fetch it again.")
    aside = archive.with_name(f"{archive.name}.unexpected")
    with telling_file_errors(aside, "write"):
        archive.replace(aside)
    return FetchError(
        f"{aside}: {wrong} Try again, or, if its publisher confirms that sum, give it with --sha256."
    )


def _sha256(path: Path) -> str:
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sums(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.sha256")


def _remember(archive: Path, sha256: str) -> None:
    with atomic_file(_sums(archive)) as temporary:
        temporary.write_text(f"{sha256}  {archive.name}\n", encoding="utf-8")
