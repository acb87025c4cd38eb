"""Numbers, money, dates, telephone numbers, initials and addresses as people write them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.templates import LISTS

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KNOWN_INITIALS = (
    "FBI|CIA|BBC|CNN|IBM|USA|UK|EU|UN|CEO|CFO|ATM|DVD|PDF|URL|USB|GPS|LED|TV|PC|ID|IT|AI|HR|PR|"
    "MIT|NBA|NFL|DNA|RNA|MRI|IQ|UFO|VIP|FAQ|DIY|SUV|NASA|NATO|PhD"
)
_UNITS = "km|kg|cm|lbs|mph|miles|meters|degrees|hours|minutes|pounds|gallons|feet"
_DOMAINS = "com|com|com|org|net|edu|co.uk|io"


class Figures:
    """Draws them with `random`."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.rules: dict[str, Callable[[], str]] = {
            "number": self.number,
            "short": lambda: str(random.randint(1, random.choice((99, 999)))),
            "small": lambda: str(random.randint(1, 20)),
            "digits": self.digits,
            "decimal": self.decimal,
            "ordinal": self.ordinal,
            "percent": self.percent,
            "price": self.price,
            "time": self.time,
            "year": self.year,
            "date": self.date,
            "phone": self.phone,
            "measure": self.measure,
            "initials": self.initials,
            "address": self.address,
        }
        """Each by the name that patterns have for it."""

    def number(self) -> str:
        """Return a whole number, of one to seven figures."""
        digits = self._random.choices((1, 2, 3, 4, 5, 6, 7), (3, 5, 7, 5, 2, 2, 1))[0]
        value = self._random.randint(10 ** (digits - 1) if digits > 1 else 0, 10**digits - 1)
        if self._random.random() < 0.3 and digits > 2:
            value -= value % 10 ** (digits - self._random.randint(1, 2))
        return f"{value:,}" if self._random.random() < 0.7 else str(value)

    def digits(self) -> str:
        """Return figures said one by one."""
        length = self._random.randint(3, 6)
        return " ".join(str(self._random.randint(0, 9)) for _ in range(length))

    def decimal(self) -> str:
        """Return a number with a fraction."""
        whole = self._random.randint(0, self._random.choice((9, 99, 999)))
        return f"{whole}.{self._random.randint(1, self._random.choice((9, 99)))}"

    def ordinal(self) -> str:
        """Return a place in a row, such as `3rd`."""
        value = self._random.randint(1, self._random.choice((12, 31, 120)))
        teens = value % 100 in (11, 12, 13)
        return f"{value}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th')}"

    def percent(self) -> str:
        """Return a share of a hundred."""
        return f"{self._random.choice((self.decimal(), str(self._random.randint(1, 100))))}%"

    def price(self) -> str:
        """Return an amount of money."""
        r = self._random
        sign = r.choice("$$$$£€")
        return r.choice(
            (
                f"{sign}{r.randint(1, 99)}",
                f"{sign}{r.randint(1, 99)}.{r.randint(1, 99):02}",
                f"{sign}{self.number()}",
                f"{sign}{r.randint(1, 99)}.{r.randint(1, 9)} {r.choice(('million', 'billion'))}",
                f"{r.randint(2, 99)} dollars and {r.randint(2, 99)} cents",
            )
        )

    def time(self) -> str:
        """Return a time of day."""
        r = self._random
        hour, half = r.randint(1, 12), r.choice(("am", "pm", "a.m.", "p.m."))
        return r.choice(
            (
                f"{hour} o'clock",
                f"{hour}:{r.randint(0, 59):02}",
                f"{hour}:{r.randint(0, 59):02} {half}",
                f"{hour} {half}",
                "noon",
            )
        )

    def year(self) -> str:
        """Return a year."""
        return str(self._random.choice((self._random.randint(1500, 1899), self._recent())))

    def date(self) -> str:
        """Return a day of the year, with the year or without it."""
        r = self._random
        month, day = self._of(LISTS["month"]), r.randint(1, 31)
        return r.choice(
            (
                f"{month} {day}",
                f"{month} {day}, {self.year()}",
                f"{month} {self.ordinal()}",
                f"{day} {month} {self.year()}",
                f"{r.randint(1, 12)}/{day}/{self._recent()}",
            )
        )

    def phone(self) -> str:
        """Return a telephone number."""
        area, exchange, line = (self._random.randint(low, 10 * low - 1) for low in (100, 100, 1000))
        return self._random.choice(
            (f"{area}-{exchange}-{line}", f"({area}) {exchange}-{line}", f"{exchange}-{line}")
        )

    def measure(self) -> str:
        """Return an amount of something."""
        amount = self._random.choice((self.decimal(), str(self._random.randint(2, 200))))
        return f"{amount} {self._of(_UNITS)}"

    def initials(self) -> str:
        """Return letters that are read one by one, known ones half the time."""
        if self._random.random() < 0.5:
            return self._of(_KNOWN_INITIALS)
        length = self._random.choice((2, 3, 3, 4))
        return ".".join(self._random.choice(_LETTERS) for _ in range(length)) + "."

    def address(self) -> str:
        """Return a web or e-mail address."""
        r = self._random
        site = f"{self._of(LISTS['noun'])}.{self._of(_DOMAINS)}"
        return r.choice((f"www.{site}", site, f"{self._of(LISTS['noun'])}@{site}"))

    def _of(self, alternatives: str) -> str:
        return self._random.choice(alternatives.split("|"))

    def _recent(self) -> int:
        return self._random.randint(1900, 2030)
