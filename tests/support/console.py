"""Console sessions in documents: what is typed there, and what it answers.

$ a command
> its second line
what it answers
"""

import re
import subprocess

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
END = "\x1e"  # between the answers of two commands


def commands_of(document):
    """The commands of a document's sessions, each with the answer that is shown."""
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
    """Type the commands into one shell; what each of them answers."""
    script = "".join(f"{command}\nprintf '{END}'\n" for command in commands)
    done = subprocess.run(
        ["bash"], input=script, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stderr == ""
    return done.stdout.split(END)[:-1]
