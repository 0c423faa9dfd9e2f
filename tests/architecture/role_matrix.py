"""Who may call what, written by hand from the contracts; never derived from the code (P34).

`ROLES[service][route]` lists the roles; every other role must be answered 403, and no token 401.
Paths are Werkzeug rules below the service's prefix.
"""

from __future__ import annotations

PUBLIC = "public"

_EVERY_SERVICE = {
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /events": "service",
    "POST /events": "operator",
    "GET /events/status": "operator auditor",
    "GET /events/parked": "operator auditor",
    "GET /events/dead-letter-groups": "operator auditor",
    "GET /events/dead-letters": "operator auditor",
    "GET /events/dead-letters/<id>": "operator auditor",
    "POST /events/dead-letters/<id>/replay": "operator",
    "POST /events/dead-letters/<id>/discard": "operator",
    "POST /events/dead-letter-groups/<fingerprint>/replay": "operator",
    "POST /events/dead-letter-groups/<fingerprint>/discard": "operator",
}

_TRAINING = {
    "POST /v1/residents": "instructor",
    "GET /v1/residents": "instructor auditor",
    "GET /v1/residents/<worker_ref>": "instructor auditor",
    "PUT /v1/residents/<worker_ref>": "instructor",
    "GET /v1/residents/<worker_ref>/skills": "instructor auditor",
    "GET /v1/residents/<worker_ref>/practice": "instructor auditor",
    "GET /v1/skills": "instructor auditor",
    "GET /v1/skills/<code>": "instructor auditor",
    "PUT /v1/skills/<code>": "instructor",
    "GET /v1/programmes": "instructor auditor",
    "GET /v1/programmes/<code>": "instructor auditor",
    "PUT /v1/programmes/<code>": "instructor",
    "GET /v1/assessments": "instructor auditor",
    "GET /v1/assessments/<id>": "instructor auditor",
    "PUT /v1/assessments/<id>": "instructor",
    "GET /v1/certificates": "instructor auditor",
    "GET /v1/certificates/<id>": "instructor auditor",
    "PUT /v1/certificates/<id>": "instructor",
    "POST /v1/certificates/<id>/withdrawal": "instructor",
    "GET /v1/attestations": "instructor auditor",
    "GET /v1/attestations/<id>": "instructor auditor",
    "PUT /v1/attestations/<id>": "instructor",
    "POST /v1/attestations/<id>/withdrawal": "instructor",
}

_INVENTORY = {
    "GET /v1/workshops": "staff terminal auditor",
    "GET /v1/workshops/<code>": "staff terminal auditor",
    "PUT /v1/workshops/<code>": "staff",
    "GET /v1/products": "staff terminal auditor",
    "GET /v1/products/<sku>": "staff terminal auditor",
    "PUT /v1/products/<sku>": "staff",
    "POST /v1/outputs": "terminal",
    "GET /v1/outputs": "staff terminal auditor",
    "GET /v1/outputs/<id>": "staff terminal auditor",
    "POST /v1/outputs/<id>/acceptance": "staff",
    "POST /v1/outputs/<id>/rejection": "staff",
    "GET /v1/lots": "staff auditor",
    "GET /v1/lots/<lot>": "staff auditor",
    "GET /v1/lots/<lot>/trace": "staff auditor",
    "POST /v1/lots/<lot>/recall": "staff",
    "POST /v1/consignments": "staff",
    "GET /v1/consignments": "staff register outlet auditor",
    "GET /v1/consignments/<id>": "staff register outlet auditor",
    "POST /v1/consignments/<id>/dispatch": "staff",
    "POST /v1/consignments/<id>/receipts": "staff register",
    "GET /v1/consignments/<id>/receipts": "staff register outlet auditor",
    "GET /v1/discrepancies": "staff register outlet auditor",
    "GET /v1/discrepancies/<id>": "staff register outlet auditor",
    "POST /v1/discrepancies/<id>/resolution": "staff outlet",
    "POST /v1/write-offs": "staff",
    "GET /v1/write-offs": "staff auditor",
    "GET /v1/write-offs/<id>": "staff auditor",
    "POST /v1/write-offs/<id>/approval": "staff",
    "GET /v1/stock": "staff register outlet auditor",
    "GET /v1/moves": "staff auditor",
    "GET /p/<lot>": PUBLIC,
}

_SALES = {
    "GET /v1/outlets": "city register outlet auditor",
    "GET /v1/outlets/<code>": "city register outlet auditor",
    "PUT /v1/outlets/<code>": "city",
    "GET /v1/registers": "city register outlet auditor",
    "GET /v1/registers/<code>": "city register outlet auditor",
    "PUT /v1/registers/<code>": "city",
    "GET /v1/prices": "city register outlet auditor",
    "GET /v1/prices/<sku>": "city register outlet auditor",
    "PUT /v1/prices/<sku>": "city outlet",
    "PUT /v1/shifts/<id>": "register",
    "GET /v1/shifts": "register outlet city auditor",
    "GET /v1/shifts/<id>": "register outlet city auditor",
    "POST /v1/shifts/<id>/close": "register",
    "POST /v1/registers/<code>/sales": "register",
    "POST /v1/registers/<code>/returns": "register",
    "GET /v1/registers/<code>/sync": "register outlet auditor",
    "GET /v1/sales": "register outlet city auditor",
    "GET /v1/sales/<id>": "register outlet city auditor",
    "GET /v1/returns": "register outlet city auditor",
    "GET /v1/returns/<id>": "register outlet city auditor",
    "GET /v1/catalogue": "register outlet city auditor",
    "GET /v1/work-items": "register outlet city auditor",
    "GET /v1/work-items/<id>": "register outlet city auditor",
    "POST /v1/work-items/<id>/resolution": "outlet city",
    "GET /v1/quarantine": "register outlet city auditor",
    "GET /v1/quarantine/<id>": "register outlet city auditor",
    "POST /v1/quarantine/<id>/resolution": "outlet city",
    "GET /v1/reports/sales": "outlet city treasurer auditor",
    "POST /v1/token-revocations": "operator",
}

ROLES: dict[str, dict[str, frozenset[str]]] = {
    service: {route: frozenset(roles.split()) for route, roles in (_EVERY_SERVICE | own).items()}
    for service, own in (("training", _TRAINING), ("inventory", _INVENTORY), ("sales", _SALES))
}
