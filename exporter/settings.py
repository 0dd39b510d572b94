"""Settings: one frozen tree, read once from YAML and the environment, validated before anything starts."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - msgspec resolves the annotations at run time

import msgspec


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A group of keys; unknown ones are errors."""


class Server(Section):
    """Where the service listens, and whom it answers."""

    host: str = "127.0.0.1"
    port: int = 7373
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None


class Auth(Section):
    """Who may read: API keys, and whether /metrics asks for one too."""

    api_keys: tuple[str, ...] = ()
    api_key_file: Path | None = None
    protect_metrics: bool = False


class Interfaces(Section):
    """Which interfaces are metered (globs), how often (seconds), and which count for the machine's total."""

    sample_interval: float = 1.0
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    counted: tuple[str, ...] = ("auto",)
