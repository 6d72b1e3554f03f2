"""What assistants put around the text that they were asked for, taken off."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cache

from mixtura.generate.phrases import REFUSALS
from mixtura.prepare.settings import Kind

REFUSAL = re.compile("|".join(REFUSALS), re.IGNORECASE)
SEVERAL = re.compile(r"\W{0,3}1\W{0,2}[.):].*^\W{0,3}2\W{0,2}[.):]", re.DOTALL | re.MULTILINE)
WRAPPINGS = (  # around all of the text: a fence of code, a tag
    re.compile(r"```\w*\n(?P<text>.*?)\n?```", re.DOTALL),
    re.compile(r"<(\w+)(?:\s[^<>]*)?>\s*(?P<text>.*?)\s*</\1>", re.DOTALL),
    re.compile(r"([*_])(?=[^\s*_])(?P<text>[^*_]+)(?<=\S)\1"),  # italics
)
QUOTES = tuple(map(tuple, ('""', "“”", "„“", "''", "‘’", "«»", "「」", "『』", "``")))
BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
NUMBER = re.compile(r"(?:\(?(?:\d{1,3}[.)]|[A-Ha-h]\))|[-*•>])\s+(?=\S)")
NAMES = ("text", "answer", "output", "example", "version", "sentence", "message", "question")
AGREED = (
    r"¡?(?:sure|certainly|of course|absolutely|okay|ok|great|understood|natürlich|gerne?|klar|"
    r"bien sûr|d'accord|volontiers|claro|por supuesto|当然|好的|ज़रूर|बिल्कुल|"
    r"بالتأكيد|بالطبع|حسن[اًٌ]*)[^\w\n:：]{1,3}\s*"
)
HERE = (
    r"(?:here(?:'s|’s| is| are)\b|below is\b|the following is\b|hier (?:ist|sind)\b|voici\b|"
    r"aquí (?:tienes|está[n]?|va)\b|以下是|下面是|这是|यहाँ |यह रहा |إليك|فيما يلي|هذا هو )"
)
ENDINGS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"\n+\W*(?:i hope (?:this|that) (?:helps|meets)|would you like (?:me|another|more)|"
        r"feel free to (?:ask|modify|adjust|use|customi[sz]e)|let me know if [^\n]{0,60}"
        r"\b(?:another|adjust|changes|examples?|variations?|versions?|modif|tone|revis)|"
        r"(?:please )?note(?: that)?\W*:|explanation\W*:|this (?:text|example|version) "
        r"(?:is|was|has been|reflects|captures)\b).*$",
        r"\s*[(\[]\W{0,3}(?:category|label|sentiment|class|intent|tone)\W{1,4}[^\n()\[\]]{1,60}"
        r"[)\]]\W{0,4}$",
        r"\n+\W{0,4}(?:category|label|sentiment|class|intent)\W{1,4}[^\n]{1,60}$",
        r"\n+[-*_=]{3,}\s*$",  # a ruled line
        r"(?:<\|\w+\|>|</s>|<end_of_turn>|<eos>)\s*$",  # an end that a server left in
        r"\s+(?:\(\d+ words\)|\W{0,3}word count\W{1,4}\d+[^\n]{0,20})\W?$",
        r"\n+\W{0,2}\((?:this|note|the above)\b[^\n]*\)\W{0,2}$",
        r"\n+\W*(?:ich hoffe,? (?:das|dieser)|lass(?:en sie)? mich wissen|j'espère que|"
        r"n'hésitez pas|espero que (?:te|le|esto)|希望(?:这|以上)|आशा है|آمل أن|أتمنى أن)[^\n]*$",
        r"\n+\W{0,4}(?:kategorie|catégorie|categoría|类别|श्रेणी|الفئة)\W{1,4}[^\n]{1,60}$",
    )
)


def tidy(text: str, kind: Kind, names: Sequence[str] = ()) -> tuple[str, str]:
    """(the text alone, "") of an assistant's answer, or (the answer, why it is rejected).

    `names` are words for the text (noun, labels), which may stand in what comes before it. Of an
    instruction with its response only what stands before both is taken off: the response may have
    headings, lists and phrases of its own.
    """
    bare = text.strip()
    if kind != "instruction" and REFUSAL.search(bare.replace("’", "'")):
        return text, "refusal"
    bare = _unwrapped(bare)
    for pattern in _openings(tuple(names)):
        bare = _unwrapped(_without(pattern, bare))
    if kind == "instruction":
        return BOLD.sub(r"\2", bare, count=2), ""
    if SEVERAL.match(bare):
        return text, "several texts"
    for pattern in (*ENDINGS, _label_after(tuple(names))):
        bare = pattern.sub("", bare).strip() or bare
    if kind != "text":
        bare = re.sub(r"^#{1,6} ", "", BOLD.sub(r"\2", bare))
    bare = _unquoted(bare)
    if kind in ("classification", "multilabel"):
        bare = _unquoted(_without(_label(tuple(names)), _without(NUMBER, bare)))
    return bare, ""


@cache
def _openings(names: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """What may stand before a text, in the order in which it is taken off."""
    words = "|".join(re.escape(name) for name in (*NAMES, *names))
    patterns = (
        rf"{AGREED}[^\n]{{0,100}}[:：]\s*\n+",
        r"(?:i'd|i would|i'll|i will) be (?:happy|glad) to\b[^\n]{0,100}[:!.]\s*\n+",
        r"(?:sure(?: thing)?|certainly|of course|no problem|here you go)[!.,]*\s*\n+",
        rf"(?:{AGREED})?{HERE}[^\n.!?]{{0,60}}\b(?:{words})s?\b[^\n.!?]{{0,60}}:\s*",
        rf"(?:{AGREED})?{HERE}[^\n.!?。]{{0,100}}[:：][ \t]*\n+",
        r"[-*_=]{3,}[ \t]*\n+",  # a ruled line
        r"#{1,6} [^\n]*\n+",  # a heading
        r"\W{0,4}(?:category|label|sentiment|intent|kategorie|catégorie|categoría)\W{1,4}"
        r"[^\n]{1,60}\n+",
        rf"[(\[]\W{{0,3}}(?:{words})\W{{0,3}}[)\]]\W{{0,3}}",
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


@cache
def _label(names: tuple[str, ...]) -> re.Pattern[str]:
    """Words for a text and a colon before it: "Positive review: ...", "Ticket (billing): ..."."""
    words = "|".join(re.escape(name) for name in ("text", "answer", "output", "example", *names))
    return re.compile(
        rf"(?:new |a )?(?:(?:{words})\b[ \-–—()\[\]#]{{0,3}}){{1,3}}(?:\d+ [-–—]|\d*\s?[:：])\s*",
        re.IGNORECASE,
    )


@cache
def _label_after(names: tuple[str, ...]) -> re.Pattern[str]:
    """A label behind the last sentence: "... (billing)", "... - billing"."""
    words = "|".join(map(re.escape, names)) or r"(?!)"
    return re.compile(
        rf"(?<=[.!?。！？।؟\"”»'])\s*(?:[(\[]\W{{0,3}}(?:{words})\W{{0,3}}[)\]]|[-–—] (?:{words})|"
        rf"#(?:{words}))\W{{0,2}}$",
        re.IGNORECASE,
    )


def _without(pattern: re.Pattern[str], text: str) -> str:
    """The text without a beginning of this pattern, where something follows it."""
    match = pattern.match(text)
    return (match and text[match.end() :].strip()) or text


def _unwrapped(text: str) -> str:
    """The text without fences, tags, and a JSON object with nothing but one text."""
    for pattern in WRAPPINGS:
        if match := pattern.fullmatch(text):
            text = match["text"].strip()
    if text.startswith("{") and text.endswith("}"):
        with suppress(ValueError):
            values = list(json.loads(text, strict=False).values())
            if len(values) == 1 and isinstance(values[0], str):
                text = values[0].strip()
    return text


def _unquoted(text: str) -> str:
    """The text without marks of quotation around all of it."""
    for left, right in QUOTES:
        inner = text[1:-1].strip()
        if inner and text[0] == left and text[-1] == right and not {left, right} & set(inner):
            return inner
    return text
