"""Books and shelves as a Django REST application with stock views, tokens, and drf-spectacular's document.

It is one file: settings, models, serializers, views and routes. `python shelf.py PORT KEY` makes a database
in the present folder and serves it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="not secret: it serves tests alone",
    DEBUG=False,
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework.authtoken",
        "drf_spectacular",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path.cwd() / "shelf.db",
            "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
        "PAGE_SIZE": 20,
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    },
    SPECTACULAR_SETTINGS={
        "TITLE": "Shelf",
        "VERSION": "1.0.0",
        "SERVE_PERMISSIONS": [],
        "SERVE_INCLUDE_SCHEMA": False,
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402  # after `setup`, as Django asks
from django.db import connection, models  # noqa: E402
from django.urls import include, path  # noqa: E402
from drf_spectacular.views import SpectacularJSONAPIView  # noqa: E402
from rest_framework import filters, routers, serializers, viewsets  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.authtoken.views import obtain_auth_token  # noqa: E402


class Shelf(models.Model):
    """A shelf with books."""

    name = models.CharField(max_length=80, unique=True)
    room = models.CharField(max_length=40, blank=True)

    class Meta:
        app_label = "shelf"
        ordering = ("id",)


class Book(models.Model):
    """A book on a shelf."""

    title = models.CharField(max_length=200)
    pages = models.PositiveIntegerField(default=1)
    price = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    state = models.CharField(max_length=8, choices=[("here", "Here"), ("lent", "Lent")], default="here")
    shelf = models.ForeignKey(Shelf, on_delete=models.PROTECT, related_name="books")
    added = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "shelf"
        ordering = ("id",)


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ("id", "name", "room")


class BookSerializer(serializers.ModelSerializer[Book]):
    """A book."""

    class Meta:
        model = Book
        fields = ("id", "title", "pages", "price", "state", "shelf", "added")


class ShelfViewSet(viewsets.ModelViewSet[Shelf]):
    """Shelves."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class BookViewSet(viewsets.ModelViewSet[Book]):
    """Books."""

    queryset = Book.objects.all()
    serializer_class = BookSerializer
    filter_backends = (filters.SearchFilter, filters.OrderingFilter)
    search_fields = ("title",)
    ordering_fields = ("title", "pages")


router = routers.DefaultRouter()
router.register("shelves", ShelfViewSet)
router.register("books", BookViewSet)
urlpatterns: list[Any] = [
    path("api/token/", obtain_auth_token),
    path("api/", include(router.urls)),
    path("openapi.json", SpectacularJSONAPIView.as_view()),
]


def main(port: int, key: str) -> None:
    """Make the tables and a user with the key, and serve."""
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from waitress import serve

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for model in (Shelf, Book):
            editor.create_model(model)
    user = User.objects.create_user("ann", password="correct horse")
    Token.objects.create(user=user, key=key)
    serve(get_wsgi_application(), host="127.0.0.1", port=port, threads=8)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
