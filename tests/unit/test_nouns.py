"""Plurals of paths become singulars, and names that are singulars stay as they are."""

from __future__ import annotations

import pytest

from pgagents.base.text import singular

PLURALS = """
shelves shelf  bookshelves bookshelf  wolves wolf  knives knife  lives life  leaves leaf  halves half
valves valve  curves curve  sleeves sleeve  reserves reserve  archives archive  drives drive  olives olive
movies movie  cookies cookie  categories category  companies company  ties tie
statuses status  buses bus  aliases alias  canvases canvas  databases database  houses house  leases lease
licenses license  purchases purchase  cases case  invoices invoice  devices device  pages page
responses response
addresses address  processes process  classes class  accesses access
boxes box  taxes tax  axes axis  indices index  analyses analysis  caches cache  branches branch  dishes dish
quizzes quiz  heroes hero  photos photo  shoes shoe  people person  children child  criteria criterion
apis api  uris uri  taxis taxi  emojis emoji  menus menu  skus sku  cpus cpu  keys key  users user  ids id
user_shelves user_shelf  user-categories user-category  bookShelves bookShelf  UserStatuses UserStatus
URLs URL  salesPeople salesPerson
"""
SINGULARS = """
shelf status bus gas alias canvas news series species dns sms https access address class process analysis
basis axis campus radius data media metadata info health me us s os staff v2 x1s_2
"""


@pytest.mark.parametrize(
    ("plural", "one"), list(zip(PLURALS.split()[::2], PLURALS.split()[1::2], strict=True))
)
def test_plural_becomes_singular(plural: str, one: str) -> None:
    assert singular(plural) == one
    assert singular(one) == one


@pytest.mark.parametrize("word", SINGULARS.split())
def test_singular_stays(word: str) -> None:
    assert singular(word) == word


def test_a_name_without_letters_stays() -> None:
    assert singular("") == ""
    assert singular("42") == "42"
