"""The provider's pages: the list of people, a refusal, a sign-out. Plain HTML, one style sheet, no script."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response

from deploy.demo.identity.guests import guest_groups
from deploy.demo.organisations import ORGANISATIONS, Organisation
from deploy.demo.people import PEOPLE, Person
from deploy.demo.provinces import PROVINCES, DemoProvince

_FOLDER = Path(__file__).parent / "templates"
STYLE_SHEET = (Path(__file__).parent / "sign_in.css").read_text(encoding="utf-8")
_TEMPLATES = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)


def policy(form_target: str = "") -> str:
    """The Content-Security-Policy of a page. Chromium applies form-action to redirects, so it names the client too."""
    parts = urlsplit(form_target)
    target = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self'{target}"
    )


def _page(template: str, status: int, form_target: str = "", **values: Any) -> Response[str]:
    return Response(
        _TEMPLATES.get_template(template).render(**values),
        status_code=status,
        media_type=MediaType.HTML,
        headers={"content-security-policy": policy(form_target)},
    )


Group = tuple[Organisation, list[Person]]


def groups() -> list[tuple[DemoProvince, list[Group]]]:
    """Everybody by province and organisation, in the order in which pages and the command show them."""
    return [
        (
            province,
            [
                (found, [one for one in PEOPLE if one.organisation == found.key])
                for found in ORGANISATIONS
                if found.region == province.region
            ],
        )
        for province in PROVINCES
    ]


def sign_in_page(action: str, number: str, redirect_uri: str, style: str, folder: Path) -> Response[str]:
    everybody = [*groups(), *guest_groups(folder)]
    return _page("sign_in.html", 200, redirect_uri, action=action, number=number, provinces=everybody, style=style)


def problem_page(title: str, text: str, style: str, status: int = 400) -> Response[str]:
    return _page("problem.html", status, title=title, text=text, style=style)


def sign_out_page(action: str, style: str, *, done: bool) -> Response[str]:
    return _page("sign_out.html", 200, action=action, done=done, style=style)
