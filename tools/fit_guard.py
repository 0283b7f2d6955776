"""Fit the classifier of the guard: labelled texts in, a file of weights for each language out.

python -m tools.fit_guard            fit, and write chat_service/knowledge/*/classifier.bin
python -m tools.fit_guard --check    judge each text by weights that have not seen it, and write nothing
"""

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from itertools import chain
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import yaml
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from chat_service.characters import simplify
from chat_service.classifier import IDEAS, STEPS, WORDS, idea_places, pair_places, word_places
from chat_service.knowledge import Knowledge, load_knowledge
from chat_service.knowledge.load import FOLDER
from chat_service.passage import SENTENCE_END, Passage

ROOT = Path(__file__).parents[1]
SENTENCES, EXAMPLES = ROOT / "tools" / "sentences", ROOT / "tests" / "unit"
LOOSENESS = 30.0
"""C of the regression; from 10 to 100 the result is the same."""
EMPHASIS = 3
"""How often an example of the guard's tests counts: these have to be judged rightly."""
ROUNDS = 4
CONVINCED = 0.8
"""From this probability on a sentence of an unsound text counts as unsound beside the worst one."""
SAID = ("paragraphs", "summaries", "actions", "specialists", "subtypes", "statements", "chat")
SENTENCE, FEWEST = re.compile(r"[^\d{}]+[.!?\u0964]"), 4
"""How a sentence of the knowledge base looks, and how many words it has at least."""
FOLDS = 5
LOST = (0.02, 0.05, 0.1)
"""Shares of sound texts that may be refused, at which is said how many unsound ones are found."""
MOST = 127
"""Steps of a weight at most."""

Features = dict[int, float]
Floats = npt.NDArray[np.float64]


class Text(NamedTuple):
    """A labelled text: the features of its sentences, of an unsound one only those that may be at fault."""

    language: str
    sound: bool
    sentences: list[Features]


class Reader:
    """Reads texts; the words of a language have places of their own, ideas are common to all languages."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.languages = sorted(knowledge.languages)
        self.size = IDEAS + len(self.languages) * WORDS
        self._knowledge = knowledge

    def texts(self, language: str, emphasis: int = 1) -> list[Text]:
        """Return the labelled texts of a language, the examples of the guard's tests so many times.

        A sentence that stands in a sound text makes no other text unsound.
        """
        sound = (
            _examples("acceptable", language) * emphasis + _sentences("sound", language) + _facts(language)
        )
        unsound = _examples("unacceptable", language) * emphasis + _sentences("unsound", language)
        innocent = {sentence for text in sound for sentence in _split(text)}
        texts = [self.read(language, text, sound=True) for text in sound]
        texts += [self.read(language, text, sound=False, innocent=innocent) for text in unsound]
        return [text for text in texts if text.sentences]

    def read(self, language: str, text: str, *, sound: bool, innocent: Set[str] = frozenset()) -> Text:
        """Return a text without those of its sentences that are innocent."""
        sentences = [each for each in _split(text) if each not in innocent]
        passage = Passage(sentences, self._knowledge.languages[language].words)
        features = [self._features(language, passage, sentence) for sentence in passage.sentences]
        return Text(language, sound, features)

    def first(self, language: str) -> int:
        """Return the first place of the words of a language."""
        return IDEAS + self.languages.index(language) * WORDS

    def _features(self, language: str, passage: Passage, sentence: range) -> Features:
        said = passage.said(sentence)
        alone = (place for word in said for place in word_places(word))
        words = Counter(place + self.first(language) for place in chain(alone, pair_places(said)))
        ideas = Counter(idea_places(passage.meant(sentence)))
        return {place: n / sqrt(kind.total()) for kind in (words, ideas) for place, n in kind.items()}


def _examples(name: str, language: str) -> list[str]:
    """Return the texts of the guard's tests, once each."""
    content = yaml.safe_load((EXAMPLES / f"{name}_{language}.yaml").read_text("utf-8"))
    return list(dict.fromkeys(_strings(content)))


def _sentences(name: str, language: str) -> list[str]:
    return (SENTENCES / language / f"{name}.txt").read_text("utf-8").splitlines()


