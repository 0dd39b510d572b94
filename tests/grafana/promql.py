"""Expressions of Prometheus as the checks read them: variables filled in, selectors, aggregations, ranges."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import promql_parser as parser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# $1 is a group of label_replace(), which Grafana leaves alone
VARIABLE = re.compile(r"\$(?P<plain>(?!\d)\w+)|\$\{(?P<braced>\w+)(?:[.:][^}]*)?\}|\[\[(?P<old>\w+)\]\]")
OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
RATE_INTERVAL = timedelta(seconds=4242)
"""What $__rate_interval stands for when an expression is only read: a range that nobody writes."""

INTERVAL = timedelta(seconds=77)
RANGE = timedelta(seconds=86_399)
BUILT_IN = {
    "__rate_interval": "4242s",
    "__interval": "77s",
    "__interval_ms": "77000",
    "__range": "86399s",
    "__range_s": "86399",
    "__range_ms": "86399000",
    "__from": "1000000000000",
    "__to": "1000086399000",
}


class UnknownVariableError(ValueError):
    """An expression names a variable that its dashboard does not have."""


class Selector(NamedTuple):
    """A metric that is asked for, with its matchers as (label, operator) -> value."""

    metric: str
    matchers: Mapping[tuple[str, str], str]


class Ranged(NamedTuple):
    """A function over a range vector: `rate(x[5m])`."""

    function: str
    range: timedelta | None
    is_fixed: bool
    """Whether it is the same at each step: `rate(x[5m] @ end())`."""


class Grouping(NamedTuple):
    """An aggregation: its operator, the labels of by or without (None without either), what it is of."""

    operator: str
    by: frozenset[str] | None
    without: frozenset[str]
    inner: parser.Expr


def variables_in(text: str) -> set[str]:
    """Names of the variables, Grafana's own ones included."""
    return {_name(match) for match in VARIABLE.finditer(text)}


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """With every variable replaced; raises UnknownVariableError."""

    def value(match: re.Match[str]) -> str:
        try:
            return values[_name(match)]
        except KeyError:
            raise UnknownVariableError(f"there is no variable {match[0]}") from None

    return VARIABLE.sub(value, text)


def readable(text: str, variables: Mapping[str, str]) -> str:
    """With Grafana's own variables as numbers that tell which they were, and `variables` as given."""
    return filled_in(text, {**BUILT_IN, **variables})


def parse(text: str) -> parser.Expr:
    """Raises ValueError with the place and the reason."""
    return parser.parse(text)


def nodes(expression: parser.Expr) -> Iterator[parser.Expr]:
    """Every part of an expression, from the outside in."""
    found: list[parser.Expr] = []
    parser.walk(expression, found.append)
    yield from found


def selectors(expression: parser.Expr) -> Iterator[Selector]:
    for node in nodes(expression):
        if isinstance(node, parser.VectorSelector):
            yield _selector(node)


def ranged_calls(expression: parser.Expr) -> Iterator[Ranged]:
    for node in nodes(expression):
        for argument in getattr(node, "args", ()):
            if isinstance(argument, parser.MatrixSelector | parser.SubqueryExpr):
                yield Ranged(_function(node), argument.range, not list(moving(argument)))


def outside_of_functions(expression: parser.Expr, functions: frozenset[str]) -> list[Selector]:
    """Selectors that no call of one of the functions is around."""
    around: list[str] = []
    found: list[Selector] = []

    def enter(node: parser.Expr) -> None:
        if _function(node) in functions:
            around.append(_function(node))
        elif isinstance(node, parser.VectorSelector) and not around:
            found.append(_selector(node))

    def leave(node: parser.Expr) -> None:
        if _function(node) in functions:
            around.pop()

    parser.walk(expression, enter, leave)
    return found


def shown(node: parser.Expr) -> Iterator[Selector]:
    """Selectors whose series a result may hold: not those that only say which others stay."""
    if isinstance(node, parser.VectorSelector):
        yield _selector(node)
    elif isinstance(node, parser.BinaryExpr) and str(node.op) in ("and", "unless"):
        yield from shown(node.lhs)
    else:
        for part in parts(node):
            yield from shown(part)


