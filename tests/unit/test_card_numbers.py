"""Card numbers in a text, and the digits that only resemble them."""

from __future__ import annotations

import pytest

from pgagents.base.text import find_card_numbers

VISA = "4111111111111111"


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        (VISA, VISA),
        ("4111 1111 1111 1111", VISA),
        ("4111-1111-1111-1111", VISA),
        ("paid with 4111-1111-1111-1111.", VISA),
        ('{"card":"4111111111111111"}', VISA),
        ("https://pay.example/cards/4111111111111111?x=1", VISA),
        ("card:4111111111111111,visa", VISA),
        ("4111 1111 1111 1111 123", VISA),
        ("1234567890123 and 4111 1111 1111 1111", VISA),
        ("3782 822463 10005", "378282246310005"),
        ("3056 930902 5904", "30569309025904"),
        ("2223003122003222", "2223003122003222"),
        ("4222222222222", "4222222222222"),
    ],
)
def test_card_number_in_a_text_is_found(text: str, digits: str) -> None:
    assert list(find_card_numbers(text)) == [digits]


@pytest.mark.parametrize(
    "text",
    [
        "pgv-5cb3511906370597-1",
        "http://127.0.0.1:1/notes/pgv-5cb3511906370597-1",
        "pgv5cb3511906370597",
        "4111111111111111x",
        "note_4111111111111111",
        "note-4111111111111111",
        "4111-1111-1111-1111-a",
        "4111111111111112",
        "0.4111111111111111",
        "4111111111111111.5",
        "1790000000003",
        "2026-11-23 02275",
        "20261123021507",
        "٤١١١١١١١١١١١١١١١",
        "",
    ],
)
def test_digits_that_are_no_card_number_are_not_found(text: str) -> None:
    assert not list(find_card_numbers(text))
