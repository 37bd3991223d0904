"""What the benchmark says of a ratio."""

from bench.targets import Ratio, ratios


def suite_of(**rates):
    return {name: {"rates": values, "memory": 40} for name, values in rates.items()}


def test_a_ratio_is_the_median_of_its_rounds_and_not_of_all_figures():
    found = {"safety": suite_of(adaptive=[100, 10, 100], NoCheck=[100, 20, 50])}

    (ratio, *_) = ratios(found)

    assert ratio.values == [1, 0.5, 2]
    assert ratio.median == 1


def test_a_missed_target_says_by_how_much():
    assert Ratio("a / b", [0.5], 1.0).row().endswith("| at least 1 | **missed** by 50% |")
    assert Ratio("a / b", [1.5], 1.0, is_most=True).row().endswith("**missed** by 50% |")
    assert Ratio("a / b", [1.0], 1.0).row().endswith("| met |")


def test_a_ratio_without_a_bound_is_told_and_not_judged():
    assert Ratio("a / b", [1.0], None).row() == "| a / b | 1.00 |  |  |  |"


def test_what_was_not_measured_is_left_out():
    assert not [it for it in ratios({}) if "make bench" not in it.name]
