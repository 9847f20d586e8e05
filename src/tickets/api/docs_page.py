"""The API on one page that needs nothing from elsewhere: no script, no font, no network beside ours."""

import re
from collections.abc import Iterator
from html import escape
from string import Template

import msgspec

from tickets.api.document import Json

_PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title $version</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2rem } summary { cursor: pointer } .about { opacity: .7 }
details { border: 1px solid #8884; border-radius: 4px; margin: .4rem 0; padding: .3rem .8rem }
code, pre { font: 14px/1.4 ui-monospace, monospace } pre { overflow-x: auto }
.method { display: inline-block; width: 4.5rem; font-weight: bold }
td, th { text-align: left; padding: .1rem 1rem .1rem 0; vertical-align: top }
:root { color-scheme: light dark }
</style>
<h1>$title $version</h1>
<p>$description</p>
<p>The same for programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
$operations
<h2>Schemas</h2>
$schemas
</html>
""")
_REFERENCE = re.compile(r"&quot;#/components/schemas/([^&]+)&quot;")


def page(document: Json) -> str:
    """The document as HTML, grouped by tag in the order of the paths."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for tag in operation["tags"] or ["Other"]:
                by_tag.setdefault(tag, []).append(_operation(path, method, operation))
    groups = (f"<h2>{escape(tag)}</h2>\n" + "\n".join(shown) for tag, shown in by_tag.items())
    components = document["components"]["schemas"]
    info = document["info"]
    return _PAGE.substitute(
        title=escape(info["title"]),
        version=escape(info["version"]),
        description=escape(info["description"]),
        operations="\n".join(groups),
        schemas="\n".join(_schema(name, components[name]) for name in sorted(components)),
    )


def _operation(path: str, method: str, operation: Json) -> str:
    scopes = [scope for needed in operation["security"] for scope in needed["apiKey"]]
    needs = f"needs the scope <code>{escape(scopes[0])}</code>" if scopes else "needs no key"
    shown = (
        f'<details id="{escape(operation["operationId"])}"><summary>',
        f'<span class="method">{method.upper()}</span><code>{escape(path)}</code>',
        f'<span class="about">{escape(operation["summary"])}</span></summary>',
        f"<p>{escape(operation.get('description', ''))} It {needs}.</p>",
        *_parameters(operation.get("parameters", [])),
        *_body(operation.get("requestBody")),
        *_answers(operation["responses"]),
        "</details>",
    )
    return "\n".join(shown)


def _parameters(parameters: list[Json]) -> Iterator[str]:
    if parameters:
        yield "<table><tr><th>Parameter<th>In<th>Type<th>"
    for one in parameters:
        yield (
            f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}"
            f"<td>{_json(one['schema'])}<td>{escape(one.get('description', ''))}"
        )
    if parameters:
        yield "</table>"


def _body(body: Json | None) -> Iterator[str]:
    for media_type, content in (body or {"content": {}})["content"].items():
        yield f"<p>Body <code>{escape(media_type)}</code> {_json(content.get('schema', {}))}</p>"


def _answers(responses: Json) -> Iterator[str]:
    refusals = [status for status, answer in responses.items() if "$ref" in answer]
    for status, answer in responses.items():
        if status not in refusals:
            content: Json = next(iter(answer.get("content", {}).values()), {})
            text = f"<p>Answer <code>{status}</code> {escape(answer['description'])}"
            yield f"{text} {_json(content.get('schema', {}))}</p>"
    numbers = ", ".join(status for status in refusals if status.isdigit())
    yield f'<p>Refusals {numbers} as <a href="#ProblemDocument">ProblemDocument</a></p>'


def _schema(name: str, schema: Json) -> str:
    pretty = msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()
    return (
        f'<details id="{escape(name)}"><summary><code>{escape(schema.get("title", name))}</code></summary>'
        f"<pre>{_linked(pretty)}</pre></details>"
    )


def _json(schema: Json) -> str:
    return f"<code>{_linked(msgspec.json.encode(schema).decode())}</code>" if schema else ""


def _linked(json: str) -> str:
    """JSON as HTML, its references to schemas as links."""
    return _REFERENCE.sub(r'<a href="#\1">\1</a>', escape(json))
