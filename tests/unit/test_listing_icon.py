"""An author's own icon: stores get its bytes; one that a store refuses is one message at its line."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from offering import LISTING, shop_text
from pgagents.base.reading import parse, read
from pgagents.catalogue.load import load, load_file, load_text
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.generate.build import build, document, origin
from plugin_packages import jpeg, png, svg, webp

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a catalogue whose listing names an icon, and the icon beside it."""

    def make(raw: bytes | None, name: str = "icon.png", *, store: str = "openai", path: str = "") -> Path:
        given = {**LISTING, **({"subtitle": "Find things"} if store == "openai" else {})}
        file = tmp_path / "shop.yaml"
        text = shop_text(**{f"surfaces__{store}__listing": {**given, "icon": path or name}})
        file.write_text(text, encoding="utf-8")
        if raw is not None:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(raw)
        return file

    return make


def _files(model: Model, *only: str) -> dict[str, bytes]:
    return {a.path: a.data for a in build(model, only=only).artifacts()}


def _only_message(file: Path) -> str:
    source = read(file)
    model, found = load(source)
    assert model is None
    (one,) = found
    assert one.id == "catalogue/listing"
    assert "icon:" in source.text.splitlines()[one.span.line - 1]
    return one.message


DRAWN = svg().encode()
TAKEN: dict[str, tuple[str, bytes]] = {
    "the smallest": ("icon.png", png(48)),
    "the largest": ("icon.png", png(4096)),
    "in a folder": ("brand/pictures/icon.png", png(512)),
    "upper case": ("ICON.PNG", png(512)),
    "jpg": ("icon.jpg", jpeg(512, 512)),
    "jpeg": ("icon.jpeg", jpeg(512, 512)),
    "webp": ("icon.webp", webp(512, 512)),
    "svg": ("icon.svg", DRAWN),
    "dots in its name": ("icon..2.png", png(512)),
}


@pytest.mark.parametrize("what", TAKEN)
def test_an_icon_is_packed_as_it_is(what: str, write: Write) -> None:
    name, raw = TAKEN[what]
    files = _files(load_file(write(raw, name)), "agent_plugin")
    path = f"assets/icon{Path(name).suffix.lower()}"
    assert files[f"agent_plugin/{path}"] == raw
    shown = json.loads(files["agent_plugin/plugin.json"])["extensions"]["com.openai"]["interface"]
    assert shown["logo"] == shown["composerIcon"] == f"./{path}"
    assert [name for name in files if name.startswith("agent_plugin/assets/")] == [f"agent_plugin/{path}"]


def test_claudes_plugin_and_bundle_have_the_same_icon(write: Write) -> None:
    files = _files(load_file(write(png(600), store="anthropic")), "claude_plugin", "mcpb")
    assert files["claude_plugin/.claude-plugin/icon.png"] == png(600)
    assert files["mcpb/icon.png"] == png(600)


def test_the_member_comes_from_the_line_of_the_icon(write: Write) -> None:
    model = load_file(write(png(512)))
    made = document(model, "generated/agent_plugin/plugin.json")
    at = origin(made, ("extensions", "com.openai", "interface", "logo"), model)
    assert at == ("surfaces", "openai", "listing", "icon")


DRAWINGS: dict[str, str] = {
    "a part of the file": '<use href="#a"/>',
    "a picture inside": '<image href="data:image/png;base64,iVBORw0KGgo="/>',
    "a gradient": '<rect fill="url(#paint)" style="fill: url( \'#paint\' )"/>',
    "an editor's metadata": (
        '<metadata><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<r:type r:resource="http://purl.org/dc/dcmitype/StillImage"/></r:RDF></metadata>'
    ),
    "a style": "<style>.a { fill: url(#b) }</style>",
    "a style with escapes": (
        r"<style>.a { fill: \75rl(#b); content: '\201C' } /* \75rl(http://a.example) */</style>"
    ),
    "a comment": "<style>/* @import 'a.css'; url(http://a.example) */</style>",
    "a large picture in a style": (
        "<style>a { fill: url( 'data:image/png;base64," + "iVBORw0K" * 20_000 + "' ) }</style>"
    ),
    "many gradients": "".join(f'<rect fill="url(#paint-{n})"/>' for n in range(9_000)),
    "a large style without addresses": "<style>" + "a { transform: scale(2) } " * 5_000 + "</style>",
    "an animation": '<animate attributeName="opacity" values="0;1" begin="0s"/>',
}


