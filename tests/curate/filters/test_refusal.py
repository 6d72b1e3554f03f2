"""Refusals, phrases of an assistant."""

import pytest

from filter_verdicts import passes, verdicts


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I have no opinions.",
        "I’m sorry, but I cannot write that review.",
        "I can't help with that request.",
        "Sure! Here is a review of the film",
        "Here are three more reviews: one",
        "Great film. I hope this helps!",
        "Output: a dull film",
        "A fine film.<|im_end|>",
        "Als KI-Sprachmodell habe ich keine Meinung.",
        "Es tut mir leid, aber ich kann diese Bewertung nicht schreiben.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "En tant qu’IA, je n'ai pas d'avis.",
        "Lo siento, pero no puedo ayudar con eso.",
        "抱歉，我无法为您提供这样的内容。",
        "作为一个人工智能，我没有看过电影。",
        "मुझे खेद है, मैं यह पाठ नहीं लिख सकता।",
        "एक एआई के रूप में मैं राय नहीं दे सकता।",
        "عذرا، لا أستطيع كتابة هذا النص.",
        "بصفتي نموذجا لغويا لا أملك رأيا.",
        "I loved [insert product here] a lot",
    ],
)
def test_assistant_phrases_are_found(text):
    assert passes("refusal", [text]) == [False]


@pytest.mark.parametrize(
    "text",
    [
        "Here is a film that makes you think.",
        "I'm sorry I paid for this.",
        "I can't write enough good things about this camera!",
        "Of course, I was hesitant given the price.",
        "The robot, an AI, is the best actor.",
        "Note perfect.",
        "Tut mir leid, aber der Film ist schlecht.",
        "Ich kann den Film nicht empfehlen.",
        "Désolé, mais je n'ai pas aimé.",
        "Lo siento por los actores.",
        "对不起，这部电影太长了。",
        "माफ़ कीजिए, फिल्म अच्छी नहीं है।",
        "عذرا، لم يعجبني الفيلم.",
    ],
)
def test_reviews_are_no_assistant_phrases(text):
    assert passes("refusal", [text]) == [True]


def test_own_patterns_count_as_boilerplate():
    result = verdicts("refusal", ["the END of it"], patterns=[r"\bend\b"])
    assert result["reason"].to_list() == ["assistant boilerplate"]
