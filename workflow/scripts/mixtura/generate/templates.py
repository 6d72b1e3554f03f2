"""Prompt templates: files of Jinja2, checked before anything runs."""

from importlib import resources
from pathlib import Path
from typing import Any

from mixtura.core.files import text_of

# What a template may show: of every prompt, and of the dials (nothing where a dial is another).
FIELDS = ("label", "noun", "examples", "context", "structured", "texts")
DIAL_FIELDS: dict[str, Any] = {
    **dict.fromkeys(("topic", "persona", "source", "below")),
    **dict.fromkeys(("hints", "taboo"), ()),
}


PROMPTS = resources.files("mixtura.generate").joinpath("prompts")
ENGLISH = "en"


def built_in_languages() -> list[str]:
    """Languages that the templates of the package are written in, ISO 639-1."""
    return sorted(folder.name for folder in PROMPTS.iterdir() if folder.is_dir())


def built_in_templates(language: str = ENGLISH) -> list[str]:
    """Names of the templates in the package."""
    files = PROMPTS.joinpath(language).iterdir()
    return sorted(file.name.removesuffix(".j2") for file in files if file.name.endswith(".j2"))


def template_text(name: str, language: str = ENGLISH) -> str:
    """Text of a built-in template, or of a template file when `name` ends in .j2.

    A built-in one is in the language, where the package has it, or else in English.
    """
    if name.endswith(".j2"):
        return text_of(name)
    folder = language if language in built_in_languages() else ENGLISH
    return PROMPTS.joinpath(folder, f"{name}.j2").read_text("utf-8")


def template_of(kind: str, chat: bool) -> str:
    """Name of the built-in template of a kind of task, of paraphrases or of topics.

    A text with several labels is asked for as one with a single label.
    """
    kind = "classification" if kind == "multilabel" else kind
    return f"{kind}-chat" if chat else kind


def unknown_fields(name: str) -> list[str]:
    """Fields that a template shows and no built-in dial has.

    Raises ValueError where there is no such template, it is not whole or its syntax is wrong.
    """
    from jinja2 import TemplateSyntaxError, meta
    from jinja2.sandbox import SandboxedEnvironment

    if name.endswith(".j2"):
        if not Path(name).exists():
            raise ValueError(f"no template file {name!r}")
    elif name not in built_in_templates():
        raise ValueError(
            f"{name!r} is no template; allowed: {', '.join(built_in_templates())}, or a "
            "file that ends in .j2"
        )
    try:
        parsed = SandboxedEnvironment().parse(template_text(name))
        shown = meta.find_undeclared_variables(parsed)
    except TemplateSyntaxError as error:
        raise ValueError(f"{name!r}, line {error.lineno}: {error.message}") from None
    if list(meta.find_referenced_templates(parsed)):
        raise ValueError(f"{name!r} includes or extends another template; write all in one file")
    return sorted(shown - {*FIELDS, *DIAL_FIELDS})
