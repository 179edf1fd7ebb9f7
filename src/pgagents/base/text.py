"""Texts for people: quote, compare and suggest words, find nouns, fill in placeholders, describe schemas.

Web addresses are printed without the secrets in them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlsplit


def brief(text: str, width: int = 60) -> str:
    """Return the text on one line, cut to `width` characters; unprintable characters are escaped
    afterwards.
    """
    cut = text if len(text) <= width else text[: width - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def show_path(path: str | os.PathLike[str]) -> str:
    """Return a path as text that every file can hold. A byte that is not UTF-8 is written as `\\xe4`."""
    name = os.fspath(path)
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name


# -- texts of a greatest length


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def fit(text: str, most: int) -> str:
    """Return the first sentences that have at most `most` characters together, on one line.

    A first sentence that is longer is cut between two words, and ends with an ellipsis.
    """
    made = ""
    sentences = _SENTENCE_END.split(" ".join(text.split()))
    for sentence in sentences:
        longer = f"{made} {sentence}".strip()
        if len(longer) > most:
            break
        made = longer
    if made:
        return made
    words = sentences[0][: max(0, most - 1)]
    return f"{(words.rpartition(' ')[0] or words).rstrip(' ,;:')}…"[: max(0, most)]


# -- known words near a misspelt one


MAX_COMPARED = 2_000


def decode(raw: bytes) -> str:
    """Return UTF-8 as a text, without a byte order mark. An error counts the bytes of the mark."""
    return raw.decode().removeprefix("\ufeff")


def bare_path(path: str) -> str:
    """Return a path without a slash or the format `.json` at its end.

    `/products/{id}.json` names a product (Jumpseller, SalesLoft and Discourse, as documents of 2026).
    """
    return path.rstrip("/").removesuffix(".json")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a help text that names the nearest known word.

    If no word is near, it lists all known words where there are at most 20; otherwise it is empty.
    """
    words = sorted({str(k) for k in islice(known, MAX_COMPARED)})
    if near := nearest(word, words):
        return f"did you mean `{brief(near)}`?"
    if words and len(words) <= 20:
        return "known here: " + ", ".join(brief(w) for w in words)
    return ""


def fits(pattern: str, names: Iterable[str]) -> bool:
    """Return True if a pattern names one of these, in any letter case; `*` stands for any text."""
    expression = ".*".join(map(re.escape, re.split(r"\*+", pattern)))
    return any(re.fullmatch(expression, name, re.I | re.S) for name in names if name)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the known word most similar to the misspelt one, or None.

    Words of more than 80 characters are not compared, because the time would be unbounded.
    """
    import difflib

    if len(word) > 80:
        return None
    close = [w for w in words if abs(len(w) - len(word)) <= 20]
    found = difflib.get_close_matches(word, close[:MAX_COMPARED], n=1, cutoff=0.6)
    return found[0] if found else None


# -- words in a text or a name


_PARTS = re.compile(r"\d+|[A-Z]+(?![^\W\d_A-Z])|[^\W\d_][^\W\d_A-Z]*")
_PLURALS = ("", "s", "es")


def find_word(words: str, text: str) -> bool:
    """Return True if `text` contains the words in order, each whole, in singular or plural.

    `refund` is found in `createRefund`, `list_refunds` and "Refunds a fine", and not in `refundable`.
    """
    wanted, parts = split_words(words), split_words(text)
    if not wanted:
        return False
    return any(
        all(map(_is_same, wanted, parts[start : start + len(wanted)]))
        for start in range(len(parts) - len(wanted) + 1)
    )


def plain_word(name: str) -> str:
    """Return a name without its spelling: `pool-name`, `poolName` and `POOL_NAME` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


_NEGATED = re.compile(r"\b(not|no|never|cannot|unless|except|without|until|before|after)\b|n't\b", re.I)


