import { writeFile } from "node:fs/promises";

import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.URL}/v1`, apiKey: process.env.KEY });
const answer = await client.audio.speech.create({
  model: "any",
  voice: "deep.wav",
  input: process.env.TEXT,
});
await writeFile("speech.mp3", answer.body);
