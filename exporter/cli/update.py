"""`netledger update`: the newest version by the tool that installed this one, or back where it does not work."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from packaging.version import InvalidVersion, Version

import exporter
from exporter.ledger.locks.holder import find_holder
from exporter.service.preparation import StartError, make_folder
from exporter.session.reading import CommandAnswer, print_answer
from exporter.session.session import open_settings
from exporter.terminal.options import json_option
from exporter.terminal.printing import print_sentence
from exporter.updating.index.asking import verified, without_password
from exporter.updating.index.pages import ReleaseIndexError
from exporter.updating.index.search import Found, find_release
from exporter.updating.journal import JournalError, is_update_running, one_update, read_entry
from exporter.updating.supervised import find_supervised
from exporter.updating.tools import BY_HAND, InstallTarget, install_commands
from exporter.updating.updater import Outcome, UpdateError, Updater
from exporter.updating.ways import InstallFacts, Way, read_facts, way_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.session.environment import Environment
    from exporter.settings.tree import Settings

AVAILABLE = 100
"""Exit code of `--check-only` where there is an update: that of `dnf check-update`."""

WITHOUT_INDEX: frozenset[Way] = frozenset({"debian", "checkout"})
"""Ways whose versions no package index knows."""

ORIGINS: dict[Way, str] = {
    "debian": "is of a Debian package",
    "container": "is of an image",
    "checkout": "runs from a checkout",
}


class VersionNumber(click.ParamType):  # type: ignore[type-arg]
    """A version, as PEP 440 writes it."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Version:
        """Parse it."""
        try:
            return value if isinstance(value, Version) else Version(value)
        except InvalidVersion:
            self.fail(f"{value!r} is no version; write one such as 1.2.3", param, ctx)


@click.command()
@click.option("--check-only", is_flag=True, help="Say whether there is an update (exit code 100), and change nothing.")
@click.option("--force", is_flag=True, help="Install the same version again.")
@click.option("--version", "version", type=VersionNumber(), metavar="X", help="This version, older or newer.")
@json_option()
@click.pass_obj
def update(environment: Environment, *, check_only: bool, force: bool, version: Version | None, as_json: bool) -> None:
    """Update netledger by the tool that installed it, and go back where the new version does not work.

    The ledger is copied first. Under a supervisor the service is restarted, and watched for a minute.
    """
    facts = read_facts()
    call = _Call(environment, open_settings(environment), facts, way_of(facts), partial(click.echo, err=as_json))
    try:
        answer = call.check(version) if check_only else call.update(version, is_forced=force)
    except (ReleaseIndexError, UpdateError, JournalError, StartError) as error:
        raise click.ClickException(str(error)) from error
    print_answer(answer, as_json=as_json)


