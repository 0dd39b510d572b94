"""What netledger does of itself about newer versions, and what PacketBuddy's settings say of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

AutoUpdate: TypeAlias = Literal["off", "check", "apply"]
AUTO_UPDATES: tuple[AutoUpdate, ...] = ("off", "check", "apply")


def auto_update_of_packetbuddy(section: Mapping[str, object]) -> AutoUpdate:
    """What the section `auto_update` of PacketBuddy's config.toml means here: enabled, check_on_startup and others.

    Each of its four keys is true where it is missing, as there; what is no truth value is false. PacketBuddy can
    install without a restart, so that the old version goes on; here that is `check`.
    """

    def is_on(key: str) -> bool:
        return section.get(key, True) is True

    if not (is_on("enabled") and is_on("check_on_startup")):
        return "off"
    return "apply" if is_on("auto_apply") and is_on("auto_restart") else "check"
