"""Runs the console sessions in the documentation, which have this form:

$ a command
> its second line
its output
"""

import re
import subprocess

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
END = "\x1e"  # separates the outputs of two commands


def commands_of(document):
    """Return the commands of a document's console sessions, each with the output shown."""
    found = []
    for line in "".join(BLOCK.findall(document.read_text())).splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif line.startswith("> "):
            found[-1][0] += "\n" + line[2:]
        else:
            found[-1][1] += line + "\n"
    return [tuple(pair) for pair in found]


def answers_to(commands, folder):
    """Run the commands in one shell; returns the output of each."""
    script = "".join(f"{command}\nprintf '{END}'\n" for command in commands)
    done = subprocess.run(
        ["bash"], input=script, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stderr == ""
    return done.stdout.split(END)[:-1]
