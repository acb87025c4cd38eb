"""Teaches the text encoder to read before the model learns to speak: text in, sounds out.

    python -m training.read --out reader.pt --steps 600

Sounds cost a thousandth of what speech costs, so it sees far more words than the model will.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.echo.model.tokenizer import tokenize
from engine.echo.sizes import TRAINED
from training.batches import padded
from training.flite import Flite
from training.items import spoken_part
from training.losses import Heads, spelling_loss
from training.model import build, encode_text
from training.prompts import Prompts
from training.shards import PHONES, SILENCE_INDEX

_VOICE = "kal16"  # the fastest; all voices read alike
_RATE_HZ = 16_000
_LEARNING_RATE = 2e-3
_WARM_UP_STEPS = 40
_MAX_TOKENS = 120
_LOG_EVERY = 20


def readings(seed: int, flite: Flite) -> Iterator[tuple[list[int], list[int]]]:
    """Yield texts as tokens with the sounds that they are read as."""
    for text in Prompts(seed):
        tokens = tokenize(text)
        if len(tokens) <= _MAX_TOKENS:
            utterance = flite.speak(spoken_part(text), _VOICE, _RATE_HZ)
            sounds = [PHONES.index(phone.name) for phone in utterance.phones]
            yield tokens, [sound for sound in sounds if sound != SILENCE_INDEX]


def _batches(size: int, seed: int, flite: Flite) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Yield tokens and their mask, sounds and their number; rows of like length together."""
    source = readings(seed, flite)
    while True:
        pool = sorted(islice(source, 8 * size), key=lambda pair: len(pair[0]))
        for start in torch.randperm(8).tolist():
            pairs = pool[start * size : (start + 1) * size]
            text, mask = padded([np.array(tokens) for tokens, _ in pairs])
            sounds, _ = padded([np.array(sounds) for _, sounds in pairs])
            yield text, mask, sounds, torch.tensor([len(sounds) for _, sounds in pairs])


def main() -> None:
    """Train, then write the text encoder with its norm and the head that answered."""
    parser = argparse.ArgumentParser(description="Teach the text encoder to read.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--rows", type=int, default=64, help="texts in a batch")
    parser.add_argument("--size", choices=TRAINED, default="mini")
    parser.add_argument("--seed", type=int, default=1_000_000, help="apart from training.data's")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    dit, heads = build(TRAINED[options.size], options.seed), Heads(TRAINED[options.size])
    parameters = [*dit.text_encoder.parameters(), dit.text_norm, *heads.spelling.parameters()]
    optimizer = torch.optim.AdamW(parameters, _LEARNING_RATE, (0.9, 0.98), fused=True)
    batches = _batches(options.rows, options.seed, Flite())
    recent = []
    for step, batch in enumerate(islice(batches, options.steps)):
        pace = min((step + 1) / _WARM_UP_STEPS, 1.0, 2 * (1 - step / options.steps))
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * pace
        text, mask, sounds, lengths = batch
        loss = spelling_loss(heads, encode_text(dit, text, mask), mask, sounds, lengths)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        recent.append(loss.item())
        if len(recent) == _LOG_EVERY:
            print(f"step {step + 1}: loss {sum(recent) / len(recent):.3f}", flush=True)
            recent.clear()
    torch.save(
        {
            "text_encoder": dit.text_encoder.state_dict(),
            "text_norm": dit.text_norm.data,
            "spelling": heads.spelling.state_dict(),
        },
        options.out,
    )


if __name__ == "__main__":
    main()
