"""What an answer of netledger means for the batch that it was sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from netledger_client.transport import Answer

LONGEST_REASON = 200


class Verdict(NamedTuple):
    """Events that are counted and that are refused; `is_retried` where the same batch may come again.

    `wait` are the seconds until then where the answer says so; `reason` is why not all is well, "" otherwise.
    """

    is_retried: bool = False
    accepted: int = 0
    refused: int = 0
    wait: float | None = None
    reason: str = ""


def verdict(answer: Answer, size: int) -> Verdict:
    """2xx is counted, 429, 408 and 5xx come again, all else is given up."""
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004
        refused = min(_refused(answer.body), size)
        return Verdict(accepted=size - refused, refused=refused)
    reason = f"{status} {answer.body[:LONGEST_REASON].decode('utf-8', 'replace')}".strip()
    if status in {408, 429} or status >= 500:  # noqa: PLR2004
        return Verdict(is_retried=True, wait=answer.retry_after, reason=ascii(reason))
    return Verdict(reason=ascii(reason))


def _refused(body: bytes) -> int:
    """Rows of a batch that were not accepted, as the answer says."""
    try:
        found = json.loads(body or b"null")
    except ValueError:
        return 0
    refused = found.get("refused") if isinstance(found, dict) else None
    if isinstance(refused, list):
        return len(refused)
    return refused if isinstance(refused, int) and not isinstance(refused, bool) else 0
