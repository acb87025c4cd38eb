import { writeFile } from "node:fs/promises";

const { URL, KEY, TEXT } = process.env;
const answer = await fetch(`${URL}/v1/audio/speech`, {
  method: "POST",
  headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" },
  body: JSON.stringify({ voice: "deep.wav", input: TEXT, response_format: "wav" }),
});
if (!answer.ok) throw new Error(await answer.text());
await writeFile("speech.wav", answer.body);
