"""A run keeps its model where the study says so."""

from pathlib import Path

import numpy as np
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mixtura.train.encoder import Classifier
from mixtura.train.runs import keep_model
from trainings import ENCODER, LABELS, TEXTS, trained


def test_a_kept_model_predicts_the_same_and_replaces_an_older_one(
    encoder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "older").touch()
    classifier = trained(encoder, steps=4)
    keep_model(str(folder), classifier)
    keep_model(None, classifier)
    assert sorted(tmp_path.iterdir()) == [folder] and not (folder / "older").exists()
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    products = classifier.dtype
    again = Classifier(model, tokenizer, LABELS, ENCODER.max_length, classifier.steps, products)
    np.testing.assert_array_equal(again.probabilities(TEXTS), classifier.probabilities(TEXTS))
