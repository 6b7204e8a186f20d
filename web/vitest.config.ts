import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
// Packages of the workspace are tested as they are written, not as they were built last.
const alias = { "@parley/client": source("./sdk/src/index.ts") };

export default defineConfig({
  resolve: { alias },
  test: {
    // No test is about time: it is for what hangs, also on a machine that does much else.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["sdk/src/store/**"],
      reporter: ["text"],
      thresholds: { branches: 95 },
    },
    projects: [
      { extends: true, test: { name: "client", include: ["sdk/tests/unit/**/*.test.ts"], environment: "node" } },
      { extends: true, test: { name: "react", include: ["react/tests/**/*.test.tsx"], environment: "happy-dom" } },
      {
        extends: true,
        test: { name: "integration", include: ["sdk/tests/integration/**/*.test.ts"], environment: "node", testTimeout: 90_000, hookTimeout: 90_000 },
      },
    ],
  },
});
