// Work: operations are found, followed, changed and undone; schedules are made with their times seen beforehand; messaging
// shows what services tell each other.
import { api, as, axe, expect, settled, shot, test, world } from "./world";

const call = (method: string, path: string, body?: unknown) => api(world().edge, world().admin)(method, path, body);

/** Begins a check of all tables at a time to come, so that it can be looked at before it runs. */
async function begun(title: string, seconds: number): Promise<string> {
  const made = await call("POST", "/api/v1/operations/operations", {
    operation: {
      service: "warehouse",
      kind: "warehouse.check-tables",
      title,
      dueTime: new Date(Date.now() + seconds * 1000).toISOString(),
    },
    requestId: crypto.randomUUID(),
  });
  return made.id as string;
}

const at = (second: number) => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString();
const steps = [
  ["1", "Reads the definitions", 1, 3, undefined],
  ["2", "Writes policy, batch 1", 3, 14, "remove the batch"],
  ["3", "Writes policy, batch 2", 14, 27, "remove the batch"],
  ["4", "Sends a notice", 27, 28, undefined],
  ["5", "Writes member, batch 1", 28, 41, "remove the batch"],
].map(([seq, name, from, to, undo]) => ({
  seq,
  name,
  kind: "STEP_KIND_CALL",
  state: "STEP_STATE_DONE",
  attempts: seq === "3" ? 2 : 1,
  maxAttempts: 5,
  input: '{"rows":5000}',
  output: '{"written":5000}',
  quality: seq === "5" ? 0.98 : undefined,
  startTime: at(from as number),
  endTime: at(to as number),
  compensation: undo ? { name: undo, state: "COMPENSATION_STATE_READY", input: "{}" } : undefined,
}));

/** An operation with all that one can have, as the edge would answer it. */
async function rich(page: Parameters<typeof as>[0], id: string, change: object = {}) {
  const operation = {
    id,
    service: "simulation",
    kind: "simulation.run",
    title: "Seasonal peak",
    state: "OPERATION_STATE_RUNNING",
    progress: { done: "15000", total: "40000", message: "writes member, batch 2" },
    actor: "system:story",
    securityLevel: "SECURITY_LEVEL_CONFIDENTIAL",
    complianceTags: ["gdpr"],
    steps: "5",
    firstStep: "1",
    etag: "v9",
    createTime: at(0),
    startTime: at(1),
    stateTime: at(1),
    ...change,
  };
  const states = [
    { number: "1", toState: "OPERATION_STATE_QUEUED", actor: "system:story", reason: "asked for", changeTime: at(0) },
    {
      number: "2",
      fromState: "OPERATION_STATE_QUEUED",
      toState: "OPERATION_STATE_RUNNING",
      automatic: true,
      actor: "system:worker",
      reason: "a worker has it",
      timeInPrevious: "1s",
      changeTime: at(1),
    },
    {
      number: "3",
      fromState: "OPERATION_STATE_RUNNING",
      toState: "OPERATION_STATE_PAUSED",
      actor: "system:story",
      reason: "lunch",
      timeInPrevious: "40s",
      changeTime: at(41),
    },
    {
      number: "4",
      fromState: "OPERATION_STATE_PAUSED",
      toState: "OPERATION_STATE_FAILED",
      automatic: true,
      actor: "system:worker",
      reason: "no rows came",
      timeInPrevious: "14s",
      changeTime: at(55),
    },
  ];
  const checkpoints = [
    {
      id: "00000000-0000-7000-8000-0000000000c1",
      type: "CHECKPOINT_TYPE_MILESTONE",
      name: "policy is written",
      seq: "3",
      size: "64000",
      storedSize: "4100",
      encoding: "gzip",
      createTime: at(27),
    },
  ];
  const base = `**/api/v1/operations/operations/${id}`;
  await page.route(base, (route) => route.fulfill({ json: operation }));
  await page.route(`${base}:watch`, (route) =>
    route.fulfill({ contentType: "application/x-ndjson", body: `${JSON.stringify(operation)}\n` }),
  );
  await page.route(`${base}/states?**`, (route) => route.fulfill({ json: { states } }));
  await page.route(`${base}/steps?**`, (route) => route.fulfill({ json: { steps } }));
  await page.route(`${base}/checkpoints?**`, (route) => route.fulfill({ json: { checkpoints } }));
}

