import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const STACK = process.env["STACK_URL"] ?? "http://localhost:8000";
const EMOJI = "virtual:emoji";

interface EmojiEntry {
  readonly unicode: string;
  readonly label: string;
  readonly tags?: readonly string[];
  readonly group?: number;
}

/** The emoji of Unicode with names to search by, without what the picker does not show: a fifth of the data set. */
function emoji(): Plugin {
  return {
    name: "emoji",
    resolveId: (id) => (id === EMOJI ? `\0${EMOJI}` : undefined),
    load(id) {
      if (id !== `\0${EMOJI}`) return undefined;
      const path = createRequire(import.meta.url).resolve("emojibase-data/en/compact.json");
      const all = JSON.parse(readFileSync(path, "utf8")) as readonly EmojiEntry[];
      // Group 2 holds skin tones and hair styles, which are no emoji by themselves.
      const shown = all.filter((entry) => entry.group !== undefined && entry.group !== 2);
      // An emoji that is one by itself is the same without the selector that asks for it: two of it would be two reactions.
      const plain = (unicode: string): string => unicode.replace(/(\p{Emoji_Presentation})\uFE0F/gu, "$1");
      const rows = shown.map((entry) => [plain(entry.unicode), entry.group, entry.label, (entry.tags ?? []).join(" ")]);
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(rows))});`;
    },
  };
}

const source = (folder: string) => fileURLToPath(new URL(`../${folder}/src/index.ts`, import.meta.url));

export default defineConfig({
  plugins: [react(), emoji()],
  resolve: { alias: { "@parley/client": source("sdk"), "@parley/react": source("react") } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: true,
  },
  server: { port: 5173, strictPort: true, proxy: { "/api": { target: STACK, changeOrigin: false } } },
});
