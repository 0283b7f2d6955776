"""`python -m chat_service.knowledge`: check the knowledge graph, or write it as RDF.

check   refuse a graph with a gap: an uncited or unverified figure, an orphan, a class of the model without a
        next step, a specialist or a source; PATH is a folder of the knowledge base or a file in Turtle
export  write the whole graph to standard output or to a file
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from chat_service.knowledge import KnowledgeInvalid, load_knowledge
from chat_service.knowledge.load import FOLDER
from chat_service.knowledge.store import FORMS, GraphStore

REFUSED, UNABLE = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return 0 if there was nothing to refuse."""
    parser = argparse.ArgumentParser(
        prog="python -m chat_service.knowledge",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check")
    check.add_argument("path", nargs="?", type=Path, default=FOLDER)
    export = commands.add_parser("export")
    export.add_argument("--format", choices=sorted(FORMS), default="turtle")
    export.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    try:
        return _check(options.path) if options.command == "check" else _export(options.format, options.out)
    except KnowledgeInvalid as error:
        print(f"Refused: {error}", file=sys.stderr)
        return REFUSED


def _check(path: Path) -> int:
    try:
        from chat_service.knowledge.shapes import find_gaps, read_turtle  # noqa: PLC0415 - a service has no pyshacl
    except ImportError:
        print("`check` needs pyshacl: pip install -c constraints.txt -e '.[dev]'", file=sys.stderr)
        return UNABLE
    turtle = path.read_bytes() if path.is_file() else GraphStore(load_knowledge(path)).export("turtle")
    gaps = find_gaps(read_turtle(turtle))
    for gap in gaps:
        print(f"Refused: {gap}", file=sys.stderr)
    return REFUSED if gaps else 0


def _export(form: str, out: Path | None) -> int:
    written = GraphStore(load_knowledge()).export(form)
    if out is None:
        sys.stdout.buffer.write(written)
    else:
        out.write_bytes(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
