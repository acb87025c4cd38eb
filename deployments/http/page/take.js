// What one request was spoken into.

class Take {
  /** `body` is that of the request, its seed included. */
  constructor(body, rateHz) {
    Object.assign(this, { body, rateHz, pieces: [], peaks: [], length: 0, facts: {} });
    Object.assign(this, { done: false, isWhole: false });
  }

  /** Takes 16-bit samples that follow all that came before; returns them as a piece. */
  add(pcm) {
    const peakSamples = this.rateHz / 100;
    for (let i = 0; i < pcm.length; i++) {
      const peak = Math.floor((this.length + i) / peakSamples);
      this.peaks[peak] = Math.max(this.peaks[peak] ?? 0, Math.abs(pcm[i]) / 32768);
    }
    const piece = { start: this.length, pcm };
    this.pieces.push(piece);
    this.length += pcm.length;
    return piece;
  }

  get seconds() {
    return this.length / this.rateHz;
  }

  /** All samples as 16-bit little-endian PCM behind the bytes of `header`. */
  pcm(header = [], type = "audio/pcm") {
    const samples = this.pieces.map(({ pcm }) => pcm); // every browser's machine is little-endian
    return new Blob([new Uint8Array(header), ...samples], { type });
  }

  wav() {
    const numBytes = 2 * this.length;
    const name = (letters) => [...letters].map((letter) => letter.charCodeAt(0));
    const word = (value) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
    const format = [1, 0, 1, 0, ...word(this.rateHz), ...word(2 * this.rateHz), 2, 0, 16, 0];
    const chunks = [
      ...name("WAVEfmt "),
      ...word(format.length),
      ...format,
      ...name("data"),
      ...word(numBytes),
    ];
    return this.pcm([...name("RIFF"), ...word(chunks.length + numBytes), ...chunks], "audio/wav");
  }
}
