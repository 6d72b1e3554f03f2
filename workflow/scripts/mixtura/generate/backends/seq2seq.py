"""A model that reads a text whole and writes another, such as a translation, in this process."""

from pathlib import Path

from mixtura.core.settings import Precision
from mixtura.generate.backends.base import Completion
from mixtura.generate.backends.transformers import TransformersBackend
from mixtura.generate.settings import LanguageModel, Running, Sampling


class Seq2seqBackend(TransformersBackend):
    """An encoder-decoder of transformers (Marian and its like); its prompt is the text alone."""

    kind = "AutoModelForSeq2SeqLM"
    side = "right"  # positions of these encoders count from the first token, padding or not

    def __init__(
        self,
        folder: str | None,
        model: LanguageModel | None = None,
        running: Running | None = None,
        precision: Precision = "auto",
        resume: Path | None = None,
    ) -> None:
        """Load the model as other backends do.

        Raises ValueError where it has several target languages, of which none can be named here.
        """
        super().__init__(folder, model, running, precision, resume)
        if hasattr(self.tokenizer, "src_lang"):
            raise ValueError(
                f"the model in {folder} translates between many languages, and backend seq2seq "
                "names none; use a model of one direction, such as opus-mt"
            )
        self.ends_itself, self.has_cache = True, False
        # Marian would end an answer that has no room left as if it were whole.
        self.model.generation_config.forced_eos_token_id = None

    def complete(
        self, prompts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt; one that the model cannot read whole has a fault."""
        lengths = [len(ids) for ids in self.tokenizer(prompts).input_ids]
        room = self.context or max(lengths)
        fits = [place for place, length in enumerate(lengths) if length <= room]
        message = f"the text has more than the {room} tokens that the model reads"
        fault = Completion("", None, 0, 0, fault="prompt too long", message=message)
        completions = [fault] * len(prompts)
        if fits:
            done = super().complete([prompts[i] for i in fits], sampling, [seeds[i] for i in fits])
            for place, completion in zip(fits, done, strict=True):
                completions[place] = completion
        return completions

    def _check(self, prompt_tokens: int, new_tokens: int) -> None:
        """Prompt and answer have a context each."""
        if self.context and new_tokens > self.context:
            raise ValueError(
                f"sampling.max_new_tokens: {new_tokens}, but the model writes {self.context} "
                "tokens at most"
            )

    def _first(self, batch: object) -> int:
        """Tokens before the first new one: the mark that a decoder starts with."""
        return 1
