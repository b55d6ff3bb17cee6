"""CPU time of commands from a cold shell.

    python benchmarks/command_line.py LIBRARY QUERY.wav

Prints the median CPU seconds of `import tonotopy`, `tonotopy search QUERY`, a search by words and
`tonotopy info`, each run ten times in a process of its own.
"""

import os
import resource
import subprocess
import sys
from statistics import median

ROUNDS = 10


def cpu_seconds(command: list[str]) -> float:
    """Run a command and measure what it and its children took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main() -> None:
    """Measure and print."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    library, query = sys.argv[1:]
    os.environ["TONOTOPY_LIBRARY"] = library
    tonotopy = [sys.executable, "-c", "from tonotopy.cli import main; main()"]
    commands = {
        "python (nothing)": [sys.executable, "-c", ""],
        "import tonotopy": [sys.executable, "-c", "import tonotopy"],
        "search by sound": [*tonotopy, "search", query],
        "search by words": [*tonotopy, "search", "dog"],
        "info": [*tonotopy, "info"],
    }
    for name, command in commands.items():
        print(f"{name:20} {median(cpu_seconds(command) for _ in range(ROUNDS)):.3f} CPU s")


if __name__ == "__main__":
    main()
