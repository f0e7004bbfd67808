"""The calls of scripts/smoke: each client does the same four things and gets the same answers."""

import json
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import grpc
from google.protobuf import json_format
from tessera.identity.v1 import identity_service_pb2_grpc, session_pb2
from tessera.metadata.v1 import entity_pb2, metadata_service_pb2_grpc

TESSERA, GRPCURL = os.environ["TESSERA"], os.environ["GRPCURL"]
PASSWORD = "correct horse battery staple 7"
SIGN_IN = "tessera.identity.v1.IdentityService/SignIn"
CREATE = "tessera.metadata.v1.MetadataService/CreateEntity"
LIST = "tessera.metadata.v1.MetadataService/ListEntities"


class Refused(Exception):
    """A call that answered a gRPC status; the argument is its number."""


class Grpcurl:
    name = "grpcurl"

    def __init__(self, server):
        self.server = server

    def call(self, method, body, token=None):
        header = ["-H", f"authorization: Bearer {token}"] if token else []
        done = run([GRPCURL, "-plaintext", *header, "-d", json.dumps(body), self.server.grpc, method])
        if done.returncode != 0:
            # grpcurl exits with 64 above the status.
            raise Refused(done.returncode - 64)
        return json.loads(done.stdout)


class Curl:
    name = "curl"
    routes = {
        SIGN_IN: ("POST", "/api/v1/identity/sessions:signIn"),
        CREATE: ("POST", "/api/v1/metadata/entities"),
        LIST: ("GET", "/api/v1/metadata/entities"),
    }
    status = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6}

    def __init__(self, server):
        self.server = server

    def call(self, method, body, token=None):
        verb, path = self.routes[method]
        header = ["-H", f"authorization: Bearer {token}"] if token else []
        send = []
        if method == CREATE:
            # The body of this route is the entity; what stands beside it goes into the query.
            rest = {key: value for key, value in body.items() if key != "entity"}
            path, body = f"{path}?{urllib.parse.urlencode(rest)}", body["entity"]
        if verb == "GET":
            path = f"{path}?{urllib.parse.urlencode(body)}"
        else:
            send = ["-H", "content-type: application/json", "-d", json.dumps(body)]
        url = f"http://{self.server.http}{path}"
        done = run(["curl", "-sS", "-X", verb, *header, *send, "-w", "\n%{http_code}", url])
        text, _, code = done.stdout.rpartition("\n")
        if done.returncode != 0 or code != "200":
            raise Refused(self.status.get(int(code or 0), int(code or 0)))
        return json.loads(text)


class Python:
    name = "python"

    def __init__(self, server):
        channel = grpc.insecure_channel(server.grpc)
        identity = identity_service_pb2_grpc.IdentityServiceStub(channel)
        metadata = metadata_service_pb2_grpc.MetadataServiceStub(channel)
        self.methods = {
            SIGN_IN: (identity.SignIn, session_pb2.SignInRequest),
            CREATE: (metadata.CreateEntity, entity_pb2.CreateEntityRequest),
            LIST: (metadata.ListEntities, entity_pb2.ListEntitiesRequest),
        }

    def call(self, method, body, token=None):
        function, kind = self.methods[method]
        credentials = [("authorization", f"Bearer {token}")] if token else []
        try:
            answer = function(json_format.ParseDict(body, kind()), metadata=credentials, timeout=30)
        except grpc.RpcError as error:
            raise Refused(error.code().value[0]) from error
        return json_format.MessageToDict(answer)


class Command:
    name = "tessera call"

    def __init__(self, server):
        self.server = server

    def call(self, method, body, token=None):
        credentials = ["--token", token] if token else []
        done = run([TESSERA, "call", "--address", self.server.grpc, *credentials, method, json.dumps(body)])
        if done.returncode != 0:
            raise Refused(16 if "nauthenticated" in done.stderr.lower() else done.stderr)
        return json.loads(done.stdout)


class Server:
    """`tessera serve` on free ports."""

    def __init__(self, folder, settings):
        self.folder = folder
        self.environment = {**os.environ, **settings}
        self.log = open(folder / "server.log", "w+")
        command = [TESSERA, "serve", "--data", str(folder), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, env=self.environment, text=True
        )
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            sys.exit(f"tessera did not get ready\n{self.log.read()}")
        ready = json.loads(line)
        self.grpc, self.http = (ready[key].removeprefix("http://").rstrip("/") for key in ("grpc", "http"))

    def token(self):
        done = run([TESSERA, "token", "--data", str(self.folder)], env=self.environment)
        if done.returncode != 0:
            sys.exit(f"tessera token: {done.stderr}")
        return done.stdout.strip()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=60)


def run(command, env=None):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=False)


def rounds(server, say):
    """What every client does; `say` takes a step's name and whether it held."""
    token = server.token()
    user = {"user": {"email": "smoke@example.com", "displayName": "Smoke"}, "password": PASSWORD}
    Grpcurl(server).call("tessera.identity.v1.IdentityService/CreateUser", user, token)
    made = []
    for kind in (Grpcurl, Curl, Python, Command):
        client = kind(server)
        label = kind.name
        pair = attempt(client, SIGN_IN, {"email": "smoke@example.com", "password": PASSWORD})
        say(f"{label}: signs in", isinstance(pair, dict) and "accessToken" in pair, pair)
        code = f"smoke_{len(made) + 1}"
        entity = {"code": code, "name": f"Smoke {label}", "kind": "ENTITY_KIND_DIMENSION"}
        entity["attributes"] = [{"code": "id", "name": "Id", "type": "DATA_TYPE_STRING", "primaryKey": True}]
        body = {"entity": entity, "requestId": f"smoke-{code}"}
        created = attempt(client, CREATE, body, token)
        say(f"{label}: creates", isinstance(created, dict) and created.get("code") == code, created)
        again = attempt(client, CREATE, body, token)
        same = isinstance(again, dict) and isinstance(created, dict) and again.get("id") == created.get("id")
        say(f"{label}: the same request id creates nothing more", same, again)
        made.append(code)
        listed = attempt(client, LIST, {"pageSize": 100}, token)
        codes = sorted(e["code"] for e in listed["entities"]) if isinstance(listed, dict) else listed
        say(f"{label}: lists", codes == made, codes)
        nobody = attempt(client, LIST, {"pageSize": 1})
        say(f"{label}: is refused without a token", nobody == 16, nobody)


def attempt(client, method, body, token=None):
    try:
        return client.call(method, body, token)
    except Refused as refused:
        return refused.args[0]


def main():
    work = Path(sys.argv[1])
    databases = {"sqlite": {}}
    if url := os.environ.get("TESSERA_TEST_POSTGRES_URL"):
        databases["postgres"] = {"TESSERA__STORAGE__URL": url}
    counts = {True: 0, False: 0}
    for database, settings in databases.items():
        folder = work / database
        folder.mkdir()
        server = Server(folder, settings)

        def say(step, held, answer=None):
            counts[held] += 1
            print(f"{'ok' if held else 'FAILED'}  {database}: {step}" + ("" if held else f": {answer}"))

        try:
            rounds(server, say)
        finally:
            code = server.stop()
        say("stops when asked", code == 0, code)
    print(f"smoke: {counts[True]} passed, {counts[False]} failed")
    sys.exit(1 if counts[False] else 0)


main()
