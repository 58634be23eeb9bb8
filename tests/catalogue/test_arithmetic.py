"""The built-in arithmetic: Python's own results, and a clear refusal of everything else."""

import asyncio
import math
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmill.catalogue import math as math_task
from taskmill.catalogue.arithmetic import MAX_NESTING, ExpressionError, evaluate, evaluate_precisely


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
        ("absolute(1)", "names such as 'absolute'"),
        ("sqr(1)", "did you mean sqrt?"),
        ("sqrt 2", "column 1: sqrt is a function; write sqrt(…)"),
        ("sqrt()", "a number should stand here, not )"),
        ("sqrt(1", "opened at column 5 is not closed"),
        ("sqrt(1, 2)", "column 1: sqrt takes 1 numbers, not 2"),
        ("gcd(1)", "column 1: gcd takes 2 numbers, not 1"),
        ("sqrt(-1)", "column 1: sqrt has no real value there"),
        ("ln(0)", "ln has no real value there"),
        ("asin(2)", "asin has no real value there"),
        ("exp(1000)", "column 1: the value is too large"),
        ("factorial(171)", "column 1: the value is too large"),
        ("factorial(10**300)", "too large"),
        ("factorial(-1)", "factorial takes whole numbers from 0 on"),
        ("factorial(2.5)", "takes whole numbers"),
        ("round(1, 10**9)", "round takes a whole number of digits"),
        ("exp(exp(exp(exp(9))))", "too large"),
        ("pi(1)", "column 3: an operator"),
        ("1, 2", "write . for it"),
        ("x.y", "names such as 'x'"),
        ("'a' * 3", "column 1"),
        ("1 == 1", "column 3"),
        ("1 if 1 else 2", "names such as 'if'"),
        ("[1]", "write ( for it"),
        ("2 ^ 3", "write ** for it"),
        ("1,5", "write . for it"),
        ("(1,5)", "write . for it"),
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


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sqrt(2) * 2", math.sqrt(2) * 2),
        ("-sin(pi / 6) ** 2", -(math.sin(math.pi / 6) ** 2)),
        ("max(1, 2.5, -3) + min(4, 2)", 4.5),
        ("log(8, 2) + ln(e) + log10(100) + log2(4)", 8.0),
        ("round(2.567, 1) + floor(-1.5) + ceil(1.2)", 2.6),
        ("factorial(20) // gcd(12, 18)", math.factorial(20) // 6),
        ("abs(-3) ** 2", 9),
        ("cos(tau) + atan(tan(0.5)) + acos(1) + asin(0)", 1.5),
        ("round(7 / 2)", 4),
    ],
)
def test_the_usual_functions(expression: str, value: float) -> None:
    assert evaluate(expression) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("expression", "digits", "value"),
    [
        ("1/3", 20, "0.33333333333333333333"),
        ("pi", 50, "3.1415926535897932384626433832795028841971693993751"),
        ("e", 40, "2.718281828459045235360287471352662497757"),
        ("sqrt(2)", 30, "1.41421356237309504880168872421"),
        ("sin(1)", 40, "0.8414709848078965066525023216302989996226"),
        ("cos(10**20)", 20, "0.7639704044417283004"),
        ("tan(1)", 30, "1.55740772465490223050697480746"),
        ("atan(1) * 4 - pi", 30, "0"),
        ("asin(0.5) * 6 - pi", 20, "0"),
        ("acos(-1)", 20, "3.1415926535897932385"),
        ("2**200", 61, str(2**200)),
        ("0.1 + 0.2", 10, "0.3"),
        ("factorial(30)", 40, str(math.factorial(30))),
        ("factorial(1000)", 5, "4.0239E+2567"),
        ("-7 // 2", 5, "-4"),
        ("-7 % 3", 5, "2"),
        ("round(2.345, 2)", 5, "2.34"),
        ("log(1024, 2)", 12, "10"),
        ("gcd(10**40, 15)", 5, "5"),
        ("2 ** 0.5", 12, "1.41421356237"),
    ],
)
def test_precisely(expression: str, digits: int, value: str) -> None:
    """Known digits; what ought to be nothing is less than the digits that were asked for can show."""
    found = evaluate_precisely(expression, digits)
    if value == "0":
        assert abs(Decimal(found)) < Decimal(10) ** -digits
    else:
        assert found == value


