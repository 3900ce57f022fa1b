"""A plain text about a target that failed, for people to send to who keeps the registry: pure, no input or output."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from registry import __version__
from registry.builds.keys import RECIPE
from registry.builds.schemas import BuildView, TargetView
from registry.settings import Settings

LOG_CHARS = 3_000
_MAIL_CHARS = 1_500  # longer addresses are cut or refused by mail programs


@dataclass(frozen=True, slots=True)
class FaultReport:
    """The text, and an address that opens a letter with it; empty where nobody is named."""

    text: str
    mailto: str


def reports(build: BuildView, settings: Settings) -> dict[int, FaultReport]:
    """Target id -> report, of those that failed."""
    return {target.id: _report(build, target, settings) for target in build.targets if target.state == "failed"}


def _report(build: BuildView, target: TargetView, settings: Settings) -> FaultReport:
    head = "\n".join(f"{name}: {value}" for name, value in _rows(build, target, settings) if value)
    log = target.log_tail.strip()[-LOG_CHARS:]
    text = f"{head}\n\nLast lines of the tool:\n{log}\n" if log else f"{head}\n"
    if not settings.contact:
        return FaultReport(text, "")
    asked = "\n\nWhat I expected:\n\n(The last lines of the tool stand on the page of the build: paste them here.)\n"
    query = urlencode(
        {"subject": f"Brickyard: {build.design} {build.version}, {target.title}", "body": head[:_MAIL_CHARS] + asked},
        quote_via=quote,
    )
    return FaultReport(text, f"mailto:{quote(settings.contact, safe='@')}?{query}")


def _rows(build: BuildView, target: TargetView, settings: Settings) -> list[tuple[str, str]]:
    tools = ", ".join(f"{name} {version}" for name, version in sorted(target.tools.items()))
    return [
        ("Build", f"{settings.public_url}/builds/{build.id}"),
        ("Design", f"{build.design} {build.version}, commit {build.commit}"),
        (
            "Target",
            f"{target.kind} {target.name} ({target.source})" if target.source else f"{target.kind} {target.name}",
        ),
        ("Builder", target.builder),
        ("Brickyard", f"{__version__}, recipe {RECIPE}"),
        ("Tools", tools or "not recorded"),
        ("Key", target.key or "none"),
        ("Failed step", next((step.name for step in target.steps if step.state == "failed"), "")),
        ("Message", target.message),
        ("Remedy shown", target.remedy),
    ]
