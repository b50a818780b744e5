"""moto's own server with what it lacks for one instance of the aws target. Usage: aws_emulator.py [PORT]; prints the port it listens on.

Added: tags of scalable targets, changing and removing cache clusters, their groups and their subnet groups, and services that "run": as many tasks as are
wanted, each with an address; one whose command holds "exit N" ends with that code after it printed what it echoes. The tasks of a service
are ended by POST /emulator/kill/SERVICE: its next description says that none runs, the one after that they were started again.
"""
import inspect
import re
import sys
import time

from moto.applicationautoscaling import models as scaling, responses as scaling_answers
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ecs import models as ecs, responses as ecs_answers
from moto.elasticache import models as cache, responses as cache_answers
from moto.logs.models import logs_backends

import json

# ---- Application Auto Scaling: tags


def register(self):
    self._validate_params()
    backend = self.applicationautoscaling_backend
    target = backend.register_scalable_target(
        self._get_param("ServiceNamespace"),
        self._get_param("ResourceId"),
        self._get_param("ScalableDimension"),
        min_capacity=self._get_int_param("MinCapacity"),
        max_capacity=self._get_int_param("MaxCapacity"),
        role_arn=self._get_param("RoleARN"),
        suspended_state=self._get_param("SuspendedState"),
    )
    tags_of(backend).setdefault(target.arn, {}).update(self._get_param("Tags") or {})
    return json.dumps({"ScalableTargetARN": target.arn})


def tags_of(backend):
    return backend.__dict__.setdefault("own_tags", {})


def list_tags(self):
    return json.dumps({"Tags": tags_of(self.applicationautoscaling_backend).get(self._get_param("ResourceARN"), {})})


def tag(self):
    tags_of(self.applicationautoscaling_backend).setdefault(self._get_param("ResourceARN"), {}).update(self._get_param("Tags") or {})
    return "{}"


def untag(self):
    tags = tags_of(self.applicationautoscaling_backend).get(self._get_param("ResourceARN"), {})
    for key in self._get_param("TagKeys") or []:
        tags.pop(key, None)
    return "{}"


scaling_answers.ApplicationAutoScalingResponse.register_scalable_target = register
scaling_answers.ApplicationAutoScalingResponse.list_tags_for_resource = list_tags
scaling_answers.ApplicationAutoScalingResponse.tag_resource = tag
scaling_answers.ApplicationAutoScalingResponse.untag_resource = untag

# ---- ElastiCache: security groups, nodes, changing, removing

cache.CacheCluster.security_groups = property(lambda self: [{"SecurityGroupId": group, "Status": "active"} for group in self.security_group_ids])
cache.CacheCluster.cache_parameter_group = property(lambda self: {"CacheParameterGroupName": self.cache_parameter_group_name or "default.redis7", "ParameterApplyStatus": "in-sync"})
cache.CacheCluster.cache_nodes = property(lambda self: [
    {"CacheNodeId": f"{n + 1:04}", "CacheNodeStatus": "available", "Endpoint": {"Address": f"{self.cache_cluster_id}.cache.local", "Port": self.port}, "CustomerAvailabilityZone": "eu-central-1a"}
    for n in range(self.num_cache_nodes or 1)])


def modify_cluster(self):
    cluster = self.elasticache_backend.cache_clusters[self._get_param("CacheClusterId")]
    cluster.cache_node_type = self._get_param("CacheNodeType") or cluster.cache_node_type
    cluster.security_group_ids = self._get_param("SecurityGroupIds") or cluster.security_group_ids
    cluster.engine_version = self._get_param("EngineVersion") or cluster.engine_version
    return ActionResult({"CacheCluster": cluster})


def delete_cluster(self):
    return ActionResult({"CacheCluster": self.elasticache_backend.cache_clusters.pop(self._get_param("CacheClusterId"))})


def delete_subnet_group(self):
    self.elasticache_backend.cache_subnet_groups.pop(self._get_param("CacheSubnetGroupName"))
    return ActionResult({})


cache_answers.ElastiCacheResponse.modify_cache_cluster = modify_cluster
cache_answers.ElastiCacheResponse.delete_cache_cluster = delete_cluster
cache_answers.ElastiCacheResponse.delete_cache_subnet_group = delete_subnet_group

# A group's members are clusters that can be asked for, and a group that is removed is gone.
stock_create_group = cache.ElastiCacheBackend.create_replication_group


