"""Settings of a language model: what its answers depend on, apart from how its engine is run."""

from typing import Any, TypeVar

from mixtura.core.contents import Contents
from mixtura.core.packages import version_in
from mixtura.core.settings import Settings
from mixtura.generate.settings import (
    LanguageModel,
    OpenaiModel,
    OpenaiOptions,
    PromptedModel,
    Running,
    Sampling,
    TokenPrices,
    VllmModel,
    VllmOptions,
)
from mixtura.generate.templates import template_text
from mixtura.study.generators import Openai
from mixtura.study.study import Study

S = TypeVar("S", bound=Settings)


def judge_model(study: Study, name: str) -> LanguageModel:
    """What the answers of a judge depend on: its prompts are made by the stage that asks it."""
    generator = study.generators[name]
    return LanguageModel(
        model=generator.model,
        backend=generator.backend,
        vllm=_part(VllmModel, generator.vllm),
        openai=_part(OpenaiModel, generator.openai),
        format=generator.format,
        system=generator.system,
        chat_template=generator.chat_template,
        structured=generator.structured,
        batch_size=generator.batch_size,
        sampling=generator.sampling,
    )


def prompted_model(
    study: Study, name: str, template: str | None = None, sampling: Sampling | None = None
) -> PromptedModel:
    """What the answers of a generator depend on: not how its engine is run.

    `template` (a name or file) and `sampling` are those of a pipeline that has its own.
    """
    generator = study.generators[name]
    template = template or generator.template(study.task.kind, generator.prompt)
    model = dict(judge_model(study, name))
    if sampling:
        model["sampling"] = sampling
    tidy = generator.format == "chat" if generator.tidy is None else generator.tidy
    prompt = template_text(template, study.task.language)
    return PromptedModel(**model, prompt=prompt, shots=generator.shots, tidy=tidy)


def engine_options(study: Study, name: str) -> Running:
    """How the engine of a generator (or judge) is run: changes no answer."""
    generator = study.generators[name]
    return Running(
        vllm=_part(VllmOptions, generator.vllm), openai=_part(OpenaiOptions, generator.openai)
    )


def engine_content(study: Study, name: str, contents: Contents) -> str:
    """Digest of the adapter of a generator (or judge), and the version of vLLM where it counts."""
    vllm = study.generators[name].vllm
    if not vllm:
        return ""
    version = version_in(vllm.python, "vllm") if study.packages == "rerun" else None
    return " ".join(filter(None, [contents.digest(vllm.adapter), version and f"vllm {version}"]))


def token_prices(server: Openai) -> TokenPrices:
    """What the tokens of a server cost, of batches less."""
    prices = TokenPrices(**server.model_dump(include=set(TokenPrices.model_fields)))
    return prices.times(server.batch_price) if server.batch else prices


def _part(model: type[S], section: Settings | None) -> S | None:
    """The keys of a section that a model of the stage has."""
    return model(**section.model_dump(include=set(model.model_fields))) if section else None


def plain(section: Any) -> dict[str, Any]:
    """A section as a dictionary."""
    if isinstance(section, dict):
        return section
    plain: dict[str, Any] = section.model_dump(mode="json", by_alias=True)
    return plain
