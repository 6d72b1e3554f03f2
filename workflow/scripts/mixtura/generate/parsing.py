"""What a completion must look like to become a row."""

import re
from typing import Any

import regex

from mixtura.prepare.settings import UNANSWERABLE, Kind

# Ends of sentences of every script. A full stop may stand in a number: space follows its sentence.
CLOSING = r"[\p{Pe}\p{Pf}\p{Pi}\"'*]*"
WHOLE_SENTENCES = regex.compile(
    rf"(?V1)(?:.*(?:(?:[.!?…]|\p{{Greek}};){CLOSING}(?=\s|$)|"
    rf"(?:[\p{{Sentence_Terminal}}--[.!?]]|…{{2}}){CLOSING}))?",
    regex.DOTALL,
)
# What built-in prompts call the two parts of a row, in every language that they are written in.
QUESTION, INSTRUCTION = (
    "Question|Frage|Pregunta|问题|प्रश्न|السؤال|سؤال",
    "Instruction|Anweisung|Consigne|Instrucción|指令|निर्देश|التعليمة",
)
ANSWER = r"\b(?:%s|Antwort|Réponse|Respuesta|उत्तर|الجواب|الإجابة)|回答"
PAIRS = {  # kind -> how a completion holds its two parts
    "qa": re.compile(
        rf"(?:(?:{QUESTION})\s?[:：])?(.*?)(?:{ANSWER % 'Answer'})\s?[:：](.*)", re.DOTALL
    ),
    "instruction": re.compile(
        rf"(?:(?:{INSTRUCTION})\s?[:：])?(.*?)(?:{ANSWER % 'Response'})\s?[:：](.*)", re.DOTALL
    ),
}
NO_ANSWER = {
    "none",
    "no answer",
    "unanswerable",
    "keine",
    "aucune",
    "ninguna",
    "无",
    "कोई नहीं",
    "لا يوجد",
}


def parse(
    kind: Kind,
    completion: str,
    finish_reason: str | None,
    context: str | None = None,
    label: str = "",
) -> tuple[dict[str, Any] | None, str]:
    """(fields of a row, "") of a completion, or (None, why it is rejected).

    classification, multilabel, text: all of it. qa: a question, "Answer:", and an answer that
    stands in the context, or "none" where the label is UNANSWERABLE. instruction: a prompt,
    "Response:", a response. The marks may be those of any language of built-in prompts. What was
    cut off keeps its whole sentences and is rejected without one; an answer must not be cut off.
    """
    completion = completion.strip()
    if kind in ("classification", "multilabel", "text"):
        text, reason = whole_text(completion, finish_reason)
        return ({"text": text}, "") if text else (None, reason)
    if not completion:
        return None, "empty"
    match = PAIRS[kind].fullmatch(completion)
    if not match:
        return None, f"no {'Answer' if kind == 'qa' else 'Response'}:"
    first, second = (part.strip() for part in match.groups())
    return parse_parts(kind, first, second, finish_reason, context, label)


def parse_parts(
    kind: Kind,
    first: str,
    second: str,
    finish_reason: str | None,
    context: str | None = None,
    label: str = "",
) -> tuple[dict[str, Any] | None, str]:
    """The same, of the two parts of a completion: question and answer, or prompt and response."""
    if kind == "instruction":
        return _instruction(first, second, finish_reason)
    return _question(first, second, finish_reason, context or "", label)


def _instruction(
    prompt: str, completion: str, finish_reason: str | None
) -> tuple[dict[str, Any] | None, str]:
    response, reason = whole_text(completion, finish_reason)
    if not prompt or not response:
        return None, reason or "empty"
    return {"prompt": prompt, "response": response, "text": f"{prompt}\n{response}"}, ""


def _question(
    question: str, completion: str, finish_reason: str | None, context: str, label: str
) -> tuple[dict[str, Any] | None, str]:
    answer, ended, _ = completion.partition("\n")
    if not question or not answer:
        return None, "empty"
    if "\n" in question:
        return None, "the question is more than one line"
    if not (ended or finish_reason != "length"):
        return None, "unfinished"
    answer = answer.strip().strip('"').strip()
    fields = {"context": context, "question": question, "answers": [], "text": question}
    if label == UNANSWERABLE:
        is_none = answer.rstrip(".।。").casefold() in NO_ANSWER
        return (fields, "") if is_none else (None, "the question has an answer")
    # A full stop that ends the line may not be the passage's.
    forms = (answer, answer.removesuffix("."))
    answer = next((a for a in forms if re.search(r"\w", a) and a in context), "")
    if not answer:
        return None, "the answer is not in the context"
    return {**fields, "answers": [answer]}, ""


def whole_text(text: str, finish_reason: str | None) -> tuple[str | None, str]:
    """(text, "") of a completion, its whole sentences where it was cut off, or (None, reason)."""
    text = text.strip()
    if text and finish_reason == "length":
        match = WHOLE_SENTENCES.match(text)
        text = match[0] if match else ""
        if not text:
            return None, "unfinished"
    text = text.strip()
    around = text[:1] == text[-1:] == '"'
    if text.count('"') == 1 or (text.count('"') == 2 and around):
        text = text.strip('"').strip()
    return (text, "") if text else (None, "empty")
