"""The least that an operation takes, made from its model: every required member, each value within its constraints."""

import datetime
import re
import warnings
from re import _constants as sre
from re import _parser as parser

# Deeper than this a shape that contains itself is left empty.
DEEPEST = 12

# Texts that satisfy the patterns of many shapes, tried before one is made from the pattern.
COMMON = [
    "a",
    "abcdefgh",
    "Abcdef12",
    "123456789012",
    "1",
    "us-east-1",
    "us-east-1a",
    "a1b2c3d4-5678-90ab-cdef-1234567890ab",
    "arn:aws:iam::123456789012:role/name",
    "arn:aws:kms:us-east-1:123456789012:key/a1b2c3d4-5678-90ab-cdef-1234567890ab",
    "arn:aws:s3:::bucket",
    "arn:aws:service:us-east-1:123456789012:thing/name",
    "arn:aws:fsx:us-east-1:123456789012:snapshot/name",
    "arn:aws:appsync:us-east-1:123456789012:apis/abcdefghijklmnopqrstuvwxyz",
    "user@example.com",
    "example.com",
    "https://example.com/",
    "s3://bucket/key",
    "10.0.0.0/16",
    "10.0.0.1",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "12:00",
    "{}",
    "/name",
]
MOMENT = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def minimal(shape, depth=0):
    """A value of the shape."""
    kind = shape.type_name
    if kind == "structure":
        if depth > DEEPEST:
            return {}
        if getattr(shape, "is_document_type", False):
            return {}
        wanted = list(shape.required_members)
        if getattr(shape, "is_tagged_union", False) and not wanted:
            wanted = [_simplest(shape)]
        if not wanted and 0 < depth < 7 and shape.members:
            # In a form an empty structure cannot be told from none.
            wanted = [_simplest(shape)]
        # A label is part of the path, so it is required whether the model says so or not.
        wanted += [n for n, member in shape.members.items() if member.serialization.get("location") == "uri" and n not in wanted]
        return {member: minimal(shape.members[member], depth + 1) for member in wanted}
    if kind == "list":
        if depth > DEEPEST or shape.metadata.get("max") == 0:
            return []
        # Never empty: where lists travel in a query string or a form, an empty one cannot be told from none.
        least = max(shape.metadata.get("min", 0), 1)
        values = [minimal(shape.member, depth + 1) for _ in range(min(least, 100))]
        return _distinct(values) if least > 1 else values
    if kind == "map":
        if depth > DEEPEST:
            return {}
        return {minimal(shape.key, depth + 1): minimal(shape.value, depth + 1)}
    if kind == "string":
        return text(shape.metadata)
    if kind in ("integer", "long", "float", "double"):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        number = max(least, 1) if least is not None else (min(1, most) if most is not None else 1)
        return number if kind in ("integer", "long") else float(number)
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return MOMENT
    if kind == "blob":
        return b"x" * max(1, shape.metadata.get("min", 1))
    raise AssertionError(f"a shape of type {kind}")


def _simplest(union):
    order = {"boolean": 0, "integer": 1, "string": 2}
    members = [(order.get(member.type_name, 3 if member.type_name != "structure" else 4), name) for name, member in union.members.items()]
    return min(members)[1]


def _distinct(values):
    """Lists that must hold several elements often must not hold one twice."""
    return [f"{value}{number}" if isinstance(value, str) and value.isalnum() and number else value for number, value in enumerate(values)]


def text(constraints):
    """A string that its enum, its length and its pattern allow."""
    if constraints.get("enum"):
        return constraints["enum"][0]
    least = constraints.get("min", 0)
    most = constraints.get("max", 1 << 20)
    pattern = constraints.get("pattern")
    if not pattern:
        return "a" * max(least, 1)
    matches = _matcher(pattern)
    for candidate in [*COMMON, *("a" * n for n in (2, 3, 10, 20, 32, 64)), "a" * max(least, 1), "1" * max(least, 1)]:
        if least <= len(candidate) <= most and matches(candidate):
            return candidate
    for extra in (0, 1, 2, 4, 8, 16, 32):
        candidate = _from_pattern(pattern, extra)
        if candidate is not None and least <= len(candidate) <= most and matches(candidate):
            return candidate
    grown = _from_pattern(pattern, max(least, 1)) or "a"
    return grown[:most] if len(grown) >= least else "a" * max(least, 1)