def create_group(self, **asked):
    group = stock_create_group(self, **{**asked, "replicas_per_node_group": (asked.get("num_cache_clusters") or 1) - 1})
    for member in group.member_clusters:
        unsaid = dict.fromkeys(list(inspect.signature(self.create_cache_cluster).parameters))
        self.create_cache_cluster(**{**unsaid, "cache_cluster_id": member, "replication_group_id": group.replication_group_id, "num_cache_nodes": 1,
                                     **{key: asked[key] for key in ("cache_node_type", "engine", "engine_version", "cache_subnet_group_name", "security_group_ids", "port", "tags") if asked.get(key)}})
        self.cache_clusters[member].at_rest_encryption_enabled = asked.get("at_rest_encryption_enabled")
        self.cache_clusters[member].transit_encryption_enabled = asked.get("transit_encryption_enabled")
    return group


def delete_group(self, replication_group_id, retain_primary_cluster):
    group = self.replication_groups.pop(replication_group_id)
    for member in group.member_clusters:
        self.cache_clusters.pop(member, None)
    group.status = "deleting"
    return group


cache.ElastiCacheBackend.create_replication_group = create_group
cache.ElastiCacheBackend.delete_replication_group = delete_group

# ---- ECS: services that run

killed = {}


def definition_of(service):
    return service._backend.describe_task_definition(service.task_definition)


def failure_of(service):
    """What the service's first failing container prints and its exit code, or None."""
    for container in definition_of(service).container_definitions:
        words = " ".join(container.get("command") or [])
        found = re.search(r"exit (\d+)", words)
        if found and container.get("essential", True):
            echoed = re.search(r"echo ([^;]+);", words)
            return container, echoed.group(1) if echoed else "", int(found.group(1))
    return None


def is_down(service):
    return service.status != "ACTIVE" or failure_of(service) is not None or killed.get(service.name, 0) > 0


def running(service):
    return 0 if is_down(service) else service.desired_count


ecs.Service.availability_zone_rebalancing = "DISABLED"
ecs.Service.running_count = property(running, lambda self, value: None)
ecs.Service.pending_count = property(lambda self: 0, lambda self, value: None)


def tasks_of(service, stopped):
    failed = failure_of(service)
    if stopped != (failed is not None):
        return []
    count = 1 if failed else running(service)
    return [task_of(service, number, failed) for number in range(count)]


def task_of(service, number, failed):
    arn = f"arn:aws:ecs:{service.region_name}:{service._account_id}:task/{service.cluster_name}/{service.name}-{number}"
    containers = [{"name": c["name"], "lastStatus": "STOPPED" if failed else "RUNNING", **({"exitCode": failed[2]} if failed and failed[0] is c else {})}
                  for c in definition_of(service).container_definitions]
    if failed:
        print_line(service, failed[0], failed[1])
    return {"taskArn": arn, "clusterArn": service.cluster_arn, "taskDefinitionArn": service.task_definition, "desiredStatus": "STOPPED" if failed else "RUNNING",
            "lastStatus": "STOPPED" if failed else "RUNNING", "group": f"service:{service.name}", "containers": containers, "startedAt": 1.0,
            **({"stoppedReason": "Essential container in task exited", "stopCode": "EssentialContainerExited"} if failed else {}),
            "attachments": [{"type": "ElasticNetworkInterface", "status": "ATTACHED", "details": [{"name": "privateIPv4Address", "value": f"10.255.255.{10 + number}"}]}]}


def print_line(service, container, text):
    options = container.get("logConfiguration", {}).get("options", {})
    if not options:
        return
    backend = logs_backends[service._account_id][service.region_name]
    stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{service.name}-0"
    group = backend.groups.get(options["awslogs-group"])
    if group is None:
        return
    if stream not in group.streams:
        backend.create_log_stream(options["awslogs-group"], stream)
        backend.put_log_events(options["awslogs-group"], stream, [{"timestamp": int(time.time() * 1000), "message": text}])


def services(self, cluster):
    wanted = (cluster or "default").split("/")[-1]
    return [s for s in self.ecs_backend.services.values() if s.cluster_name == wanted]


def list_tasks(self):
    named = self._get_param("serviceName")
    stopped = self._get_param("desiredStatus") == "STOPPED"
    found = [t for s in services(self, self._get_param("cluster")) if not named or s.name == named.split("/")[-1] for t in tasks_of(s, stopped)]
    return ActionResult({"taskArns": [t["taskArn"] for t in found]})


def describe_tasks(self):
    wanted = self._get_param("tasks", [])
    found = [t for s in services(self, self._get_param("cluster")) for stopped in (False, True) for t in tasks_of(s, stopped) if t["taskArn"] in wanted]
    return ActionResult({"tasks": found, "failures": []})


