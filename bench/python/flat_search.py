"""FAISS's side of exact.mjs: a flat index of inner products."""

import json
import resource
import sys
import time

import faiss
import numpy

options = json.loads(sys.argv[1])
count, queries, width = options["count"], options["queries"], options["width"]
faiss.omp_set_num_threads(options["threads"])
rows = numpy.fromfile(options["file"], dtype=numpy.float32).reshape(-1, width)
asked = rows[count:].copy()
index = faiss.IndexFlatIP(width)
index.add(rows[:count])
del rows


def search(query):
    at = query % queries
    return index.search(asked[at : at + 1], 10)


found = [search(query)[1][0].tolist() for query in range(queries)]
print(json.dumps({"version": faiss.__version__, "found": found}), flush=True)
done = 0
for line in sys.stdin:
    times = []
    before = time.process_time()
    for _ in range(json.loads(line)["steps"]):
        started = time.perf_counter()
        search(done)
        times.append(1000 * (time.perf_counter() - started))
        done += 1
    cpu = 1000 * (time.process_time() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"times": times, "cpu": cpu, "peakBytes": peak}), flush=True)
