"""Processes that the benches start, and what /proc says of them."""

import json
import os
import select
import signal
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A program that is stopped at the end, whatever happened."""

    def __init__(self, command, log, environment=None, stdout=None):
        self.log = open(log, "w+")
        settings = {**os.environ, **(environment or {})}
        self.process = subprocess.Popen(command, env=settings, stdout=stdout or self.log, stderr=self.log)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def said(self):
        self.log.flush()
        with open(self.log.name) as text:
            return text.read()[-4000:]

    def cpu_seconds(self):
        """Of all its threads, in user and in system mode."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def status(self, name):
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith(f"{name}:"):
                    return int(line.split()[1])
        raise KeyError(name)

    def open_files(self, ending):
        """How many of its descriptors lead to files whose name ends so."""
        folder, count = f"/proc/{self.pid}/fd", 0
        for descriptor in os.listdir(folder):
            try:
                count += os.readlink(f"{folder}/{descriptor}").endswith(ending)
            except FileNotFoundError:
                pass
        return count


class Platform(Process):
    """`tessera serve` on free ports; `seconds` is how long it took until it was ready."""

    def __init__(self, data, log, environment=None):
        command = [os.environ["TESSERA"], "serve", "--data", str(data)]
        command += ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        started = time.monotonic()
        super().__init__(command, log, environment, subprocess.PIPE)
        readable, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if readable else b""
        self.seconds = time.monotonic() - started
        if not line:
            said = self.said()
            self.stop()
            sys.exit(f"tessera did not get ready\n{said}")
        ready = json.loads(line)
        self.grpc, self.http = ready["grpc"], ready["http"]

    def token(self, data):
        command = [os.environ["TESSERA"], "token", "--data", str(data)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def machine():
    """One line on where the figures come from."""
    with open("/proc/cpuinfo") as info:
        model = next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), "?")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores ({model}), load average {load}"
