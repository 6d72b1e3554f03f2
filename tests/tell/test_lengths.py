"""How long models are trained, in words."""

from mixtura.infer.settings import TrainingLength
from mixtura.tell.lengths import lengths_text


def test_models_of_one_regime_share_a_sentence() -> None:
    lengths = {
        name: TrainingLength(weights="gpt2", regime=regime)
        for name, regime in (("a", "steps"), ("b", "steps"), ("c", "real_passes"))
    }
    text = lengths_text(lengths)
    assert "Training of a, b (regime steps): " in text
    assert "Training of c (regime real_passes): every mix sees its real rows as often" in text
