"""What assistants put around a text is taken off, and what is no text of its own is rejected."""

import pytest

from mixtura.generate.tidy import tidy

NAMES = ["ticket", "billing", "login"]
PAID = "I was charged twice."


@pytest.mark.parametrize(
    "completion",
    [
        f"Here is a ticket: {PAID}",
        f"Sure! Here's a support ticket about billing:\n\n{PAID}\n\nI hope this helps!",
        f"Certainly!\n\n{PAID}",
        f"Here are the words you asked for:\n{PAID}",
        f"1. {PAID}",
        f"- {PAID}",
        f"### Support ticket\n\n{PAID}",
        f"**Billing ticket:** {PAID}",
        f"Ticket 3: {PAID}",
        f"**{PAID}**",
        f'"{PAID}"',
        f"\u201c{PAID}\u201d",
        f"\u00ab{PAID}\u00bb",
        f"{PAID} (Category: billing)",
        f"{PAID}\n\n**Category:** billing",
        f"```text\n{PAID}\n```",
        f"<answer>{PAID}</answer>",
        f"{PAID}\n\nLet me know if you'd like another version.",
        f"{PAID}\n\nNote: This ticket is fictional.\nIt has no owner.",
        f"---\n{PAID}\n---",
        f"Natürlich! Hier ist ein Text:\n\n{PAID}\n\nIch hoffe, das hilft!",
        f"Voici un texte :\n{PAID}",
        f"¡Claro! Aquí tienes:\n{PAID}",
        f"当然！以下是一篇新的文本：\n{PAID}",
        f"ज़रूर! यहाँ एक पाठ है:\n{PAID}",
        f"Category: billing\n\n{PAID}",
        f"**Label:** billing\n**Ticket:** {PAID}",
        f'{{"text": "{PAID}"}}',
        f'```json\n{{"ticket": "{PAID}"}}\n```',
        f"*{PAID}*",
        f"> {PAID}",
        f"[Billing] {PAID}",
        f"(billing) {PAID}",
        f"A) {PAID}",
        f"Ticket #3 - {PAID}",
        f"Ticket (billing): {PAID}",
        f"{PAID} [billing]",
        f"{PAID} - billing",
        f"{PAID} #billing",
        f"{PAID} (billing)",
        f"{PAID}\n\n(This is a billing ticket.)",
        f"{PAID}\n\nWord count: 5",
        f"{PAID} (5 words)",
        f"{PAID}<|im_end|>",
        f'<ticket category="billing">{PAID}</ticket>',
        f"Here you go!\n\n{PAID}",
        f"I'd be happy to help! Here's a ticket:\n\n{PAID}",
        f'"{PAID}" - billing',
    ],
)
def test_what_stands_around_a_text_is_taken_off(completion: str) -> None:
    assert tidy(completion, "classification", NAMES) == (PAID, "")


@pytest.mark.parametrize(
    "text",
    [
        "Subject: Charged twice\n\nHello,\nI paid 3. May you help?\n\n1. Card\n2. Bank\nAnn",
        "Here is the thing: this film stinks.",
        "Great!\nI loved it.",
        "Sorry, I can't log in since Monday.",
        "I can't help but love it.",
        'It says "failed" and then "wait".',
        "Let me know if you need my number.",
        "#1 fan of this",
        "I must say it is against all rules.",
        "I'm unable to log in (since Monday).",
        "I'm not able to write reviews often, but this one deserves it.",
        "Ich kann das nicht mehr sehen.",
        "No puedo ayudar a mi hijo con la cuenta.",
        "Is it about billing - or login?",
        '{"error": "timeout", "code": 5}',
        "(this is odd) It works.",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert tidy(text, "classification", NAMES) == (text, "")


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        ("I'm sorry, but I can't assist with that request.", "refusal"),
        ("I'm unable to help with that.", "refusal"),
        ("I’m not able to provide that.", "refusal"),
        ("I must respectfully decline.", "refusal"),
        ("My apologies, but I cannot write that.", "refusal"),
        ("I won't be able to assist with this.", "refusal"),
        ("I'm not comfortable writing this.", "refusal"),
        ("This request goes against the content policy.", "refusal"),
        ("I'd rather not write that.", "refusal"),
        ("I cannot and will not write this.", "refusal"),
        ("Sorry, that's not something I can write.", "refusal"),
        ("Ich kann dabei leider nicht helfen.", "refusal"),
        ("Je ne peux pas répondre à cette demande.", "refusal"),
        ("No puedo ayudar con eso.", "refusal"),
        ("我无法提供这样的内容。", "refusal"),
        ("As an AI language model, I do not pay.", "refusal"),
        ("1. I paid.\n2. I paid twice.", "several texts"),
        ("**1.** I paid.\n\n**2.** I paid twice.", "several texts"),
    ],
)
def test_what_is_no_text_of_its_own_is_rejected(completion: str, reason: str) -> None:
    assert tidy(completion, "classification", NAMES) == (completion, reason)


def test_a_response_keeps_its_form() -> None:
    pair = "**Instruction:** List two.\n**Response:** # Two\n\n1. **One**\n2. Two\n\nNote: done"
    bare = "Instruction: List two.\nResponse: # Two\n\n1. **One**\n2. Two\n\nNote: done"
    assert tidy(f"Here is an instruction:\n\n{pair}", "instruction", ["instruction"]) == (bare, "")
