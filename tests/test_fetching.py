"""Fetching from a server of our own: ranges, cuts, wrong sums, hostile archives."""

import hashlib
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from layouts import uci_har
from wearsynth import console, fetching
from wearsynth.cli import app
from wearsynth.errors import FetchError, FileError, Interrupted
from wearsynth.fetching import Dataset, catalogue, dataset, fetch
from wearsynth.formats import READERS, read

SIZE = 600_000


@dataclass
class Server:
    """What the server gives and what it was asked. cuts: bytes after which it hangs up, in turn."""

    content: bytes
    url: str = ""
    status: int = 200
    tag: str = '"one"'
    ranges: bool = True
    told_size: bool = True
    location: str = ""
    cuts: list[int] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    state: Server

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - as its parent has it
        pass

    def do_GET(self) -> None:
        server = self.state
        server.asked.append(self.headers.get("Range", "all"))
        if server.failures or server.status != 200:
            self.send_error(server.failures.pop(0) if server.failures else server.status)
        elif self.path == "/moved":
            self.answer(302, {"Location": server.location})
        else:
            self.give(server, len(server.content))

    def give(self, server: Server, size: int) -> None:
        first, asked_for = 0, (None, server.tag)
        if "Range" in self.headers and server.ranges and self.headers["If-Range"] in asked_for:
            first = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        if first >= size:
            self.answer(416, {"Content-Range": f"bytes */{size}"})
            return
        headers = {"ETag": server.tag} if server.tag else {}
        headers |= {"Content-Range": f"bytes {first}-{size - 1}/{size}"} if first else {}
        headers |= {"Content-Length": str(size - first)} if server.told_size else {}
        self.answer(206 if first else 200, headers)
        end = first + server.cuts.pop(0) if server.cuts else size
        with suppress(OSError):  # the other side may have seen enough
            self.wfile.write(server.content[first:end])

    def answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server(zipped({"data/a.csv": np.random.default_rng(0).bytes(SIZE)}))
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Given", (Handler,), {"state": state}))
    state.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry(server: Server, path: str = "/toy.zip") -> Dataset:
    return Dataset(
        name="toy",
        title="Toy",
        page="https://example.org/toy",
        url=server.url + path,
        archive="toy.zip",
        folder="data",
        reader="table",
        licence="none",
        citation="nobody",
        most_unpacked_gb=1,
        sha256=sum_of(server.content),
    )


class Heard(list[str]):
    """Lines that were said."""

    @property
    def text(self) -> str:
        return "\n".join(self)


def get(wanted: Dataset, folder: Path, **options: Any) -> tuple[fetching.Fetched, Heard]:
    heard = Heard()
    return fetch(wanted, folder, say=heard.append, waits_s=(0.0, 0.0), **options), heard


