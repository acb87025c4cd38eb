"""Which spoken word may be the first of what is said for a written one, as `eff` for `FBI`."""

from __future__ import annotations

from speech.text.letters import LETTER_NAMES

_BEGINNINGS: dict[str, tuple[str, ...]] = {
    **{
        capital.lower(): (capital.lower(), name.partition("-")[0])
        for capital, name in LETTER_NAMES.items()
    },
    "0": ("zero", "oh"),
    "1": ("one", "ten", "eleven", "twelve", "first"),
    "2": ("tw", "second"),
    "3": ("th",),
    "4": ("fo",),
    "5": ("fi",),
    "6": ("six",),
    "7": ("seven",),
    "8": ("eigh",),
    "9": ("nin",),
    "#": ("number", "hash"),
    "-": ("minus",),
    "−": ("minus",),
    "+": ("plus",),
    "@": ("at",),
    "~": ("about",),
    "<": ("less",),
    ">": ("more",),
}


def begins_as(written: str, spoken: str) -> bool:
    """Tell whether `spoken` sounds like the beginning of `written`, as read in English."""
    first = next((char for char in written.lower() if char in _BEGINNINGS), "")
    said = spoken.lstrip("\"'“‘([").lower()
    is_teen = first == "1" and said.rstrip(",.;:!?").endswith("teen")
    return is_teen or said.startswith(_BEGINNINGS.get(first, ()))
