"""Interleaved rounds: every contender once in each round, so that a noisy minute hits all alike."""

import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields

from bench.meter import Sample


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds, and the spread of the rate."""

    median: Sample
    slowest: float
    fastest: float

    def as_dict(self) -> dict[str, float]:
        """For the JSON file."""
        return {**asdict(self.median), "slowest": self.slowest, "fastest": self.fastest}


def interleaved(
    title: str, measures: dict[str, Callable[[], Sample]], rounds: int
) -> dict[str, Figures]:
    """Measure all, several times over; prints progress."""
    samples: dict[str, list[Sample]] = {name: [] for name in measures}
    for number in range(1, rounds + 1):
        for name, measure in measures.items():
            print(f"{title}: round {number}/{rounds}: {name:24}", end="\r", file=sys.stderr)
            samples[name].append(measure())
    print(" " * 78, end="\r", file=sys.stderr)
    return {name: figures(found) for name, found in samples.items()}


def figures(samples: list[Sample]) -> Figures:
    """Summarize the rounds of one contender."""
    medians = {
        one.name: statistics.median(getattr(sample, one.name) for sample in samples)
        for one in fields(Sample)
    }
    rates = [sample.rate for sample in samples]
    return Figures(Sample(**medians), min(rates), max(rates))
