"""What every template of the product keeps to, whoever wrote it; and what the shared ones show."""

import re
import timeit
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, UndefinedError
from markupsafe import Markup

from shared.ui.assets import ROOT, ensure_assets
from shared.ui.page import FormState
from shared.ui.rendering import environment, render, template_directories, warm_up
from tests.shared.ui.samples import ENVIRONMENT, ledger_context, pages, sample

TEMPLATES = sorted(path for folder in template_directories() for path in folder.rglob("*.html"))
REQUESTS = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete")
JINJA = re.compile(r"\{#.*?#\}", re.S)


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    ensure_assets()


class _Page(HTMLParser):
    """Collects start tags, and the text of what is inside script and style."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def _tags(html: str) -> Iterator[tuple[str, dict[str, str | None]]]:
    parser = _Page()
    parser.feed(html)
    yield from parser.tags


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_has_nothing_inline_and_every_request_says_where_it_goes(path: Path) -> None:
    source = JINJA.sub("", path.read_text("utf-8"))
    assert not re.search(r"\sstyle\s*=", source)
    assert "<style" not in source
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source)
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", source)
    assert "javascript:" not in source
    for script in re.findall(r"<script\b[^>]*>", source):
        assert "src=" in script or 'type="application/json"' in script
    for match in re.finditer(r"\bhx-(?:get|post|put|patch|delete)=", source):
        element = source[source.rfind("<", 0, match.start()) : source.find("\n", match.end())]
        assert "hx-target=" in element
        assert "hx-swap=" in element


@pytest.mark.parametrize("name", sorted(pages()))
def test_sample_page_is_whole(name: str) -> None:
    html = sample(name)
    tags = list(_tags(html))
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in tags].count("h1") == 1
    assert [tag for tag, _ in tags].count("main") == 1
    for tag, attributes in tags:
        if any(request in attributes for request in REQUESTS):
            assert attributes.get("hx-target"), tag
            assert attributes.get("hx-swap"), tag
        if tag == "form" and attributes.get("method") == "post" and attributes.get("id") != "todo":
            assert re.search(r'name="form_key" value="k-1"', html)


def test_values_are_escaped_and_a_missing_name_is_a_fault() -> None:
    template, context = pages()["institution"]
    row = replace(context["rows"][0], name="<script>alert(1)</script>")
    html = ENVIRONMENT.get_template(template).render({**context, "rows": [row]})
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html
    del context["todos"]
    with pytest.raises(UndefinedError):
        ENVIRONMENT.get_template(template).render(context)


def test_chart_data_cannot_end_its_script() -> None:
    macro = ENVIRONMENT.from_string('{% from "parts.html" import chart %}{{ chart("c", spec, "图") }}')
    html = macro.render(spec={"kind": "bar", "categories": ["</script><img src=x>"], "series": []})
    assert "</script><img" not in html


def _form_html(call: str, **form: Any) -> str:
    source = '{% import "forms.html" as f %}{{ f.' + call + " }}"
    return environment().from_string(source).render(form=FormState(**form))


def test_all_errors_link_to_their_fields_and_values_are_kept() -> None:
    template, context = pages()["form"]
    html = ENVIRONMENT.get_template(template).render(context)
    ids = {attributes["id"] for _, attributes in _tags(html) if "id" in attributes}
    links = re.findall(r'<li><a href="#([^"]+)">', html)
    assert links == [f"f-{name}" for name in context["form"].errors]
    assert set(links) <= ids
    assert 'value="1000000.50"' in html
    assert re.search(r'value="use_right" checked', html)
    assert re.search(r'value="report" checked', html)
    assert re.search(r'value="software" selected', html)


def test_zero_is_kept_and_empty_stays_empty() -> None:
    assert 'value="0"' in _form_html('money_field(form, "value", "价值")', values={"value": 0})
    assert 'value=""' in _form_html('money_field(form, "value", "价值")', values={"value": None})
    assert 'value=""' in _form_html('field(form, "title", "名称")')


def test_error_without_a_field_is_said_without_a_link() -> None:
    html = _form_html("error_summary(form)", errors={"": "合计不等于各分项之和", "total": "请核对合计"})
    assert "<li>合计不等于各分项之和</li>" in html
    assert '<a href="#f-total">请核对合计</a>' in html


def test_file_field_says_types_and_size_before_choosing() -> None:
    html = _form_html('file_field(form, "file", "附件", ["xlsx", "pdf"], 52428800)')
    assert "可选 xlsx、pdf 文件，不超过 50 MB" in html
    assert 'accept=".xlsx,.pdf"' in html
    assert 'data-limit="52428800"' in html


def test_refusal_shows_article_quote_version_what_was_judged_and_what_would_change_it() -> None:
    html = sample("refusal")
    for words in (
        "未办理：不符合规定",
        "第八条（三）",
        "公示期满且无异议后",
        "cn-53/empowerment 1.0.0",
        "改变这一结果",
        "<dt>办理时间</dt>",
        "没有改变任何内容",
    ):
        assert words in html


def test_unseen_text_is_marked_and_never_quoted() -> None:
    html = sample("states")
    unseen = html[html.index("省级成果转化条例") :][:600]
    assert "原文待核" in unseen
    assert "cite-quote" not in unseen


def test_deadline_says_how_it_was_counted() -> None:
    html = re.sub(r"<[^>]+>", "", sample("states"))
    assert "2026-03-09 发布，公示至 2026-03-24，第 7/15 天" in html
    assert "第 15 天 2026-03-24 为休息日，顺延至 2026-03-30" in html
    assert "2026-03-09 发布，公示至 2026-03-24暂定" in html


def test_sorting_head_turns_round_and_forgets_the_page() -> None:
    head = environment().from_string(
        '{% from "tables.html" import sort_head %}{{ sort_head("编号", "number", sort, "/x", query, "#t") }}'
    )
    query = {"q": "茶 叶", "sort": "number", "after": "cursor"}
    up = head.render(sort="number", query=query)
    assert 'aria-sort="ascending"' in up
    assert 'href="/x?q=%E8%8C%B6+%E5%8F%B6&amp;sort=-number"' in up
    assert 'aria-sort="none"' in head.render(sort="name", query=query)


def test_menu_shows_only_what_it_is_given_and_where_one_is() -> None:
    template, context = pages()["institution"]
    context["menu"] = context["menu"][:1]
    html = ENVIRONMENT.get_template(template).render(context)
    side = html[html.index('aria-label="主导航"') : html.index("</nav>")]
    assert re.findall(r'nav-link" href="([^"]+)"', side) == ["/institution/", "/institution/todo"]
    assert side.count('aria-current="page"') == 1


def test_404_is_the_same_for_everyone_who_asks_twice() -> None:
    _, context = pages()["error-404"]
    keys = iter("ab")
    one = render("error.html", {**context, "form_key": lambda: next(keys), "request_id": "1"})
    two = render("error.html", {**context, "form_key": lambda: next(keys), "request_id": "2"})
    assert one == two
    assert "7f3a9c2e" in sample("error-500")


def test_demo_clock_is_a_control_only_in_a_demo() -> None:
    template, context = pages()["public"]
    assert 'action="/clock"' in ENVIRONMENT.get_template(template).render(context)
    context["clock"] = replace(context["clock"], demo=False)
    html = ENVIRONMENT.get_template(template).render(context)
    assert "/clock" not in html
    assert "演示" not in html


def test_every_template_compiles() -> None:
    assert warm_up() == len({path.relative_to(f) for f in template_directories() for path in f.rglob("*.html")})


def test_ledger_table_of_twenty_rows_is_cheap() -> None:
    """Below 0.4 ms on an idle machine; five times that here, since tests share theirs. A macro call per cell exceeds it."""
    template = ENVIRONMENT.get_template("preview/ledger_table.html")
    context = ledger_context(20)
    template.render(context)
    assert min(timeit.repeat(lambda: template.render(context), number=20, repeat=10)) / 20 < 0.002


def test_values_are_written_as_autoescaping_writes_them() -> None:
    values = ["茶<b>", 'a"b', "it's & that", "plain 文字", 3, Decimal("1.50"), None, Markup("<i>x</i>"), FormState()]
    template = environment().from_string("{% for one in values %}{{ one }}|{% endfor %}")
    plain = Environment(autoescape=True).from_string("{% for one in values %}{{ one }}|{% endfor %}")
    assert template.render(values=values) == plain.render(values=values)
    assert environment().from_string("{% set a %}{{ one }}{% endset %}{{ a }}").render(one="<") == "&lt;"


def test_the_side_bar_of_another_place_and_count_is_another_one() -> None:
    template, context = pages()["institution"]
    first, *others = context["menu"]
    here = [replace(item, active=False) for item in first.items]
    html = ENVIRONMENT.get_template(template).render({**context, "menu": (replace(first, items=tuple(here)), *others)})
    assert html.count('aria-current="page"') < ENVIRONMENT.get_template(template).render(context).count(
        'aria-current="page"'
    )
    here[1] = replace(here[1], badge=97)
    html = ENVIRONMENT.get_template(template).render({**context, "menu": (replace(first, items=tuple(here)),)})
    assert "</span>97</span>" in html