_ARROW = re.compile(r"(?:->|=>|→)[\s`\"'*]*\Z")
_BETWEEN = re.compile(r"[\s`\"'*]*(?:(?:,|/|\||\b(?:or|and|an?)\b)[\s`\"'*]*)+")
"""Matches what stands between two words of a list, as in "a new, open or a held one"."""
_SAID_OF = (
    (re.compile(r""), re.compile(r"[\s`\"'*]*(?:->|=>|→)")),
    (re.compile(r"\bfrom\s+(?:either\s+|an?\s+)?[`\"'*]*\Z", re.I), re.compile(r"[`\"'*]*\s+to\b", re.I)),
    (re.compile(r""), re.compile(r"[`\"'*]*\s+(?:[\w-]+\s+){0,3}(?:can|may)\s+be\b", re.I)),
    (re.compile(r"\ban?\s+`?\Z", re.I), re.compile(r"`?\s+\w")),
)
"""What stands before and after words that are said of a thing, the surest first."""


def list_said_of_thing(text: str, words: Iterable[str]) -> list[str]:
    """Return the words that a text says of its thing, as in "Accept a proposed talk"; none if it negates.

    Several are read whole, as in "new or open -> closed", "from new/open to closed", "New and open ones can
    be closed" or "Close a new or an open one". If another list of them is in the text, none is certain.
    """
    spelt = {word: r"[\s_-]?".join(map(re.escape, split_words(word))) for word in words}
    if _NEGATED.search(text):
        return []
    met = sorted(
        (match.start(), match.end(), word)
        for word, form in spelt.items()
        for match in (re.finditer(rf"(?<![\w-]){form}(?![\w-]*\w)", text, re.I) if form else ())
    )
    lists: list[list[tuple[int, int, str]]] = []
    for one in met:
        if lists and _BETWEEN.fullmatch(text, lists[-1][-1][1], one[0]):
            lists[-1].append(one)
        else:
            lists.append([one])
    for before, after in _SAID_OF:
        told = [
            each for each in lists if before.search(text[: each[0][0]]) and after.match(text, each[-1][1])
        ]
        named = {word for each in told for _, _, word in each}
        if told and any(_ARROW.search(text[: each[0][0]]) for each in lists):  # it is what another leads to
            return []
        if told:
            whole = all(len(each) == 1 or named.issuperset(word for _, _, word in each) for each in lists)
            return [word for word in spelt if word in named] if whole else []
    return []


SENTENCES = re.compile(r"(?<=[.!?;])\s+|\n+")
"""What stands between the sentences of a description."""


def split_words(text: str) -> list[str]:
    """Return the words of a text or a name in lower case."""
    return [part.casefold() for part in _PARTS.findall(text)]


def _is_same(one: str, other: str) -> bool:
    """True if two words differ at most by the ending of a plural."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) :] in _PLURALS


_BEFORE_VOWEL = re.compile(
    r"\b(a) (?=[`“]?(?:[aeio]|u(?![bcfhjkqrst][aeiou]|ni[^mn]|uid|rl\b)|hour|honest|heir))"
    r"(?![`“]?(?:eu|one\b|once\b))",
    re.I,
)


def correct_articles(text: str) -> str:
    """Return a text of ours with `an` before each name, of whatever API, that begins with a vowel's sound."""
    return _BEFORE_VOWEL.sub(r"\1n ", text) if "a " in text or "A " in text else text


EXAMPLE = r"(?:\A|\.)example\.(?:com|net|org)\Z"
"""Matches a host of documentation (RFC 2606), which an import writes where the document has none."""


def is_example(address: str) -> bool:
    """True for a URL or an e-mail address of documentation."""
    host = urlsplit(address).hostname if "//" in address else address.rpartition("@")[2]
    return bool(re.search(EXAMPLE, (host or "").rstrip(".")))


def name_arguments(text: str, values: Mapping[str, str]) -> str:
    """Return the text with each `{name}` of `values` replaced; other braces stay."""
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), text)


