"""Seconds that a job of a rule takes, until one was measured."""

TYPICAL = {
    "generate": 90,
    "classify": 60,
    "translate": 60,
    "finetune": 30,
    "finetune_causal": 120,
    "finetune_setfit": 60,
    "evaluate_lm": 120,
    "tune": 15,
    "perplexity": 30,
    "model": 30,
    "embed": 15,
    "embed_real": 15,
    "task": 15,
}
SHORT = 4  # of any other rule
