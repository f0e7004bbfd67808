// Before the tests: a server on fresh data, the sample ontology and its generated rows in it, and the people the tests sign in as.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { api, type World } from "./world";

const run = promisify(execFile);

async function started(server: ChildProcess): Promise<{ http: string }> {
  let text = "";
  return new Promise((resolve, reject) => {
    server.stdout?.on("data", (part: Buffer) => {
      text += part.toString();
      const line = text.split("\n").find((one) => one.includes('"ready"'));
      if (line) resolve(JSON.parse(line) as { http: string });
    });
    server.once("exit", (code) =>
      reject(new Error(`tessera serve ended with ${code}; its log is in TESSERA_TEST_LOG`)),
    );
  });
}

export default async function setup() {
  const binary = process.env.TESSERA;
  if (!binary) throw new Error("TESSERA names no binary; scripts/console-test does");
  const data = mkdtempSync(join(tmpdir(), "tessera-console-"));
  const server = spawn(
    binary,
    ["serve", "--data", data, "--grpc", "127.0.0.1:0", "--http", process.env.TESSERA_TEST_HTTP ?? "127.0.0.1:0"],
    {
      stdio: ["ignore", "pipe", process.env.TESSERA_TEST_LOG ? "inherit" : "ignore"],
      env: { ...process.env, TESSERA__GATEWAY__RATE__ENABLED: undefined },
    },
  );
  const stop = async () => {
    server.kill("SIGTERM");
    await new Promise((resolve) => (server.exitCode === null ? server.once("exit", resolve) : resolve(null)));
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const { http } = await started(server);
    const admin = readFileSync(join(data, "identity/admin.token"), "utf8").trim();
    for (const story of ["ontology", "scenarios"])
      await run(binary, ["story", story, "--address", http, "--token", admin]);
    const edge = `http://${http}`;
    const call = api(edge, admin);
    const password = "a long enough pass phrase";
    const user = async (email: string, displayName: string, role?: string) => {
      const made = await call("POST", "/api/v1/identity/users", {
        user: { email, displayName, title: "Analyst", department: "Retention" },
        password,
      });
      if (role)
        await call("POST", "/api/v1/identity/roleAssignments:assign", {
          subject: { kind: "SUBJECT_KIND_USER", id: made.id },
          role,
        });
      return made.id as string;
    };
    await user("ada@example.com", "Ada Lovelace", "editor");
    const vera = await user("vera@example.com", "Vera Viewer", "viewer");
    const group = await call("POST", "/api/v1/identity/groups", {
      group: { name: "Analysts", description: "Who read and define" },
    });
    await call("POST", `/api/v1/identity/groups/${group.id as string}/members:add`, { userIds: [vera] });
    await call("POST", "/api/v1/identity/row-filters", {
      rowFilter: {
        name: "Analysts of the north",
        description: "They look after the north, and see its members alone.",
        subject: { kind: "SUBJECT_KIND_GROUP", id: group.id },
        entity: "member",
        condition: "region_code = 'North'",
      },
    });
    const narrow = await call("POST", "/api/v1/identity/tokens", {
      name: "Only oneself",
      permissions: ["identity.self.*"],
    });
    await call("POST", "/api/v1/identity/tenants", {
      tenant: { slug: "empty", displayName: "Empty" },
      administratorEmail: "root@example.com",
      administratorPassword: password,
    });
    const world: World = {
      edge: process.env.CONSOLE_URL ?? edge,
      admin,
      narrow: narrow.secret as string,
      password,
      adminPassword: readFileSync(join(data, "identity/admin.password"), "utf8").trim(),
      group: group.id as string,
      shots: join(process.env.TESSERA_SHOTS ?? defaultShots(), "."),
    };
    mkdirSync(world.shots, { recursive: true });
    process.env.TESSERA_WORLD = JSON.stringify(world);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return stop;
}

function defaultShots(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? "", ".cache");
  return join(process.env.CARGO_TARGET_DIR ?? join(cache, "tessera/target"), "console/screenshots");
}
