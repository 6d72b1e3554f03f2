"""A model that reads a text whole and writes another, such as a translation, in this process."""

from typing import Any

from mixtura.generate.backends.transformers import TransformersBackend


class Seq2seqBackend(TransformersBackend):
    """An encoder-decoder of transformers (Marian and its like); its prompt is the text alone."""

    kind = "AutoModelForSeq2SeqLM"
    side = "right"  # positions of these encoders count from the first token, padding or not

    def __init__(self, folder: str | None, *arguments: Any, **options: Any) -> None:
        """Load the model as other backends do.

        Raises ValueError where it has several target languages, of which none can be named here.
        """
        super().__init__(folder, *arguments, **options)
        if hasattr(self.tokenizer, "src_lang"):
            raise ValueError(
                f"the model in {folder} translates between many languages, and backend seq2seq "
                "names none; use a model of one direction, such as opus-mt"
            )
        self.ends_itself, self.has_cache = True, False
        # Marian would end an answer that has no room left as if it were whole.
        self.model.generation_config.forced_eos_token_id = None

    def _shared(self, new_tokens: int) -> int:
        """None: text and answer have a context each."""
        return 0

    def _first(self, batch: object) -> int:
        """Tokens before the first new one: the mark that a decoder starts with."""
        return 1
