variable "name" { type = string }
variable "region" { type = string }
variable "cluster" { type = string }
variable "service" { type = string }
variable "balancer" { type = string }
variable "redis" { type = string }

locals {
  task = ["ClusterName", var.cluster, "ServiceName", var.service]

  rows = concat(
    [
      { title = "Running tasks", metrics = [concat(["ECS/ContainerInsights", "RunningTaskCount"], local.task)], stat = "Average" },
      { title = "CPU, % of what was asked for", metrics = [concat(["AWS/ECS", "CPUUtilization"], local.task)], stat = "Average" },
      { title = "Memory, % of what was asked for", metrics = [concat(["AWS/ECS", "MemoryUtilization"], local.task)], stat = "Average" },
    ],
    var.balancer == null ? [] : [
      { title = "Requests", metrics = [["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.balancer]], stat = "Sum" },
    ],
    var.redis == null ? [] : [
      { title = "Cache hit rate, %", metrics = [["AWS/ElastiCache", "CacheHitRate", "CacheClusterId", var.redis]], stat = "Average" },
    ],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for number, row in local.rows : {
      type       = "metric"
      x          = number % 3 * 8
      y          = floor(number / 3) * 6
      width      = 8
      height     = 6
      properties = { title = row.title, metrics = row.metrics, stat = row.stat, period = 300, region = var.region, view = "timeSeries" }
    }]
  })
}

output "name" { value = aws_cloudwatch_dashboard.this.dashboard_name }
