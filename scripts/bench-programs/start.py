"""The measurement of scripts/bench-start."""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from processes import Platform, machine

IDLE = 10


def psql(url, statement):
    command = [os.environ["PSQL"], url, "-qAtc", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def measure(name, work, environment, connections):
    """First and warm start, and ten idle seconds."""
    data = work / f"data-{name}"
    data.mkdir()
    with Platform(data, work / f"{name}-first.log", environment) as first:
        cold = first.seconds
    warm = []
    for turn in range(3):
        with Platform(data, work / f"{name}-{turn}.log", environment) as platform:
            warm.append(platform.seconds)
    with Platform(data, work / f"{name}-idle.log", environment) as platform:
        time.sleep(1)
        before = platform.cpu_seconds()
        time.sleep(IDLE)
        cpu = (platform.cpu_seconds() - before) / IDLE * 100
        memory = platform.status("VmRSS") / 1024
        print(
            f"| {name} | {cold:.2f} s | {sorted(warm)[1]:.2f} s | {memory:.0f} MiB | {cpu:.2f} % "
            f"| {platform.status('Threads')} | {connections(platform)} |",
            flush=True,
        )


def main():
    work = Path(sys.argv[1])
    print(f"{machine()}\n")
    print("| storage | first start, all migrations | warm start | idle memory | idle CPU of one core | threads | connections |")
    print("|---|---|---|---|---|---|---|")
    measure("SQLite", work, {}, lambda platform: f"{platform.open_files('.db')} files")
    server = os.environ.get("TESSERA_TEST_POSTGRES_URL")
    if not server:
        print("\nPostgreSQL: not measured, TESSERA_TEST_POSTGRES_URL is not set")
        return
    made = f"tessera_bench_{secrets.token_hex(4)}"
    psql(server, f"CREATE DATABASE {made}")
    try:
        url = f"{server.rpartition('/')[0]}/{made}"
        counted = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{made}'"
        measure("PostgreSQL", work, {"TESSERA__STORAGE__URL": url}, lambda _: psql(server, counted))
    finally:
        psql(server, f"DROP DATABASE {made} WITH (FORCE)")


main()
