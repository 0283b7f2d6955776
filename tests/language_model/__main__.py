"""`python -m tests.language_model`: let a real small model answer, and see that nothing unsafe arrives.

One thread; an answer takes 5 to 20 seconds. With `--out` every answer is kept, with what the model wrote.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from chat_service.knowledge import load_knowledge
from tests.language_model.judging import faults, prose_of_the_model
from tests.language_model.peer import missing, serve_language_model
from tests.language_model.trial import try_out


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.language_model", description=__doc__)
    parser.add_argument("--answers", type=int, default=200, help="how many (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="a file for every answer, one JSON object a line")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Ask and judge; return 0 if nothing unsafe was shown."""
    options = parse(arguments)
    if why := missing():
        print(why)
        return 2
    reasons: Counter[str] = Counter()
    unsafe = 0
    with serve_language_model() as peer:
        for number, each in enumerate(try_out(peer, options.answers, sorted(load_knowledge().languages)), 1):
            reasons[each.reason] += 1
            if options.out:
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(each.as_line() + "\n")
            wrong = faults(each)
            unsafe += bool(wrong)
            form = "streamed" if each.streamed else "whole"
            print(f"{number} {each.route} {each.request['language']} {form}: {each.reason} {wrong or ''}")
            print(prose_of_the_model(each), flush=True)
    print(f"{sum(reasons.values())} answers: {dict(reasons)}; {unsafe} with something unsafe in them")
    return int(unsafe > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
