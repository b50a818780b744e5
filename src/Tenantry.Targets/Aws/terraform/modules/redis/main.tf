variable "name" { type = string }
variable "vpc" { type = string }
variable "subnets" { type = list(string) }
variable "allow" { type = string }
variable "node_type" { type = string }
variable "nodes" { type = number }

resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_security_group" "this" {
  name        = "${var.name}-redis"
  description = "Redis, from the tasks alone"
  vpc_id      = var.vpc
  tags        = { Name = "${var.name}-redis" }

  ingress {
    description     = "Redis from the tasks"
    from_port       = 6379
    to_port         = 6379
    protocol        = "tcp"
    security_groups = [var.allow]
  }
}

# One node: a cluster of its own. More: a group that fails over to another zone. Another size is had at once, and not in the next maintenance window.
resource "aws_elasticache_cluster" "this" {
  count              = var.nodes == 1 ? 1 : 0
  cluster_id         = var.name
  engine             = "redis"
  engine_version     = "7.1"
  node_type          = var.node_type
  num_cache_nodes    = 1
  apply_immediately  = true
  subnet_group_name  = aws_elasticache_subnet_group.this.name
  security_group_ids = [aws_security_group.this.id]
}

resource "aws_elasticache_replication_group" "this" {
  count                      = var.nodes > 1 ? 1 : 0
  replication_group_id       = var.name
  description                = var.name
  engine                     = "redis"
  engine_version             = "7.1"
  node_type                  = var.node_type
  num_cache_clusters         = var.nodes
  apply_immediately          = true
  automatic_failover_enabled = true
  multi_az_enabled           = true
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.this.id]
}

# What metrics of it are told under: of a group those of its first node.
output "id" { value = var.nodes == 1 ? var.name : "${var.name}-001" }

output "url" {
  value = var.nodes == 1 ? "redis://${aws_elasticache_cluster.this[0].cache_nodes[0].address}:6379" : "rediss://${aws_elasticache_replication_group.this[0].primary_endpoint_address}:6379"
}
