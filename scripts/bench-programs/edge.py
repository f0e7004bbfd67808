"""The measurement of scripts/bench-edge."""

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from processes import Platform, Process, machine

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = min(4, int(os.environ.get("SECONDS_PER_CASE", "2")))
CONNECTIONS = 32

EQUAL = """the same in both ways: the token, the permission, the request checks, the limit of calls in work and the metrics of each
  RPC (by the process behind both); request headers up to 16 KiB, bodies up to 4 MiB, 30 s timeout, at most 1024 calls at once, a new x-request-id, unknown
  query parameters refused, four security headers on answers, counters and a histogram of answers, no access log, no TLS
only the own edge: unknown JSON fields refused, W3C trace context, metrics by route template, typed deadline to the service
only Envoy: statistics by upstream, HTTP/2 flow control on the hop to the service"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def envoy_config(contracts, port, grpc):
    """The transcoder with what guards it has of the own edge's."""
    grpc_host, _, grpc_port = grpc.rpartition(":")
    services = ["tessera.identity.v1.IdentityService", "tessera.metadata.v1.MetadataService"]
    transcoder = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(contracts),
        "services": services,
        "convert_grpc_status": True,
        "request_validation_options": {"reject_unknown_query_parameters": True},
    }
    limit = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
        "max_request_bytes": 4 << 20,
    }
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    security = {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }
    headers = [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in security.items()
    ]
    route = {"match": {"prefix": "/"}, "route": {"cluster": "tessera", "timeout": "30s"}}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "edge",
        "generate_request_id": True,
        "max_request_headers_kb": 16,
        "route_config": {
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}],
            "response_headers_to_add": headers,
        },
        "http_filters": [
            {"name": "envoy.filters.http.buffer", "typed_config": limit},
            {"name": "envoy.filters.http.grpc_json_transcoder", "typed_config": transcoder},
            {"name": "envoy.filters.http.router", "typed_config": router},
        ],
    }
    address = {"socket_address": {"address": grpc_host, "port_value": int(grpc_port)}}
    http2 = {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    cluster = {
        "name": "tessera",
        "type": "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": {"thresholds": [{"max_requests": 1024}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2},
        "load_assignment": {
            "cluster_name": "tessera",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    listener = {
        "name": "edge",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def call(address, path, token, body=None):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    data = None if body is None else body.encode()
    request = urllib.request.Request(f"http://{address}{path}", data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read()


def entity():
    """An entity of about 1 KiB of JSON."""
    attributes = [
        {
            "code": f"attribute_{i}",
            "name": f"Attribute number {i}",
            "description": "Says something about each row.",
            "type": "DATA_TYPE_STRING",
            "nullable": True,
        }
        for i in range(4)
    ]
    attributes[0].update({"primaryKey": True, "nullable": False})
    attributes[1]["type"] = "DATA_TYPE_TIMESTAMP"
    attributes[1].update({"timeAttribute": True, "nullable": False})
    return json.dumps(
        {
            "code": "bench_claim",
            "name": "Claim",
            "description": "A request for payment under a policy, from its first notice to its last payment. " * 3,
            "tags": ["claims", "core"],
            "owner": "claims@example.com",
            "kind": "ENTITY_KIND_EVENT",
            "attributes": attributes,
        }
    )


def load(address, case, token, work, seconds):
    """Sends as much as comes back; answers the number of requests."""
    script = work / "request.lua"
    name, method, path, body, good = case
    lines = [f'wrk.method = "{method}"', f'wrk.headers["authorization"] = "Bearer {token}"']
    if body is not None:
        lines += ['wrk.headers["content-type"] = "application/json"', f"wrk.body = [==[{body}]==]"]
    script.write_text("\n".join(lines))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), f"http://{address}{path}"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if int(refused.group(1) if refused else 0) != (0 if good else requests) or "Socket errors" in out:
        sys.exit(f"{name}: not every answer was as expected\n{out}")
    return requests, float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), re.search(r"99%\s+(\S+)", out).group(1)


def wait_for(address, token, path):
    for _ in range(100):
        try:
            return call(address, path, token)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(address)


def main():
    work = Path(sys.argv[1])
    # one token makes all requests: they are counted as always, but none is too many
    rate = "TESSERA__GATEWAY__RATE__PRINCIPAL__"
    unlimited = {f"{rate}PER_SECOND": "1000000", f"{rate}BURST": "10000000"}
    with Platform(work / "data", work / "tessera.log", unlimited) as tessera:
        token = tessera.token(work / "data")
        port = free_port()
        config = work / "envoy.json"
        config.write_text(json.dumps(envoy_config(work / "contracts.binpb", port, tessera.grpc)))
        command = [os.environ["ENVOY"], "-c", str(config), "--concurrency", "1", "--log-level", "warn", "--disable-hot-restart"]
        with Process(command, work / "envoy.log") as envoy:
            try:
                run(work, tessera, envoy, f"127.0.0.1:{port}", token)
            except (urllib.error.HTTPError, TimeoutError) as failure:
                said = failure.read() if isinstance(failure, urllib.error.HTTPError) else failure
                sys.exit(f"{failure}: {said}\n{envoy.said()}\n{tessera.said()}")


def run(work, tessera, envoy, through, token):
    create = f"/api/v1/metadata/entities?{urllib.parse.urlencode({'request_id': 'bench'})}"
    body = entity()
    _, made = call(tessera.http, create, token, body)
    get = f"/api/v1/metadata/entities/{json.loads(made)['id']}"
    cases = [
        ("GET WhoAmI", "GET", "/api/v1/identity/self", None, True),
        (f"GET entity, {len(made)} B", "GET", get, None, True),
        (f"POST entity, {len(body)} B", "POST", create, body, True),
        # Refused by the request checks: all of the edge, and of the guards, without any storage.
        ("GET refused, 400", "GET", "/api/v1/metadata/entities/no-id", None, False),
        ("POST refused, 400", "POST", create, body.replace("bench_claim", "Bench Claim"), False),
    ]
    wait_for(through, token, get)
    for name, _, path, sent, good in cases:
        if not good:
            continue
        ours, theirs = (json.loads(call(a, path, token, sent)[1]) for a in (tessera.http, through))
        if name != cases[0][0] and ours.keys() ^ theirs.keys() - {"deleteTime"}:
            print(f"note: {name}: the answers name other fields: {sorted(ours.keys() ^ theirs.keys())}")
    figures = {}
    for turn in range(ROUNDS + 1):
        for case in cases:
            for way, address in (("envoy", through), ("edge", tessera.http)):
                before = tessera.cpu_seconds(), envoy.cpu_seconds()
                requests, rate, p99 = load(address, case, token, work, SECONDS if turn else 1)
                after = tessera.cpu_seconds(), envoy.cpu_seconds()
                spent = [(b - a) / requests * 1e6 for a, b in zip(before, after)]
                if turn:  # the first turn warms up
                    figures.setdefault((case[0], way), []).append((*spent, rate, p99))
    print(f"{machine()}; wrk -t1 -c{CONNECTIONS}, {SECONDS} s a case, median of {ROUNDS} rounds, alternating; Envoy --concurrency 1\n")
    print("| case | Envoy µs | behind it µs | together µs | req/s | own edge, all µs | req/s | CPU ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for name, *_ in cases:
        middle = lambda way, column: statistics.median(row[column] for row in figures[name, way])
        behind, alone = middle("envoy", 0), middle("envoy", 1)
        total, own = statistics.median(a + b for a, b, *_ in figures[name, "envoy"]), middle("edge", 0)
        print(
            f"| {name} | {alone:.1f} | {behind:.1f} | {total:.1f} | {middle('envoy', 2):.0f} "
            f"| {own:.1f} | {middle('edge', 2):.0f} | {total / own:.2f}× |"
        )
    print(f"\nmemory after the run: Envoy {envoy.status('VmRSS') / 1024:.0f} MiB, tessera {tessera.status('VmRSS') / 1024:.0f} MiB")
    print(f"{EQUAL}")


main()
