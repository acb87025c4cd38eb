import { writeFile } from "node:fs/promises";

import { createOpenAI } from "@ai-sdk/openai";
import { experimental_generateSpeech as generateSpeech } from "ai";

const provider = createOpenAI({ baseURL: `${process.env.URL}/v1`, apiKey: process.env.KEY });
const { audio } = await generateSpeech({
  model: provider.speech("any"),
  voice: "deep.wav",
  text: process.env.TEXT,
});
await writeFile("speech.mp3", audio.uint8Array);
