"""Writes the node tests of the ONNX standard into a folder, for scripts/check-node-tests.mjs.

    python scripts/reference/onnx_node_tests.py /tmp/node-tests

Each test becomes NAME.onnx and NAME.json: the inputs and right outputs as [dtype, shape, bytes in base64]. Tests whose
inputs or outputs are not plain tensors (sequences, optionals, strings) are listed in skipped.json. Needs onnx 1.16 or later.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
from onnx.backend.test.case.node import collect_testcases

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def packed(value):
    if not isinstance(value, np.ndarray) and not np.isscalar(value):
        return None
    array = np.asarray(value)
    if array.dtype.name not in ("float32", "float64", "float16", "int64", "int32", "bool"):
        return None
    if array.dtype.name in ("float64", "float16"):
        array = array.astype(np.float32)
    return [array.dtype.name, list(array.shape), base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()]


skipped = []
count = 0
for case in collect_testcases(None):
    inputs, outputs = case.data_sets[0]
    graph = case.model.graph
    values = {
        "inputs": {info.name: packed(value) for info, value in zip(graph.input, inputs)},
        "outputs": {info.name: packed(value) for info, value in zip(graph.output, outputs)},
    }
    if any(value is None for group in values.values() for value in group.values()):
        skipped.append(case.name)
        continue
    (folder / f"{case.name}.onnx").write_bytes(case.model.SerializeToString())
    # limn computes in float32, so that its results lack the rounding of half precision.
    halves = any(np.asarray(value).dtype == np.float16 for value in [*inputs, *outputs])
    limits = {"rtol": 5e-3, "atol": 5e-3} if halves else {"rtol": case.rtol, "atol": case.atol}
    (folder / f"{case.name}.json").write_text(json.dumps({**values, **limits}))
    count += 1
(folder / "skipped.json").write_text(json.dumps(skipped))
print(f"{count} tests written, {len(skipped)} passed over: their values are no tensors of float, int64, int32 or bool.")
