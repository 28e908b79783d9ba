"""The generated part of the README: what this course shows, from the claims cells themselves."""

from __future__ import annotations

from pathlib import Path

BEGIN, END = "<!-- claims: made by `course claims --readme` -->", "<!-- end of claims -->"


def write_claims(readme: Path, rows: list[dict]) -> None:
    """Replace the table between the two marks. Raises ``ValueError`` if the README has lost them."""
    text = readme.read_text(encoding="utf8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{readme} has no {BEGIN} … {END}: put the two marks back where the table belongs")
    head, rest = text.split(BEGIN)
    lines = ["| notebook | claim | measured [95 % interval] | n | must be |", "|---|---|---|---|---|"]
    for r in rows:
        spread = "" if r["low"] == r["high"] else f" [{r['low']:.3g}, {r['high']:.3g}]"
        lines.append(f"| {r['notebook'][:2]} | {r['claim']} | {r['measured']:.3g}{spread} | {r['n']} | {r['bound']} |")
    readme.write_text(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1], encoding="utf8")