@pytest.mark.parametrize("what", DRAWINGS)
def test_a_drawing_that_loads_nothing_is_taken(what: str, write: Write) -> None:
    raw = DRAWN.decode().replace("<path", DRAWINGS[what] + "<path").encode()
    assert _files(load_file(write(raw, "icon.svg")), "agent_plugin")["agent_plugin/assets/icon.svg"] == raw


LOADING: dict[str, str] = {
    "<script>": "<script>alert(1)</script>",
    "`onload`": '<g onload="alert(1)"/>',
    "<foreignobject>": "<foreignObject><p/></foreignObject>",
    "https://a.example/b.png": '<image href="https://a.example/b.png"/>',
    "other.svg#a": '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="other.svg#a"/>',
    "a script in the attribute `href`": '<a href=" java&#10;script:alert(1)"/>',
    "a script in the attribute `to`": '<set attributeName="href" to="javascript:alert(1)"/>',
    "data:image/svg+xml": '<image href="data:image/svg+xml;base64,PHN2Zz4="/>',
    "http://a.example/f": '<rect style="fill:url(http://a.example/f)"/>',
    "imports another": "<style>@import 'a.css';</style>",
    "//a.example/c": "<style>a { src: url( '//a.example/c' ) }</style>",
    "http://a.example/d": r"<style>a { fill: \75rl(http://a.example/d) }</style>",
    "http://a.example/e": r"""<rect style="fill: u\000072 l('http://a.example/e')"/>""",
    "http://a.example/g": r"<style>a { b: i\6d age-set('#a' 1x, 'http://a.example/g' 2x) }</style>",
    "http://a.example/h": "<style>a { b: image-set('#a' 1x, 'http://a.example/h' 2x) }</style>",
    "http://a.example/i": """<rect style="b: url('#a'), -webkit-image-set('http://a.example/i' 1x)"/>""",
    "http://a.example/j": "<style>a { b: SRC( 'http://a.example/j' ) } /* url(#a) */</style>",
    "a script in": "<style>a { b: expression(alert(1)) }</style>",
    "a style that imports": r"<style>@\69mport 'a.css';</style>",
    "a script in a style": r"<style>a { b: \65xpression(alert(1)) }</style>",
    "are not read": "<style>" + r"\41 " * 40_000 + "</style>",
    "styles of more": "<style>a { b: url(http://a.example)" + ";" * 100_000 + " }</style>",
}


@pytest.mark.parametrize("what", LOADING)
def test_a_drawing_that_runs_or_loads_something_is_refused(what: str, write: Write) -> None:
    raw = DRAWN.decode().replace("<path", LOADING[what] + "<path").encode()
    message = _only_message(write(raw, "icon.svg"))
    assert what in message
    assert message.endswith("(icon)")


def test_a_style_sheet_and_a_document_type_of_their_own_are_refused(write: Write) -> None:
    for before, what in (
        ("<?xml-stylesheet href='a.css'?>", "a style sheet"),
        ('<!DOCTYPE svg SYSTEM "http://a.example/svg.dtd">', "a document type"),
    ):
        assert what in _only_message(write(before.encode() + DRAWN, "icon.svg"))
    usual = (
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    )
    load_file(write(usual + DRAWN, "icon.svg"))


REFUSED: dict[str, tuple[str, bytes | None]] = {
    "raster_image_dimensions_too_small": ("icon.png", png(47)),
    "raster_image_dimensions_too_large": ("icon.png", png(4097)),
    "raster_image_not_square": ("icon.png", png(512, 600)),
    "raster_image_decode_failed": ("icon.png", b"no picture"),
    "raster_image_extension_content_mismatch": ("icon.png", jpeg(512, 512)),
    "image_file_format_unsupported": ("icon.gif", b"GIF89a"),
    "image_file_too_large": ("icon.png", png(64) + b"\0" * 5_300_000),
    "declared_asset_file_missing": ("icon.png", None),
    "svg_xml_malformed": ("icon.svg", b"<svg"),
    "svg_root_element_invalid": ("icon.svg", b"<html/>"),
    "svg_dimensions_missing": ("icon.svg", svg("").encode()),
    "svg_dimensions_not_square": ("icon.svg", svg('viewBox="0 0 10 90"').encode()),
    "svg_dimensions_too_small": ("icon.svg", svg('viewBox="0 0 16 16"').encode()),
}


@pytest.mark.parametrize("code", REFUSED)
def test_an_icon_that_the_portal_refuses_has_its_code(code: str, write: Write) -> None:
    name, raw = REFUSED[code]
    message = _only_message(write(raw, name))
    assert message.endswith(f"({code})"), message
    assert f"`{name}`" in message