# -- singulars of plurals


_LAST = re.compile(r"[A-Z]*[a-z]+$|[A-Z]+$")
"""Matches the last word of a name. Signs or capital letters separate words."""
_LISTED = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth",
    "mice": "mouse", "criteria": "criterion", "indices": "index", "vertices": "vertex", "matrices": "matrix",
    "appendices": "appendix", "axes": "axis", "analyses": "analysis", "crises": "crisis", "theses": "thesis",
    "diagnoses": "diagnosis", "synopses": "synopsis", "quizzes": "quiz",
    "shelves": "shelf", "bookshelves": "bookshelf", "wolves": "wolf", "halves": "half", "calves": "calf",
    "loaves": "loaf", "leaves": "leaf", "knives": "knife", "lives": "life", "wives": "wife",
    "thieves": "thief", "selves": "self", "scarves": "scarf",
    "movies": "movie", "cookies": "cookie", "calories": "calorie", "selfies": "selfie", "ties": "tie",
    "pies": "pie", "lies": "lie", "heroes": "hero", "potatoes": "potato", "tomatoes": "tomato",
    "echoes": "echo", "vetoes": "veto", "caches": "cache", "niches": "niche", "headaches": "headache",
    "avalanches": "avalanche", "buses": "bus", "gases": "gas", "lenses": "lens", "statuses": "status",
    "aliases": "alias", "canvases": "canvas", "bonuses": "bonus", "viruses": "virus", "campuses": "campus",
    "atlases": "atlas", "biases": "bias", "menus": "menu", "skus": "sku", "cpus": "cpu", "gpus": "gpu",
    "vcpus": "vcpu", "tpus": "tpu", "gurus": "guru",
}  # fmt: skip
"""Plurals that follow no rule."""
_SAME = frozenset((
    "series", "species", "news", "gas", "lens", "alias", "canvas", "bias", "atlas", "axis", "dns", "sms",
    "mms", "https", "aws", "gps", "css", "rss", "cors", "sas", "ios", "tls", "nas", "cms", "pos", "gis",
    "macos", "sis",
))  # fmt: skip
"""Singular nouns that end in s."""
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("zzes", "zz"), ("ches", "ch"), ("shes", "sh"))


def singular(name: str) -> str:
    """Return a name with its last word in the singular. A word that is not a plural is unchanged."""
    found = _LAST.search(name)
    if found is None:
        return name
    last = found[0]
    word = last.lower()
    one = _singular_of(word)
    kept = next(
        (n for n, (a, b) in enumerate(zip(word, one, strict=False)) if a != b), min(len(word), len(one))
    )
    return name[: found.start()] + last[:kept] + one[kept:]


def _singular_of(word: str) -> str:
    if word in _LISTED:
        return _LISTED[word]
    if word in _SAME or word.endswith(("ss", "us", "sis")) or len(word) < 3 or not word.endswith("s"):
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    return word[:-1]


# -- templates with placeholders


PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def split(template: str) -> tuple[list[str], list[str]]:
    """Split a template into its literal texts and the names of its placeholders.

    There is always one literal more than there are placeholders.
    """
    pieces = PLACEHOLDER.split(template)
    return pieces[::2], pieces[1::2]


def match_placeholders(literals: Sequence[str], text: str, least: int = 1) -> list[str] | None:
    """Return the values that the placeholders have in `text`, or None if the literals do not match.

    Each value is as long as possible, earlier ones first, and has at least `least` characters.
    """
    if len(literals) == 1:
        return [] if text == literals[0] else None
    if not text.startswith(literals[0]) or not text.endswith(literals[-1]):
        return None
    begin, end = len(literals[0]), len(text) - len(literals[-1])
    found: list[str] = []
    for left in range(len(literals) - 2, 0, -1):
        literal = literals[left]
        at = text.rfind(literal, begin, end - least) if end - least >= begin else -1
        if at < 0:
            return None
        found.append(text[at + len(literal) : end])
        end = at
    return [text[begin:end], *reversed(found)] if end - begin >= least else None


