"""What a notebook shows: figures with captions and alternative text, source code that cannot drift, small tables."""

from __future__ import annotations

import html
import inspect
import io
import textwrap
from pathlib import Path

from IPython.display import HTML, Markdown, display


def figure(fig, *, caption: str, alt: str) -> None:
    """Show a matplotlib figure as an accessible ``<figure>``. Both texts are required, and say different things:
    ``caption`` what to conclude, ``alt`` what a person who cannot see it would need to be told."""
    if not caption.strip() or not alt.strip():
        raise ValueError("a figure needs a caption and an alternative text")
    import matplotlib.pyplot as plt

    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(fig)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg"):].replace("<svg ", '<svg aria-hidden="true" style="max-width:100%;height:auto" ', 1)
    display(HTML(
        f'<figure role="img" aria-label="{html.escape(alt, quote=True)}" style="margin:0.5em 0">{svg}'
        f'<figcaption style="max-width:44em;font-size:0.9em;opacity:0.85">{html.escape(caption)}</figcaption></figure>'))


def show_source(thing) -> None:
    """The source of a function or class of ``course_lib``, as it runs, with the file it stands in."""
    source = textwrap.dedent(inspect.getsource(thing))
    path = Path(inspect.getsourcefile(thing)).parts
    where = "/".join(path[path.index("course_lib"):]) if "course_lib" in path else path[-1]
    display(Markdown(f"`{where}`\n\n```python\n{source}```"))


def table(rows: list[dict], caption: str = "") -> None:
    """A table of rows with the same keys; numbers are right-aligned and printed as given."""
    cell = lambda tag, x: (f'<{tag} style="text-align:{"right" if isinstance(x, (int, float)) else "left"};'
                           f'padding:0.2em 0.8em">{html.escape(str(x))}</{tag}>')
    head = "".join(cell('th scope="col"', k).replace('</th scope="col">', "</th>") for k in rows[0])
    body = "".join("<tr>" + "".join(cell("td", v) for v in r.values()) + "</tr>" for r in rows)
    title = f'<caption style="text-align:left">{html.escape(caption)}</caption>' if caption else ""
    display(HTML(f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"))
