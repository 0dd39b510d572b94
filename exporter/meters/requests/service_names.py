"""Names of services, as settings and keys take them."""

from __future__ import annotations

from exporter.settings import rules
from reports.ledger.shape import OWN_SERVICE

LONGEST_NAME = 100


def read_service(raw: object) -> str:
    """The name of a service; raises RuleError."""
    text = rules.one_text(raw)
    if len(text) > LONGEST_NAME:
        raise rules.RuleError(f"{rules.clipped(text)} is longer than {LONGEST_NAME} characters")
    if text.startswith("("):
        raise rules.RuleError(f"{text} begins with a parenthesis, as only names of the meter do")
    if text == OWN_SERVICE:
        raise rules.RuleError(f"{text} is the name of netledger's own requests")
    return text
