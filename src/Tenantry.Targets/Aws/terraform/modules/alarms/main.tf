variable "name" { type = string }
variable "cluster" { type = string }
variable "service" { type = string }
variable "topic" { type = string }
variable "balanced" { type = bool }
variable "balancer" { type = string }
variable "targets" { type = string }

locals {
  task = { ClusterName = var.cluster, ServiceName = var.service }

  always = {
    cpu    = { metric = "CPUUtilization", space = "AWS/ECS", over = 90, stat = "Average", of = local.task }
    memory = { metric = "MemoryUtilization", space = "AWS/ECS", over = 90, stat = "Average", of = local.task }
  }

  balanced = {
    errors    = { metric = "HTTPCode_Target_5XX_Count", space = "AWS/ApplicationELB", over = 10, stat = "Sum", of = { LoadBalancer = var.balancer } }
    unhealthy = { metric = "UnHealthyHostCount", space = "AWS/ApplicationELB", over = 0, stat = "Maximum", of = { LoadBalancer = var.balancer, TargetGroup = var.targets } }
  }

  alarms = merge(local.always, { for name, alarm in local.balanced : name => alarm if var.balanced })
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  namespace           = each.value.space
  metric_name         = each.value.metric
  dimensions          = each.value.of
  statistic           = each.value.stat
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.over
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.topic == "" ? [] : [var.topic]
  ok_actions          = var.topic == "" ? [] : [var.topic]
}

output "names" { value = sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name]) }