@given(st.floats(-50, 50), st.sampled_from(["sin", "cos", "tan", "atan", "exp"]))
def test_precise_functions_agree_with_floats(x: float, name: str) -> None:
    assert float(evaluate_precisely(f"{name}({x!r})", 40)) == pytest.approx(getattr(math, name)(x), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("9**9**9**9", "too large"),
        ("10**1000000", "too large"),
        ("exp(10**9)", "too large"),
        ("factorial(10**6)", "too large"),
        ("sin(10**2000)", "too large"),
        ("10**100 // 3 ** 0.1", "too large"),
        ("1e999999999999", "too large"),
        ("sqrt(-1)", "has no real value"),
        ("ln(0)", "takes numbers above 0"),
        ("asin(2)", "takes numbers from -1 to 1"),
        ("(-8) ** 0.5", "no real power 0.5"),
        ("1 / 0", "division by zero"),
        ("0 / 0", "division by zero"),
        ("0 % 0", "division by zero"),
        ("gcd(1.5, 2)", "takes whole numbers"),
    ],
)
def test_precise_refusals(expression: str, says: str) -> None:
    with pytest.raises(ExpressionError, match=says.replace("*", r"\*")):
        evaluate_precisely(expression, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "expression",
    ["+".join(["tan(9)"] * 25), "exp(-" * 20 + "1" + ")" * 20, "+".join(["atan(1e9)"] * 25), "9**0.1" * 1],
)
def test_the_costliest_expressions_take_seconds_at_most(expression: str) -> None:
    started = time.monotonic()
    evaluate_precisely(expression, 1000)
    assert time.monotonic() - started < 10


@given(st.text("0123456789+-*/%(). e_xj,sqrtincomaglpfh", max_size=300))
def test_any_text_gives_digits_or_the_documented_error(expression: str) -> None:
    try:
        value = evaluate_precisely(expression, 20)
    except ExpressionError:
        return
    assert Decimal(value).is_finite()


@pytest.mark.parametrize(
    ("expression", "value"),
    [("0**0", "1"), ("0.0**0", "1"), ("7**0", "1"), ("(0-7)**0", "1"), ("0**2", "0"), ("0**.5", "0"), ("2**-1", "0.5")],
)
def test_powers_of_and_to_nothing(expression: str, value: str) -> None:
    assert evaluate_precisely(expression, 1000) == value
    assert float(evaluate(expression)) == float(value)


def test_no_power_below_nothing_of_nothing() -> None:
    for compute in (evaluate, lambda expression: evaluate_precisely(expression, 50)):
        with pytest.raises(ExpressionError, match="division by zero"):
            compute("0**-1")


DEAR = [
    "tan(1e99)+",
    "(1+1e-1000)**(1e1000)+",
    "3**.7+",
    "ln(1+1e-900)+",
    "factorial(10000)+",
    "sin(1e99)+",
    "acos(.5)+",
]


@pytest.mark.parametrize("term", DEAR)
@pytest.mark.parametrize("digits", [1000, 100])
def test_what_an_expression_costs_is_bounded_before_it_begins(term: str, digits: int) -> None:
    most, fitting = 25_000 // digits, 990 // len(term)
    if fitting > most:
        began = time.process_time()
        with pytest.raises(ExpressionError, match=rf"column \d+: with {digits:,} digits, at most {most} functions"):
            evaluate_precisely(term * fitting + "1", digits)
        assert time.process_time() - began < 0.1
    began = time.process_time()
    evaluate_precisely(term * min(most, fitting) + "1", digits)
    assert time.process_time() - began < 10


async def test_dear_expressions_wait_for_each_other_and_hold_up_nobody_else() -> None:
    dear = asyncio.gather(*(math_task("+".join(["3**.7"] * 25), 1000) for _ in range(8)))
    gaps, last = [], time.monotonic()
    while not dear.done():
        await asyncio.sleep(0.01)
        gaps.append(time.monotonic() - last)
        last = time.monotonic()
    assert len(set(await dear)) == 1
    assert max(gaps) < 1


def test_polynomials_of_many_digits_are_cheap() -> None:
    assert evaluate_precisely("+".join(["1.5**2"] * 100), 1000) == "225"
