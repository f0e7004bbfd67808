"""Four clients of the same contracts: each takes a method and a message as JSON, and answers JSON or raises `Refused`."""

import json
import os
import subprocess
import urllib.parse

import grpc
from google.protobuf import json_format, message_factory
from google.rpc import error_details_pb2, status_pb2
from tessera.calculation.v1 import calculation_service_pb2, calculation_service_pb2_grpc
from tessera.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from tessera.metadata.v1 import metadata_service_pb2, metadata_service_pb2_grpc
from tessera.warehouse.v1 import warehouse_service_pb2, warehouse_service_pb2_grpc

INFO = "type.googleapis.com/google.rpc.ErrorInfo"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


class Refused(Exception):
    """A call that answered an error: `(code, reason, violated fields)`."""


def refused(code, details):
    """From a number and the details of a google.rpc.Status in JSON."""
    reason, fields = "", []
    for detail in details:
        if detail.get("@type") == INFO:
            reason = detail.get("reason", "")
        if detail.get("@type") == BAD_REQUEST:
            fields = sorted(v.get("field", "") for v in detail.get("fieldViolations", []))
    return Refused((NAMES.get(code, code), reason, fields))


def run(command, env=None):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=False)


class Grpcurl:
    """By reflection, as an operator would."""

    name = "grpcurl"

    def __init__(self, platform):
        self.platform = platform

    def call(self, method, body, token=None):
        if mask := body.get("updateMask"):
            # This grpcurl reads a field mask as the message it is, not as the text of proto3's JSON.
            body = {**body, "updateMask": {"paths": mask.split(",")}}
        header = ["-H", f"authorization: Bearer {token}"] if token else []
        flags = ["-plaintext", "-format-error", *header, "-d", json.dumps(body)]
        done = run([os.environ["GRPCURL"], *flags, self.platform.grpc(method), method])
        if done.returncode != 0:
            if not done.stderr.startswith("{"):
                raise Refused((done.stderr.strip(), "", []))
            status = json.loads(done.stderr)
            raise refused(status["code"], status.get("details", []))
        return json.loads(done.stdout)


class Curl:
    """JSON over HTTP; the routes are those that the contracts give."""

    name = "curl"
    routes = {
        "SignIn": ("POST", "/api/v1/identity/sessions:signIn", "*"),
        "CreateEntity": ("POST", "/api/v1/metadata/entities", "entity"),
        "GetEntity": ("GET", "/api/v1/metadata/entities/{id}", None),
        "UpdateEntity": ("PATCH", "/api/v1/metadata/entities/{entity.id}", "entity"),
        "DeleteEntity": ("DELETE", "/api/v1/metadata/entities/{id}", None),
        "ListEntities": ("GET", "/api/v1/metadata/entities", None),
        "CreateRelationship": ("POST", "/api/v1/metadata/relationships", "relationship"),
        "WriteRecords": ("POST", "/api/v1/warehouse/tables/{entity}/records:write", "*"),
        "ListRecords": ("GET", "/api/v1/warehouse/tables/{entity}/records", None),
        "ExecuteQuery": ("POST", "/api/v1/warehouse/query", "*"),
        "Calculate": ("POST", "/api/v1/calculation/calculate", "*"),
    }

    def __init__(self, platform):
        self.platform = platform

    def call(self, method, body, token=None):
        verb, path, sent = self.routes[method.split("/")[1]]
        rest = dict(body)
        for name in ("id", "entity"):
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", rest.pop(name))
        if "{entity.id}" in path:
            path = path.replace("{entity.id}", rest["entity"]["id"])
        data = []
        if sent:
            send, rest = (rest, {}) if sent == "*" else (rest.pop(sent), rest)
            data = ["-H", "content-type: application/json", "-d", json.dumps(send)]
        header = ["-H", f"authorization: Bearer {token}"] if token else []
        url = f"http://{self.platform.http}{path}?{urllib.parse.urlencode(rest)}"
        done = run(["curl", "-sS", "-X", verb, *header, *data, "-w", "\n%{http_code}", url])
        text, _, code = done.stdout.rpartition("\n")
        if done.returncode != 0:
            raise Refused((done.stderr.strip(), "", []))
        answer = json.loads(text)
        if code != "200":
            raise refused(answer["code"], answer.get("details", []))
        return answer


class Python:
    """Stubs made from proto/ by grpcio-tools."""

    name = "python"
    services = {
        "identity": (identity_service_pb2, identity_service_pb2_grpc.IdentityServiceStub),
        "metadata": (metadata_service_pb2, metadata_service_pb2_grpc.MetadataServiceStub),
        "warehouse": (warehouse_service_pb2, warehouse_service_pb2_grpc.WarehouseServiceStub),
        "calculation": (calculation_service_pb2, calculation_service_pb2_grpc.CalculationServiceStub),
    }

    def __init__(self, platform):
        self.platform = platform

    def call(self, method, body, token=None):
        service, name = method.split("/")
        module, stub = self.services[service.split(".")[1]]
        described = module.DESCRIPTOR.services_by_name[service.split(".")[-1]].methods_by_name[name]
        request = json_format.ParseDict(body, message_factory.GetMessageClass(described.input_type)())
        credentials = [("authorization", f"Bearer {token}")] if token else []
        with grpc.insecure_channel(self.platform.grpc(method)) as channel:
            function = getattr(stub(channel), name)
            try:
                return json_format.MessageToDict(function(request, metadata=credentials, timeout=30))
            except grpc.RpcError as error:
                raise self.explained(error) from error

    @staticmethod
    def explained(error):
        _ = error_details_pb2  # its messages are what the details unpack to
        packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
        details = json_format.MessageToDict(status_pb2.Status.FromString(packed)).get("details", [])
        return refused(error.code().value[0], details)


class Command:
    """`tessera call`, whose errors are lines for people."""

    name = "tessera call"

    def __init__(self, platform):
        self.platform = platform

    def call(self, method, body, token=None):
        credentials = ["--token", token] if token else []
        address = self.platform.grpc(method)
        done = run([os.environ["TESSERA"], "call", "--address", address, *credentials, method, json.dumps(body)])
        if done.returncode == 0:
            return json.loads(done.stdout)
        lines = [line.removeprefix("tessera: ") for line in done.stderr.splitlines()]
        code, _, rest = lines[0].partition(" ")
        code = "".join(f"_{letter}" if letter.isupper() else letter for letter in code).strip("_").upper()
        # Its violations end with "(RULE)"; metadata lines have " = ".
        fields = [line.strip().split(":")[0] for line in lines[1:] if line.endswith(")") and " = " not in line]
        raise Refused((code, rest.split(":")[0], sorted(fields)))


CLIENTS = (Grpcurl, Curl, Python, Command)
