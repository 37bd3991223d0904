"""Interleaved rounds: each contender runs once per round, so that load spikes affect all alike."""

import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields

from bench.meter import Sample


@dataclass(frozen=True)
class RoundResults:
    """Medians over the rounds, and the rate of each round."""

    median: Sample
    rates: list[float]

    def as_dict(self) -> dict[str, float | list[float]]:
        """Return the values for the JSON file."""
        return {**asdict(self.median), "rates": self.rates}


def interleaved(
    title: str, measures: dict[str, Callable[[], Sample]], rounds: int
) -> dict[str, RoundResults]:
    """Measure all contenders in each round, printing progress."""
    samples: dict[str, list[Sample]] = {name: [] for name in measures}
    in_turn = list(measures.items())
    for number in range(1, rounds + 1):
        for name, measure in in_turn:
            progress(f"{title}: round {number}/{rounds}: {name}")
            samples[name].append(measure())
        in_turn.reverse()  # cancels slow drifts and effects of the previous contender
    progress("")
    return {name: summarize(found) for name, found in samples.items()}


def progress(text: str) -> None:
    """Show progress on one line of the terminal, or in a line each without one."""
    if sys.stderr.isatty():
        print(f"\r{text:<78}\r", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def summarize(samples: list[Sample]) -> RoundResults:
    """Summarize the rounds of one contender."""
    medians = {
        one.name: statistics.median(getattr(sample, one.name) for sample in samples)
        for one in fields(Sample)
    }
    return RoundResults(Sample(**medians), [round(sample.rate, 1) for sample in samples])
