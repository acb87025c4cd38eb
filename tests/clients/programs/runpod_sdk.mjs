import { writeFile } from "node:fs/promises";

import runpod from "runpod-sdk";

const endpoint = runpod(process.env.KEY, { baseUrl: `${process.env.URL}/v2` }).endpoint("any");
const job = { input: { text: process.env.TEXT, speaker_voice: "deep.wav" } };
const { output } = await endpoint.runSync(job);
await writeFile("speech.ogg", Buffer.from(output.audio_base64, "base64"));
