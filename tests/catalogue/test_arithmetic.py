"""The built-in arithmetic: Python's own results, and a clear refusal of everything else."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmill.catalogue.arithmetic import MAX_NESTING, ExpressionError, evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 5", 11),
        ("(1 + 2) * 5", 15),
        ("-2 ** 2", -4),
        ("2 ** -3 ** 2", 2**-9),
        ("2 ** -1 * 3", 1.5),
        ("2 ** 3 ** 2", 512),
        ("7 // -2", -4),
        ("7 % -3", -2),
        ("10 - 4 - 3", 3),
        ("8 / 4", 2.0),
        (".5 + 1.", 1.5),
        ("1e3", 1000.0),
        ("--3", 3),
        ("2 ** 1023", 2**1023),
        ("1 ** 10 ** 300", 1),
    ],
)
def test_means_what_it_means_in_python(expression: str, value: float) -> None:
    assert evaluate(expression) == value
    assert type(evaluate(expression)) is type(value)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("9**9**9", "column 2: the value is too large"),
        ("9**99999", "column 2: the value is too large"),
        ("1e308 * 10", "column 7: the value is too large"),
        ("1e999", "column 1: the value is too large"),
        ("2 ** 1024", "too large"),
        ("1 << 9", "column 3: '<' is not arithmetic"),
        ("9" * 100_000, "100000 characters"),
        ("(" * 10_000 + "1" + ")" * 10_000, "20001 characters"),
        ("(" * 100 + "1" + ")" * 100, f"deeper than {MAX_NESTING}"),
        ("-" * 900 + "1", f"deeper than {MAX_NESTING}"),
        ("2**" * 300 + "1", f"deeper than {MAX_NESTING}"),
        ("__import__('os').system('true')", "column 1: names such as '__import__'"),
        ("abs(1)", "names such as 'abs'"),
        ("x.y", "names such as 'x'"),
        ("'a' * 3", "column 1"),
        ("1 == 1", "column 3"),
        ("1 if 1 else 2", "names such as 'if'"),
        ("[1]", "write ( for it"),
        ("2 ^ 3", "write ** for it"),
        ("1,5", "write . for it"),
        ("2 \N{MULTIPLICATION SIGN} 3", "write * for it"),
        ("1 2", "column 3: an operator"),
        ("2(3)", "column 2: an operator"),
        ("(1 + 2", "opened at column 1 is not closed"),
        ("1)", "column 2: ) closes no bracket"),
        ("1 +", "ends where a number should follow"),
        ("* 2", "column 1: a number should stand here"),
        ("()", "column 2: a number should stand here"),
        ("1 / 0", "column 3: division by zero"),
        ("1 % 0.0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("(0 - 8) ** 0.5", "no real power"),
        ("0x10", "names such as 'x10'"),
        ("1j", "names such as 'j'"),
        ("1\x00", "is not arithmetic"),
        ("\N{ARABIC-INDIC DIGIT THREE}", "is not arithmetic"),
    ],
)
def test_refuses_with_the_place_and_what_would_be_right(expression: str, says: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        evaluate(expression)
    assert says in str(refused.value)
    assert len(str(refused.value)) < 200


def test_nesting_up_to_the_limit_is_fine() -> None:
    brackets = MAX_NESTING - 1
    assert evaluate("(" * brackets + "1" + ")" * brackets) == 1


numbers = st.one_of(
    st.integers(0, 10**20).map(str),
    st.floats(0, 1e6, allow_subnormal=False).map(repr),
    st.sampled_from(["0", "1", "2"]),
)
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["**2", " ** 3", "**-1", "**0.5"])).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=12,
)


@given(expressions)
def test_agrees_with_python(expression: str) -> None:
    try:
        value = evaluate(expression)
    except ExpressionError:
        assert "**" in expression or expression.count("-") + expression.count("(") >= MAX_NESTING or fails(expression)
    else:
        expected = eval(expression)  # digits and operators only, and known to stay small
        assert value == expected
        assert type(value) is type(expected)


def fails(expression: str) -> bool:
    try:
        eval(expression)
    except ArithmeticError:
        return True
    return False


@given(st.one_of(st.text(max_size=1500), st.text("0123456789+-*/%(). e_xj[]'\"", max_size=1500)))
def test_any_text_gives_a_finite_number_or_the_documented_error(expression: str) -> None:
    try:
        value = evaluate(expression)
    except ExpressionError:
        return
    assert math.isfinite(value)
