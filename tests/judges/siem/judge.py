"""What others make of a stream: libraries that are not ours read what we send.

    judge.py ocsf               events, one a line, on standard input
    judge.py syslog             messages (RFC 5424), one a line, on standard input
    judge.py webhook            {"secret", "headers", "body"} on standard input
    judge.py sigv4              {"method", "url", "headers", "access_key", "secret_key", "region"} on standard input

Says "ok" and a count, or what is wrong, and then ends with 1.
"""

import datetime
import json
import sys


def ocsf(text):
    from jsonschema import Draft202012Validator
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

    events = [json.loads(line) for line in text.splitlines()]
    versions = {event["metadata"]["version"] for event in events}
    assert len(versions) == 1, f"versions {versions}"
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(versions.pop()))
    validators = {}
    seen = {}
    for number, event in enumerate(events):
        uid = event["class_uid"]
        if uid not in validators:
            name = schemas.lookup_class_name_from_uid(uid)
            validators[uid] = Draft202012Validator(schemas.get_class_schema(name))
        wrong = [f"{'/'.join(map(str, one.path))}: {one.message[:200]}" for one in validators[uid].iter_errors(event)]
        assert not wrong, f"event {number} of class {uid}: {wrong[:5]}"
        assert event["type_uid"] == uid * 100 + event["activity_id"], f"event {number}: type_uid"
        seen[uid] = seen.get(uid, 0) + 1
    return " ".join(f"{uid}:{count}" for uid, count in sorted(seen.items()))


def syslog(text):
    from syslog_rfc5424_parser import SyslogMessage

    count = 0
    for line in text.splitlines():
        message = SyslogMessage.parse(line)
        assert message.appname == "countersign", message.appname
        data = message.sd
        assert len(data) == 1, data
        json.loads(message.msg)
        count += 1
    return str(count)


def webhook(text):
    from standardwebhooks.webhooks import Webhook

    asked = json.loads(text)
    try:
        Webhook(asked["secret"]).verify(asked["body"], asked["headers"])
    except json.JSONDecodeError:
        pass  # The signature has held by then; it reads the body as one document last, and ours are lines.
    return "1"


def sigv4(text):
    from botocore import auth, awsrequest, credentials

    asked = json.loads(text)
    headers = asked["headers"]
    given = headers.pop("authorization")
    signed = given.split("SignedHeaders=")[1].split(",")[0].split(";")
    request = awsrequest.AWSRequest(
        method=asked["method"], url=asked["url"], headers={name: headers[name] for name in signed if name in headers}
    )
    request.context["timestamp"] = headers["x-amz-date"]
    signer = auth.S3SigV4Auth(credentials.Credentials(asked["access_key"], asked["secret_key"]), "s3", asked["region"])
    # What it would write itself, for the request as it stands.
    datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert given.endswith(f"Signature={signature}"), f"{canonical}\n{signature}\n{given}"
    return "1"


if __name__ == "__main__":
    try:
        print("ok", {"ocsf": ocsf, "syslog": syslog, "webhook": webhook, "sigv4": sigv4}[sys.argv[1]](sys.stdin.read()))
    except Exception as wrong:  # noqa: BLE001: whatever a judge says against it
        print(f"{type(wrong).__name__}: {wrong}")
        sys.exit(1)
