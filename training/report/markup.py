"""HTML that is safe by construction: what is no markup already is escaped."""

from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str) -> Markup:
    """Return an element; `class_` stands for the attribute `class`, `_` for `-` in other names."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(clean(value))}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{pairs}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """Return the children one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else escape(clean(child)) for child in children))


def clean(text: str) -> str:
    """Return the text without what no page can hold: broken characters of file names, control characters."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in whole)


def tame(text: str) -> str:
    """Return a name as documents hold it: one line of 1 to 200 characters that can be shown."""
    return clean(" ".join(text.split()))[:200] or "?"


def table(head: list[str], rows: list[list[str]], caption: str = "") -> Markup:
    """Return a table whose first column names its rows."""
    header = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in head)))
    body = tag(
        "tbody",
        *(tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows),
    )
    title = tag("caption", caption) if caption else Markup("")
    return tag("div", tag("table", title, header, body), class_="wide")
