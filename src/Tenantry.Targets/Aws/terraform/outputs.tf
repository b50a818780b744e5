output "record" {
  value = var.record
}

output "cluster" {
  value = module.service.cluster
}

output "service" {
  value = module.service.service
}

output "task_definition" {
  description = "What the service is to run: AWS goes back to an earlier one when it does not come up."
  value       = module.service.task_definition
}

output "log_group" {
  value = module.logs.name
}

output "address" {
  description = "Name of the load balancer; empty without one."
  value       = try(module.balancer[0].address, "")
}

output "target_group" {
  value = try(module.balancer[0].target_group, "")
}

output "redis" {
  value = try(module.redis[0].url, "")
}

output "vpc" {
  value = module.network.vpc
}

output "dashboard" {
  value = try(module.dashboard[0].name, "")
}

output "alarms" {
  value = try(module.alarms[0].names, [])
}
