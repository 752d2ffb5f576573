"""Label and field selectors, as ``k8s.io/apimachinery/pkg/labels`` and ``pkg/fields`` read and apply them.

Both are frozen values: parse once, match often. ``str()`` gives the canonical text, which parses back to an
equal selector. All errors are :class:`edgeorch.errors.BadRequest` with Kubernetes' own words.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from edgeorch.api.integers import parse_int64
from edgeorch.api.label_rules import label_value_problems, qualified_name_problems
from edgeorch.api.meta import LabelSelector
from edgeorch.errors import BadRequest


class Operator(enum.StrEnum):
    """How a requirement compares; the values are those of apimachinery's ``selection`` package."""

    EQUALS = "="
    DOUBLE_EQUALS = "=="
    NOT_EQUALS = "!="
    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    DOES_NOT_EXIST = "!"
    GREATER_THAN = "gt"
    LESS_THAN = "lt"


_POSITIVE = {Operator.EQUALS, Operator.DOUBLE_EQUALS, Operator.IN}
_NEGATIVE = {Operator.NOT_EQUALS, Operator.NOT_IN}
_ORDERED = {Operator.GREATER_THAN, Operator.LESS_THAN}
_SETS = {Operator.IN, Operator.NOT_IN}
_UNARY = {Operator.EXISTS, Operator.DOES_NOT_EXIST}
_BINARY_TEXT = {
    "=": Operator.EQUALS,
    "==": Operator.DOUBLE_EQUALS,
    "in": Operator.IN,
    "!=": Operator.NOT_EQUALS,
    "notin": Operator.NOT_IN,
    ">": Operator.GREATER_THAN,
    "<": Operator.LESS_THAN,
}
_EXPECTED_OPERATORS = "in, notin, =, ==, !=, gt, lt"
_WRITTEN = {
    Operator.IN: " in ",
    Operator.NOT_IN: " notin ",
    Operator.GREATER_THAN: ">",
    Operator.LESS_THAN: "<",
}
_MATCH_EXPRESSION = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
    "Gt": Operator.GREATER_THAN,
    "Lt": Operator.LESS_THAN,
}
"""The words of LabelSelector and NodeSelector (only the latter knows Gt and Lt)."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label. Build it with :meth:`of`, which checks what Kubernetes checks."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()
    """Sorted and without duplicates."""

    @classmethod
    def of(cls, key: str, operator: Operator, values: Collection[str] = ()) -> Self:
        """Check and build; raises BadRequest (``labels.NewRequirement``)."""
        problems = [f"key: {_invalid(key, problem)}" for problem in _joined(qualified_name_problems(key))]
        if problem := _wrong_values(operator, tuple(values)):
            problems.append(problem)
        for index, value in enumerate(values):
            wrong = _joined(label_value_problems(value))
            problems += [f"values[{index}][{key}]: {_invalid(value, problem)}" for problem in wrong]
        if problems:
            raise BadRequest(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")
        return cls(key, operator, tuple(sorted(set(values))))

    @classmethod
    def of_expression(cls, key: str, operator: str, values: Collection[str]) -> Self:
        """Build from a match expression's words (``In``, ``NotIn``, ``Exists``...); raises BadRequest."""
        known = _MATCH_EXPRESSION.get(operator)
        if known is None:
            raise BadRequest(f"{_quoted(operator)} is not a valid label selector operator")
        return cls.of(key, known, values)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet this requirement. An absent label meets ``!=``, ``notin`` and ``!``."""
        value = labels.get(self.key)
        if self.operator is Operator.EQUALS:  # what nearly all selectors say; a set of enums is slow to ask
            return value == self.values[0]
        if self.operator in _POSITIVE:
            return value is not None and value in self.values
        if self.operator in _NEGATIVE:
            return value is None or value not in self.values
        if self.operator is Operator.EXISTS:
            return value is not None
        if self.operator is Operator.DOES_NOT_EXIST:
            return value is None
        number, bound = parse_int64(value or ""), parse_int64(self.values[0])
        if number is None or bound is None:
            return False
        return number > bound if self.operator is Operator.GREATER_THAN else number < bound

    def __str__(self) -> str:
        if self.operator in _UNARY:
            return f"!{self.key}" if self.operator is Operator.DOES_NOT_EXIST else self.key
        values = ",".join(self.values)
        written = f"({values})" if self.operator in _SETS else values
        return f"{self.key}{_WRITTEN.get(self.operator, self.operator)}{written}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector: all requirements must hold; without any it matches everything."""

    requirements: tuple[Requirement, ...] = ()
    selects_nothing: bool = False
    """An absent LabelSelector selects nothing, where an empty one selects everything."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1``; raises BadRequest in Kubernetes' words."""
        return cls(_sorted(_LabelParser(text).requirements()))

    @classmethod
    def from_set(cls, labels: Mapping[str, str]) -> Self:
        """Select what carries exactly these labels (and maybe others); checks nothing, matches fast."""
        return cls(tuple(Requirement(k, Operator.EQUALS, (v,)) for k, v in sorted(labels.items())))

    @classmethod
    def from_label_selector(cls, selector: LabelSelector | None) -> Self:
        """Convert the API type; raises BadRequest for a bad operator, key or value."""
        if selector is None:
            return cls(selects_nothing=True)
        equal = [Requirement.of(k, Operator.EQUALS, (v,)) for k, v in selector.matchLabels.items()]
        expressions = [
            Requirement.of_expression(e.key, e.operator, e.values) for e in selector.matchExpressions
        ]
        return cls(_sorted(equal + expressions))

    @classmethod
    def of(cls, selector: LabelSelector | Mapping[str, str] | None) -> Self:
        """Convert a workload's ``spec.selector``: a LabelSelector, or a map in the older kinds; as those do."""
        if isinstance(selector, Mapping):
            return cls.from_set(selector)
        return cls.from_label_selector(selector)

    @property
    def empty(self) -> bool:
        """Whether it matches everything."""
        return not self.requirements and not self.selects_nothing

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        if self.selects_nothing:
            return False
        for requirement in self.requirements:  # noqa: SIM110 (all() takes twice as long, and all() objects are asked)
            if not requirement.matches(labels):
                return False
        return True

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


