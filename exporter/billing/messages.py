"""The message of a notice: numbers for programs, a title and a sentence for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.settings.plans.notify import PLACEHOLDERS
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from reports.billing.limits import LimitStatus
    from reports.billing.plans import Plan


class Crossing(NamedTuple):
    """A threshold that a plan's cycle has reached; amounts are bytes, `forecast` is None until it is known."""

    host: str
    plan: str
    percent: int
    used: int
    cap: int
    first: date
    last: date
    forecast: int | None = None

    @property
    def left(self) -> int:
        """Bytes left of the cap, below zero if it is exceeded."""
        return self.cap - self.used


def message_of(crossing: Crossing) -> dict[str, object]:
    """The JSON that a webhook gets."""
    return {
        "plan": crossing.plan,
        "host": crossing.host,
        "title": f"netledger on {crossing.host}: {crossing.plan} has used {crossing.percent} % of its cap",
        "text": _text(crossing),
        "threshold_percent": crossing.percent,
        "used_bytes": crossing.used,
        "cap_bytes": crossing.cap,
        "left_bytes": crossing.left,
        "cycle_from": crossing.first.isoformat(),
        "cycle_to": crossing.last.isoformat(),
        "forecast_bytes": crossing.forecast,
    }


def limit_message(status: LimitStatus, percent: int, host: str) -> dict[str, object]:
    """The JSON of a limit of an application; its plan is null, and `cycle_from` and `cycle_to` bound its period."""
    name, used, limit, left = status.application, status.used, status.limit, status.left
    crossing = Crossing(host, "", percent, used, limit, status.period.first, status.period.last)
    rest = f"{human_bytes(left)} are left" if left > 0 else f"{human_bytes(-left)} more than that"
    return message_of(crossing) | {
        "plan": None,
        "application": name,
        "period": status.period.kind,
        "title": f"netledger on {host}: {name} has moved {percent} % of its limit",
        "text": f"{human_bytes(used)} of {human_bytes(limit)} a {status.period.kind} are used, {rest}.",
    }


def subject_of(message: Mapping[str, object]) -> str:
    """What a message is about, for the log."""
    if (monitor := message.get("monitor")) is not None:
        return f"monitor {monitor!r}"
    if (application := message.get("application")) is not None:
        return f"the limit of {application!r}"
    return f"plan {message.get('plan')}"


def threshold_of(message: Mapping[str, object]) -> str:
    """What a message is about, with its threshold where it has one."""
    percent = message.get("threshold_percent")
    return subject_of(message) if percent is None else f"{percent} % of {subject_of(message)}"


def test_message(plan: Plan, host: str, first: date, last: date) -> dict[str, object]:
    """A message of the plan's first threshold, marked as a test."""
    cap, percent = plan.cap_bytes or 0, min(plan.alert_at, default=80)
    crossing = Crossing(host, plan.name, percent, cap * percent // 100, cap, first, last)
    message = message_of(crossing)
    return message | {
        "title": f"Test: {message['title']}",
        "text": f"This is a test of netledger's notices; the numbers are made up. {message['text']}",
        "is_test": True,
    }


def parts_of(message: Mapping[str, object]) -> dict[str, str]:
    """Text of each placeholder of a command; "" if an older service wrote the message without it."""
    parts = {
        "percent": message.get("threshold_percent", ""),
        "used": _human(message.get("used_bytes")),
        "cap": _human(message.get("cap_bytes")),
        "left": _human(message.get("left_bytes")),
        "until": message.get("cycle_to", ""),
    }
    parts |= {name: message.get(name, "") for name in PLACEHOLDERS if name not in parts}
    parts["plan"] = message.get("application", message.get("monitor", parts["plan"]))
    return {name: str(part) for name, part in parts.items()}


def _human(amount: object) -> str:
    return human_bytes(max(amount, 0)) if isinstance(amount, int) else ""


def _text(crossing: Crossing) -> str:
    used, cap, left = human_bytes(crossing.used), human_bytes(crossing.cap), crossing.left
    rest = f"{human_bytes(left)} are left" if left > 0 else f"{human_bytes(-left)} more than it holds"
    text = f"{used} of {cap} are used, {rest}. The cycle ends on {crossing.last.isoformat()}."
    if crossing.forecast is not None:
        text += f" It is expected to come to {human_bytes(crossing.forecast)}."
    return text
