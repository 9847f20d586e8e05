"""What one turn of one contestant came to."""

from collections.abc import Sequence

from msgspec import Struct


class Turn(Struct, frozen=True):
    """Requests a second, and their median and 99th percentile in milliseconds (0 where nobody looked).

    `cpu` is what the contestant itself spent on a request, `database` what PostgreSQL did, in milliseconds of
    one core; they move less than the rate with what else the machine does.
    """

    rate: float
    p50: float = 0.0
    p99: float = 0.0
    cpu: float = 0.0
    database: float = 0.0

    @classmethod
    def of(cls, seconds: Sequence[float], took: float) -> "Turn":
        """From the time each request took, and the time all of them did."""
        ordered = sorted(seconds)
        return cls(
            rate=len(ordered) / took,
            p50=1000 * ordered[len(ordered) // 2],
            p99=1000 * ordered[len(ordered) * 99 // 100],
        )
