"""The stock of a small warehouse, as a FastAPI application with three bugs that real ones have had.

A removal answers 200 where 204 is declared. The remark of a dear item is null where a text is declared. An
item that is given away (a discount of 100) cannot be shown, because its price is a divisor.
"""

from __future__ import annotations

from itertools import count
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi import Path as InPath
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

KEYS = {"test_key_1", "test_key_2"}
DEAR = 1000

app = FastAPI(title="Items", version="1.0.0", description="Items and users of a small warehouse.")
scheme = HTTPBearer()


class Error(BaseModel):
    """A refusal as FastAPI words it."""

    detail: str


class ItemIn(BaseModel):
    """An item as a caller gives it."""

    name: str = Field(min_length=1, max_length=40, description="Name of the item", examples=["Hammer"])
    price: float = Field(ge=0, le=10000, description="Price in EUR", examples=[9.5])
    discount: int = Field(0, ge=0, le=100, description="Discount in percent", examples=[10])


class Item(ItemIn):
    """An item as the server shows it."""

    id: int = Field(description="Id of the item", examples=[1])
    note: str = Field(description="A remark", examples=["fragile"])
    units_per_100_eur: float = Field(description="How many units 100 EUR buy", examples=[11.7])


class ItemPage(BaseModel):
    """A page of items."""

    items: list[Item]
    total: int


class User(BaseModel):
    """A user of the warehouse."""

    id: int
    email: str = Field(examples=["a@example.com"])


def signed_in(credentials: Annotated[HTTPAuthorizationCredentials, Depends(scheme)]) -> str:
    """Return the caller's key. Raises 401 for one that is unknown."""
    if credentials.credentials not in KEYS:
        raise HTTPException(401, "unknown key")
    return credentials.credentials


Caller = Annotated[str, Depends(signed_in)]
ItemId = Annotated[int, InPath(ge=1)]
UserId = Annotated[int, InPath(ge=1)]
REFUSED: dict[int | str, dict[str, Any]] = {401: {"model": Error}, 403: {"model": Error}}
MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Error}, **REFUSED}

items: dict[int, dict[str, Any]] = {}
users = {n: {"id": n, "email": f"{name}@example.com"} for n, name in enumerate(("ann", "bob"), 1)}
numbers = count(1)


def shown(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item with how many of it 100 EUR buy."""
    net = item["price"] * (100 - item["discount"]) / 100
    return {**item, "units_per_100_eur": round(100 / net, 2) if item["price"] else 0}


def find(item_id: int) -> dict[str, Any]:
    """Return an item. Raises 404 if there is none."""
    if item_id not in items:
        raise HTTPException(404, "no such item")
    return items[item_id]


@app.get("/items", operation_id="list_items", responses=REFUSED, response_model=ItemPage)
def list_items(
    _: Caller, limit: Annotated[int, Query(ge=1, le=100)] = 20, offset: Annotated[int, Query(ge=0)] = 0
) -> Any:
    """List the items of the warehouse, a page at a time."""
    rows = [shown(one) for one in list(items.values())[offset : offset + limit] if one["discount"] < 100]
    return JSONResponse({"items": rows, "total": len(items)})


@app.post("/items", operation_id="create_item", responses=REFUSED, status_code=201, response_model=Item)
def create_item(item: ItemIn, _: Caller) -> Any:
    """Create an item and answer it."""
    number = next(numbers)
    note = "ok" if item.price < DEAR else None
    items[number] = {**item.model_dump(), "id": number, "note": note}
    return JSONResponse(shown(items[number]), 201)


@app.get("/items/{item_id}", operation_id="get_item", responses=MISSING, response_model=Item)
def get_item(item_id: ItemId, _: Caller) -> Any:
    """Answer one item."""
    return JSONResponse(shown(find(item_id)))


@app.put("/items/{item_id}", operation_id="update_item", responses=MISSING, response_model=Item)
def update_item(item: ItemIn, item_id: ItemId, _: Caller) -> Any:
    """Replace name, price and discount of an item."""
    find(item_id).update(item.model_dump())
    return JSONResponse(shown(items[item_id]))


@app.delete(
    "/items/{item_id}", operation_id="delete_item", responses=MISSING, status_code=204, response_model=None
)
def delete_item(item_id: ItemId, _: Caller) -> Any:
    """Delete an item for good."""
    find(item_id)
    del items[item_id]
    return JSONResponse({"deleted": True}, 200)


@app.get("/users", operation_id="list_users", responses=REFUSED, response_model=list[User])
def list_users(_: Caller) -> Any:
    """List all users."""
    return list(users.values())


@app.get("/users/{user_id}", operation_id="get_user", responses=MISSING, response_model=User)
def get_user(user_id: UserId, _: Caller) -> Any:
    """Answer one user."""
    if user_id not in users:
        raise HTTPException(404, "no such user")
    return users[user_id]
