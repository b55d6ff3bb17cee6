"""The worker process: hears one file after another, and dies with the process that feeds it.

Tasks come by standard input and answers go by standard output, as `tonotopy.hearing.worker` says. A
thread watches standard input from the first moment on, so that a parent that is killed takes its
workers along: while they start, and from the middle of a long file.
"""

import os
import signal
import sys
import traceback
from queue import SimpleQueue
from threading import Thread

__all__ = ["main"]


def main() -> None:
    """Answer tasks until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    tasks: SimpleQueue[bytes] = SimpleQueue()

    def watch() -> None:
        for line in sys.stdin.buffer:
            tasks.put(line)
        os._exit(0)  # the parent is done, or dead

    Thread(target=watch, daemon=True).start()

    try:
        from tonotopy.hearing.worker import answer_all  # takes a while: we are watching already

        answer_all(tasks, answers)
    except Exception:
        traceback.print_exc()
    os._exit(1)  # Python's own way out would stumble over the thread that waits for input


if __name__ == "__main__":
    main()
