"""Asking indexes over HTTP or in folders: what they offer, and the bytes of a file."""

from __future__ import annotations

import base64
import hashlib
import ssl
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

import exporter
from exporter.updating.index.pages import ACCEPT, HTML_TYPES, ReleaseFile, ReleaseIndexError, files_of
from exporter.updating.ways import NAME

if TYPE_CHECKING:
    from exporter.updating.index.configuration import Indexes

SCHEMES = frozenset({"https", "http", "file"})
SECONDS = 15.0
MOST_BYTES = 64_000_000
"""A page of an index, or a wheel, that is larger is none of ours."""

NOT_FOUND = 404


def offered(indexes: Indexes) -> list[ReleaseFile]:
    """The files of netledger that the indexes offer, of all or of the first; raises ReleaseIndexError without any."""
    files: list[ReleaseFile] = []
    for url in indexes.urls:
        found = _project_files(url, indexes.certificate)
        files += found
        if found and indexes.is_first_enough:
            break
    if not files:
        raise ReleaseIndexError(f"{' and '.join(map(without_password, indexes.urls))} has no {NAME}")
    return files


def verified(file: ReleaseFile, indexes: Indexes) -> bytes:
    """The bytes of a file whose SHA-256 is the one of the index; raises ReleaseIndexError where it is not."""
    if not file.sha256:
        raise ReleaseIndexError(f"the index names no SHA-256 of {file.name}, so that nothing proves it")
    body, _ = _read(file.url, indexes.certificate)
    found = hashlib.sha256(body).hexdigest()
    if found != file.sha256:
        raise ReleaseIndexError(f"{file.name} is not what the index says: SHA-256 {found}, not {file.sha256}")
    return body


def without_password(url: str) -> str:
    """The address without a user's name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _project_files(index: str, certificate: str) -> list[ReleaseFile]:
    page = f"{index.rstrip('/')}/{NAME}/"
    if urlsplit(page).scheme == "file":
        page += "index.html"
    try:
        body, kind = _read(page, certificate)
    except FileNotFoundError:
        return []
    login = urlsplit(index).netloc.rpartition("@")[0]
    return [_with_login(file, page, login) for file in files_of(body, kind, without_password(page))]


def _with_login(file: ReleaseFile, page: str, login: str) -> ReleaseFile:
    """A file on the index's own server is fetched with the index's password, as pip does."""
    parts, own = urlsplit(file.url), urlsplit(page)
    if not login or parts.netloc != own.netloc.rpartition("@")[2] or parts.scheme != own.scheme:
        return file
    return file._replace(url=urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")))


def _read(url: str, certificate: str) -> tuple[bytes, str]:
    """Body and type; raises FileNotFoundError for what is not there, ReleaseIndexError for all else."""
    parts, shown = urlsplit(url), without_password(url)
    if parts.scheme not in SCHEMES:
        raise ReleaseIndexError(f"{shown}: {parts.scheme or 'no'} scheme; netledger reads https, http and file")
    headers = {"Accept": ACCEPT, "User-Agent": f"netledger/{exporter.__version__}"}
    if login := parts.netloc.rpartition("@")[0]:
        headers["Authorization"] = f"Basic {base64.b64encode(unquote(login).encode()).decode()}"
    request = urllib.request.Request(shown, headers=headers)  # noqa: S310 - the scheme is one of three
    try:
        context = ssl.create_default_context(cafile=certificate or None)
        with urllib.request.urlopen(request, timeout=SECONDS, context=context) as answer:  # noqa: S310 - as above
            body: bytes = answer.read(MOST_BYTES + 1)
            kind = answer.headers.get("Content-Type", "") if parts.scheme != "file" else HTML_TYPES[1]
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == NOT_FOUND:
            raise FileNotFoundError(shown) from error
        raise ReleaseIndexError(f"{shown} answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, FileNotFoundError) or "No such file" in str(error.reason):
            raise FileNotFoundError(shown) from error
        raise ReleaseIndexError(f"{shown} cannot be read: {_reason(error.reason)}") from error
    except (OSError, HTTPException) as error:
        raise ReleaseIndexError(f"{shown} cannot be read: {error}") from error
    if len(body) > MOST_BYTES:
        raise ReleaseIndexError(f"{shown} is larger than {MOST_BYTES // 1_000_000} MB")
    return body, kind


def _reason(error: str | BaseException) -> str:
    """Without the number that a system's error has before its words."""
    words = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
    return words or str(error)
