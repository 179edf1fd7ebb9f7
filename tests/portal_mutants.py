"""One broken package for each code of OpenAI's portal: a good package and one change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import plugin_packages as good
from plugin_packages import Files, Link, jpeg, png, svg

DELETE: Any = object()
P, C, S, A = good.portable, good.codex, good.skills_only, good.with_apps
SUBMISSION, TOOLS = good.submission, good.tool_list
BELL = "a\u0007b"
HIDDEN = "a\u200bb"
ICON, SKILL, AGENT = "assets/icon.png", "skills/find-books/SKILL.md", "skills/find-books/agents/openai.yaml"
APPS = ".app.json"


@dataclass(frozen=True)
class Mutant:
    """The code, the good package, and the change. `also` are codes that follow from the same change."""

    code: str
    base: Callable[[], Files]
    edit: Callable[[Files], Any]
    zipped: bool = False
    also: frozenset[str] = field(default_factory=frozenset)


def main_file(files: Files) -> str:
    """The file whose members are changed."""
    names = (".codex-plugin/plugin.json", "plugin.json", "chatgpt-app-submission.json", "tools.json")
    return next(name for name in names if name in files)


def put(data: Any, path: str, value: Any) -> None:
    """Set or delete the value at a path of members; `i.` begins the listing, `x.` OpenAI's extension."""
    portable = "interface" not in data and "extensions" in data
    if path.startswith(("i.", "x.")) or path in ("i", "x"):
        first, _, rest = path.partition(".")
        extension = data["extensions"]["com.openai"]
        holder = extension if portable or first == "x" else data
        path = ".".join(part for part in ("interface" if first == "i" else "", rest) if part)
        data = holder
    *steps, last = path.split(".")
    for step in steps:
        data = data[int(step)] if isinstance(data, list) else data[step]
    key: Any = int(last) if isinstance(data, list) else last
    if value is DELETE:
        del data[key]
    else:
        data[key] = value


def member(code: str, base: Callable[[], Files], path: str, value: Any, *also: str) -> Mutant:
    """A mutant with one other value in the manifest, the submission or the list of tools."""
    return Mutant(code, base, lambda files: put(files[main_file(files)], path, value), also=frozenset(also))


def inside(code: str, base: Callable[[], Files], file: str, path: str, value: Any, *also: str) -> Mutant:
    """A mutant with one other value in another JSON file."""
    return Mutant(code, base, lambda files: put(files[file], path, value), also=frozenset(also))


def add(
    code: str, base: Callable[[], Files], file: str, content: Any, *also: str, zipped: bool = False
) -> Mutant:
    """A mutant with one more file, or another content of one."""
    return Mutant(code, base, lambda files: files.update({file: content}), zipped, frozenset(also))


def drop(code: str, base: Callable[[], Files], *paths: str, also: tuple[str, ...] = ()) -> Mutant:
    """A mutant without these files."""
    return Mutant(code, base, lambda files: [files.pop(path) for path in paths], also=frozenset(also))


def typed(prefix: str, base: Callable[[], Files], path: str) -> list[Mutant]:
    """Mutants of a text: a number, and blanks."""
    return [
        member(f"{prefix}_wrong_type", base, path, 5),
        member(f"{prefix}_empty", base, path, "  "),
    ]


def text(
    prefix: str, base: Callable[[], Files], path: str, most: int, *, long: str | None = None
) -> list[Mutant]:
    """Mutants of a text with a limit: those of `typed`, too long, and a control character."""
    return [
        *typed(prefix, base, path),
        member(f"{prefix}_too_long", base, path, long or "x" * (most + 1)),
        member(f"{prefix}_character_unsupported", base, path, BELL),
    ]


def url(prefix: str, path: str, most: int) -> list[Mutant]:
    """Mutants of an address in the listing."""
    return [
        *typed(prefix, P, path),
        member(f"{prefix}_format", P, path, "http://library.example"),
        member(f"{prefix}_format", P, path, "https://user:word@library.example"),
        member(f"{prefix}_too_long", P, path, "https://library.example/" + "x" * most),
    ]


