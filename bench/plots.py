"""Plots of the results: throughput by clients and strategy, and compared with the peers."""

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

FOLDER = Path("docs/images")


def draw(results: dict) -> None:
    """Write both plots as SVG."""
    FOLDER.mkdir(exist_ok=True)
    plt.rcParams["svg.hashsalt"] = "figures"
    throughput(results["strategies"], FOLDER / "throughput.svg")
    comparison(results["peers"], FOLDER / "peers.svg")


def throughput(strategies: dict, path: Path) -> None:
    """Plot requests/s by number of clients, one line per strategy."""
    figure, axes = plt.subplots(figsize=(8, 5))
    clients = [int(number) for number in strategies]
    for name in strategies[str(clients[0])]:
        rates = [strategies[str(number)][name]["rate"] for number in clients]
        axes.plot(clients, rates, marker="o", linewidth=3 if name == "adaptive" else 1, label=name)
    axes.set(xlabel="clients", ylabel="requests/s", xticks=clients, ylim=(0, None))
    axes.set_title("GET /?city=London, one worker of 16 threads")
    axes.legend(fontsize="small")
    save(figure, path)


def comparison(peers: dict, path: Path) -> None:
    """Plot requests/s of the service and the peers, one panel per operation."""
    figure, panels = plt.subplots(1, len(peers), figsize=(13, 4.2))
    for axes, (what, part) in zip(panels, peers.items(), strict=True):
        names = list(reversed(part))
        colors = ["tab:blue" if name == "adaptive" else "tab:gray" for name in names]
        axes.barh(names, [part[name]["rate"] for name in names], color=colors)
        axes.set_title({"city": "/?city=London", "one": "one student", "page": "page of 100"}[what])
        axes.set_xlabel("requests/s")
    save(figure, path)


def save(figure, path: Path) -> None:
    """Write the file; identical results produce identical bytes."""
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