def _facts(language: str) -> list[str]:
    """Return what the knowledge base says without numbers or gaps; models say it in other words."""
    contents = (yaml.safe_load((FOLDER / language / f"{name}.yaml").read_text("utf-8")) for name in SAID)
    sentences = {part for content in contents for text in _strings(content) for part in _split(text)}
    return sorted(part for part in sentences if SENTENCE.fullmatch(part) and len(part.split()) >= FEWEST)


def _split(text: str) -> list[str]:
    return [part for part in SENTENCE_END.split(simplify(text).strip()) if part]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


class Fit:
    """Weights for all languages together. A text is unsound if one of its sentences is.

    Where several may be, the worst one is taken: in the first round by what texts with only one teach.
    """

    def __init__(self, texts: Sequence[Text], size: int) -> None:
        sound = _matrix([each for text in texts if text.sound for each in text.sentences], size)
        unsound = [text.sentences for text in texts if not text.sound]
        suspects = _matrix([each for text in unsound for each in text], size)
        starts = np.cumsum([0, *map(len, unsound)])[:-1]
        chosen = np.flatnonzero([len(each) == 1 for each in unsound for _ in each])
        for _ in range(ROUNDS):
            labels = np.r_[np.zeros(sound.shape[0]), np.ones(len(chosen))]
            model = LogisticRegression(C=LOOSENESS, max_iter=3000).fit(
                vstack([sound, suspects[chosen]]), labels
            )
            chance = model.predict_proba(suspects)[:, 1]
            texts_apart = np.split(chance, starts[1:])
            worst = [start + part.argmax() for start, part in zip(starts, texts_apart, strict=True)]
            chosen = np.union1d(worst, np.flatnonzero(chance > CONVINCED))
        self.bias: float = model.intercept_[0]
        self.weights: Floats = model.coef_[0]

    def doubt(self, text: Text) -> float:
        """Return the log-odds of the worst sentence of a text."""
        sums = (sum(self.weights[place] * value for place, value in each.items()) for each in text.sentences)
        return float(self.bias + max(sums, default=0.0))


def _matrix(rows: Sequence[Features], size: int) -> csr_matrix:
    values = [value for row in rows for value in row.values()]
    places = [place for row in rows for place in row]
    return csr_matrix((values, places, np.cumsum([0, *map(len, rows)])), shape=(len(rows), size))


def write(fit: Fit, reader: Reader) -> None:
    """Write the weights of each language as signed bytes."""
    for language in reader.languages:
        first = reader.first(language)
        own = np.r_[fit.bias, fit.weights[first : first + WORDS], fit.weights[:IDEAS]]
        path = FOLDER / language / "classifier.bin"
        new = path.with_suffix(".new")
        new.write_bytes(np.clip(np.rint(own * STEPS), -MOST, MOST).astype(np.int8).tobytes())
        os.replace(new, path)


def check(texts: Sequence[Text], size: int) -> None:
    """Print how many unsound texts are found by weights that were not fitted to them."""
    folds = np.arange(len(texts)) % FOLDS
    doubts = np.zeros(len(texts))
    for fold in range(FOLDS):
        fit = Fit([text for text, own in zip(texts, folds, strict=True) if own != fold], size)
        for at in np.flatnonzero(folds == fold).tolist():
            doubts[at] = fit.doubt(texts[at])
    for language in sorted({text.language for text in texts}):
        own = np.array([text.language == language for text in texts])
        is_sound = np.array([text.sound for text in texts])
        sound, unsound = doubts[own & is_sound], doubts[own & ~is_sound]
        shares = {lost: (unsound > np.quantile(sound, 1 - lost)).mean() for lost in LOST}
        found = ", ".join(f"{share:.0%} of {len(unsound)} at {lost:.0%}" for lost, share in shares.items())
        print(f"{language}: unsound texts found, at sound ones of {len(sound)} lost: {found}")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.fit_guard", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="judge texts by weights that have not seen them")
    only_check = parser.parse_args().check
    reader = Reader(load_knowledge())
    emphasis = 1 if only_check else EMPHASIS
    texts = [text for language in reader.languages for text in reader.texts(language, emphasis)]
    if only_check:
        check(texts, reader.size)
    else:
        write(Fit(texts, reader.size), reader)
    return 0


if __name__ == "__main__":
    sys.exit(main())
