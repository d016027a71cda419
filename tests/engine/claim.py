"""The exactness claim as a program: `python -m tests.engine.claim` exits with 0 where it holds, with 1 where it fails.

It tests the first `tickfold` on the path, which may be a copy of the engine with a fault.
"""

from hypothesis import HealthCheck, Phase, given, settings

from tests.engine.random_runs import Case, assert_as_reference, assert_same, cases, random_strategies


@settings(
    max_examples=400,  # the fault that is hardest to find takes 283
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # one counterexample is enough, however large
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
@given(cases(random_strategies()))
def folded_equals_one_pass_equals_reference(case: Case) -> None:
    whole = case.whole()
    assert_same(whole, case.folded().outcome)
    assert_same(whole, case.folded(len(case.bars)).outcome)
    assert_as_reference(whole.statement, case)


if __name__ == "__main__":
    folded_equals_one_pass_equals_reference()