/** Proves: OP-01, OP-11 */
test("an operation is found in the list, followed to its end, and its steps say what they did", async ({ page }) => {
  const id = await begun("Compare while one looks", 20);
  await as(page, world().admin);
  await page.goto(`${world().edge}/work/operations`);
  const row = page.getByRole("row", { name: /Compare while one looks/ });
  await expect(row).toContainText("Queued");
  await row.getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1, name: "Compare while one looks" })).toBeVisible();
  await expect(page).toHaveURL(new RegExp(id));
  // Without a reload: the stream tells.
  await expect(page.getByText("Succeeded", { exact: true }).first()).toBeVisible();
  await settled(page);
  await expect(page.getByRole("img", { name: /Queued.*Running/ })).toBeVisible();
  await axe(page);
  await page.getByRole("tab", { name: /Steps/ }).click();
  await page.getByRole("row", { name: /lists the tables/ }).click();
  const drawer = page.getByRole("dialog");
  await expect(drawer.getByText("Done")).toBeVisible();
  await axe(page);
  await shot(page, "operation-step");
});

test("an operation is paused and cancelled, and the trail names who did it", async ({ page }) => {
  const id = await begun("Compare another day", 3600);
  await as(page, world().admin);
  await page.goto(`${world().edge}/work/operations/${id}`);
  // Why it is only queued is said.
  const begins = page.locator("dt", { hasText: "Begins" }).locator("xpath=following-sibling::dd[1]");
  await expect(begins).toHaveText(/in (1 hour|\d+ minutes)/);
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await expect(page.getByText("Paused", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel Compare another day?" });
  await expect(dialog).toContainText("cannot be resumed");
  await axe(page);
  await shot(page, "operation-cancel");
  await dialog.getByRole("button", { name: "Cancel the operation" }).click();
  await expect(page.getByText("Cancelled", { exact: true }).first()).toBeVisible();
  await page.getByRole("tab", { name: "Audit trail" }).click();
  const changes = page.getByRole("grid", { name: "Changes" });
  for (const what of ["Cancel", "Pause", "Create"])
    await expect(changes.getByRole("row", { name: new RegExp(`^${what}`) }).first()).toBeVisible();
  // A filter finds it among all, and the address keeps the filter.
  await page.goto(`${world().edge}/work/operations?states=OPERATION_STATE_CANCELLED`);
  await expect(page.getByRole("row", { name: /Compare another day/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /Compare while one looks/ })).toHaveCount(0);
});

test("an operation that was paused goes on when it is resumed, at the time that it was to begin", async ({ page }) => {
  const id = await begun("Compare after a pause", 20);
  await call("POST", `/api/v1/operations/operations/${id}:pause`, {});
  await as(page, world().admin);
  await page.goto(`${world().edge}/work/operations/${id}`);
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByText("Succeeded", { exact: true }).first()).toBeVisible();
  const states = page.getByRole("list", { name: "Transitions" }).getByRole("listitem");
  await expect(states.filter({ hasText: "Paused" })).toContainText("by hand");
});

test("rolling back says step by step what is undone and what stays, before it is done", async ({ page }) => {
  await as(page, world().admin);
  const id = "00000000-0000-7000-8000-0000000000a1";
  await rich(page, id, {
    state: "OPERATION_STATE_FAILED",
    done: true,
    error: { reason: "UNAVAILABLE", message: "the warehouse did not answer for a minute" },
    endTime: at(55),
  });
  let asked: unknown;
  await page.route(`**/api/v1/operations/operations/${id}:rollBack`, (route) => {
    asked = route.request().postDataJSON();
    return route.fulfill({ json: { id, title: "Seasonal peak", state: "OPERATION_STATE_ROLLING_BACK" } });
  });
  await page.goto(`${world().edge}/work/operations/${id}`);
  await expect(page.getByText("the warehouse did not answer for a minute")).toBeVisible();
  await settled(page);
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", scheme);
    await axe(page);
    await shot(page, scheme === "light" ? "operation-timeline" : "operation-timeline-dark");
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.getByRole("tab", { name: /Steps/ }).click();
  await settled(page);
  await shot(page, "operation-steps-rich");
  await page.getByRole("tab", { name: "Checkpoints" }).click();
  await page
    .getByRole("row", { name: /policy is written/ })
    .getByRole("button", { name: "Roll back" })
    .click();
  const dialog = page.getByRole("dialog", { name: /Roll Seasonal peak back to policy is written\?/ });
  await expect(dialog).toContainText("1 step is undone, 1 step stays unless it only read.");
  await expect(dialog.getByRole("listitem")).toHaveText([
    /5.*Writes member, batch 1 · remove the batch.*undone/,
    /4.*Sends a notice · no compensation.*stays/,
  ]);
  await axe(page);
  await shot(page, "operation-roll-back");
  await dialog.getByRole("button", { name: "Roll it back" }).click();
  await expect(dialog).toHaveCount(0);
  expect(asked).toEqual({ checkpointId: "00000000-0000-7000-8000-0000000000c1" });
});

test("an operation whose service is away is shown as it was heard of last", async ({ page }) => {
  await as(page, world().admin);
  const id = "00000000-0000-7000-8000-0000000000a2";
  await rich(page, id, { stale: true });
  await page.goto(`${world().edge}/work/operations/${id}`);
  await expect(page.getByText("The service simulation cannot be reached")).toBeVisible();
  await axe(page);
  await shot(page, "operation-stale");
});

test("a schedule's times are seen while it is written; it is paused, resumed, run at once, and deleted", async ({
  page,
}) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/work/schedules/new`);
  await page.getByLabel("Name").fill("Nightly comparison");
  await page.getByRole("combobox", { name: "Kind of work" }).click();
  await page.getByRole("option", { name: /Compares tables/ }).click();
  const times = page.getByRole("region", { name: "Next times" }).getByRole("listitem");
  await expect(times).toHaveCount(5);
  await expect(times.first()).toContainText("03:00");
  await page.getByRole("textbox", { name: "Cron expression" }).fill("61 * * * *");
  await expect(page.locator(".mantine-InputWrapper-error")).toContainText("cron expression");
  await expect(times).toHaveCount(0);
  await axe(page);
  await shot(page, "schedule-refused");
  await page.getByRole("textbox", { name: "Cron expression" }).fill("30 6 * * 1-5");
  await expect(times.first()).toContainText("06:30");
  await shot(page, "schedule-preview");
  await page.getByRole("button", { name: "Create the schedule" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Nightly comparison" })).toBeVisible();
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByText("Paused", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByText("Active", { exact: true })).toBeVisible();
  const schedule = page.url();
  await page.getByRole("button", { name: "Run now" }).click();
  await expect(page).toHaveURL(/work\/operations\//);
  await expect(page.getByRole("heading", { level: 1, name: "Nightly comparison" })).toBeVisible();
  await page.goto(schedule);
  await page.getByRole("button", { name: "Delete" }).click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /Delete/ })
    .click();
  await expect(page).toHaveURL(/work\/schedules$/);
});

/** Proves: DB-59 */
test("messaging shows topics, messages as they come, consumers with their lag, and dead letters", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/platform/messaging`);
  await page.getByRole("row", { name: /tessera\.jobs\.v1\.JobChanged/ }).click();
  const drawer = page.getByRole("dialog");
  // By keyboard as by mouse.
  await expect(drawer.getByRole("row", { name: /\d+ tessera\.jobs\.v1\.JobChanged/ }).first()).toBeVisible();
  await drawer.getByRole("grid", { name: "Messages" }).focus();
  await page.keyboard.press("Enter");
  await expect(drawer.getByRole("button", { name: "All messages" })).toBeVisible();
  await expect(drawer.getByRole("region", { name: "Payload" })).toBeVisible();
  await axe(page);
  await shot(page, "messaging-message");
  await page.goto(`${world().edge}/platform/messaging?tab=tail&pattern=story.>`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expect(async () => {
    await call("POST", "/api/v1/messaging/messages", { message: { topic: "story.told", json: { says: "hello" } } });
    await expect(page.getByRole("row", { name: /story\.told/ }).first()).toBeVisible({ timeout: 1000 });
  }).toPass();
  await shot(page, "messaging-tail-live");
  await page.goto(`${world().edge}/platform/messaging?tab=consumers&of=services`);
  await expect(page.getByRole("row", { name: /operations: index/ })).toBeVisible();
  const made = await call("POST", "/api/v1/messaging/subscriptions", {
    subscription: { name: "story", pattern: "story.>", maxAttempts: 1, ackWait: "0.2s" },
    start: { oldest: true },
    requestId: crypto.randomUUID(),
  });
  const id = made.id as string;
  const letter = page.getByRole("row", { name: /story\.told/ }).first();
  await expect(async () => {
    await call("POST", `/api/v1/messaging/subscriptions/${id}:fetch`, { maxMessages: 10 });
    await page.goto(`${world().edge}/platform/messaging?tab=dead&subscription=${id}`);
    await expect(letter).toBeVisible({ timeout: 2000 });
  }).toPass();
  await axe(page);
  await shot(page, "messaging-dead-letter");
  await page
    .getByRole("checkbox", { name: /^Choose story\.told/ })
    .first()
    .check();
  await page.getByRole("button", { name: /^Replay/ }).click();
  await expect(page.getByText(/1 dead letter replayed/)).toBeVisible();
});
