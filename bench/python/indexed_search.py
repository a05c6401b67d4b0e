"""FAISS's side of indexed.ts: inverted lists of whole vectors, by inner product."""

import json
import math
import sys

import faiss
import numpy

from steps import answer_steps

options = json.loads(sys.argv[1])
count, queries, width = options["count"], options["queries"], options["width"]
faiss.omp_set_num_threads(options["threads"])
with open(options["nearest"]) as file:
    nearest = [set(ids) for ids in json.load(file)]
rows = numpy.fromfile(options["file"], dtype=numpy.float32).reshape(-1, width)
asked = rows[count:].copy()
lists = round(math.sqrt(count))
index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, lists, faiss.METRIC_INNER_PRODUCT)
index.train(rows[:count])
index.add(rows[:count])
del rows


def search(query):
    at = query % queries
    return index.search(asked[at : at + 1], 10)


def found():
    return [search(query)[1][0].tolist() for query in range(queries)]


def recall():
    return sum(len(nearest[query] & set(ids)) for query, ids in enumerate(found())) / (10 * queries)


index.nprobe = 1
while index.nprobe < lists and recall() < options["recall"]:
    index.nprobe = min(lists, math.ceil(1.25 * index.nprobe))
about = {"version": faiss.__version__, "found": found(), "lists": lists, "looked": index.nprobe}
answer_steps(about, search)
