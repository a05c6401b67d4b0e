"""The other end of sides.ts in Python, as answer-steps.ts is in Node: a line asks for steps, a line tells how long they took."""

import json
import resource
import sys
import time


def answer_steps(ready: dict, step) -> None:
    """Says what is ready, and then does step(0), step(1), ... as often as it is asked to."""
    print(json.dumps(ready), flush=True)
    done = 0
    for line in sys.stdin:
        times = []
        before = time.process_time()
        for _ in range(json.loads(line)["steps"]):
            started = time.perf_counter()
            step(done)
            times.append(1000 * (time.perf_counter() - started))
            done += 1
        cpu = 1000 * (time.process_time() - before)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"times": times, "cpu": cpu, "peakBytes": peak}), flush=True)
