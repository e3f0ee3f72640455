"""The simulator's tables from operator to code have the keys that the table of operators gives."""

from quantlab.deploy.simulator.moves import MOVES
from quantlab.deploy.simulator.operators import KERNELS, TO_FLOAT
from quantlab.numerics.integer_operators import INTEGER_OPERATORS

SIMULATED = [operator for operator in INTEGER_OPERATORS.values() if operator.simulated]


def test_every_kernel_is_there_and_no_other():
    assert set(KERNELS) == {o.name for o in SIMULATED if o.computes}


def test_every_operator_that_moves_integers_is_there_and_no_other():
    assert set(MOVES) == {o.name for o in SIMULATED if o.moves}


def test_those_that_need_no_quantizer_behind_them_have_a_way_to_float():
    assert set(TO_FLOAT) == {o.name for o in SIMULATED if o.computes and not o.integers_only}
