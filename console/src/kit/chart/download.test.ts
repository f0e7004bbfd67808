import { expect, test } from "vitest";
import { unpack } from "./download";

test("pictures are unpacked without a request", async () => {
  const png = unpack("data:image/png;base64,iVBORw==");
  expect(png.type).toBe("image/png");
  expect([...new Uint8Array(await png.arrayBuffer())]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  const svg = unpack("data:image/svg+xml;charset=UTF-8,%3Csvg%2F%3E");
  expect(await svg.text()).toBe("<svg/>");
});