class _Call(NamedTuple):
    """One call of the command, on one machine."""

    environment: Environment
    settings: Settings
    facts: InstallFacts
    way: Way
    write_line: Callable[[str], object]

    def check(self, version: Version | None) -> CommandAnswer:
        """Whether there is an update; nothing is changed."""
        if self.way in WITHOUT_INDEX:
            return self._by_hand(None)
        entry = read_entry(self.settings.ledger.path)
        found = find_release(self.way, self.environment.environ, version)
        if entry is not None and entry.is_under_way and not is_update_running(self.settings.ledger.path):
            return self._answer("interrupted", f"{entry.interrupted}: `netledger update` finishes it", found, code=1)
        if not found.is_newer:
            return self._answer("newest", _newest_text(found), found)
        if self.way in BY_HAND:
            return self._by_hand(found, code=AVAILABLE)
        text = f"netledger {found.release.version} is there, and {found.installed} is installed: `netledger update`"
        if has_failed := entry is not None and entry.new == str(found.release.version):
            text += f" tries it again; the last time it did not work: {entry.reason}"
        else:
            text += " installs it"
        return self._answer("available", text, found, code=AVAILABLE, has_failed=has_failed)

    def update(self, version: Version | None, *, is_forced: bool) -> CommandAnswer:
        """Install it, or finish what was interrupted."""
        if self.way in BY_HAND:
            return self._by_hand(None)
        ledger = self.settings.ledger.path
        make_folder(ledger)
        with one_update(ledger):
            entry = read_entry(ledger)
            if entry is not None and entry.is_under_way:
                self.write_line(entry.interrupted)
                return self._outcome(self._updater(is_down_too=True).resume(entry, self._wheel_of))
            found = find_release(self.way, self.environment.environ, version)
            is_there = found.release.version == found.installed
            if not is_forced and (is_there or (version is None and not found.is_newer)):
                return self._answer("newest", _newest_text(found, version), found)
            wheel = verified(found.release.file, found.indexes)
            target = InstallTarget(
                found.release.version, is_newest=version is None and found.is_final, is_again=is_there
            )
            return self._outcome(self._updater().update(str(found.installed), target, wheel), found)

    def _updater(self, *, is_down_too: bool = False) -> Updater:
        service = find_supervised(self.settings, self.environment.config, is_down_too=is_down_too)
        return Updater(self.settings.ledger.path, self.way, self.facts, service, self.write_line)

    def _wheel_of(self, version: str) -> bytes:
        found = find_release(self.way, self.environment.environ, Version(version))
        return verified(found.release.file, found.indexes)

    def _outcome(self, outcome: Outcome, found: Found | None = None) -> CommandAnswer:
        if outcome.status == "returned":
            text = f"went back to netledger {outcome.version}: {outcome.problem}"
        elif outcome.status == "stuck":
            text = f"netledger is between two versions: {outcome.problem}; mend that, and call `netledger update` again"
        elif outcome.is_watched:
            text = f"netledger {outcome.version} runs"
        else:
            text = f"netledger {outcome.version} is installed{_still_running(self.settings)}"
        return self._answer(outcome.status, text, found, code=int(outcome.status != "updated"))

    def _by_hand(self, found: Found | None, code: int = 0) -> CommandAnswer:
        newer = f"{found.release.version} is there: " if found is not None else ""
        text = f"netledger {exporter.__version__} {ORIGINS[self.way]}: {newer}`{BY_HAND[self.way]}` updates it"
        return self._answer("by hand" if found is None else "available", text, found, code=code)

    def _answer(
        self, status: str, text: str, found: Found | None, *, code: int = 0, has_failed: bool = False
    ) -> CommandAnswer:
        document: dict[str, object] = {"status": status, "way": self.way, "installed": exporter.__version__}
        if found is not None:
            release, places = found.release, found.indexes.urls
            document |= {"version": str(release.version), "update_available": found.is_newer}
            document |= {"has_failed": has_failed}
            document |= {"file": release.file.name, "sha256": release.file.sha256 or None}
            document |= {"indexes": [without_password(url) for url in places]}
        document |= {"command": self._command(found), "text": text}
        return CommandAnswer(document, partial(print_sentence, text), code)

    def _command(self, found: Found | None) -> str | None:
        """The tool's own line."""
        if self.way in BY_HAND:
            return BY_HAND[self.way]
        if found is None:
            return None
        target = InstallTarget(found.release.version, is_newest=found.is_newer and found.is_final)
        return " && ".join(map(shlex.join, install_commands(self.way, self.facts, target)))


def _newest_text(found: Found, version: Version | None = None) -> str:
    if version is not None:
        return f"netledger {found.installed} is installed already; --force installs it again"
    return f"netledger {found.installed} is up to date"


def _still_running(settings: Settings) -> str:
    """What runs the earlier version without a supervisor."""
    holder = find_holder(settings.ledger.path)
    if holder is None:
        return ""
    return f"; start the service again, which still runs the earlier one (process {holder.pid or 'of another user'})"
