locals {
  scales = var.settings.max > var.settings.min

  # Where the load balancer goes: to the app, and to where its health is asked for.
  doors = distinct([for port in [var.settings.port, try(var.settings.health_port, 0)] : port if port != 0])

  # Two tasks never write one volume: the old one goes before the new one comes.
  alone = length(var.volumes) > 0 && var.settings.max == 1

  # What only this configuration knows is put into the definitions here.
  containers = [for container in var.containers : merge(container, {
    environment = concat(
      try(container.environment, []),
      # What the app sets itself stays so: ECS takes no name twice.
      var.redis_url == "" || contains([for one in concat(try(container.environment, []), try(container.secrets, [])) : one.name], "REDIS_URL") ? [] : [{ name = "REDIS_URL", value = var.redis_url }],
    )
    secrets = [for secret in try(container.secrets, []) : { name = secret.name, valueFrom = "${var.secret_arn}:${secret.key}::" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = var.log_group
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = "task"
      }
    }
  })]
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_security_group" "this" {
  name        = "${var.name}-tasks"
  description = "The tasks"
  vpc_id      = var.vpc
  tags        = { Name = "${var.name}-tasks" }

  dynamic "ingress" {
    for_each = var.balanced ? local.doors : []
    content {
      description     = "From the load balancer"
      from_port       = ingress.value
      to_port         = ingress.value
      protocol        = "tcp"
      security_groups = [var.entrance]
    }
  }

  dynamic "ingress" {
    for_each = !var.balanced && var.settings.port != 0 ? [var.settings.entry] : []
    content {
      description = "From the gateways"
      from_port   = var.settings.port
      to_port     = var.settings.port
      protocol    = "tcp"
      cidr_blocks = split(",", ingress.value)
    }
  }

  egress {
    description = "Out, where the network has a way"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.settings.cpu
  memory                   = var.settings.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode(local.containers)

  # AWS goes back to the revision before when a new one does not come up. Revisions are removed with the instance.
  skip_destroy = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.settings.platform
  }

  dynamic "volume" {
    for_each = var.shared_folders
    content {
      name = volume.value
    }
  }

  dynamic "volume" {
    for_each = var.volumes
    content {
      name = volume.value
      efs_volume_configuration {
        file_system_id     = var.file_system
        transit_encryption = "ENABLED"
        authorization_config {
          access_point_id = var.access_points[volume.value]
          iam             = "ENABLED"
        }
      }
    }
  }
}

resource "aws_ecs_service" "this" {
  name                 = var.name
  cluster              = aws_ecs_cluster.this.id
  task_definition      = aws_ecs_task_definition.this.arn
  launch_type          = "FARGATE"
  desired_count        = var.settings.asleep ? 0 : var.settings.min
  propagate_tags       = "SERVICE"
  force_new_deployment = true
  triggers             = { restart = var.settings.restart }

  # What starts slowly is not ended by the load balancer meanwhile.
  health_check_grace_period_seconds = var.balanced ? var.settings.grace : null

  deployment_minimum_healthy_percent = local.alone ? 0 : 100
  deployment_maximum_percent         = local.alone ? 100 : 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnets
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = var.public_address
  }

  dynamic "load_balancer" {
    for_each = var.balanced ? [var.target_group] : []
    content {
      target_group_arn = load_balancer.value
      container_name   = var.settings.container
      container_port   = var.settings.port
    }
  }

  # A task that starts before its role may do anything does not come up.
  depends_on = [aws_iam_role_policy.execution, aws_iam_role_policy.task]

  # How many run is what the scaling, a sleep and a wake decide.
  lifecycle {
    ignore_changes = [desired_count]
  }
}

resource "aws_appautoscaling_target" "this" {
  count              = local.scales ? 1 : 0
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this.name}"
  min_capacity       = var.settings.asleep ? 0 : var.settings.min
  max_capacity       = var.settings.asleep ? 0 : var.settings.max
}

resource "aws_appautoscaling_policy" "this" {
  for_each           = local.scales ? { cpu = "ECSServiceAverageCPUUtilization", memory = "ECSServiceAverageMemoryUtilization" } : {}
  name               = "${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 70
    scale_in_cooldown  = 300
    scale_out_cooldown = 60
    predefined_metric_specification {
      predefined_metric_type = each.value
    }
  }
}

output "cluster" { value = aws_ecs_cluster.this.name }
output "service" { value = aws_ecs_service.this.name }
output "task_definition" { value = aws_ecs_task_definition.this.arn }
output "security_group" { value = aws_security_group.this.id }