def front(old: str, new: str) -> Callable[[Files], Any]:
    """A change of SKILL.md's text."""

    def edit(files: Files) -> None:
        assert old in files[SKILL]
        files[SKILL] = files[SKILL].replace(old, new, 1)

    return edit


def skill(code: str, old: str, new: str, *also: str) -> Mutant:
    """A mutant of SKILL.md."""
    return Mutant(code, S, front(old, new), also=frozenset(also))


NAME, ABOUT = (
    "name: find-books",
    "description: Find books and reserve them. Use when the user asks for a book.",
)

MANIFEST = [
    *typed("plugin_id", C, "id"),
    member("plugin_name_missing", P, "name", DELETE),
    *typed("plugin_name", P, "name"),
    member("plugin_name_too_long", P, "name", "x" * 65),
    member("plugin_name_format", P, "name", "city library"),
    member("rule-name-lower-case", P, "name", "City_Library"),
    member("plugin_version_missing", P, "version", DELETE),
    *typed("plugin_version", P, "version"),
    member("plugin_version_not_semver", P, "version", "1.0"),
    member("plugin_version_too_long", P, "version", "1.0.0-" + "x" * 60),
    member("plugin_description_missing", P, "description", DELETE),
    *text("plugin_description", P, "description", 1024),
    member("plugin_developer_missing", P, "author", DELETE),
    member("plugin_developer_missing", P, "author.name", DELETE),
    member("plugin_author_wrong_type", P, "author", "City Library"),
    member("plugin_author_name_wrong_type", P, "author.name", 5),
    member("plugin_author_name_empty", P, "author.name", ""),
    member("plugin_author_name_too_long", P, "author.name", "x" * 121, "developer_name_defaulted"),
    member("plugin_author_name_character_unsupported", P, "author.name", BELL, "developer_name_defaulted"),
    *text("plugin_author_email", P, "author.email", 320),
    *typed("plugin_author_url", P, "author.url"),
    member("plugin_author_url_character_unsupported", P, "author.url", f"https://{HIDDEN}.example"),
    member("plugin_author_url_not_https", P, "author.url", "http://library.example"),
    member("plugin_author_url_has_credentials", P, "author.url", "https://a:b@library.example"),
    member("plugin_author_url_too_long", P, "author.url", "https://library.example/" + "x" * 2048),
    *url("plugin_homepage", "homepage", 2048),
    member("rule-hooks", P, "hooks", "./hooks.json"),
    add("rule-hooks", P, "hooks/hooks.json", {}),
    member("developer_name_defaulted", P, "author.name", "Town Library"),
    member("manifest_normalized", P, "i.longDescription", " Find books. "),
]
PLACE = [
    drop("plugin_manifest_missing", S, ".codex-plugin/plugin.json"),
    add("plugin_manifest_not_file", P, "plugin.json", None),
    add("plugin_manifest_unreadable", P, "plugin.json", b'{"name": "\xff"}'),
    add("plugin_manifest_json_malformed", P, "plugin.json", '{"name": \n,}'),
    add("plugin_manifest_root_not_object", P, "plugin.json", []),
    Mutant(
        "codex_manifest_parent_not_directory",
        S,
        lambda files: files.update({".codex-plugin": files.pop(".codex-plugin/plugin.json")}),
    ),
    add("codex_manifest_path_not_file", S, ".codex-plugin/plugin.json", None),
    Mutant("plugin_root_missing", P, lambda files: (files.clear(), files.update({"notes.txt": "x"}))),
    Mutant(
        "archive_plugin_files_missing",
        P,
        lambda files: (files.clear(), files.update({"notes.txt": "x"})),
        zipped=True,
    ),
    add("plugin_root_ambiguous", P, "other/plugin.json", {}, zipped=True),
    Mutant(
        "plugin_root_has_siblings",
        lambda: {f"library/{path}": content for path, content in P().items()},
        lambda files: files.update({"notes.txt": "x"}),
        zipped=True,
    ),
    Mutant(
        "claude_format_normalized",
        S,
        lambda files: files.update({".claude-plugin/plugin.json": files.pop(".codex-plugin/plugin.json")}),
    ),
]
LISTING = [
    member("plugin_interface_wrong_type", C, "interface", "x"),
    member("plugin_display_name_empty", C, "i.displayName", DELETE),
    member("submission_display_name_required", P, "i.displayName", DELETE),
    *text("plugin_display_name", P, "i.displayName", 80),
    member("submission_display_name_too_long", P, "i.displayName", "x" * 31),
    member("submission_display_name_character_unsupported", P, "i.displayName", "City\nLibrary"),
    member("rule-display-name-ending", P, "i.displayName", "City Library MCP"),
    member("plugin_short_description_missing", C, "i.shortDescription", DELETE),
    member("submission_subtitle_required", P, "i.shortDescription", DELETE),
    *text("plugin_short_description", P, "i.shortDescription", 240),
    member("submission_subtitle_too_long", P, "i.shortDescription", "x" * 31),
    member("submission_subtitle_character_unsupported", P, "i.shortDescription", "Find\nbooks"),
    member("rule-promotion", P, "i.shortDescription", "Books from $5"),
    member("plugin_long_description_empty", C, "i.longDescription", DELETE),
    member("submission_description_required", P, "i.longDescription", DELETE),
    *text("plugin_long_description", P, "i.longDescription", 4000),
    member("submission_developer_name_required", P, "i.developerName", DELETE),
    member("plugin_developer_name_empty", C, "i.developerName", DELETE),
    *[
        Mutant(one.code, one.base, one.edit, also=frozenset(["developer_name_defaulted"]))
        if "empty" not in one.code and "type" not in one.code
        else one
        for one in text("plugin_developer_name", P, "i.developerName", 120)
    ],
    member("submission_developer_name_too_long", P, "i.developerName", "x" * 81, "developer_name_defaulted"),
    member(
        "submission_developer_name_character_unsupported",
        P,
        "i.developerName",
        "City\nLibrary",
        "developer_name_defaulted",
    ),
    *typed("plugin_category", P, "i.category"),
    member("plugin_category_unknown", P, "i.category", "Books"),
    member("plugin_category_character_unsupported", P, "i.category", HIDDEN),
    member("plugin_capabilities_wrong_type", P, "i.capabilities", "x"),
    member("plugin_capabilities_too_many", P, "i.capabilities", [f"c{n}" for n in range(21)]),
    member("plugin_capability_wrong_type", P, "i.capabilities.0", 5),
    member("plugin_capability_empty", P, "i.capabilities.0", ""),
    member("plugin_capability_too_long", P, "i.capabilities.0", "x" * 121),
    member("plugin_capability_character_unsupported", P, "i.capabilities.0", BELL),
    member("plugin_capability_invalid", P, "i.capabilities.0", "two\nlines"),
    *url("plugin_website_url", "i.websiteURL", 1024),
    *url("plugin_privacy_policy_url", "i.privacyPolicyURL", 1024),
    *url("plugin_terms_of_service_url", "i.termsOfServiceURL", 1024),
    *url("plugin_support_url", "i.supportURL", 1024),
    member("rule-listing-url", P, "i.supportURL", DELETE),
    *typed("plugin_brand_color", P, "i.brandColor"),
    member("plugin_brand_color_format", P, "i.brandColor", "#FFF"),
    member("plugin_brand_color_contrast", P, "i.brandColor", "#EEEEEE"),
    *typed("plugin_brand_color_dark", P, "i.brandColorDark"),
    member("plugin_brand_color_dark_format", P, "i.brandColorDark", "blue"),
    member("plugin_brand_color_dark_contrast", P, "i.brandColorDark", "#222222"),
    member("plugin_default_prompt_wrong_type", P, "i.defaultPrompt", {}),
    member("plugin_default_prompt_too_many", P, "i.defaultPrompt", ["a", "b", "c", "d"]),
    member("plugin_default_prompt_entry_wrong_type", P, "i.defaultPrompt.0", 5),
    member("plugin_default_prompt_empty", P, "i.defaultPrompt.0", " "),
    member("plugin_default_prompt_too_long", P, "i.defaultPrompt.0", "x" * 129),
    member("plugin_default_prompt_character_unsupported", P, "i.defaultPrompt.0", "two\nlines"),
    member("plugin_default_prompt_mention", P, "i.defaultPrompt.0", "Ask @Library for books"),
    member("plugin_default_prompt_duplicate", P, "i.defaultPrompt", ["Find a book", "find  a BOOK"]),
]
CONTENT = [
    member("plugin_skills_path_wrong_type", C, "skills", 5),
    member("plugin_skills_path_empty", C, "skills", ""),
    member("plugin_skills_path_unsupported", C, "skills", "./abilities/"),
    drop("plugin_skills_directory_missing", C, SKILL, AGENT),
    Mutant(
        "plugin_skills_path_not_directory",
        C,
        lambda files: [files.pop(SKILL), files.pop(AGENT), files.update({"skills": "x"})],
    ),
    member("plugin_apps_path_wrong_type", A, "apps", 5),
    member("plugin_apps_path_empty", A, "apps", ""),
    member("plugin_apps_path_unsupported", A, "apps", "./apps.json"),
    drop("plugin_apps_file_missing", A, APPS),
    add("plugin_apps_path_not_file", A, APPS, None),
    Mutant(
        "plugin_runtime_surface_missing",
        S,
        lambda files: [files.pop(SKILL), files.pop(AGENT), put(files[main_file(files)], "skills", DELETE)],
    ),
    inside("mcp_configuration_excluded", C, ".mcp.json", "mcpServers", {}),
    Mutant("app_configuration_excluded", S, lambda files: files.update(A())),
    member("screenshot_configuration_excluded", S, "i.screenshots", ["./assets/icon.png"]),
    member(
        "screenshots_not_allowed", P, "i.screenshots", ["./assets/s.png"] * 2, "declared_asset_file_missing"
    ),
    add("undeclared_app_manifest_ignored", S, APPS, {"apps": {}}),
    add("undeclared_mcp_manifest_ignored", S, ".mcp.json", {"mcpServers": {}}),
]
SKILLS = [
    add("skill_manifest_missing", S, "skills/other/notes.md", "x"),
    add("skill_directory_hidden", S, "skills/.other/SKILL.md", good.SKILL),
    add("skill_manifest_nested", S, "skills/group/other/SKILL.md", good.SKILL),
    add("skill_manifest_not_regular_file", S, SKILL, None),
    add("skill_manifest_invalid_utf8", S, SKILL, b"---\nname: \xff\n---\n"),
    add("skill_frontmatter_missing", S, SKILL, "# Find books\n"),
    add("skill_frontmatter_unclosed", S, SKILL, "---\nname: find-books\n"),
    skill("skill_frontmatter_yaml_malformed", NAME, "name: [find-books"),
    skill("skill_frontmatter_wrong_type", f"{NAME}\n{ABOUT}", "- find-books"),
    skill("skill_name_missing", NAME, ""),
    skill("skill_name_wrong_type", NAME, "name: 5"),
    skill("skill_name_empty", NAME, "name: ''"),
    skill("skill_name_character_unsupported", NAME, f"name: find{HIDDEN}books"),
    skill("skill_description_missing", ABOUT, ""),
    skill("skill_description_wrong_type", ABOUT, "description: [x]"),
    skill("skill_description_empty", ABOUT, "description: ''"),
    skill("skill_description_too_long", ABOUT, f"description: {'x' * 1025}"),
    skill("skill_description_character_unsupported", ABOUT, f"description: {HIDDEN}"),
    Mutant(
        "skill_body_empty",
        S,
        lambda files: files.update({SKILL: files[SKILL][: files[SKILL].index("# Find")]}),
    ),
    skill("skill_identity_too_long", NAME, f"name: {'x' * 60}"),
    add("skill_identity_duplicate", S, "skills/other/SKILL.md", good.SKILL),
    add("skill_file_ignored", S, "skills/README.md", "x"),
    add("skill_symlink_ignored", S, "skills/other", Link("find-books")),
    skill("skill_frontmatter_adjusted", ABOUT, "description: 'Find  books '"),
    skill("skill_metadata_ignored", NAME, f"{NAME}\nmetadata: {{display_name: Find books}}"),
]


