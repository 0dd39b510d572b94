"""The root of all errors that a wrong question raises."""

from __future__ import annotations


class QuestionError(ValueError):
    """A question cannot be answered as it is put: the text names the parameter, its value and the rule.

    Caught at two edges: REST answers 400, a command ends with its usage.
    """
