"""Writes test/fixtures/pre-tokenizers.json: the parts that steps of a tokenizer.json split texts into.

    pip install tokenizers && python scripts/reference/make_tokenizer_fixtures.py

Each step is what Hugging Face's tokenizers write for it, and each text is given as the parts of it, without what a step leaves out.
"""

import json
from pathlib import Path

from tokenizers import Regex
from tokenizers import pre_tokenizers as pre

texts = [
    "  A-Red\tdress!! isn't 12\u00bd",
    "na\u00efve cafe\u0301 x\ufeffy \u2163 a\u00a0b\u3000c",
    "$5.50, (50%) a_b\u65e5\u672c\u8a9e\U0001f642 end. ",
]
behaviors = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
steps = [
    pre.Whitespace(),
    pre.WhitespaceSplit(),
    pre.BertPreTokenizer(),
    pre.Digits(individual_digits=False),
    pre.Digits(individual_digits=True),
    pre.CharDelimiterSplit("-"),
    *(pre.Punctuation(behavior) for behavior in behaviors),
    *(pre.Split(Regex(r"[\s,.]"), behavior) for behavior in behaviors),
    *(pre.Split(" ", behavior) for behavior in behaviors),
    *(pre.Split(Regex(r"\p{L}+"), behavior, invert=True) for behavior in behaviors),
    *(pre.Metaspace(prepend_scheme=scheme) for scheme in ("always", "never", "first")),
    pre.Metaspace(split=False),
    pre.Sequence([pre.WhitespaceSplit(), pre.Punctuation(), pre.Digits(individual_digits=True)]),
    pre.Sequence([pre.WhitespaceSplit(), pre.Metaspace()]),
]


def main() -> None:
    cases = []
    for step in steps:
        settings = json.loads(step.__getstate__())
        cases.append({"step": settings, "parts": [[part for part, _ in step.pre_tokenize_str(text)] for text in texts]})
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases)
    content = f'{{"texts": {json.dumps(texts)},\n"cases": [\n{lines}\n]}}\n'
    (Path(__file__).parents[2] / "test" / "fixtures" / "pre-tokenizers.json").write_text(content)


if __name__ == "__main__":
    main()