def untied(node: parser.Expr, is_ours: Callable[[str], bool]) -> Iterator[Selector]:
    """Selectors of metrics that any target has, without `and on (job, instance)` one that only ours have."""
    if isinstance(node, parser.VectorSelector):
        found = _selector(node)
        if not is_ours(found.metric):
            yield found
    elif isinstance(node, parser.BinaryExpr) and str(node.op) in ("and", "unless"):
        matching = node.modifier.matching if node.modifier else None
        labels = set(matching.labels) if matching and matching.type == parser.LabelModifierType.Include else set()
        is_tied = str(node.op) == "and" and labels == {"job", "instance"}
        if not (is_tied and all(is_ours(each.metric) for each in shown(node.rhs))):
            yield from untied(node.lhs, is_ours)
    else:
        for part in parts(node):
            yield from untied(part, is_ours)


def moving(node: parser.Expr) -> Iterator[Selector]:
    """Selectors that are evaluated anew at each step of a range: those without `@ end()`."""
    if getattr(node, "at", None) is not None:
        return
    if isinstance(node, parser.VectorSelector):
        yield _selector(node)
    for part in parts(node):
        yield from moving(part)


def pasts(expression: parser.Expr) -> Iterator[parser.Expr]:
    """What stands in where nothing was scraped: `b` in `a or b unless on (job, instance) up`."""
    for node in nodes(expression):
        if not isinstance(node, parser.BinaryExpr) or str(node.op) != "or":
            continue
        instead = node.rhs
        if not isinstance(instead, parser.BinaryExpr) or str(instead.op) != "unless":
            continue
        if [each.metric for each in shown(instead.rhs)] == ["up"]:
            yield instead.lhs


def parts(node: parser.Expr) -> Iterator[parser.Expr]:
    """The expressions that an expression is made of."""
    names = ("lhs", "rhs", "expr", "vector_selector")
    yield from (part for name in names if isinstance(part := getattr(node, name, None), parser.Expr))
    yield from (each for each in getattr(node, "args", ()) if isinstance(each, parser.Expr))


def patterns(expression: parser.Expr) -> Iterator[str]:
    """The regular expressions of label_replace()."""
    for node in nodes(expression):
        if _function(node) == "label_replace":
            yield [each.val for each in getattr(node, "args", ()) if isinstance(each, parser.StringLiteral)][3]


def groupings(expression: parser.Expr) -> Iterator[Grouping]:
    for node in nodes(expression):
        if isinstance(node, parser.AggregateExpr):
            modifier = node.modifier
            labels = frozenset(modifier.labels) if modifier else frozenset()
            is_by = modifier is not None and modifier.type == parser.AggModifierType.By
            yield Grouping(str(node.op), labels if is_by else None, frozenset() if is_by else labels, node.expr)


def derived_labels(expression: parser.Expr) -> Iterator[tuple[str, frozenset[str]]]:
    """Labels that label_join() and label_replace() make, each with those that it is made of."""
    for node in nodes(expression):
        texts = [each.val for each in getattr(node, "args", ()) if isinstance(each, parser.StringLiteral)]
        if _function(node) == "label_join":
            yield texts[0], frozenset(texts[2:])
        elif _function(node) == "label_replace":
            yield texts[0], frozenset(texts[2:3])


def matching_labels(expression: parser.Expr) -> Iterator[str]:
    """Labels of on(), ignoring() and group_left()."""
    for node in nodes(expression):
        modifier = getattr(node, "modifier", None)
        if isinstance(modifier, parser.BinModifier):
            yield from modifier.matching.labels if modifier.matching else ()
            yield from modifier.group_labels or ()


def _function(node: parser.Expr) -> str:
    return getattr(getattr(node, "func", None), "name", "")


def _selector(node: parser.VectorSelector) -> Selector:
    matchers = {(matcher.name, OPERATORS[str(matcher.op)]): matcher.value for matcher in node.matchers.matchers}
    name = node.name or matchers.get(("__name__", "="), "")
    return Selector(name, matchers)


def _name(match: re.Match[str]) -> str:
    return match["plain"] or match["braced"] or match["old"]
