"""The public data sets that can be fetched: where they are, what they are, what may be done."""

import tomllib
from dataclasses import dataclass
from importlib import resources

from wearsynth.errors import FetchError, did_you_mean


@dataclass(frozen=True)
class Dataset:
    """One archive of a public data set.

    archive: the name it is kept under. inner: archives inside it that are unpacked as well. folder:
    what a reader is given, below where it is unpacked. sha256: of the archive, None where nobody
    trustworthy tells it; sha256_from: who does. bytes: its size where known to the byte; megabytes:
    about, for people. terms: what the licence line leaves out.
    """

    name: str
    title: str
    page: str
    url: str
    archive: str
    folder: str
    reader: str
    licence: str
    citation: str
    most_unpacked_gb: int
    inner: tuple[str, ...] = ()
    sha256: str | None = None
    sha256_from: str = ""
    bytes: int | None = None
    megabytes: int | None = None
    terms: str = ""

    @property
    def about(self) -> tuple[str, ...]:
        """What a person should know before and after: title, page, licence, terms, citation."""
        lines = [self.title, f"Page: {self.page}", f"Licence: {self.licence}"]
        return (*lines, *([f"Terms: {self.terms}"] if self.terms else ()), f"Cite: {self.citation}")


def catalogue() -> dict[str, Dataset]:
    """Give the data sets by name."""
    text = resources.files(__package__).joinpath("datasets.toml").read_text(encoding="utf-8")
    return {
        name: Dataset(name=name, inner=tuple(entry.pop("inner", ())), **entry)
        for name, entry in tomllib.loads(text).items()
    }


def dataset(name: str) -> Dataset:
    """Give one data set; FetchError with the nearest name where there is none."""
    known = catalogue()
    if not name:
        raise FetchError(
            f"name one of the data sets {', '.join(known)}; --list says what they are."
        )
    if name not in known:
        raise FetchError(f"unknown data set {name!r}.{did_you_mean(name, known)}")
    return known[name]