# -- web addresses without secrets


HIDDEN = "…"
MOST_IN_LABEL = 63
"""Longest part of a host's name between two dots, in characters (RFC 1035, 2.3.4)."""
_SCHEME = re.compile(r"https?:/{1,3}|[A-Za-z][A-Za-z0-9+.-]+://", re.I)
"""Matches the beginning of a URL, also of one with too few slashes: `Path` makes one of two."""
_IN_TEXT = re.compile(rf"(?:{_SCHEME.pattern})\S*?(?=[\"'`,.;:)\]]*(?:\s|\Z))", re.I)
_HOST = re.compile(r"(?:\[[^\]]*\]|[^:]*)(?::[0-9]*)?")
_DOT = re.compile("[.\u3002\uff0e\uff61]")
"""Matches the dots of a host's name, also those that IDNA reads as one."""


KEY_FORMS = (  # a word's beginning is sought once for all: eight times cost a build 2 %
    r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\b(?:sk-[A-Za-z0-9_-]{32,}|AKIA[0-9A-Z]{16}\b"
    r"|gh[pousr]_[A-Za-z0-9]{36}\b|xox[abprs]-[A-Za-z0-9-]{20,}|AIza[0-9A-Za-z_-]{35}\b"
    r"|sk_live_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{50,}|glpat-[A-Za-z0-9_-]{20,})"
)
"""Matches published forms of keys: PEM, OpenAI and Anthropic, AWS, GitHub, Slack, Google, Stripe, GitLab."""


def hide_secrets(url: str) -> str:
    """Return a URL without its user and password, and without the values of its query.

    A `…` stands for each of them. A text that is not a URL, such as a path, is returned unchanged.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        return url
    rest = url[scheme.end() :]
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if "@" in authority or not _HOST.fullmatch(authority):
        # a password with a slash, which should be encoded, makes the second kind of authority
        user, at, rest = rest.rpartition("@") if "@" not in authority else _split_user(rest, authority)
        rest = f"{HIDDEN if user else ''}{at}{rest}"
    place, mark, fragment = rest.partition("#")
    path, ask, query = place.partition("?")
    said = _hide_values(fragment) if "=" in fragment else fragment
    return f"{scheme.group()}{path}{ask}{_hide_values(query)}{mark}{said}"


def hide_in_address(given: str) -> str:
    """Return an address that a caller typed without its secrets. Its scheme may be missing."""
    return hide_secrets(given) if "://" in given else hide_secrets(f"http://{given}").removeprefix("http://")


def hide_in_text(text: str) -> str:
    """Return a text whose URLs have no user, no password and no values in their queries."""
    return _IN_TEXT.sub(lambda found: hide_secrets(found.group()), text)


def find_unreachable(url: str) -> str:
    """Return why no request can be sent to the host and port of a URL; empty if one can.

    The reason repeats nothing of the URL, which may hold a password.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "its host can be none"
    try:
        port = parts.port
    except ValueError:
        port = -1
    if port is not None and not 0 < port < 65536:
        return "Port out of range 1-65535"
    host = parts.hostname or ""
    if not host:
        return "it names no host"
    labels = _DOT.split(host)
    labels = labels[:-1] if len(labels) > 1 and not labels[-1] else labels
    if ":" not in host and not all(0 < len(label) <= MOST_IN_LABEL for label in labels):
        return f"a part of its host's name is empty or longer than {MOST_IN_LABEL} characters"
    return ""


def _split_user(rest: str, authority: str) -> tuple[str, str, str]:
    """Split a URL without its scheme at the `@` behind its user."""
    user, at, host = authority.rpartition("@")
    return user, at, host + rest[len(authority) :]


def _hide_values(query: str) -> str:
    """Return a query with the names of its parameters alone. A parameter without a value is hidden whole."""
    return re.sub(r"[^&;]+", _hide_value, query)


def _hide_value(found: re.Match[str]) -> str:
    name, _, value = found.group().partition("=")
    return f"{name}={HIDDEN}" if value.strip("=") else HIDDEN


# -- schema constraints in words


def short(value: Any) -> str:
    """Return a value on one line, cut to 120 characters."""
    text = str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:119] + "…"


