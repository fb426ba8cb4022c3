"""A file over HTTPS: into NAME.part, on from where it stopped, retried where the connection fails.

Beside NAME.part stands NAME.part.from: the address and the server's mark of the version (ETag or
date), so that only the same file is gone on with.
"""

import http.client
import json
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from wearsynth.errors import FetchError, Interrupted
from wearsynth.files import telling_file_errors

Watch = Callable[[int, int | None], None]
"""Called with bytes so far and bytes in all, None where the server does not tell."""
Say = Callable[[str], None]

WAITS_S = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds before each new try; after the last one fails, it is an error."""
TIMEOUT_S = 30.0
CHUNK_BYTES = 1 << 18
LOCAL = ("localhost", "127.0.0.1", "::1")
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
"""Answers that may be others a little later."""


@dataclass(frozen=True)
class Wanted:
    """What to download. bytes: its size, where known. most_bytes: never more. page: for messages.

    checked: whether a checksum follows, so that a part of unknown version may be gone on with.
    plain_http: whether an address without https is taken; only where a checksum follows.
    """

    url: str
    page: str
    most_bytes: int
    bytes: int | None = None
    checked: bool = False
    plain_http: bool = False


class _Cut(Exception):  # noqa: N818 - not a fault of ours: the connection failed, a new try may help
    """The connection or the server failed in a way that may pass."""


def download(
    wanted: Wanted, target: Path, *, watch: Watch, say: Say, waits_s: Sequence[float] = WAITS_S
) -> None:
    """Fetch a file to a path, whole; what came before a failure is kept and gone on with.

    FetchError, one sentence, where the address is wrong, the size is, or no try succeeds;
    Interrupted on Ctrl-C; FileError where it cannot be written.
    """
    _check_address(wanted.url, wanted)
    part = target.with_name(f"{target.name}.part")
    try:
        for wait_s in (*waits_s, None):
            try:
                _transfer(wanted, part, watch, say)
                break
            except _Cut as cut:
                if wait_s is None:
                    raise FetchError(
                        f"{wanted.url}: cannot be fetched: {cut}. Check the network and run the "
                        f"same command again; {_size(part) / 1e6:.1f} MB are kept."
                    ) from None
                say(f"{cut}; trying again in {wait_s:g} s")
                time.sleep(wait_s)
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped by Ctrl-C; {_size(part) / 1e6:.1f} MB are kept in {part}. Run the same command "
            "again to go on."
        ) from None
    with telling_file_errors(target, "write"):
        part.replace(target)
        _mark(part).unlink(missing_ok=True)


def _transfer(wanted: Wanted, part: Path, watch: Watch, say: Say) -> None:
    """Make one try; _Cut where another may help."""
    have, headers = _resumable(wanted, part)
    if _size(part) and not have:
        say("nothing tells whether the server still has the same file: starting anew")
    request = urllib.request.Request(wanted.url, headers=headers)  # noqa: S310 - checked before
    try:
        response = _opener(wanted).open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            if _answered(error, wanted, part, have):
                return
        raise
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise _failed(error, wanted) from error
    with response:
        first = _first_byte(response) if response.status == http.HTTPStatus.PARTIAL_CONTENT else 0
        if first not in (0, have):
            _forget(part)
            raise _Cut("the server went on at another place than asked")
        if have and not first:
            say("the server cannot go on where it stopped, or has another file now: starting anew")
        total = _total(response, first)
        _check_sizes(wanted, total, part.parent, first)
        _keep_mark(wanted, part, response)
        done = _receive(
            response, part, first, total or wanted.most_bytes, lambda n: watch(n, total)
        )
    if total is not None and done < total:
        raise _Cut(f"the connection ended after {done:,} of {total:,} bytes")


def _receive(response: Any, part: Path, first: int, most: int, watch: Callable[[int], None]) -> int:
    """Write what comes after the first bytes of a part, and give how many bytes there are then."""
    done = first
    with telling_file_errors(part, "write"), part.open("ab" if first else "wb") as stream:
        while chunk := _read(response):
            done += len(chunk)
            if done > most:
                raise FetchError(
                    f"{response.url}: sends more than the {most:,} bytes it should have. Look at "
                    "what is there before you fetch it."
                )
            stream.write(chunk)
            watch(done)
    return done


def _read(response: Any) -> bytes:
    try:
        chunk: bytes = response.read(CHUNK_BYTES)
    except (http.client.HTTPException, OSError) as error:
        raise _Cut(f"the connection broke off ({_reason(error)})") from error
    return chunk


def _resumable(wanted: Wanted, part: Path) -> tuple[int, dict[str, str]]:
    """Give how many bytes can be gone on after, and the headers that ask for the rest."""
    headers = {"User-Agent": "wearsynth", "Accept-Encoding": "identity"}
    have, version = _size(part), ""
    try:
        kept = json.loads(_mark(part).read_text(encoding="utf-8"))
        have, version = (have if kept["url"] == wanted.url else 0), str(kept["version"])
    except (OSError, ValueError, KeyError, TypeError):
        have = 0
    if not have or (not version and not wanted.checked):
        return 0, headers
    headers["Range"] = f"bytes={have}-"
    return have, headers | ({"If-Range": version} if version else {})


def _keep_mark(wanted: Wanted, part: Path, response: Any) -> None:
    tag = response.headers.get("ETag", "")
    version = response.headers.get("Last-Modified", "") if tag.startswith("W/") or not tag else tag
    with telling_file_errors(part, "write"):
        _mark(part).write_text(json.dumps({"url": wanted.url, "version": version}))


def _answered(error: urllib.error.HTTPError, wanted: Wanted, part: Path, have: int) -> bool:
    """Tell whether an answer of refusal means that all bytes are there; else raise what it means."""
    if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return True
        _forget(part)
        raise _Cut("the server has another file now")
    answer = f"the server answered {error.code} ({str(error.reason).splitlines()[0]})"
    if error.code in _AGAIN:
        raise _Cut(answer)
    raise FetchError(
        f"{wanted.url}: {answer}. See {wanted.page} for where it is now, and give that with --url."
    )


def _failed(error: Exception, wanted: Wanted) -> Exception:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return FetchError(
            f"{wanted.url}: its certificate cannot be verified ({reason.verify_message}). Check the "
            "clock and the certificates of this machine, or fetch it by hand."
        )
    return _Cut(f"{urlsplit(wanted.url).hostname} cannot be reached ({_reason(error)})")


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return str(text).splitlines()[0]


def _check_address(url: str, wanted: Wanted) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    plain = wanted.plain_http or host in LOCAL
    if host is None or parts.scheme not in (("https", "http") if plain else ("https",)):
        raise FetchError(
            f"{url}: expected an address that begins with https://. Give such a one with --url; "
            "http:// is taken from --url where the checksum is known."
        )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but to no address that the first one could not have been."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def redirect_request(  # noqa: PLR0917 - the signature is urllib's
        self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        _check_address(newurl, self._wanted)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(wanted: Wanted) -> urllib.request.OpenerDirector:
    """Give an opener for HTTP alone: no file:, ftp: or data: addresses."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(wanted),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _first_byte(response: Any) -> int:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _total(response: Any, first: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return first + int(length) if length.isascii() and length.isdigit() else None


def _check_sizes(wanted: Wanted, total: int | None, folder: Path, first: int) -> None:
    if total is None:
        return
    if (wanted.bytes is not None and total != wanted.bytes) or total > wanted.most_bytes:
        most = f"at most {wanted.most_bytes:,}"
        known = most if wanted.bytes is None else f"{wanted.bytes:,}"
        raise FetchError(
            f"{wanted.url}: offers {total:,} bytes, expected {known}. See {wanted.page} for what "
            "changed; if a new version is right, give its checksum with --sha256."
        )
    free = shutil.disk_usage(folder).free
    if total - first > free:
        raise FetchError(
            f"{folder}: has {free >> 20} MB free, {(total - first) >> 20} MB are to come. Free "
            "space there or choose another folder."
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _mark(part: Path) -> Path:
    return part.with_name(f"{part.name}.from")


def _forget(part: Path) -> None:
    with telling_file_errors(part, "write"):
        part.unlink(missing_ok=True)
        _mark(part).unlink(missing_ok=True)