def agent(code: str, path: str, value: Any) -> Mutant:
    """A mutant of agents/openai.yaml."""
    return inside(code, S, AGENT, path, value)


AGENTS = [
    add("skill_agent_not_regular_file", S, AGENT, None),
    add("skill_agent_invalid_utf8", S, AGENT, b"interface: \xff"),
    add("skill_agent_yaml_malformed", S, AGENT, "interface: [x"),
    add("skill_agent_top_level_wrong_type", S, AGENT, "- x"),
    agent("skill_agent_interface_missing", "interface", DELETE),
    agent("skill_agent_interface_wrong_type", "interface", "x"),
    *(
        agent(f"skill_agent_{name}_{end}", f"interface.{name}", value)
        for name in ("display_name", "short_description")
        for end, value in (("missing", DELETE), ("wrong_type", 5), ("empty", ""))
    ),
    *(
        agent(f"skill_agent_{name}_{end}", f"interface.{name}", value)
        for name in ("icon_small", "icon_large", "brand_color", "default_prompt")
        for end, value in (("wrong_type", 5), ("empty", ""))
    ),
    agent("skill_agent_brand_color_format", "interface.brand_color", "red"),
    agent("skill_agent_policy_wrong_type", "policy", "x"),
    agent("skill_agent_allow_implicit_invocation_wrong_type", "policy.allow_implicit_invocation", "yes"),
    agent("skill_agent_allow_implicit_invocation_wrong_type", "policy.other", True),
    agent("skill_agent_allow_implicit_invocation_wrong_type", "policy.products", ["EMAIL"]),
    agent("skill_agent_dependencies_wrong_type", "dependencies", "x"),
    agent("skill_agent_dependency_unsupported", "dependencies.apps", []),
]
LOGO = "i.logo"
ASSETS = [
    member("plugin_logo_path_missing", C, LOGO, DELETE),
    member("plugin_composer_icon_path_missing", C, "i.composerIcon", DELETE),
    member("declared_asset_path_wrong_type", P, LOGO, 5),
    member("declared_asset_path_empty", P, LOGO, ""),
    member("declared_asset_path_has_outer_whitespace", P, LOGO, "./assets/icon.png ", "manifest_normalized"),
    member("declared_asset_path_has_control_character", P, LOGO, "./assets/\x01.png"),
    member("branding_asset_path_missing_root_prefix", P, LOGO, ICON),
    member("declared_asset_path_unsafe", P, LOGO, "./../icon.png"),
    member("declared_asset_path_unsafe", P, LOGO, "C:\\icon.png"),
    agent("declared_asset_path_outside_package", "interface.icon_small", "../../../icon.png"),
    member("declared_asset_file_missing", P, LOGO, "./assets/other.png"),
    agent("declared_asset_file_missing", "interface.icon_small", "../../assets/other.png"),
    member("declared_asset_not_regular_file", P, LOGO, "./assets"),
]