stock_describe = ecs_answers.EC2ContainerServiceResponse.describe_services


def describe_services(self):
    for service in services(self, self._get_param("cluster")):
        # One that was removed is known for an hour, its task definition perhaps not.
        for deployment in service.deployments if service.status == "ACTIVE" else []:
            deployment.update({"desiredCount": service.desired_count, "runningCount": service.running_count, "pendingCount": 0, "taskDefinition": service.task_definition,
                               "failedTasks": 3 if failure_of(service) else 0,
                               "rolloutState": "IN_PROGRESS" if is_down(service) else "COMPLETED"})
        for container in definition_of(service).container_definitions if running(service) else []:
            if container.get("essential", True):
                print_line(service, container, "it runs")
    answer = stock_describe(self)
    for service in services(self, self._get_param("cluster")):
        if killed.get(service.name, 0) > 0:
            killed[service.name] -= 1
    return answer


ecs_answers.EC2ContainerServiceResponse.list_tasks = list_tasks
ecs_answers.EC2ContainerServiceResponse.describe_tasks = describe_tasks
ecs_answers.EC2ContainerServiceResponse.describe_services = describe_services

# How long the load balancer lets what starts alone: kept and told.
ecs.Service.health_check_grace_period_seconds = None


def keeping_grace(stock, named):
    def answer(self):
        result = stock(self)
        for service in services(self, self._get_param("cluster")):
            if service.name == self._get_param(named) and self._get_int_param("healthCheckGracePeriodSeconds") is not None:
                service.health_check_grace_period_seconds = self._get_int_param("healthCheckGracePeriodSeconds")
        return result
    return answer


ecs_answers.EC2ContainerServiceResponse.create_service = keeping_grace(ecs_answers.EC2ContainerServiceResponse.create_service, "serviceName")
ecs_answers.EC2ContainerServiceResponse.update_service = keeping_grace(ecs_answers.EC2ContainerServiceResponse.update_service, "service")

# What was made without tags has none; moto's answer to a question for tags fails over them.
stock_cluster = ecs.Cluster.__init__


def make_cluster(self, *arguments, **named):
    stock_cluster(self, *arguments, **named)
    self.tags = self.tags or []


ecs.Cluster.__init__ = make_cluster

# ---- the server

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

moto_app = DomainDispatcherApplication(create_backend_app)

# ---- what there is, to compare before and after

WATCHED = ["applicationautoscaling", "cloudwatch", "ec2", "ecs", "efs", "elasticache", "elbv2", "iam", "logs", "secretsmanager"]
# What AWS keeps as a record, revisions of task definitions that cannot run any more; and what moto keeps where AWS does not: rules and interfaces of networks that are gone, keys of a session that end by themselves.
BOOKS = ["ecs.task_definitions", "ec2.network_acls", "ec2.enis", "elasticache.users", "iam.access_keys"]


def left(asked):
    from moto.backends import get_backend
    found = {}
    for name in WATCHED:
        for account, regions in get_backend(name).items():
            for region in [region for region in list(regions) if region in (asked, "aws", "global")]:
                for kind, value in vars(regions[region]).items():
                    keys = there(value)
                    if keys and not kind.startswith("own_") and f"{name}.{kind}" not in BOOKS:
                        found[f"{name}.{kind} {account} {region}"] = keys
    return found


def there(value):
    """Keys of what is kept there and alive, however deep."""
    if not isinstance(value, dict):
        return []
    keys = []
    for key, one in value.items():
        if isinstance(one, dict):
            keys += [f"{key}/{deep}" for deep in there(one)]
        elif hasattr(one, "__dict__") and not {str(getattr(one, "status", "")).upper(), str(getattr(one, "state", "")).upper()} & {"INACTIVE", "DELETED"}:
            keys.append(str(key))
    return sorted(keys)


def app(environ, start_response):
    path = environ.get("PATH_INFO", "")
    if path.startswith("/emulator/kill/"):
        killed[path.rsplit("/", 1)[1]] = 1
        return Response("{}")(environ, start_response)
    if path == "/emulator/left":
        return Response(json.dumps(left(environ.get("QUERY_STRING", "")[len("region="):]), sort_keys=True))(environ, start_response)
    return moto_app(environ, start_response)


if __name__ == "__main__":
    import logging
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0, app, threaded=True)
    print(server.server_port, flush=True)
    # Ends with whoever started it: its input is then at its end.
    import threading

    def watch():
        sys.stdin.buffer.read()
        server.shutdown()

    threading.Thread(target=watch, daemon=True).start()
    server.serve_forever()