def test_a_data_set_is_fetched_checked_and_unpacked(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    fetched, _ = get(entry(server), tmp_path, watch=lambda done, total: seen.append((done, total)))
    assert fetched.path == tmp_path / "toy" / "data"
    assert (fetched.path / "a.csv").stat().st_size == SIZE
    assert fetched.sha256 == sum_of(server.content)
    assert seen[-1] == (len(server.content), len(server.content))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy", "toy.zip"]
    again, heard = get(entry(server), tmp_path)
    assert again.path == fetched.path
    assert "there already" in heard.text
    shutil.rmtree(tmp_path / "toy")
    get(entry(server), tmp_path)  # from the archive that was kept
    assert server.asked == ["all"]


def test_a_cut_connection_is_gone_on_with(server: Server, tmp_path: Path) -> None:
    server.cuts = [200_000, 150_000]
    fetched, heard = get(entry(server), tmp_path)
    assert server.asked == ["all", "bytes=200000-", "bytes=350000-"]
    assert fetched.archive.read_bytes() == server.content
    assert heard.text.count("trying again") == 2


def test_cuts_without_end_are_one_sentence_and_the_part_stays(
    server: Server, tmp_path: Path
) -> None:
    server.cuts = [100_000, 0, 0]
    with pytest.raises(
        FetchError, match=r"cannot be fetched: .* Check the network and run the same"
    ):
        get(entry(server), tmp_path)
    assert (tmp_path / "toy.zip.part").stat().st_size == 100_000
    get(entry(server), tmp_path)
    assert server.asked[-1] == "bytes=100000-"


def test_a_server_without_ranges_starts_anew_and_says_so(server: Server, tmp_path: Path) -> None:
    server.ranges, server.cuts = False, [200_000]
    fetched, heard = get(entry(server), tmp_path)
    assert server.asked == ["all", "bytes=200000-"]
    assert "starting anew" in heard.text
    assert fetched.archive.read_bytes() == server.content


def test_another_version_is_not_gone_on_with(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy.zip.part").write_bytes(b"x" * 1000)
    (tmp_path / "toy.zip.part.from").write_text(
        json.dumps({"url": entry(server).url, "version": '"old"'})
    )
    fetched, _ = get(entry(server), tmp_path)
    assert server.asked == ["bytes=1000-"]
    assert fetched.archive.read_bytes() == server.content


@pytest.mark.parametrize("mark", ["", "{", '["x"]', '{"url": "https://other.org", "version": "x"}'])
def test_a_part_of_unknown_origin_is_not_gone_on_with(
    server: Server, tmp_path: Path, mark: str
) -> None:
    (tmp_path / "toy.zip.part").write_bytes(b"x" * 1000)
    (tmp_path / "toy.zip.part.from").write_text(mark)
    fetched, _ = get(entry(server), tmp_path)
    assert server.asked == ["all"]
    assert fetched.archive.read_bytes() == server.content


def test_a_part_that_is_whole_needs_nothing_more(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy.zip.part").write_bytes(server.content)
    mark = json.dumps({"url": entry(server).url, "version": server.tag})
    (tmp_path / "toy.zip.part.from").write_text(mark)
    get(entry(server), tmp_path)
    assert server.asked == [f"bytes={len(server.content)}-"]


def test_a_part_without_version_is_gone_on_with_where_the_sum_is_known(
    server: Server, tmp_path: Path
) -> None:
    server.tag, server.cuts = "", [200_000]
    get(entry(server), tmp_path)
    assert server.asked == ["all", "bytes=200000-"]
    server.cuts, server.asked = [200_000], []
    unknown = replace(entry(server), sha256=None)
    _, heard = get(unknown, tmp_path / "b", accept_unknown=True)
    assert server.asked == ["all", "all"]
    assert "starting anew" in heard.text


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.failures = [503, 429]
    _, heard = get(entry(server), tmp_path)
    assert "answered 503" in heard.text
    server.failures = [500, 500, 500]
    shutil.rmtree(tmp_path)
    with pytest.raises(FetchError, match="answered 500"):
        get(entry(server), tmp_path)


def test_an_address_that_is_gone_is_not_asked_again(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(
        FetchError, match=r"answered 404 \(Not Found\)\. See https://example.org/toy .* --url\.$"
    ):
        get(entry(server), tmp_path)
    assert server.asked == ["all"]


def test_redirects_are_followed_but_not_anywhere(server: Server, tmp_path: Path) -> None:
    server.location = f"{server.url}/toy.zip"
    get(entry(server, "/moved"), tmp_path)
    for location in ("http://example.org/toy.zip", "file:///etc/passwd", "ftp://127.0.0.1/x"):
        server.location = location
        with pytest.raises(FetchError, match=r"begins with https|is not allowed"):
            get(entry(server, "/moved"), tmp_path / "other")
    server.location = f"{server.url}/moved"
    with pytest.raises(FetchError, match="infinite loop"):
        get(entry(server, "/moved"), tmp_path / "other")


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "file:///x", "ftp://x/y", "x", "http://[", ""]
)
def test_other_addresses_are_refused(server: Server, tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match=r"expected an address that begins with https"):
        get(replace(entry(server), url=url), tmp_path)


def test_a_mirror_is_checked_by_the_sum(server: Server, tmp_path: Path) -> None:
    gone = replace(entry(server), url="https://127.0.0.1:1/gone")
    fetched, _ = get(gone, tmp_path, url=entry(server).url)
    assert fetched.sha256 == gone.sha256
    with pytest.raises(FetchError, match="begins with https"):  # nothing to check it by
        get(replace(gone, sha256=None), tmp_path / "b", url="http://x.org/", accept_unknown=True)


def test_a_wrong_sum_puts_the_file_aside(server: Server, tmp_path: Path) -> None:
    wanted = replace(entry(server), sha256="0" * 64)
    with pytest.raises(FetchError, match=r"unexpected: has the SHA-256 \w{64}, expected 0{64}"):
        get(wanted, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["toy.zip.unexpected"]
    get(wanted, tmp_path, sha256=sum_of(server.content).upper())
    with pytest.raises(FetchError, match="expected 64 digits"):
        get(entry(server), tmp_path / "b", sha256="12")


def test_an_archive_put_there_by_hand_is_checked_and_left(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy.zip").write_bytes(b"mine")
    with pytest.raises(
        FetchError, match=r"toy.zip: has the SHA-256 .* Remove it to fetch it again"
    ):
        get(entry(server), tmp_path)
    assert (tmp_path / "toy.zip").read_bytes() == b"mine"
    (tmp_path / "toy.zip").write_bytes(server.content)
    get(entry(server), tmp_path)
    assert server.asked == []


def test_an_unknown_sum_must_be_asked_for_and_is_remembered(server: Server, tmp_path: Path) -> None:
    wanted = replace(entry(server), sha256=None)
    with pytest.raises(FetchError, match="--sha256, or take it as it comes with --accept-unknown"):
        get(wanted, tmp_path)
    assert server.asked == []
    _, heard = get(wanted, tmp_path, accept_unknown=True)
    assert sum_of(server.content) in heard.text
    sums = (tmp_path / "toy.zip.sha256").read_text()
    assert sums == f"{sum_of(server.content)}  toy.zip\n"
    shutil.rmtree(tmp_path / "toy")
    (tmp_path / "toy.zip").unlink()
    server.content = zipped({"data/a.csv": b"another version"})
    for accept in (True, False):
        with pytest.raises(FetchError, match="or another version"):
            get(wanted, tmp_path, accept_unknown=accept)
    (tmp_path / "toy.zip.sha256").write_text("what")
    with pytest.raises(FetchError, match="does not begin with a SHA-256"):
        get(wanted, tmp_path)


def test_a_wrong_size_is_refused_before_it_comes(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"offers 600,\d{3} bytes, expected 7\. See"):
        get(replace(entry(server), bytes=7), tmp_path)
    assert not (tmp_path / "toy.zip.part").exists()


def test_more_than_may_come_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 300_000)
    with pytest.raises(FetchError, match="at most 300"):
        get(entry(server), tmp_path)
    server.told_size = False
    with pytest.raises(FetchError, match="sends more than the 300,000 bytes"):
        get(entry(server), tmp_path)


def test_a_size_that_is_not_told_is_no_fault(server: Server, tmp_path: Path) -> None:
    server.told_size, server.tag = False, ""
    fetched, _ = get(entry(server), tmp_path)
    assert fetched.archive.read_bytes() == server.content


def test_nobody_there_is_one_sentence(tmp_path: Path, server: Server) -> None:
    wanted = replace(entry(server), url="http://127.0.0.1:1/toy.zip")
    with pytest.raises(FetchError, match=r"127.0.0.1 cannot be reached \(Connection refused\)"):
        get(wanted, tmp_path)


def test_ctrl_c_keeps_the_part_and_says_how_to_go_on(server: Server, tmp_path: Path) -> None:
    def press(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"kept in .*toy\.zip\.part\. Run the same command again"):
        get(entry(server), tmp_path, watch=press)
    kept = (tmp_path / "toy.zip.part").stat().st_size
    assert kept > 0
    get(entry(server), tmp_path)
    assert server.asked == ["all", f"bytes={kept}-"]


def test_no_room_is_one_sentence(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(FetchError, match=r"has 0 MB free, 0 MB are to come\. Free space"):
        get(entry(server), tmp_path)


def test_a_folder_that_cannot_be_written_is_one_sentence(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="cannot write it"):
        get(entry(server), tmp_path / "file")


def test_an_archive_inside_is_unpacked_too(server: Server, tmp_path: Path) -> None:
    inner = zipped({"set/b.csv": b"1\n", "__MACOSX/._b.csv": b"x"})
    server.content = zipped({"readme.txt": b"hi", "set.zip": inner})
    fetched, _ = get(replace(entry(server), inner=("set.zip",), folder="set"), tmp_path)
    assert (fetched.path / "b.csv").read_bytes() == b"1\n"
    there = sorted(path.name for path in (tmp_path / "toy").iterdir())
    assert there == ["readme.txt", "set"]
    with pytest.raises(FetchError, match=r"holds no 'other.zip'"):
        get(replace(entry(server), name="b", inner=("other.zip",)), tmp_path)
    assert not (tmp_path / "b").exists()


def _link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("data/link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def _flipped() -> bytes:
    content = bytearray(zipped({"data/a.csv": bytes(range(250))}))
    content[100] ^= 255
    return bytes(content)


def _twice() -> bytes:
    content = zipped({"data/a.csv": b"1", "data/b.csv": b"2"})
    return content.replace(b"data/b.csv", b"data/A.csv")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: zipped({"../evil": b"x"}), "leads out of the archive"),
        (lambda: zipped({"/etc/evil": b"x"}), "leads out of the archive"),
        (lambda: zipped({"C:\\evil": b"x"}), "leads out of the archive"),
        (lambda: zipped({"a\\..\\..\\evil": b"x"}), "leads out of the archive"),
        (_link, "a link or a name that leads out"),
        (_twice, "a name twice"),
        (lambda: zipped({"data/zeros": bytes(3 << 20)}), "unpacks to 3,145,728 bytes"),
        (lambda: zipped({"a.csv": b"1"})[:-10], "cannot be unpacked"),
        (lambda: b"<html>Log in</html>", "cannot be unpacked"),
        (_flipped, "cannot be unpacked"),
    ],
)
def test_hostile_and_damaged_archives_leave_nothing(
    server: Server,
    tmp_path: Path,
    make: Callable[[], bytes],
    message: str,
) -> None:
    server.content = make()
    wanted = entry(server)
    if "unpacks to" in message:
        wanted = replace(wanted, most_unpacked_gb=0)
    with pytest.raises(FetchError, match=message) as caught:
        get(wanted, tmp_path / "in")
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "toy.zip"]


def test_the_command_fetches_what_its_reader_reads(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = uci_har.write(tmp_path / "made")
    inner = {str(p.relative_to(root.parent)): p.read_bytes() for p in root.rglob("*.txt")}
    server.content = zipped({"UCI HAR Dataset.zip": zipped(inner)})
    arguments = ["data", "fetch", "uci_har", "-o", str(tmp_path / "sets"), "--url", server.url]
    failed = CliRunner().invoke(app, arguments)
    assert isinstance(failed.exception, FetchError)
    arguments += ["--sha256", sum_of(server.content)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert done.output.count("CC BY 4.0") == 2  # before and after
    assert "wearsynth data describe" in done.output
    assert len(read(tmp_path / "sets" / "uci_har" / "UCI HAR Dataset")) == 6


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_a_bar_at_a_terminal_and_lines_elsewhere(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=shown, force_terminal=terminal, width=100))
    monkeypatch.setattr(console, "LINE_EVERY_S", 0.0)
    with console.download_progress() as watch:
        for done in (1_000_000, 2_000_000, 30_000_000):
            watch(done, 61_000_000)
    assert ("30.0/61.0 MB" if terminal else "30 MB of 61, ") in shown.getvalue()
    assert "left" in shown.getvalue()


def test_the_list_and_unknown_names() -> None:
    listed = CliRunner().invoke(app, ["data", "fetch", "--list"])
    assert listed.exit_code == 0
    for name in catalogue():
        assert name in listed.output
    without = CliRunner().invoke(app, ["data", "fetch"])
    assert "name one of the data sets pamap2" in str(without.exception)
    with pytest.raises(FetchError, match=r"unknown data set 'wesda'\. Did you mean 'wesad'\?"):
        dataset("wesda")


def test_the_catalogue_is_sound() -> None:
    for name, entry in catalogue().items():
        assert entry.reader in READERS
        assert entry.url.startswith("https://")
        assert entry.archive == f"{name}.zip"
        assert bool(entry.sha256) == bool(entry.sha256_from)
        assert entry.sha256 is None or len(entry.sha256) == 64
        assert entry.bytes is None or round(entry.bytes / 1e6) == entry.megabytes
    assert "not use it commercially" in "\n".join(catalogue()["wesad"].about)


def test_the_docs_page_tells_each_data_set() -> None:
    page = Path(__file__).parents[1] / "docs" / "datasets.md"
    if not page.is_file():
        pytest.skip("the docs are not part of this copy")
    text = page.read_text(encoding="utf-8")
    for name, entry in catalogue().items():
        assert f"`{name}`" in text
        assert entry.page in text
        assert (entry.sha256 or "not known") in text
