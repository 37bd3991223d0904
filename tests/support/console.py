"""Reads the console sessions in documents, and runs their commands in a shell.

$ a command
> its second line
the expected output
"""

import re
import subprocess

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
SEPARATOR = "\x1e"  # between the outputs of two commands


def commands_of(document):
    """Return the commands of a document's sessions as pairs of command and expected output."""
    found = []
    for line in "".join(BLOCK.findall(document.read_text())).splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif line.startswith("> "):
            found[-1][0] += "\n" + line[2:]
        else:
            found[-1][1] += line + "\n"
    return [tuple(pair) for pair in found]


def outputs_of(commands, folder):
    """Run the commands in one shell, in this folder, and return the output of each."""
    script = "".join(f"{command}\nprintf '{SEPARATOR}'\n" for command in commands)
    completed = subprocess.run(
        ["bash"], input=script, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert completed.stderr == ""
    return completed.stdout.split(SEPARATOR)[:-1]
