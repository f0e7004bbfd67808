"""`tessera serve` on free ports, on a database of its own, in one process or three."""

import json
import os
import secrets
import subprocess
import sys

from clients import run

TESSERA = os.environ["TESSERA"]
TOPOLOGIES = ("local", "loopback", "split")


class Process:
    """One process, once it is ready."""

    def __init__(self, folder, settings, *arguments):
        self.log = open(folder / f"server-{secrets.token_hex(2)}.log", "w+")
        command = [TESSERA, "serve", "--data", str(folder / "data"), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=self.log,
            env={**os.environ, **settings},
            text=True,
        )
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            sys.exit(f"tessera did not get ready\n{self.log.read()}")
        ready = json.loads(line)
        self.grpc, self.http = ready["grpc"], ready["http"]

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=60)


class Platform:
    """All services on `database`, spread as `topology` says."""

    def __init__(self, folder, database, topology):
        folder.mkdir()
        self.folder, self.settings, self.made = folder, {}, None
        if database == "postgres":
            server, _, _ = os.environ["TESSERA_TEST_POSTGRES_URL"].rpartition("/")
            self.made = f"smoke_{secrets.token_hex(4)}"
            self.sql(f"CREATE DATABASE {self.made}")
            self.settings["TESSERA__STORAGE__URL"] = f"{server}/{self.made}"
        if topology == "split":
            first = Process(folder, self.settings, "--target", "@platform")
            second = Process(folder, self.settings, "--target", "@meaning", "--peers", first.grpc)
            third = Process(folder, self.settings, "--target", "@data,@numbers,@work", "--peers", first.grpc)
            self.processes = {"identity": first, "metadata": second, "warehouse": third, "calculation": third}
        else:
            if topology == "loopback":
                self.settings["TESSERA__MESH__LOOPBACK"] = "true"
            only = Process(folder, self.settings)
            self.processes = dict.fromkeys(("identity", "metadata", "warehouse", "calculation"), only)
        # Either edge reaches every service; the first one has farther to go.
        self.http = self.processes["identity"].http
        self.token = run([TESSERA, "token", "--data", str(folder / "data")]).stdout.strip()

    def sql(self, text):
        done = run([os.environ["PSQL"], os.environ["TESSERA_TEST_POSTGRES_URL"], "-qc", text])
        if done.returncode != 0:
            sys.exit(f"psql: {done.stderr}")

    def grpc(self, method):
        """Where the service of `tessera.<service>.v1.…/Method` listens."""
        return self.processes[method.split(".")[1]].grpc

    def stop(self):
        """The exit codes, once the database is gone."""
        codes = {process.stop() for process in set(self.processes.values())}
        if self.made:
            self.sql(f"DROP DATABASE {self.made}")
        return codes
