#!/usr/bin/env -S python3 -I -S
"""Speaks as Terraform does to the aws target, in no time: the same commands, -json streams, exit codes, workspaces, states and locks in a bucket.

It knows a few of the module set's resources and makes them in the emulator, where the target looks at them. What it prints was taken from streams
of the real program, which other tests run. An interrupt ends it after the resource at hand, with the state saved and the lock given back.
Of a client whose name begins with "dies-" the run that makes the cluster ends itself by KILL when the cluster is made and not yet in the state.
"""
import json
import os
import signal
import sys

folder = next(a[len("-chdir="):] for a in sys.argv if a.startswith("-chdir=")) if any(a.startswith("-chdir=") for a in sys.argv) else "."
words = [a for a in sys.argv[1:] if not a.startswith("-chdir=")]
workspace = os.environ.get("TF_WORKSPACE", "default")
stopped = False


def stop(*_):
    global stopped
    stopped = True


signal.signal(signal.SIGINT, stop)


def say(**line):
    print(json.dumps({"@level": "info", "@module": "terraform.ui", **line}), flush=True)


def call(url, method="GET", body=None, service="s3", key="test", **headers):
    # Imported where it is needed: it takes as long as all the rest of a short command.
    import urllib.error
    import urllib.request
    request = urllib.request.Request(url, data=body, method=method, headers={
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20261129/eu-central-1/{service}/aws4_request, SignedHeaders=host, Signature=0", "Content-Type": "application/octet-stream", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def assumed():
    """The key by which the client's own account is entered, or the usual one."""
    if not variables["role_arn"]:
        return "test"
    import re
    from urllib.parse import quote
    form = f"Action=AssumeRole&Version=2011-06-15&RoleSessionName=tenantry&RoleArn={quote(variables['role_arn'])}".encode()
    _, answer = call(variables["endpoint"], "POST", form, "sts", **{"Content-Type": "application/x-www-form-urlencoded"})
    return re.search(r"<AccessKeyId>([^<]+)", answer.decode()).group(1)


def aws(service, target, body):
    status, answer = call(variables["endpoint"], "POST", json.dumps(body).encode(), service, assumed(), **{"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"})
    if status >= 300:
        raise RuntimeError(f"{target}: {answer.decode()}")
    return json.loads(answer or b"{}")


# ---- states and locks


class Bucket:
    def __init__(self, settings):
        self.base = f"{settings['endpoints']['s3']}/{settings['bucket']}/{settings['workspace_key_prefix']}"
        self.key = settings["key"]

    def url(self, of):
        return f"{self.base}/{of}/{self.key}"

    def read(self, of):
        status, answer = call(self.url(of))
        return json.loads(answer) if status == 200 else None

    def write(self, of, state):
        call(self.url(of), "PUT", json.dumps(state).encode())

    def remove(self, of):
        call(self.url(of), "DELETE")

    def lock(self, of, info):
        status, _ = call(self.url(of) + ".tflock", "PUT", json.dumps(info).encode(), **{"If-None-Match": "*"})
        return status < 300

    def unlock(self, of):
        call(self.url(of) + ".tflock", "DELETE")


class Folder:
    """States that a plan looks at and nothing is written to."""

    def __init__(self, settings):
        self.base = settings["workspace_dir"]

    def read(self, of):
        try:
            with open(os.path.join(self.base, of, "terraform.tfstate")) as file:
                return json.load(file)
        except FileNotFoundError:
            return None

    write = remove = unlock = lambda self, *_: None
    lock = lambda self, *_: True


def backend():
    with open(os.path.join(folder, "backend.tf.json")) as file:
        kinds = json.load(file)["terraform"]["backend"]
    return Bucket(kinds["s3"]) if "s3" in kinds else Folder(kinds["local"])


# ---- resources


def digest(*parts):
    import hashlib
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def make_cluster(v):
    tags = [{"key": "Workspace", "value": v["workspace"]}, {"key": "Owner", "value": v["owner"]}]
    aws("ecs", "AmazonEC2ContainerServiceV20141113.CreateCluster", {"clusterName": v["name"], "tags": tags})


def make_task(v):
    containers = [{**c, "secrets": [], "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": log_group(v), "awslogs-region": v["region"], "awslogs-stream-prefix": "task"}}} for c in v["containers"]]
    aws("ecs", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", {"family": v["name"], "containerDefinitions": containers, "networkMode": "awsvpc", "cpu": str(v["service"]["cpu"]), "memory": str(v["service"]["memory"])})


def make_service(v):
    aws("ecs", "AmazonEC2ContainerServiceV20141113.CreateService", {"cluster": v["name"], "serviceName": v["name"], "taskDefinition": newest_task(v), "launchType": "FARGATE", "desiredCount": 0 if v["service"]["asleep"] else v["service"]["min"]})


def change_service(v):
    aws("ecs", "AmazonEC2ContainerServiceV20141113.UpdateService", {"cluster": v["name"], "service": v["name"], "taskDefinition": newest_task(v)})


def newest_task(v):
    return aws("ecs", "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition", {"taskDefinition": v["name"]})["taskDefinition"]["taskDefinitionArn"]


def is_there(v, kind):
    if kind == "aws_ecs_service":
        found = aws("ecs", "AmazonEC2ContainerServiceV20141113.DescribeServices", {"cluster": v["name"], "services": [v["name"]]})["services"]
        return any(one["status"] == "ACTIVE" for one in found)
    return True


def log_group(v):
    return f"/{v['project']}/{v['workspace']}"


# address, type, depends on, what it is made from, make, change in place (None: replaced), remove
RESOURCES = [
    ("module.logs.aws_cloudwatch_log_group.this", "aws_cloudwatch_log_group", [], lambda v: log_group(v),
     lambda v: aws("logs", "Logs_20140328.CreateLogGroup", {"logGroupName": log_group(v)}), None, lambda v: aws("logs", "Logs_20140328.DeleteLogGroup", {"logGroupName": log_group(v)})),
    ("module.network.aws_vpc.this", "aws_vpc", [], lambda v: v["network"], lambda v: None, None, lambda v: None),
    ("module.network.aws_subnet.public[0]", "aws_subnet", ["module.network.aws_vpc.this"], lambda v: v["network"], lambda v: None, None, lambda v: None),
    ("module.service.aws_ecs_cluster.this", "aws_ecs_cluster", [], lambda v: v["name"], make_cluster, None, lambda v: aws("ecs", "AmazonEC2ContainerServiceV20141113.DeleteCluster", {"cluster": v["name"]})),
    ("module.service.aws_ecs_task_definition.this", "aws_ecs_task_definition", ["module.logs.aws_cloudwatch_log_group.this"], lambda v: [v["containers"], v["service"]["cpu"], v["service"]["memory"]], make_task, None, lambda v: None),
    ("module.service.aws_ecs_service.this", "aws_ecs_service", ["module.service.aws_ecs_cluster.this", "module.service.aws_ecs_task_definition.this", "module.network.aws_subnet.public"],
     lambda v: [v["containers"], v["service"]["restart"]], make_service, change_service, lambda v: aws("ecs", "AmazonEC2ContainerServiceV20141113.DeleteService", {"cluster": v["name"], "service": v["name"], "force": True})),
]


def named(address, kind, action, extra=None):
    return {"resource": {"addr": address, "module": address.rsplit(".", 2)[0], "resource_type": kind, "resource_name": "this", "resource_key": None}, "action": action, **(extra or {})}


def entry(address, kind, needs, wanted):
    module, _, name = address.rsplit(".", 2)
    key = {"index_key": int(name[-2])} if name.endswith("]") else {}
    return {"module": module, "mode": "managed", "type": kind, "name": name.split("[")[0], "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
            "instances": [{"schema_version": 0, "attributes": {"id": f"{kind}-{workspace}", "made_from": wanted}, "dependencies": needs, **key}]}


def made_from(state, address):
    for resource in state["resources"]:
        for instance in resource["instances"]:
            key = f"[{instance['index_key']}]" if "index_key" in instance else ""
            if f"{resource['module']}.{resource['type']}.{resource['name']}{key}" == address:
                return instance["attributes"]["made_from"]
    return None


def without(state, address):
    state["resources"] = [r for r in state["resources"] if not address.startswith(f"{r['module']}.{r['type']}.{r['name']}")]


def changes(state):
    for resource in RESOURCES:
        wanted, present = digest(resource[3](variables)), made_from(state, resource[0])
        if present is None:
            yield resource, "create"
        elif present != wanted:
            yield resource, "update" if resource[5] else "replace"


def plan_lines(state):
    found = list(changes(state))
    for resource, action in found:
        say(type="planned_change", change=named(resource[0], resource[1], action))
    record = state["outputs"].get("record", {}).get("value") != variables["record"]
    say(type="change_summary", changes={"add": len(found), "change": 0, "remove": 0, "operation": "plan"})
    if record:
        say(type="outputs", outputs={"record": {"sensitive": False, "action": "update"}})
    return found, record


def fail(summary, detail, code=1):
    print(json.dumps({"@level": "error", "type": "diagnostic", "diagnostic": {"severity": "error", "summary": summary, "detail": detail}}), flush=True)
    sys.exit(code)


def step(state, store, resource, action, work):
    say(type="apply_start", hook=named(resource[0], resource[1], action))
    work()
    if action == "create" and resource[1] == "aws_ecs_cluster" and variables["client"].startswith("dies-"):
        os.kill(os.getpid(), signal.SIGKILL)
    store.write(workspace, state)
    say(type="apply_complete", hook=named(resource[0], resource[1], action, {"elapsed_seconds": 0}))


def put(state, resource):
    without(state, resource[0])
    state["resources"].append(entry(resource[0], resource[1], resource[2], digest(resource[3](variables))))


def bump(state):
    state["serial"] += 1


def apply(state, store):
    found, _ = plan_lines(state)
    for resource, action in found:
        if stopped:
            return False
        if action == "replace":
            step(state, store, resource, "delete", lambda: (resource[6](variables), without(state, resource[0]), bump(state)))
            action = "create"
        step(state, store, resource, action, lambda: ((resource[5] if action == "update" else resource[4])(variables), put(state, resource), bump(state)))
    state["outputs"] = {"record": {"value": variables["record"], "type": "map"}, "address": {"value": "", "type": "string"}, "task_definition": {"value": newest_task(variables), "type": "string"}}
    bump(state)
    store.write(workspace, state)
    return True


def destroy(state, store):
    for resource in reversed(RESOURCES):
        if made_from(state, resource[0]) is None:
            continue
        if stopped:
            return False
        step(state, store, resource, "delete", lambda: (resource[6](variables), without(state, resource[0]), bump(state)))
    state["outputs"] = {}
    store.write(workspace, state)
    return True


def variables_of(arguments):
    with open(next(a[len("-var-file="):] for a in arguments if a.startswith("-var-file="))) as file:
        return json.load(file)


EMPTY = {"version": 4, "terraform_version": "1.11.4", "serial": 0, "lineage": "x", "outputs": {}, "resources": []}

if words[0] == "version":
    print(json.dumps({"terraform_version": "1.11.4", "platform": "linux_amd64"}))
elif words[0] == "init":
    pass
elif words[0] == "force-unlock":
    backend().unlock(workspace)
elif words[0] == "import":
    variables = variables_of(words)
    store = backend()
    state = store.read(workspace) or json.loads(json.dumps(EMPTY))
    resource = next(r for r in RESOURCES if r[0] == words[-2])
    if not is_there(variables, resource[1]):
        sys.exit("Error: Cannot import non-existent remote object")
    put(state, resource)
    bump(state)
    store.write(workspace, state)
elif words[:2] == ["workspace", "delete"]:
    store = backend()
    store.remove(words[2])
else:
    variables = variables_of(words)
    if variables["workspace"] != workspace:
        fail("Invalid value for variable", f"These variables are of the workspace {variables['workspace']}, and this is {workspace}: nothing was changed.")
    store = backend()
    if words[0] == "plan":
        found, record = plan_lines(store.read(workspace) or dict(EMPTY))
        sys.exit(2 if found or record else 0)
    import time
    info = {"ID": f"{os.getpid()}", "Operation": "OperationTypeApply", "Info": "", "Who": f"root@{os.uname().nodename}", "Version": "1.11.4", "Created": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()), "Path": ""}
    if not store.lock(workspace, info):
        fail("Error acquiring the state lock", "Error message: PreconditionFailed")
    try:
        state = store.read(workspace) or json.loads(json.dumps(EMPTY))
        done = (apply if words[0] == "apply" else destroy)(state, store)
    finally:
        store.unlock(workspace)
    if not done:
        fail("execution halted", "It was interrupted.")
