locals {
  emulated = var.endpoint != ""

  tags = {
    Project     = var.project
    Environment = var.environment
    Client      = var.client
    ManagedBy   = "Tenantry"
    Workspace   = terraform.workspace
    CostCenter  = var.cost_center
    Owner       = var.owner
  }
}

module "network" {
  source = "./modules/vpc"

  name   = var.name
  cidr   = var.network.cidr
  zones  = var.network.zones
  exit   = var.network.exit
  inner  = var.files || var.redis != null
  region = var.region
}

module "logs" {
  source = "./modules/logs"

  name = "/${var.project}/${var.workspace}"
  days = var.logs_days
}

# What is in it outlives the manifest that named a volume: it goes with the instance.
module "files" {
  source = "./modules/efs"
  count  = var.files ? 1 : 0

  name      = var.name
  vpc       = module.network.vpc
  subnets   = module.network.private_subnets
  allow     = module.service.security_group
  volumes   = var.volumes
  workspace = var.workspace
}

module "balancer" {
  source = "./modules/alb"
  count  = var.load_balancer == null ? 0 : 1

  name        = var.name
  vpc         = module.network.vpc
  subnets     = module.network.public_subnets
  port        = var.service.port
  certificate = var.load_balancer.certificate
  gateways    = var.load_balancer.gateways
  is_open     = var.load_balancer.is_open

  health = {
    path     = var.load_balancer.health_path
    port     = var.service.health_port
    matcher  = var.load_balancer.health_matcher
    interval = var.load_balancer.health_interval
    timeout  = var.load_balancer.health_timeout
    retries  = var.load_balancer.health_retries
  }
}

module "redis" {
  source = "./modules/redis"
  count  = var.redis == null ? 0 : 1

  name      = var.name
  vpc       = module.network.vpc
  subnets   = module.network.private_subnets
  allow     = module.service.security_group
  node_type = var.redis.node_type
  nodes     = var.redis.nodes
}

# Outputs of one module are named one by one: with [*] everything would wait for all of it.
module "service" {
  source = "./modules/ecs"

  name           = var.name
  workspace      = var.workspace
  region         = var.region
  vpc            = module.network.vpc
  cidr           = var.network.cidr
  subnets        = module.network.task_subnets
  public_address = var.network.exit == "public"
  settings       = var.service
  containers     = var.containers
  shared_folders = var.shared_folders
  volumes        = keys(var.volumes)
  file_system    = var.files ? module.files[0].id : null
  access_points  = var.files ? module.files[0].access_points : {}
  secret_arn     = var.secret_arn
  repositories   = var.repositories
  log_group      = module.logs.name
  target_group   = var.load_balancer == null ? null : module.balancer[0].target_group
  entrance       = var.load_balancer == null ? null : module.balancer[0].security_group
  redis_url      = var.redis == null ? "" : module.redis[0].url
  balanced       = var.load_balancer != null
  boundary       = var.boundary
}

module "dashboard" {
  source = "./modules/dashboard"
  count  = var.monitoring.on ? 1 : 0

  name     = "${var.project}-${var.workspace}"
  region   = var.region
  cluster  = module.service.cluster
  service  = module.service.service
  balancer = var.load_balancer == null ? null : module.balancer[0].suffix
  redis    = var.redis == null ? null : module.redis[0].id
}

module "alarms" {
  source = "./modules/alarms"
  count  = var.monitoring.on ? 1 : 0

  name     = "${var.project}-${var.workspace}"
  cluster  = module.service.cluster
  service  = module.service.service
  topic    = var.monitoring.topic
  balanced = var.load_balancer != null
  balancer = var.load_balancer == null ? null : module.balancer[0].suffix
  targets  = var.load_balancer == null ? null : module.balancer[0].target_group_suffix
}
