"""Time that passes at once."""

import asyncio

STEPS = 20
"""Turns of the loop within which all that is due at a time has happened."""


async def let_pass(seconds):
    """Advance the clock of the running loop, and let happen what is due then."""
    loop = asyncio.get_running_loop()
    time = loop.time
    loop.time = lambda: time() + seconds
    for _ in range(STEPS):
        await asyncio.sleep(0)
