// What unit tests need of a browser that the simulated one lacks.
import { afterEach } from "vitest";

afterEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});
