"""Exports on Django REST framework: `python -m evaluation.right.exports`.

A job fills in its members later, so that null becomes a value. Its 202 has a Retry-After that is a date.
Pages have a fixed size, and a number that is too large is answered 404. Each path ends with a slash. Errors
stand by member, or are a `detail`, and members that nobody knows are left out.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from itertools import count
from typing import Any

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="no cookies are signed",
    INSTALLED_APPS=["rest_framework"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402  # after the settings
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.exceptions import NotFound  # noqa: E402
from rest_framework.pagination import PageNumberPagination  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from evaluation.right.listening import serve_wsgi  # noqa: E402

WORK_S = 0.03
NUMBERS = count(1)
EXPORTS: dict[int, dict[str, Any]] = {}


class Strict:
    """A field that takes a value of JSON's own type alone."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse another type, which Django would turn into the right one."""
        if isinstance(data, bool) or not isinstance(data, self.types):  # type: ignore[attr-defined]
            raise serializers.ValidationError("This is another type.")
        return super().to_internal_value(data)  # type: ignore[misc]


class _Text(Strict, serializers.CharField):
    types = (str,)


class _Number(Strict, serializers.IntegerField):
    types = (int, float)


class ExportSerializer(serializers.Serializer[dict[str, Any]]):
    """The members that a client sends of a new export."""

    name = _Text(min_length=1, max_length=50, trim_whitespace=False)
    rows = _Number(min_value=1, max_value=1000, default=100)
    format = serializers.ChoiceField(["csv", "json"], default="csv")


def begin(name: str, rows: int, format: str) -> dict[str, Any]:
    """Begin an export, and return it."""
    id = next(NUMBERS)
    EXPORTS[id] = {"id": id, "name": name, "rows": rows, "format": format, "begun": time.time()}
    return describe(EXPORTS[id])


def describe(export: dict[str, Any]) -> dict[str, Any]:
    """Return an export as clients see it; its last two members are null until it is done."""
    done = time.time() - export["begun"] > WORK_S
    shown = {name: value for name, value in export.items() if name != "begun"}
    shown["state"] = "done" if done else "running"
    shown["size"] = export["rows"] * 12 if done else None
    shown["url"] = f"/files/{export['id']}.{export['format']}" if done else None
    return shown


def find(id: int) -> dict[str, Any]:
    """Return an export, or refuse the call."""
    if id not in EXPORTS:
        raise NotFound("There is no such export.")
    return EXPORTS[id]


class Pages(PageNumberPagination):
    """Pages of five."""

    page_size = 5


class Exports(APIView):
    """All exports."""

    def get(self, request: Any) -> Response:
        """Answer one page of them."""
        pages = Pages()
        exports = pages.paginate_queryset([describe(export) for export in EXPORTS.values()], request)
        return pages.get_paginated_response(exports)

    def post(self, request: Any) -> Response:
        """Begin one."""
        sent = ExportSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        export = begin(**sent.validated_data)
        soon = formatdate(time.time() + 1, usegmt=True)
        return Response(export, 202, headers={"Location": f"/exports/{export['id']}/", "Retry-After": soon})


class Export(APIView):
    """One export."""

    def get(self, _request: Any, id: int) -> Response:
        """Answer it."""
        return Response(describe(find(id)))

    def delete(self, _request: Any, id: int) -> Response:
        """Remove it."""
        find(id)
        del EXPORTS[id]
        return Response(status=204)


def handler404(request: Any, exception: Exception) -> JsonResponse:  # noqa: ARG001  # Django names them
    """Answer a path that is not there."""
    return JsonResponse({"detail": "Not found."}, status=404)


urlpatterns = [path("exports/", Exports.as_view()), path("exports/<int:id>/", Export.as_view())]


if __name__ == "__main__":
    for number in range(12):
        begin(f"Export {number}", number + 1, "json")
    serve_wsgi(get_wsgi_application())
