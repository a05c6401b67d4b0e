"""FAISS's side of exact.ts: a flat index of inner products."""

import json
import sys

import faiss
import numpy

from steps import answer_steps

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
answer_steps({"version": faiss.__version__, "found": found}, search)