def image(code: str, name: str, content: Any, *also: str) -> Mutant:
    """A mutant with another picture, named as the logo."""

    def edit(files: Files) -> None:
        files[name] = content
        put(files[main_file(files)], LOGO, f"./{name}")

    return Mutant(code, P, edit, also=frozenset(also))


def torn(raw: bytes) -> bytes:
    """A PNG with a wrong checksum."""
    return raw.replace(b"IHDR", b"IHDS")


IMAGES = [
    image("image_file_too_large", "assets/big.png", png() + b"\0" * 5_242_880),
    image("image_file_format_unsupported", "assets/icon.gif", b"GIF89a"),
    image("raster_image_decode_failed", "assets/a.png", b"no picture"),
    image("raster_image_decode_failed", "assets/a.png", torn(png())),
    image("raster_image_decode_failed", "assets/a.png", png()[:60]),
    image("raster_image_extension_content_mismatch", "assets/a.jpg", png()),
    image("raster_image_extension_content_mismatch", "assets/a.png", jpeg(512, 512)),
    image("raster_image_extension_content_mismatch", "assets/a.png", good.webp(512, 512)),
    image("raster_image_not_square", "assets/a.png", png(512, 600)),
    image("raster_image_not_square", "assets/a.webp", good.webp(512, 600)),
    image("raster_image_not_square", "assets/a.jpg", jpeg(512, 600)),
    image("raster_image_dimensions_too_small", "assets/a.png", png(47)),
    image("raster_image_dimensions_too_large", "assets/a.png", png(4097)),
    image("svg_xml_malformed", "assets/a.svg", "<svg"),
    image("svg_xml_malformed", "assets/a.svg", '<!DOCTYPE svg [<!ENTITY a "b">]>' + svg()),
    image("svg_root_element_invalid", "assets/a.svg", "<html/>"),
    image("svg_dimensions_missing", "assets/a.svg", svg("")),
    image("svg_dimensions_not_numeric", "assets/a.svg", svg('width="100%" height="100%"')),
    image("svg_dimensions_not_numeric", "assets/a.svg", svg('viewBox="0 0 wide 512"')),
    image("svg_dimensions_not_positive", "assets/a.svg", svg('viewBox="0 0 0 0"')),
    image("svg_dimensions_not_positive", "assets/a.svg", svg('width="inf" height="inf"')),
    image("svg_dimensions_not_square", "assets/a.svg", svg('viewBox="0 0 512 600"')),
    image("svg_dimensions_too_small", "assets/a.svg", svg('viewBox="0 0 24 24"')),
]
APP = [
    add("app_manifest_unreadable", A, APPS, b'{"apps": "\xff"}'),
    add("app_manifest_json_malformed", A, APPS, '{"apps": }'),
    add("app_manifest_wrong_type", A, APPS, []),
    inside("app_entries_missing", A, APPS, "apps", DELETE),
    inside("app_entries_wrong_type", A, APPS, "apps", []),
    inside("app_entry_wrong_type", A, APPS, "apps.library", "x"),
    inside("app_id_missing", A, APPS, "apps.library.id", DELETE),
    inside("app_id_wrong_type", A, APPS, "apps.library.id", 5),
    inside("app_id_format", A, APPS, "apps.library.id", "app_library"),
    inside("app_entry_optional_wrong_type", A, APPS, "apps.library.optional", "yes"),
    inside("app_entry_required_wrong_type", A, APPS, "apps.library.required", 1),
    inside("duplicate_app_reference", A, APPS, "apps.other", {"id": "connector_library"}),
]


