"""The one Jinja environment: strict, escaping, compiled once; ``render`` is what every page handler calls."""

import json
import re
from collections.abc import Hashable, Mapping, MutableMapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Macro
from markupsafe import Markup, escape

from shared.ui import words
from shared.ui.assets import ROOT, asset
from shared.ui.error_pages import error_words
from shared.ui.icons import icon
from shared.ui.links import with_query
from shared.ui.page import FormState, Page

# What a shell may be rendered without; a page's own names have no default and fail when missing.
DEFAULTS: Mapping[str, Any] = {
    "viewer": None,
    "province": None,
    "clock": None,
    "menu": (),
    "flash": None,
    "form_key": "",
    "message": "",
    "request_id": "",
    "refresh_seconds": None,
    "counted": False,
    "page": Page("职务科技成果管理平台"),
    "form": FormState(),
}


_special = re.compile("[&<>\"']").search


def written(value: Any) -> str:
    """A value as a page writes it: escaped unless it is markup. Most text needs no escaping, and looking is quicker than
    making markup of it: a page has hundreds of values.
    """
    if type(value) is str:
        return escape(value) if _special(value) else value
    return str(value.__html__()) if hasattr(value, "__html__") else escape(value)


class _Generator(CodeGenerator):
    """Has templates write their values by :func:`written`."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.written(")


class _Environment(Environment):
    code_generator_class = _Generator
    written = staticmethod(written)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """One dictionary, since every import looks through it: the globals are set before any template is loaded."""
        return {**self.globals, **(d or {})}


@lru_cache(maxsize=512)
def kept(macro: Macro, *arguments: Hashable) -> Markup:
    """What a macro makes of these arguments, made once: for what stands on every page (the side bar)."""
    return Markup(macro(*arguments))


def template_directories(root: Path = ROOT) -> list[Path]:
    """Where templates are looked for: every slice's ``templates``, the tenants', then the shared ones."""
    slices = sorted(path for path in root.glob("services/*/templates") if path.is_dir())
    others = [path for path in (root / "tenants/templates", root / "shared/ui/templates") if path.is_dir()]
    return [*slices, *others]


def make_environment(directories: list[Path], *, reload: bool = False, bytecode: Path | None = None) -> Environment:
    """An environment over these folders. ``reload`` looks for changed files on each use; ``bytecode`` keeps compiled ones."""
    if bytecode is not None:
        bytecode.mkdir(parents=True, exist_ok=True)
    environment = _Environment(
        loader=FileSystemLoader(directories),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=reload,
        cache_size=-1,
        bytecode_cache=FileSystemBytecodeCache(str(bytecode)) if bytecode is not None else None,
    )
    environment.globals.update(DEFAULTS)
    environment.globals.update(
        icon=icon, asset=asset, chart_scripts=chart_scripts, with_query=with_query, error_words=error_words, kept=kept
    )
    for name in (
        "keep",
        "day",
        "day_long",
        "moment",
        "days_left",
        "urgency",
        "yuan",
        "money",
        "share",
        "count",
        "size",
        "of_year",
    ):
        # ``count`` replaces Jinja's alias of ``length``, which templates here spell out.
        environment.filters[name] = getattr(words, name)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":"), "default": _plain}
    environment.policies["json.dumps_function"] = json.dumps
    return environment


def _plain(value: Any) -> Any:
    """Chart data: amounts become numbers here and only here, since they are drawn, not counted with."""
    match value:
        case Decimal():
            return float(value)
        case date() | datetime():
            return value.isoformat()
        case _:
            raise TypeError(f"no JSON form for {type(value).__name__}")


def chart_scripts() -> Markup:
    """The scripts of a page with charts, for its ``page_scripts`` block."""
    return Markup('<script src="{}" defer></script><script src="{}" defer></script>').format(
        asset("echarts.js"), asset("charts.js")
    )


@cache
def environment() -> Environment:
    """The environment of this process."""
    return make_environment(template_directories())


@cache
def _template(name: str) -> Template:
    return environment().get_template(name)


def render(name: str, context: Mapping[str, Any]) -> str:
    """The page ``name`` as HTML.

    :raises jinja2.TemplateNotFound: no such template.
    :raises jinja2.UndefinedError: the template uses a name that neither ``context`` nor ``DEFAULTS`` has.
    """
    return _template(name).render(context)


def warm_up() -> int:
    """Compile every template now, so that the first request pays nothing; returns how many there are."""
    names = environment().list_templates(extensions=["html"])
    for name in names:
        _template(name)
    return len(names)
