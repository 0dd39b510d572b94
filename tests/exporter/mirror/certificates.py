"""Certificates of a server, made by openssl: an authority, and what it or another has signed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def make_authority(folder: Path, name: str) -> Path:
    """The certificate of a new authority, beside its key."""
    file = folder / f"{name}.pem"
    _run("req", "-x509", *KEY, "-keyout", folder / f"{name}.key", "-out", file, "-days", "2", "-subj", f"/CN={name}")
    return file


def make_certificate(authority: Path, file: Path, names: str, days: int = 2) -> Path:
    """A certificate for names such as DNS:localhost, in a file with its key's beside it; of -1 days it is over."""
    request, extensions = file.with_suffix(".csr"), file.with_suffix(".ext")
    extensions.write_text(f"subjectAltName = {names}\n", encoding="ascii")
    _run("req", "-new", *KEY, "-keyout", file.with_suffix(".key"), "-out", request, "-subj", "/CN=server")
    signed = ("-CA", authority, "-CAkey", authority.with_suffix(".key"), "-CAcreateserial", "-extfile", extensions)
    _run("x509", "-req", "-in", request, "-out", file, "-days", str(days), *signed)
    return file


def _run(*command: str | Path) -> None:
    subprocess.run(("openssl", *command), check=True, capture_output=True)
