"""`python -m inference_service.audit verify FILE`: whether an audit log is still what was written.

The exit status is 0 for a sound log, 1 for one that was tampered with or damaged, and 2 when it cannot be
checked. A log that is sealed needs INFERENCE_AUDIT_KEY.
"""

import argparse
import os
import sys
from pathlib import Path

from inference_service.audit.chain import KeyMissing
from inference_service.audit.check import check


def main() -> int:
    """Check a log and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m inference_service.audit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="verify")
    verify = commands.add_parser("verify", help="check a log with its earlier files")
    verify.add_argument("file", type=Path)
    verify.add_argument("--contains", metavar="DIGEST", help="a digest noted elsewhere that must be there")
    given = parser.parse_args()
    key = os.environ.get("INFERENCE_AUDIT_KEY")
    try:
        report = check(given.file, key.encode() if key else None, contains=given.contains)
    except KeyMissing:
        print("The records are sealed: set INFERENCE_AUDIT_KEY.", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The log cannot be read ({error.strerror}).", file=sys.stderr)
        return 2
    for remark in report.remarks:
        print(f"Note: {remark}.")
    for finding in report.findings:
        print(f"Tampered or damaged: {finding}.")
    if report.findings:
        return 1
    print(f"Sound: {report.records} records, the last {report.last.number} {report.last.digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