def _count(number: int, instance: str) -> str:
    return f"{number} {instance}{'' if number == 1 else 's'}"


WORDS: dict[str, Callable[[Any], str]] = {
    "minimum": lambda v: f"at least {v:g}" if isinstance(v, float) else f"at least {v}",
    "maximum": lambda v: f"at most {v:g}" if isinstance(v, float) else f"at most {v}",
    "exclusiveMinimum": lambda v: f"more than {v}",
    "exclusiveMaximum": lambda v: f"less than {v}",
    "multipleOf": lambda v: f"a multiple of {v}",
    "minLength": lambda v: f"at least {_count(v, 'character')}",
    "maxLength": lambda v: f"at most {_count(v, 'character')}",
    "pattern": lambda v: f"matches {v}",
    "minItems": lambda v: f"at least {_count(v, 'item')}",
    "maxItems": lambda v: f"at most {_count(v, 'item')}",
    "uniqueItems": lambda v: "no item twice" if v else "",
    "minProperties": lambda v: f"at least {_count(v, 'member')}",
    "maxProperties": lambda v: f"at most {_count(v, 'member')}",
    "format": lambda v: f"format {v}",
    "enum": lambda v: "one of " + ", ".join(json.dumps(x, ensure_ascii=False) for x in v),
    "contentEncoding": lambda v: f"encoded as {v}",
    "contentMediaType": lambda v: f"holds {v}",
    "deprecated": lambda v: "deprecated" if v else "",
}


def append_remark(text: str, said: str, *, inside: bool = False) -> str:
    """Append a remark to a description: in brackets after a phrase, as a sentence of its own after a
    sentence.

    With `inside`, the remark joins brackets that already end the text.
    """
    if inside and text.endswith(")"):
        return f"{text[:-1]}; {said})"
    if text and not text.rstrip().endswith("."):
        return f"{text} ({said})"
    return f"{text} {said[:1].upper()}{said[1:]}.".lstrip()


# -- texts that stand for a secret


_MASK = re.compile(r"[\s*•.…xX-]*")


def is_masked(text: str) -> bool:
    """True for a text that stands for a secret, such as `****`; also for an empty one."""
    return _MASK.fullmatch(text) is not None


# -- payment card numbers


_CARD = re.compile(  # it begins with a digit, so that a long text is searched for digits alone
    r"[0-9](?<![\w.-].)"
    r"(?:[0-9]{12,18}|[0-9]{3}([ -])(?:[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{6}\1[0-9]{4,5}))"
    r"(?![\w-]|\.[0-9])"
)
_ISSUED = re.compile(r"[3-6]|2[2-7]")
"""The first digits of the card networks' numbers. Dates and times in digits alone begin otherwise."""


def find_card_numbers(text: str) -> Iterator[str]:
    """Yield the digits of each card number, bare or in the groups printed on cards.

    Digits that are a part of a longer word are not a card number: an id may contain any digits. A word goes
    on behind `-` and `_`.
    """
    for found in _CARD.finditer(text):
        digits = re.sub(r"[ -]", "", found.group(0))
        if _ISSUED.match(digits) and _has_check_digit(digits):
            yield digits


def _has_check_digit(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others (ISO/IEC 7812-1, the Luhn formula)."""
    doubled = [
        int(c) if i % 2 == 0 else int(c) * 2 - (9 if c > "4" else 0) for i, c in enumerate(reversed(digits))
    ]
    return sum(doubled) % 10 == 0