CLAUDE: dict[str, tuple[str, bytes | None, str]] = {
    "too small": ("icon.png", png(511), "511 by 511"),
    "too large": ("icon.png", png(2049), "2,049 by 2,049"),
    "not square": ("icon.png", png(512, 600), "512 by 600"),
    "a drawing": ("icon.svg", DRAWN, "takes .png"),
    "a JPEG": ("icon.jpg", jpeg(512, 512), "takes .png"),
    "too many bytes": ("icon.png", png(512) + b"\0" * 2_000_000, "at most 1,999,999"),
}


@pytest.mark.parametrize("what", CLAUDE)
def test_an_icon_that_claudes_directory_refuses_is_one_message(what: str, write: Write) -> None:
    name, raw, says = CLAUDE[what]
    message = _only_message(write(raw, name, store="anthropic"))
    assert says in message
    assert message.endswith("(icon-size)")


OUTSIDE = (
    "../icon.png",
    "brand/../../icon.png",
    "/etc/hostname.png",
    "C:/icon.png",
    "brand\\icon.png",
    "~/i.png",
)


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_out_of_the_folder_is_refused_unread(path: str, write: Write, tmp_path: Path) -> None:
    (tmp_path.parent / "icon.png").write_bytes(png(512))
    assert _only_message(write(png(512), path=path)).endswith("(declared_asset_path_unsafe)")


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_followed(write: Write, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-brand.png"
    outside.write_bytes(png(512))
    file = write(None)
    (tmp_path / "icon.png").symlink_to(outside)
    assert _only_message(file).endswith("(declared_asset_path_unsafe)")
    (tmp_path / "icon.png").unlink()
    (tmp_path / "brand.png").write_bytes(png(512))
    (tmp_path / "icon.png").symlink_to("brand.png")
    load_file(file)


def test_a_pipe_a_folder_and_a_loop_of_links_are_refused_at_once(write: Write, tmp_path: Path) -> None:
    file = write(None)
    os.mkfifo(tmp_path / "icon.png")
    assert _only_message(file).endswith("(declared_asset_not_regular_file)")
    (tmp_path / "icon.png").unlink()
    (tmp_path / "icon.png").mkdir()
    assert _only_message(file).endswith("(declared_asset_not_regular_file)")
    (tmp_path / "icon.png").rmdir()
    (tmp_path / "icon.png").symlink_to("icon.png")
    assert _only_message(file).endswith("(image_file_unreadable)")


def test_a_picture_that_unpacks_without_end_is_refused_by_its_header(write: Write) -> None:
    """The header says 60,000 pixels a side, and the data are zeros without end."""
    unpacker = zlib.compressobj(9)
    body = b"".join([*(unpacker.compress(b"\0" * 10_000_000) for _ in range(20)), unpacker.flush()])
    header = struct.pack(">LLBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    made = b"".join(
        struct.pack(">L", len(c)) + k + c + struct.pack(">L", zlib.crc32(k + c)) for k, c in chunks
    )
    assert "60,000 by 60,000" in _only_message(write(b"\x89PNG\r\n\x1a\n" + made))


def test_an_icon_does_nothing_for_gemini_cli() -> None:
    text = shop_text(surfaces__gemini__listing={"id": "shop", "icon": "icon.png"})
    _, found = load(parse(text, "shop.yaml"))
    assert ["`icon` does nothing here" in one.message for one in found] == [True]


def test_a_text_without_a_file_has_no_folder_to_look_in(write: Write) -> None:
    text = write(None).read_text(encoding="utf-8")
    listing = load_text(text).surfaces["openai"].listing
    assert listing is not None
    assert listing.icon is None


@pytest.mark.parametrize(
    "words", [("build",), ("lint",), ("submit", "openai"), ("build", "--check")], ids=" ".join
)
def test_each_command_says_it_at_the_line(
    words: tuple[str, ...], write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(png(40))
    monkeypatch.chdir(file.parent)
    last = {"submit": ["--url", "http://127.0.0.1:9"]}.get(words[0], [])
    code = main(
        [
            *(w for w in words if not w.startswith("--")),
            file.name,
            *(w for w in words if w.startswith("--")),
            *last,
        ]
    )
    told = "".join(capsys.readouterr())
    assert code == 2, told
    assert told.count("raster_image_dimensions_too_small") == 1
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "icon:" in text)
    assert f"shop.yaml:{line}:" in told
    assert "Traceback" not in told
