"""Whether the model that is used will be withdrawn, as the header `x-model-deprecation-timestamp` tells."""

import logging
from datetime import UTC, datetime

logger = logging.getLogger(__name__)


class Deprecation:
    """What was said last; it is logged once for each date."""

    def __init__(self) -> None:
        self._noted: datetime | None = None

    def note(self, header: str) -> None:
        """Take note of a header: a date as in ISO 8601, or seconds since 1970."""
        date = read_date(header)
        if date is not None and date != self._noted:
            self._noted = date
            logger.warning("%s", self.remark)

    @property
    def timestamp(self) -> float:
        """Seconds since 1970, 0 while nothing was said."""
        return self._noted.timestamp() if self._noted else 0.0

    @property
    def remark(self) -> str | None:
        """A sentence for operators, None while nothing was said."""
        if self._noted is None:
            return None
        return f"Mistral withdraws the model on {self._noted:%Y-%m-%d}: set MISTRAL_MODEL to a newer one."


def read_date(value: str) -> datetime | None:
    """Read a date, in UTC unless it says otherwise; None if it is none."""
    value = value.strip()[:40]
    try:
        seconds = float(value)
    except ValueError:
        return _iso(value)
    try:
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)  # noqa: PLR2004
    except (ValueError, OverflowError, OSError):
        return None


def _iso(value: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
