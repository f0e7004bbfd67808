"""The calls of scripts/smoke: every client does the same steps on every platform, and all see the same."""

import os
import sys
import time
from pathlib import Path

from clients import CLIENTS, Grpcurl, Refused
from processes import TOPOLOGIES, Platform

PASSWORD = "correct horse battery staple 7"
IDENTITY, METADATA = "tessera.identity.v1.IdentityService", "tessera.metadata.v1.MetadataService"
WAREHOUSE, CALCULATION = "tessera.warehouse.v1.WarehouseService", "tessera.calculation.v1.CalculationService"
# What differs from run to run, and is only looked at for being there.
VARIES = {"id", "etag", "code", "createTime", "updateTime", "deleteTime"}
NOT_THERE = "01890000-0000-7000-8000-000000000000"


def steps(client, code, token):
    """Yields `(step, what the client saw)`; `code` is the name of what it makes."""

    def see(method, body, token=token):
        try:
            return client.call(method, body, token)
        except Refused as seen:
            return seen.args[0]

    signed = see(f"{IDENTITY}/SignIn", {"email": "smoke@example.com", "password": PASSWORD}, None)
    yield "signs in", sorted(signed)
    yield "signs in with a wrong password", see(f"{IDENTITY}/SignIn", {"email": "smoke@example.com", "password": "x"}, None)
    entity = {"code": code, "name": "Smoke", "kind": "ENTITY_KIND_DIMENSION", "tags": ["smoke"]}
    amount = {"code": "amount", "name": "Amount", "type": "DATA_TYPE_DECIMAL", "precision": 12, "scale": 2}
    entity["attributes"] = [{"code": "id", "name": "Id", "type": "DATA_TYPE_STRING", "primaryKey": True}, amount]
    create = {"entity": entity, "requestId": f"smoke-{code}"}
    made = see(f"{METADATA}/CreateEntity", create)
    yield "creates", made
    yield "creates again with the same request id", see(f"{METADATA}/CreateEntity", create) == made
    other = {**create, "entity": {**entity, "name": "Other"}}
    yield "the same request id with another body", see(f"{METADATA}/CreateEntity", other)
    yield "the same code", see(f"{METADATA}/CreateEntity", {"entity": entity})
    yield from rows(see, code)
    key = {"id": made["id"]}
    yield "gets", see(f"{METADATA}/GetEntity", key) == made
    yield "gets what is not there", see(f"{METADATA}/GetEntity", {"id": NOT_THERE})
    yield "gets with a malformed id", see(f"{METADATA}/GetEntity", {"id": "x"})
    update = {"entity": {**key, "name": "Renamed", "etag": made["etag"]}, "updateMask": "name"}
    renamed = see(f"{METADATA}/UpdateEntity", update)
    yield "updates", renamed
    yield "updates with a stale etag", see(f"{METADATA}/UpdateEntity", update)
    yield "lists", see(f"{METADATA}/ListEntities", {"pageSize": 100})
    end = {"entity": "nowhere", "attribute": "id"}
    link = {"code": f"{code}_link", "name": "Link", "from": {"entity": code, "attribute": "id"}, "to": end}
    link["cardinality"] = "CARDINALITY_MANY_TO_ONE"
    yield "relates to an entity that is not there", see(f"{METADATA}/CreateRelationship", {"relationship": link})
    etag = renamed["etag"] if isinstance(renamed, dict) else ""
    yield "deletes", see(f"{METADATA}/DeleteEntity", {**key, "etag": etag})
    yield "lists after that", see(f"{METADATA}/ListEntities", {"pageSize": 100})
    yield "lists without a token", see(f"{METADATA}/ListEntities", {}, None)
    yield "lists with a forged token", see(f"{METADATA}/ListEntities", {}, token[:-4] + "AAAA")


def rows(see, code):
    """The steps with rows of the entity `code`, and numbers of them."""
    records = [{"id": "a", "amount": "12.50"}, {"id": "b", "amount": "0.75"}, {"id": "c", "amount": "no number"}]
    write = {"entity": code, "records": records, "requestId": f"rows-{code}"}
    written = see(f"{WAREHOUSE}/WriteRecords", write)
    yield "writes rows of which one is wrong", written
    yield "writes them again with the same request id", see(f"{WAREHOUSE}/WriteRecords", write) == written
    yield "writes a row that is there", see(f"{WAREHOUSE}/WriteRecords", {"entity": code, "records": records[:1], "atomic": True})
    yield "lists rows", see(f"{WAREHOUSE}/ListRecords", {"entity": code, "pageSize": 10})
    query = {"entity": code, "measures": ["count(*)", "sum(amount)"]}
    yield "queries rows", see(f"{WAREHOUSE}/ExecuteQuery", query)
    yield "queries what is not there", see(f"{WAREHOUSE}/ExecuteQuery", {**query, "measures": ["sum(nothing)"]})
    answer = see(f"{CALCULATION}/Calculate", {"draft": {"formula": f"sum({code}.amount) / count({code})"}})
    yield "calculates", [row["value"] for row in answer["rows"]] if isinstance(answer, dict) else answer
    yield "calculates nonsense", see(f"{CALCULATION}/Calculate", {"draft": {"formula": f"sum({code}.nothing)"}})
    yield "queries without a token", see(f"{WAREHOUSE}/ExecuteQuery", query, None)


def plain(seen):
    """What was seen, without what varies."""
    if isinstance(seen, dict):
        return {key: "…" if key in VARIES else plain(value) for key, value in seen.items()}
    if isinstance(seen, list):
        return [plain(item) for item in seen]
    return seen


def main():
    work = Path(sys.argv[1])
    databases = ["sqlite"] + ["postgres"] * ("TESSERA_TEST_POSTGRES_URL" in os.environ)
    expected, failures, passed = {}, [], 0
    user = {"user": {"email": "smoke@example.com", "displayName": "Smoke"}, "password": PASSWORD}
    for database in databases:
        for topology in TOPOLOGIES:
            began = time.monotonic()
            platform = Platform(work / f"{database}-{topology}", database, topology)
            try:
                Grpcurl(platform).call(f"{IDENTITY}/CreateUser", user, platform.token)
                for number, kind in enumerate(CLIENTS):
                    for step, seen in steps(kind(platform), f"smoke_{number}", platform.token):
                        seen, first = plain(seen), f"{kind.name}, {database}, {topology}"
                        wanted, by = expected.setdefault(step, (seen, first))
                        passed += seen == wanted
                        if seen != wanted:
                            failures.append(f"{first}: {step}: {seen}\n    {by}: {wanted}")
            finally:
                codes = platform.stop()
            if codes != {0}:
                failures.append(f"{database}, {topology}: exit codes {codes} when asked to stop")
            print(f"smoke: {database}, {topology}: {time.monotonic() - began:.1f} s")
    for step, (seen, _) in expected.items():
        print(f"  {step}: {seen}" if len(str(seen)) < 100 else f"  {step}: {str(seen)[:96]} …")
    for failure in failures[:20]:
        print(f"FAILED  {failure}")
    print(f"smoke: {passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
