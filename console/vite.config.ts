// How the console is built, served while one works on it, and unit tested.
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const edge = process.env.TESSERA_EDGE ?? "http://127.0.0.1:8080";
const passed = Object.fromEntries(
  ["/api", "/readyz", "/healthz", "/metrics", "/openapi.json", "/docs"].map((path) => [path, edge]),
);

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { port: 5173, proxy: passed },
  preview: { port: 4173, proxy: passed },
  build: {
    target: "es2022",
    // Nothing may be inlined: the content policy allows files of this origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    manifest: "manifest.json",
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
  },
});
