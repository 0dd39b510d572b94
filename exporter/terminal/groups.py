"""Groups of commands whose error names the most similar command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exporter.settings.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


class HintingGroup(click.Group):
    """A group that suggests the most similar command for an unknown one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-") and not ctx.resilient_parsing:
            hint = " Use --help." if name == "help" else _nearest(name, self.list_commands(ctx))
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


def _nearest(name: str, known: Sequence[str]) -> str:
    near = nearest(name, known)
    return f" Did you mean {near!r}?" if near else ""
