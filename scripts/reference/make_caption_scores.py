"""Writes test/fixtures/caption-scores.json: caption metrics of COCO's caption evaluation and of nltk for random sentences.

    pip install pycocoevalcap nltk
    python scripts/reference/make_caption_scores.py [--sentences FILE]

Without --sentences the sentences are drawn; FILE is a JSON list of {"caption", "references"}, all in small letters, words with
spaces between. nltk pairs repeated words from the back and not in the fewest chunks, so its METEOR is a lower bound there; its
WordNet is replaced by one without synonyms, and words of one or two letters are not stemmed. The fixture in the repository was
written with the scorers of tylin/coco-caption retyped for Python 3 in place of the package (docs/captions.md).
"""
import argparse
import json
import random
import sys
from pathlib import Path

from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import meteor_score
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

WORDS = (
    "is are has have a the with and more less no of longer shorter sleeve sleeves sleeved red blue dark darker black white "
    "pattern patterned patterns stripe stripes striped dot dotted floral print printed neck button buttons buttoned tighter "
    "looser fitted fitting colour colourful formally formal elegance elegant revealing revealed different conditional"
).split()


class Stemmer:
    porter = PorterStemmer(PorterStemmer.ORIGINAL_ALGORITHM)

    def stem(self, word):
        return word if len(word) <= 2 else self.porter.stem(word)


class NoSynonyms:
    def synsets(self, word):
        return []


def draw(count, seed=7):
    rng = random.Random(seed)
    sentence = lambda: [rng.choice(WORDS) for _ in range(rng.randint(1, 10))]
    drawn = []
    for _ in range(count):
        references = [sentence() for _ in range(rng.randint(1, 3))]
        caption = sentence()
        if rng.random() < 0.7:
            source = list(rng.choice(references))
            at = rng.randrange(len(source))
            caption = source[at:] + source[:at] if rng.random() < 0.5 else source[:at] + caption[:3]
        drawn.append({"caption": " ".join(caption), "references": [" ".join(words) for words in references]})
    return drawn


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sentences", type=Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("test/fixtures/caption-scores.json"))
    options = parser.parse_args()
    pairs = json.loads(options.sentences.read_text()) if options.sentences else draw(options.count)
    references = {i: pair["references"] for i, pair in enumerate(pairs)}
    captions = {i: [pair["caption"]] for i, pair in enumerate(pairs)}
    bleu = Bleu(4).compute_score(references, captions, verbose=0)[0]
    rouge, each_rouge = Rouge().compute_score(references, captions)
    cider, each_cider = Cider().compute_score(references, captions)
    for i, pair in enumerate(pairs):
        split = [text.split() for text in pair["references"]]
        meteor = meteor_score(split, pair["caption"].split(), stemmer=Stemmer(), wordnet=NoSynonyms())
        pair.update({"METEOR": meteor, "ROUGE-L": float(each_rouge[i]), "CIDEr-D": float(each_cider[i])})
    metrics = {f"BLEU-{n + 1}": float(value) for n, value in enumerate(bleu)} | {"ROUGE-L": float(rouge), "CIDEr-D": float(cider)}
    words = sorted({word for pair in pairs for text in [pair["caption"], *pair["references"]] for word in text.split()})
    stems = {word: Stemmer().stem(word) for word in words}
    options.out.write_text(json.dumps({"metrics": metrics, "stems": stems, "captions": pairs}) + "\n")
    print(metrics, file=sys.stderr)


main()
