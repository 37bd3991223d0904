"""Separate process that owns a program's firewall rules and removes them when the program ends.

Run as `python firewall_process.py`. Each line on standard input is a JSON list of rules and gets a
one-line reply. The rules carry this process's id in a comment. They are removed when standard input
closes, which the kernel does even if the program was killed. On startup, the process removes the
rules of earlier firewall processes that were killed. Uses only the standard library.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

SENT = "OUTPUT "
TAG = "fault-injection"
RULE = re.compile(rf"^-A ((?:INPUT|OUTPUT) .*--comment \"?{TAG}:(\d+)\"? .*)$", re.MULTILINE)
# `sudo -n` never prompts for a password.
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


def main() -> None:
    """Apply requested rules until standard input closes."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, signal.SIG_IGN)
    remove_rules(lambda pid: not _is_firewall_process(pid))
    for line in sys.stdin:
        try:
            apply(json.loads(line))
            reply = "done"
        except (subprocess.CalledProcessError, OSError) as error:
            reply = f"failed: {getattr(error, 'stderr', '') or error}".strip().replace("\n", " ")
        print(reply, flush=True)
    remove_rules(lambda pid: pid == os.getpid())


def apply(rules: list[str]) -> None:
    """Insert these rules before all others; an empty list removes all rules of this process.

    They apply to received packets, or to sent ones if a rule starts with OUTPUT.
    """
    if not rules:
        remove_rules(lambda pid: pid == os.getpid())
        return
    comment = f'-m comment --comment "{TAG}:{os.getpid()}"'
    _restore(
        f"-I OUTPUT 1 -o lo {comment} {sent}"
        if (sent := rule.removeprefix(SENT)) != rule
        else f"-I INPUT 1 -i lo {comment} {rule}"
        for rule in rules
    )


def remove_rules(is_selected: Callable[[int], bool]) -> None:
    """Remove the rules of all firewall processes whose id is selected."""
    saved = _run("iptables-save", "-t", "filter")
    _restore(f"-D {rule}" for rule, pid in RULE.findall(saved) if is_selected(int(pid)))


def _restore(lines: Iterable[str]) -> None:
    commands = "".join(f"{line}\n" for line in lines)
    if commands:
        _run("iptables-restore", "--noflush", "-w", stdin=f"*filter\n{commands}COMMIT\n")


def _run(*command: str, stdin: str = "") -> str:
    completed = subprocess.run(
        [*AS_ROOT, *command], input=stdin, capture_output=True, text=True, check=True
    )
    return completed.stdout


def _is_firewall_process(pid: int) -> bool:
    try:
        return b"firewall_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


if __name__ == "__main__":
    main()
