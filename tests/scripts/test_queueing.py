"""What the queue in thought shows of the forecast: foreseeing arrivals is what makes it honest."""

import pytest

from scripts.load.queueing import Case, Queue, judged

FEW_BROWSERS = Case("a dozen browsers", people=12, many=20, pause_s=0.3, until_s=70)
BY_CHANCE = Case("by chance", rate=2.9, many=25, until_s=80)


def error_and_lean(case: Case, *, foreseen: bool) -> tuple[float, float]:
    """Of what was promised to the one with many, over a few seeds."""
    asked = [each for seed in range(4) for each in Queue(case, seed, foreseen).run()]
    row = judged([each for each in asked if each.client == "many"], case.until_s)
    return row["median_error"], row["median_lean"]


@pytest.mark.parametrize("case", [FEW_BROWSERS, BY_CHANCE])
def test_whom_others_overtake_is_promised_the_time_it_takes(case: Case) -> None:
    error, lean = error_and_lean(case, foreseen=True)
    assert error <= 0.25
    assert abs(lean) <= 0.15
    blind_error, blind_lean = error_and_lean(case, foreseen=False)
    assert blind_error > 1.5 * error
    assert blind_lean < -0.3


def test_where_nobody_else_comes_it_makes_no_difference() -> None:
    case = Case("nobody else", many=30)
    assert error_and_lean(case, foreseen=True)[0] <= 0.1


def test_everybody_is_answered_once_and_in_the_order_of_their_own() -> None:
    asked = Queue(FEW_BROWSERS, 1, foreseen=True).run()
    mine = [each for each in asked if each.client == "many"]
    assert len(mine) == FEW_BROWSERS.many
    assert [each.claimed_s for each in mine] == sorted(each.claimed_s for each in mine)
    assert all(each.at_s <= each.claimed_s < each.ends_s for each in asked)
