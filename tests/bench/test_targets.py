"""Ratios of the benchmark and how they are compared with their targets."""

from bench.targets import Ratio, ratios


def suite_of(**rates):
    return {name: {"rates": values, "memory": 40} for name, values in rates.items()}


def test_a_ratio_is_the_median_of_the_ratios_of_each_round():
    results = {"check overhead": suite_of(adaptive=[100, 10, 100], NoCheck=[100, 20, 50])}

    (ratio, *_) = ratios(results)

    assert ratio.values == [1, 0.5, 2]
    assert ratio.median == 1


def test_a_missed_target_shows_by_how_much_it_was_missed():
    assert Ratio("a / b", [0.5], 1.0).row().endswith("| at least 1 | **missed** by 50% |")
    assert Ratio("a / b", [1.5], 1.0, is_maximum=True).row().endswith("**missed** by 50% |")
    assert Ratio("a / b", [1.0], 1.0).row().endswith("| met |")


def test_a_ratio_without_a_target_has_no_result():
    assert Ratio("a / b", [1.0], None).row() == "| a / b | 1.00 |  |  |  |"


def test_ratios_of_suites_that_were_not_measured_are_omitted():
    assert not [ratio for ratio in ratios({}) if "make bench" not in ratio.name]
