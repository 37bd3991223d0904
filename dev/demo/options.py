"""The options of the demo: from the command line, otherwise from the environment."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.db.config import ConfigError
from app.db.strategies import STRATEGIES
from app.db.strategy import load_strategy
from dev.demo.faults import FAULTS

DEFAULTS = {
    "SECONDS": "60",
    "STRATEGIES": "single,pooled,sqlalchemy,adaptive",
    "SEED": "1",
    "FAULTS": ",".join(FAULTS),
}
LONGEST_SECONDS = 3600


@dataclass(frozen=True)
class Options:
    """How long the demo runs, what it compares, and the faults, in an order that `seed` selects."""

    seconds: float
    strategies: tuple[str, ...]
    faults: tuple[str, ...]
    seed: int
    record: Path | None = None


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Options:
    """Return the options; for one that cannot be used, print why and exit with status 2."""
    parser = argparse.ArgumentParser(
        prog="make demo",
        description="Compare strategies while faults strike their connections.",
        epilog="SECONDS, STRATEGIES, FAULTS, SEED and RECORD do the same as the options.",
    )
    values = {name: environment.get(name) or default for name, default in DEFAULTS.items()}
    parser.add_argument(
        "--seconds", type=_seconds, default=values["SECONDS"], help="duration; default: 60"
    )
    parser.add_argument(
        "--strategies",
        type=_strategies,
        default=values["STRATEGIES"],
        help=f"separated by commas; default: {DEFAULTS['STRATEGIES']}",
    )
    parser.add_argument(
        "--faults",
        type=_faults,
        default=values["FAULTS"],
        help=f"separated by commas; default: {DEFAULTS['FAULTS']}",
    )
    parser.add_argument(
        "--seed", type=_seed, default=values["SEED"], help="order of the faults; default: 1"
    )
    parser.add_argument(
        "--record",
        type=_file,
        default=environment.get("RECORD") or None,
        metavar="FILE.svg",
        help="also draw the demo as an animated picture",
    )
    return Options(**vars(parser.parse_args(arguments)))


def _seconds(text: str) -> float:
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_SECONDS:
        raise _unusable("SECONDS", text, f"use a whole number from 1 to {LONGEST_SECONDS}")
    return float(text)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise _unusable("SEED", text, "use a whole number")
    return int(text)


def _strategies(text: str) -> tuple[str, ...]:
    names = _names("STRATEGIES", text)
    for name in names:
        if name not in STRATEGIES and ":" not in name:
            choices = f"{', '.join(STRATEGIES)}, or package.module:Class"
            raise _unusable("STRATEGIES", text, f"{name!r} is unknown; use {choices}")
        try:
            load_strategy(name)
        except ConfigError as error:
            raise _unusable("STRATEGIES", text, error.allowed) from None
    return names


def _faults(text: str) -> tuple[str, ...]:
    names = _names("FAULTS", text)
    for name in names:
        if name not in FAULTS:
            raise _unusable("FAULTS", text, f"{name!r} is unknown; use {', '.join(FAULTS)}")
    return names


def _file(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir():
        raise _unusable("RECORD", text, f"the folder {path.parent} does not exist")
    return path


def _names(variable: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) < len(names):
        raise _unusable(variable, text, "use different names, separated by commas")
    return names


def _unusable(variable: str, text: str, allowed: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"{variable}={text!r}: {allowed}")