def entry(code: str, path: str, *also: str) -> Mutant:
    """A mutant with an entry of this name in the ZIP."""
    return add(code, P, path, "x", *also, zipped=True)


ARCHIVE = [
    Mutant("archive_empty", P, lambda files: files.clear(), zipped=True),
    entry("archive_member_path_empty", ""),
    entry("archive_member_path_has_outer_whitespace", "notes.txt "),
    entry("archive_member_path_has_backslash", "a\\b.txt"),
    entry("archive_member_path_absolute", "/etc/notes.txt"),
    entry("archive_member_path_absolute", "C:/notes.txt"),
    entry("archive_member_path_has_empty_segment", "a//b.txt"),
    entry("archive_member_path_has_parent_segment", "a/../b.txt"),
    entry("archive_member_path_too_deep", "a/" * 20 + "b.txt"),
    entry("archive_member_path_too_long", "a/" + "b" * 1023),
    entry("archive_member_path_normalization_collision", "assets/ICON.png"),
    add("archive_member_type_unsupported", P, "notes.txt", Link("plugin.json"), zipped=True),
    add("archive_member_type_unsupported", P, "notes.txt", Link("plugin.json")),
    entry("archive_member_path_type_conflict", "plugin.json/a.txt"),
    Mutant(
        "archive_too_many_entries",
        P,
        lambda files: files.update({f"n/{n}": b"" for n in range(5001)}),
        also=frozenset(["rule-secret-unsearched"]),
    ),
]
REVIEW = [
    member("rule-test-credentials", P, "x.review.test_credentials", {"user": "a"}),
    member("rule-test-credentials", P, "x.review.reviewer_instructions", "x"),
    member("rule-demo-recording", P, "x.review.demo_recording_url", DELETE),
    member("rule-demo-recording", P, "x.review.demo_recording_url", "http://library.example"),
    member("rule-test-case-count", P, "x.review.test_cases.positive.4", DELETE),
    member("rule-test-case-count", P, "x.review.test_cases.negative", [good.CASE] * 4),
    member("rule-test-case", P, "x.review.test_cases.positive.0.tools_triggered", ["search_books"]),
    member("rule-test-case", P, "x.review.test_cases.positive.0.prompt", ""),
    member("rule-test-case", P, "x.review.test_cases.negative.0.prompt", DELETE),
    member("rule-release-notes", P, "x.publication.release_notes", DELETE),
    member("rule-review", P, "x.review.commerce", "yes"),
    member("rule-commerce", P, "x.review.commerce", True),
    member("rule-onboarding-skill", P, "x.onboardingSkill", "./skills/other/SKILL.md"),
    member("rule-countries", P, "x.publication.countries.0", "us"),
    member("rule-translations", P, "x.publication.translations.de.subtitle", "x" * 31),
    member("rule-translations", P, "x.publication.translations.de.description", "a\tb"),
    inside("rule-mcp-url", P, "mcp.json", "mcpServers.library.url", "http://api.library.example"),
    inside("rule-mcp-url", P, "mcp.json", "mcpServers.library.url", "https://localhost/mcp"),
    inside("rule-mcp-headers", P, "mcp.json", "mcpServers.library.headers", {"Authorization": "Bearer x"}),
    inside("rule-one-mcp-server", P, "mcp.json", "mcpServers.other", good.SERVER),
    inside("rule-local-server", P, "mcp.json", "mcpServers.library", {"type": "stdio", "command": "x"}),
    inside("rule-client-secret", P, "mcp.json", "mcpServers.library.clientSecret", "x"),
    add("rule-mcp-manifest", P, "mcp.json", "{"),
    Mutant(
        "rule-apps",
        C,
        lambda files: (files.update({APPS: A()[APPS]}), put(files[main_file(files)], "apps", APPS)),
    ),
    add("rule-secret", P, "skills/find-books/env.txt", "KEY=" + "sk-" + "a1" * 20),
    add("rule-secret-unsearched", P, "skills/find-books/data.bin", b"\0" * 16_000_001),
    add("rule-ai-plugin", P, ".well-known/ai-plugin.json", {}),
    add("domain_verification_required", P, ".well-known/openai-apps-challenge", '{"token": "a"}'),
    Mutant(
        "rule-screenshot",
        P,
        lambda files: (
            files.update({"assets/s.png": png(700, 500)}),
            put(files[main_file(files)], "i.screenshots", ["./assets/s.png"] * 2),
        ),
        also=frozenset(["screenshots_not_allowed"]),
    ),
]
TOOL = "tools.0"
HINT = "tools.search_books.annotations.openWorldHint"
FILES = [
    member("submission_display_name_required", SUBMISSION, "app_info.display_name", ""),
    member("submission_subtitle_required", SUBMISSION, "app_info.subtitle", DELETE),
    member("submission_subtitle_too_long", SUBMISSION, "app_info.subtitle", "x" * 31),
    member("submission_description_too_long", SUBMISSION, "app_info.description", "x" * 4001),
    member("submission_description_character_unsupported", SUBMISSION, "app_info.description", BELL),
    member("annotations_required", SUBMISSION, HINT, DELETE),
    member("annotations_required", SUBMISSION, HINT, None),
    member("justification_required", SUBMISSION, "tools.search_books.justifications", DELETE),
    member(
        "justification_required", SUBMISSION, "tools.search_books.justifications.read_only_justification", " "
    ),
    member("rule-test-case-count", SUBMISSION, "test_cases.4", DELETE),
    member("rule-test-case", SUBMISSION, "test_cases.0.tools_triggered", "find_books"),
    member("rule-submission-category", SUBMISSION, "app_info.category", "Education & Research"),
    member("rule-submission-file", SUBMISSION, "schema_version", 2),
    member("annotations_required", TOOLS, f"{TOOL}.annotations", DELETE),
    member("annotations_required", TOOLS, f"{TOOL}.annotations.destructiveHint", None),
    member("rule-tool-description", TOOLS, f"{TOOL}.description", " "),
    member("rule-tool-name", TOOLS, f"{TOOL}.name", "best_search"),
    member("rule-output-schema", TOOLS, f"{TOOL}.outputSchema", DELETE),
    member("rule-raw-location", TOOLS, f"{TOOL}.inputSchema.properties.nearLat", {"type": "number"}),
    member("rule-restricted-data", TOOLS, f"{TOOL}.inputSchema.properties.card_number", {"type": "string"}),
    member("rule-conversation", TOOLS, f"{TOOL}.inputSchema.properties.chat_history", {"type": "string"}),
    member("rule-internal-output", TOOLS, f"{TOOL}.outputSchema.properties.trace_id", {"type": "string"}),
    Mutant(
        "rule-generic-executor",
        TOOLS,
        lambda files: files["tools.json"]["tools"][0].update(
            name="call_tool", inputSchema={"type": "object", "properties": {"toolName": {"type": "string"}}}
        ),
    ),
    Mutant(
        "rule-many-tools",
        TOOLS,
        lambda files: files["tools.json"].update(
            tools=[{**files["tools.json"]["tools"][0], "name": f"t{n}"} for n in range(101)]
        ),
    ),
    member(
        "frame_domain_explanation_required",
        TOOLS,
        "resources",
        [{"uri": "ui://a", "_meta": {"ui": {"csp": {"frameDomains": ["https://maps.example"]}}}}],
    ),
]
MUTANTS = [
    *MANIFEST,
    *PLACE,
    *LISTING,
    *CONTENT,
    *SKILLS,
    *AGENTS,
    *ASSETS,
    *IMAGES,
    *APP,
    *ARCHIVE,
    *REVIEW,
    *FILES,
]
ELSEWHERE = {
    "archive_too_large": "test_an_archive_beyond_the_limits",
    "archive_format_not_zip": "test_a_damaged_archive",
    "archive_member_unreadable": "test_a_damaged_archive",
    "archive_member_path_duplicate": "test_an_archive_with_one_path_twice",
    "archive_member_too_large": "test_an_archive_beyond_the_limits",
    "archive_uncompressed_too_large": "test_an_archive_beyond_the_limits",
    "skill_manifest_unreadable": "test_files_that_cannot_be_opened",
    "skill_agent_unreadable": "test_files_that_cannot_be_opened",
    "image_file_unreadable": "test_files_that_cannot_be_opened",
    "skill_bundle_too_large": "test_a_large_skill",
    "plugin_name_mismatch": "test_an_update_of_a_published_package",
    "plugin_version_unchanged": "test_an_update_of_a_published_package",
}
"""Codes that a package in memory cannot show, with the test that shows them."""
