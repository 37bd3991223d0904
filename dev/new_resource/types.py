"""The types of columns: SQL, the annotations of the schemas, and values for samples and tests.

`size` is what is written in parentheses after the type, such as `45` or `7,2`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

INTEGER_TEST_VALUE = "lambda number: 1000 + number"
LONGEST_LINE = 255
MIN_LENGTH_FOR_WORDS = 10
MAX_DIGITS = 65  # of MySQL's and MariaDB's DECIMAL, with up to 30 decimals


@dataclass(frozen=True)
class Kind:
    """A type of column.

    `form` is how it is written. `test_value` is the function that returns another value for each
    number, for tests/support/catalog.py, if it is not text.
    """

    name: str
    form: str
    sql: Callable[[str], str]
    answer: Callable[[str], str]
    body: Callable[[str], str]
    example: Callable[[str, str], object]  # of the column's name and size
    sample: Callable[[str, str], str]  # the same; $ is the variable with the number of the row
    allows: Callable[[str], bool] = field(default=lambda size: not size)
    can_be_unique: bool = False
    test_value: Callable[[str], str] = field(default=lambda _: "")
    default_sql: str = ""
    default_body: str = ""


def _always(text: str) -> Callable[[str], str]:
    return lambda _: text


def _is_length(size: str) -> bool:
    return re.fullmatch("[1-9][0-9]{0,2}", size) is not None and int(size) <= LONGEST_LINE


def _text_example(words: str, size: str) -> str:
    return f"New {words}"[: int(size or 45)].strip()


def _text_sample(words: str, size: str) -> str:
    length = int(size or 45)
    if length < MIN_LENGTH_FOR_WORDS:
        return f'f"{{$ % {10**length}:0{length}}}"'
    # 7 digits are enough for a million students.
    return f'f"{words.capitalize()[: length - 8].strip()} {{$}}"'


def _is_decimal(size: str) -> bool:
    found = re.fullmatch("([1-9][0-9]?),([0-9]{1,2})", size)
    if not found:
        return False
    digits, places = int(found[1]), int(found[2])
    return digits <= MAX_DIGITS and places <= min(digits, 30)


def _decimal(whole: object, size: str) -> str:
    """Return the text of a decimal with this first digit, if the size allows it."""
    digits, places = map(int, size.split(","))
    decimals = "." + "0" * places if places else ""
    return (f"{whole}" if digits > places else "0") + decimals


def _decimal_code(number: str, size: str) -> str:
    """Return the expression of a decimal that depends on a number, as far as the size allows it."""
    text = _decimal(f"{{{number} % 10}}", size)
    return f'f"{text}"' if "{" in text else f'"{text}"'


def _values(size: str) -> list[str]:
    return size.split("|")


def _is_enum(size: str) -> bool:
    words = _values(size)
    fits = all(re.fullmatch("[a-z][a-z0-9_-]{0,24}", word) for word in words)
    return fits and len(words) == len(set(words)) and len(words) > 1


def _literal(size: str) -> str:
    return "Literal[" + ", ".join(f'"{value}"' for value in _values(size)) + "]"


_DATE = 'f"{2000 + $ % 20}-{$ % 12 + 1:02}-15'
_TEST_DATE = "{3000 + number % 6000}-{number // 6000 % 12 + 1:02}-01"
_KINDS = [
    Kind(
        "str", f"str(N), N from 1 to {LONGEST_LINE}; for longer texts, use text",
        "VARCHAR({})".format, _always("str"), "Line{}".format, _text_example, _text_sample,
        _is_length, can_be_unique=True,
    ),
    Kind(
        "text", "text, without a length", _always("TEXT"), _always("str"), _always("Text"),
        _text_example, _text_sample,
    ),
    Kind(
        "email", "email, without a length", _always("VARCHAR(50)"), _always("str"),
        _always("Email"), lambda *_: "new@example.org", lambda *_: 'f"sample.{$}@example.org"',
        can_be_unique=True,
    ),
    Kind(
        "int", "int, without a length", _always("INT"), _always("int"), _always("Integer"),
        lambda *_: 1, lambda *_: "$", can_be_unique=True,
        test_value=_always(INTEGER_TEST_VALUE),
    ),
    Kind(
        "decimal", "decimal(DIGITS,PLACES), as in decimal(7,2)", "DECIMAL({})".format,
        _always("Decimal"), "Annotated[Decimal, Digits({})]".format,
        lambda _, size: _decimal(1, size), lambda _, size: _decimal_code("$", size),
        _is_decimal,
        test_value=lambda size: f"lambda number: {_decimal_code('number', size)}",
    ),
    Kind(
        "bool", "bool, without a length", _always("BOOLEAN"), _always("bool"), _always("bool"),
        lambda *_: True, lambda *_: "$ % 2 == 0", default_sql="FALSE", default_body="False, ",
    ),
    Kind(
        "date", "date, without a length", _always("DATE"), _always("date"), _always("Date"),
        lambda *_: "2026-09-01", lambda *_: f'{_DATE}"', can_be_unique=True,
        test_value=_always(f'lambda number: f"{_TEST_DATE}"'),
    ),
    Kind(
        "datetime", "datetime, without a length", _always("DATETIME"), _always("datetime"),
        _always("Timestamp"), lambda *_: "2026-09-01T08:00:00Z", lambda *_: f'{_DATE} 08:00:00"',
        can_be_unique=True, test_value=_always(f'lambda number: f"{_TEST_DATE}T08:00:00Z"'),
    ),
    Kind(
        "enum", "enum(A|B), at least two different lower-case words",
        lambda size: "ENUM(" + ", ".join(f"'{value}'" for value in _values(size)) + ")",
        _literal, _literal, lambda _, size: _values(size)[0],
        lambda _, size: f'("{_values(size)[0]}", "{_values(size)[1]}")[$ % 2]', _is_enum,
    ),
    Kind(
        "ref", "TABLE:ref, where TABLE is that of another resource", _always(""), _always("int"),
        _always(""), lambda *_: 1, lambda *_: "",
    ),
]  # fmt: skip
KINDS = {kind.name: kind for kind in _KINDS}