# The Unicode and POSIX classes that the models use, as members of a Python class.
CLASSES = {"N": "0-9", "Nd": "0-9", "Digit": "0-9", "IsDigit": "0-9", "XDigit": "0-9a-fA-F", "Z": " ", "Zs": " ", "Space": " ",
           "Alnum": "A-Za-z0-9", "Graph": "!-~", "Print": " -~", "ASCII": " -~", "P": "_.:,-", "Punct": "_.:,-", "IsPunctuation": "_.:,-",
           "S": "+=$", "Sc": "$", "Sm": "+=", "M": "_"}


def _python(pattern):
    """Java's spelling of patterns in Python's."""
    made, inside, at = "", False, 0
    while at < len(pattern):
        unicode_class = re.compile(r"\\([pP])\{(\w+)\}").match(pattern, at)
        code_point = re.compile(r"\\[xu]\{([0-9A-Fa-f]+)\}|\\u(1[0-9A-Fa-f]{4})").match(pattern, at)
        if unicode_class:
            members = CLASSES.get(unicode_class[2], "A-Za-z") if unicode_class[1] == "p" else " -~"
            made += members if inside else f"[{members}]"
            at = unicode_class.end()
        elif code_point:
            made += re.escape(chr(int(code_point[1] or code_point[2], 16)))
            at = code_point.end()
        elif pattern[at] == "\\":
            made += r"\Z" if pattern[at : at + 2] == r"\z" else pattern[at : at + 2]
            if inside and pattern[at + 1] in "wds" and pattern[at + 2 : at + 3] == "-":
                made += "\\-"
                at += 1
            at += 2
        else:
            if pattern[at] == "[" and inside:
                made += "\\"
            inside = (inside or pattern[at] == "[") and pattern[at] != "]"
            made += pattern[at]
            at += 1
    return re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", made)


def _matcher(pattern):
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            compiled = re.compile(_python(pattern))
    except re.error:
        return lambda candidate: True
    return lambda candidate: compiled.fullmatch(candidate) is not None


def _from_pattern(pattern, extra):
    """The shortest text of the pattern, with up to `extra` more of what may repeat."""
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            return _text(parser.parse(_python(pattern)), extra, {})
    except (re.error, RecursionError, KeyError):
        return None


def _text(parsed, extra, groups):
    made = ""
    for operation, argument in parsed:
        if operation is sre.LITERAL:
            made += chr(argument)
        elif operation is sre.NOT_LITERAL:
            made += "a" if argument != ord("a") else "b"
        elif operation is sre.ANY:
            made += "a"
        elif operation is sre.IN:
            made += _one_of(argument)
        elif operation is sre.BRANCH:
            made += _text(argument[1][0], extra, groups)
        elif operation is sre.SUBPATTERN:
            inner = _text(argument[3], extra, groups)
            if argument[0] is not None:
                groups[argument[0]] = inner
            made += inner
        elif operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, getattr(sre, "POSSESSIVE_REPEAT", None)):
            least, most, inner = argument
            times = least if most <= least else min(int(most), max(least, extra))
            made += "".join(_text(inner, extra, groups) for _ in range(min(times, 4096)))
        elif operation is sre.GROUPREF:
            made += groups[argument]
        elif operation is getattr(sre, "ATOMIC_GROUP", None):
            made += _text(argument, extra, groups)
        # Anchors and look-arounds add nothing; whether they hold is checked on the whole.
    return made


def _one_of(choices):
    negated = choices and choices[0][0] is sre.NEGATE
    if negated:
        return next(c for c in "abAB01_- \t" if not _within(c, choices[1:]))
    for preferred in "a1A-_/ ":
        if _within(preferred, choices):
            return preferred
    operation, argument = choices[0]
    if operation is sre.LITERAL:
        return chr(argument)
    if operation is sre.RANGE:
        return chr(argument[0])
    return "a"


def _within(character, choices):
    code = ord(character)
    for operation, argument in choices:
        if operation is sre.LITERAL and code == argument:
            return True
        if operation is sre.RANGE and argument[0] <= code <= argument[1]:
            return True
        if operation is sre.CATEGORY:
            name = str(argument)
            kinds = {
                "CATEGORY_DIGIT": character.isdigit(),
                "CATEGORY_NOT_DIGIT": not character.isdigit(),
                "CATEGORY_SPACE": character.isspace(),
                "CATEGORY_NOT_SPACE": not character.isspace(),
                "CATEGORY_WORD": character.isalnum() or character == "_",
                "CATEGORY_NOT_WORD": not (character.isalnum() or character == "_"),
            }
            if kinds.get(name, False):
                return True
    return False
