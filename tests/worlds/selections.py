"""Selections as tests name them: a plan's, one interface's, or the machine's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.billing.billed_usage import covered_subjects
from reports.billing.plans import Plan

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection
    from reports.wrapup.context import WrapUpContext


def selection_of(reader: LedgerReader, subject: Plan | str | None) -> Selection:
    """The selection of a plan, of an interface, or of the machine (None)."""
    if isinstance(subject, Plan):
        return covered_subjects(reader, subject)
    return reader.resolve([] if subject is None else [subject])


def with_plan(context: WrapUpContext, subject: Plan | str | None) -> WrapUpContext:
    """A context that knows the plan of the selection."""
    return context._replace(plans=(*context.plans, subject)) if isinstance(subject, Plan) else context
