"""The paths of the API."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from ..planting import planted
from .clock import timestamp
from .desk import Desk
from .models import (
    CancelIn,
    ClockIn,
    CopyOut,
    CopyQuery,
    HoldIn,
    HoldList,
    HoldOut,
    HoldQuery,
    Now,
    PatronIn,
    PatronOut,
    TitleIn,
    TitleOut,
    TitlePage,
    TitleQuery,
)
from .requests import DeskRoute, OperatorRoute

READ = ["GET", "HEAD"]

router = APIRouter(prefix="/v1", route_class=DeskRoute)
operator_router = APIRouter(prefix="/v1", route_class=OperatorRoute)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _library(request: Request) -> str:
    library: str = request.state.caller.library
    return library


def _locate(response: Response, path: str) -> None:
    """Tell where a thing that was made is."""
    if planted("made-is-ok"):
        response.status_code = 200
    response.headers["Location"] = path if planted("location-without-base") else f"/v1{path}"


TheDesk = Annotated[Desk, Depends(_desk)]
Library = Annotated[str, Depends(_library)]


@router.api_route("/titles", methods=READ)
def list_titles(desk: TheDesk, library: Library, query: Annotated[TitleQuery, Query()]) -> TitlePage:
    """List titles."""
    return desk.list_titles(library, query)


@router.post("/titles", status_code=201)
def make_title(desk: TheDesk, library: Library, body: TitleIn, response: Response) -> TitleOut:
    """Make a title."""
    title = desk.make_title(library, body)
    _locate(response, f"/titles/{title.id}")
    return title


@router.api_route("/titles/{title_id}", methods=READ)
def get_title(desk: TheDesk, library: Library, title_id: str) -> TitleOut:
    """Get a title."""
    return desk.get_title(library, title_id)


@router.delete("/titles/{title_id}", status_code=204)
def remove_title(desk: TheDesk, library: Library, title_id: str) -> None:
    """Remove a title."""
    desk.remove_title(library, title_id)


@router.api_route("/titles/{title_id}/copies", methods=READ)
def list_copies(
    desk: TheDesk, library: Library, title_id: str, query: Annotated[CopyQuery, Query()]
) -> list[CopyOut]:
    """List a title's copies."""
    return desk.list_copies(library, title_id, query)


@router.post("/patrons", status_code=201)
def make_patron(desk: TheDesk, library: Library, body: PatronIn, response: Response) -> PatronOut:
    """Make a patron."""
    patron = desk.make_patron(library, body)
    _locate(response, f"/patrons/{patron.id}")
    return patron


@router.api_route("/patrons/{patron_id}", methods=READ)
def get_patron(desk: TheDesk, library: Library, patron_id: str) -> PatronOut:
    """Get a patron."""
    return desk.get_patron(library, patron_id)


@router.api_route("/holds", methods=READ)
def list_holds(desk: TheDesk, library: Library, query: Annotated[HoldQuery, Query()]) -> HoldList:
    """List holds."""
    return desk.list_holds(library, query)


@router.post("/holds", status_code=201)
def place_hold(desk: TheDesk, library: Library, body: HoldIn, response: Response) -> HoldOut:
    """Place a hold."""
    hold = desk.place_hold(library, body)
    _locate(response, f"/holds/{hold.id}")
    return hold


@router.api_route("/holds/{hold_id}", methods=READ)
def get_hold(desk: TheDesk, library: Library, hold_id: str) -> HoldOut:
    """Get a hold."""
    return desk.get_hold(library, hold_id)


@router.post("/holds/{hold_id}/cancel")
def cancel_hold(desk: TheDesk, library: Library, hold_id: str, body: CancelIn) -> HoldOut:
    """Cancel a hold."""
    return desk.cancel_hold(library, hold_id, body.reason)


@router.api_route("/reserves/{hold_id}", methods=READ, deprecated=True)
def get_reserve(desk: TheDesk, library: Library, hold_id: str) -> HoldOut:
    """Get a hold by its former name."""
    return desk.get_hold(library, hold_id)


@operator_router.post("/clock")
def advance_clock(desk: TheDesk, body: ClockIn) -> Now:
    """Move staging's clock ahead."""
    return Now(now=timestamp(desk.clock.advance(body.advance_s)))
