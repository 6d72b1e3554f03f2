"""Embeddings of texts by the gradients that they have in a small language model.

What a model would learn of two texts is alike where their gradients point the same way. By the
Vendi score of such embeddings data are diverse as G-Vendi has it (Jung et al. 2025,
arXiv:2505.20161).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 1024  # dimensions after projection, as in the paper
LONGEST = 512  # tokens of a text; the rest is cut
SEED = 0  # of the projection: embeddings of one model are comparable everywhere


def gradient_embeddings(
    texts: Sequence[str], folder: str, width: int = WIDTH
) -> NDArray[np.float32]:
    """(n, width) unit vectors: the gradient of each text's mean loss, projected at random.

    `folder` is that of a causal language model. The projection is a count sketch, whose scalar
    products are those of the gradients in expectation (Charikar et al. 2002): a weight adds to one
    dimension, with a sign; both are drawn once. Takes 4 bytes a weight beside model and gradient.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).eval()
    longest = min(LONGEST, getattr(model.config, "max_position_embeddings", LONGEST))
    start = tokenizer("").input_ids or [tokenizer.eos_token_id]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    random = torch.Generator().manual_seed(SEED)
    # A place in the second half is one in the first with the other sign.
    places = [
        torch.randint(2 * width, (weight.numel(),), generator=random, dtype=torch.int32).to(device)
        for weight in weights
    ]
    result = np.empty((len(texts), width), dtype=np.float32)
    for row, text in enumerate(texts):
        ids = [*start, *tokenizer(text, add_special_tokens=False).input_ids]
        ids = [*ids[: longest - 1], tokenizer.eos_token_id]
        batch = torch.tensor([ids], device=device)
        gradients = torch.autograd.grad(
            model(input_ids=batch, labels=batch).loss, weights, allow_unused=True
        )
        sketch = torch.zeros(2 * width, device=device)
        for place, gradient in zip(places, gradients, strict=True):
            if gradient is not None:
                sketch.index_add_(0, place, gradient.flatten())
        vector = sketch[:width] - sketch[width:]
        result[row] = torch.nn.functional.normalize(vector, dim=0).cpu().numpy()
    return result