_WORD = re.compile(r"[ \t\r\n]*(==|!=|[=!(),<>]|[^=!(),<> \t\r\n]+)|[ \t\r\n]+$")
_SYMBOLS = {"=", "==", "!=", "!", "(", ")", ",", "<", ">", ""}
"""All words that are no identifiers; the empty one is the end. ``in`` and ``notin`` depend on the place."""


class _LabelParser:
    """Recursive descent over the words; the grammar is in ``labels.Parse``'s documentation."""

    def __init__(self, text: str) -> None:
        self._words = [word for word in _WORD.findall(text) if word]
        self._at = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while (word := self._peek()) != "":
            if word in _SYMBOLS and word != "!":
                raise BadRequest(f"found '{word}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except BadRequest as exc:
                raise BadRequest(f"unable to parse requirement: {exc.message}") from exc
            word = self._next()
            if word == ",":
                if (after := self._peek()) in _SYMBOLS and after != "!":
                    raise BadRequest(f"found '{after}', expected: identifier after ','")
            elif word != "":
                raise BadRequest(f"found '{word}', expected: ',' or 'end of string'")
        return found

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _next(self) -> str:
        word = self._peek()
        self._at += 1
        return word

    def _requirement(self) -> Requirement:
        absent = self._peek() == "!"
        if absent:
            self._next()
        key = self._identifier()
        for problem in _joined(qualified_name_problems(key)):
            # There is no path to this field, and Go writes that as <nil>.
            raise BadRequest(f"<nil>: {_invalid(key, problem)}")
        if absent or self._peek() in {"", ","}:
            return Requirement.of(key, Operator.DOES_NOT_EXIST if absent else Operator.EXISTS)
        word = self._next()
        operator = _BINARY_TEXT.get(word)
        if operator is None:
            raise BadRequest(f"found '{word}', expected: {_EXPECTED_OPERATORS}")
        values = self._values() if operator in _SETS else {self._exact_value()}
        return Requirement.of(key, operator, sorted(values))

    def _identifier(self) -> str:
        word = self._next()
        if word in _SYMBOLS:
            raise BadRequest(f"found '{word}', expected: identifier")
        return word

    def _exact_value(self) -> str:
        return "" if self._peek() in {"", ","} else self._identifier()

    def _values(self) -> set[str]:
        """Read ``(a,b)``: any value may be empty, so ``()`` holds the empty one and ``(a,)`` both."""
        if (word := self._next()) != "(":
            raise BadRequest(f"found '{word}' expected: '('")
        values: set[str] = set()
        while True:
            if self._peek() in {",", ")"}:
                values.add("")
            elif self._peek() in _SYMBOLS:
                raise BadRequest(f"found '{self._peek()}', expected: ',', ')' or identifier")
            else:
                values.add(self._next())
            word = self._next()
            if word == ")":
                return values
            if word != ",":
                raise BadRequest(f"found '{word}', expected: ',' or ')'")


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One condition on one field."""

    field: str
    value: str
    equal: bool = True
    """False for ``!=``."""


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """A field selector: ``=``, ``==`` and ``!=`` on a few named fields, all of which must hold."""

    terms: tuple[FieldTerm, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        r"""Read ``metadata.name=a,status.phase!=Failed``; ``\,``, ``\=`` and ``\\`` stand for themselves."""
        terms = [_field_term(part, text) for part in _FIELD_PART.findall(text) if part]
        return cls(tuple(sorted(terms, key=lambda term: (term.field, term.value))))

    @property
    def empty(self) -> bool:
        """Whether it matches everything."""
        return not self.terms

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that must be known to :meth:`matches`."""
        return frozenset(term.field for term in self.terms)

    def exact(self, field: str) -> str | None:
        """Give the one value the field must have, if there is one (a look-up instead of a scan)."""
        return next((term.value for term in self.terms if term.field == field and term.equal), None)

    def check(self, allowed: Collection[str] = ()) -> None:
        """Refuse fields that a kind does not select by; raises BadRequest.

        ``allowed`` are the kind's own labels beyond ``metadata.name`` and ``metadata.namespace``. Kubernetes
        has two texts for this: one for kinds with labels of their own, one for all others.
        """
        for term in self.terms:
            if term.field in _ALWAYS_SELECTABLE or term.field in allowed:
                continue
            if allowed:
                raise BadRequest(f"field label not supported: {term.field}")
            only = ", ".join(_quoted(field) for field in _ALWAYS_SELECTABLE)
            raise BadRequest(f"{_quoted(term.field)} is not a known field selector: only {only}")

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether an object with these field values is selected; an absent field is ``""``."""
        return all((fields.get(term.field, "") == term.value) == term.equal for term in self.terms)

    def __str__(self) -> str:
        return ",".join(f"{t.field}{'=' if t.equal else '!='}{_escape(t.value)}" for t in self.terms)


_ALWAYS_SELECTABLE = ("metadata.name", "metadata.namespace")
_FIELD_PART = re.compile(r"(?:\\.|[^\\,]|\\$)+", re.DOTALL)
_FIELD_OPERATOR = re.compile(r"!=|==|=")
_FIELD_ESCAPE = re.compile(r"\\(.?)|[,=]", re.DOTALL)


def _field_term(part: str, selector: str) -> FieldTerm:
    operator = _FIELD_OPERATOR.search(part)
    if operator is None:
        raise BadRequest(f"invalid selector: '{selector}'; can't understand '{part}'")
    return FieldTerm(part[: operator.start()], _unescape(part[operator.end() :]), operator[0] != "!=")


def _unescape(value: str) -> str:
    def plain(found: re.Match[str]) -> str:
        if found[0] in {",", "="}:
            raise BadRequest(f"invalid field selector: unescaped character in value: {found[0]}")
        if found[1] not in {"\\", ",", "="}:
            raise BadRequest(f"invalid field selector: invalid escape sequence: {found[0]}")
        return found[1]

    return _FIELD_ESCAPE.sub(plain, value)


def _escape(value: str) -> str:
    return re.sub(r"[\\,=]", r"\\\g<0>", value)


def _sorted(requirements: Sequence[Requirement]) -> tuple[Requirement, ...]:
    return tuple(sorted(requirements, key=lambda r: r.key))


def _joined(problems: Sequence[str]) -> tuple[str, ...]:
    return ("; ".join(problems),) if problems else ()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _invalid(value: str, problem: str) -> str:
    return f"Invalid value: {_quoted(value)}: {problem}"


def _wrong_values(operator: Operator, values: tuple[str, ...]) -> str:
    """Check the number of values an operator takes; Kubernetes' words, empty when it is right."""
    shown = "[]string{" + ", ".join(_quoted(value) for value in values) + "}" if values else "[]string(nil)"
    problem = ""
    if operator in _SETS:
        problem = "" if values else "for 'in', 'notin' operators, values set can't be empty"
    elif operator in _UNARY:
        problem = "values set must be empty for exists and does not exist" if values else ""
    elif operator in _ORDERED:
        if len(values) != 1:
            problem = "for 'Gt', 'Lt' operators, exactly one value is required"
        elif parse_int64(values[0]) is None:
            wrong = "for 'Gt', 'Lt' operators, the value must be an integer"
            return f"values[0]: {_invalid(values[0], wrong)}"
    elif len(values) != 1:
        problem = "exact-match compatibility requires one single value"
    return f"values: Invalid value: {shown}: {problem}" if problem else ""
