# Asks nobody: it follows from the region.
data "aws_partition" "this" {}

locals {
  boundary = var.boundary == "" ? null : var.boundary
  tasks = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}

# What starts the task: its images, its log, its secret, and no other's.
resource "aws_iam_role" "execution" {
  name                 = "${var.name}-start"
  assume_role_policy   = local.tasks
  permissions_boundary = local.boundary
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{ Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "arn:${data.aws_partition.this.partition}:logs:${var.region}:*:log-group:${var.log_group}:*" }],
      var.secret_arn == "" ? [] : [{ Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = var.secret_arn }],
      length(var.repositories) == 0 ? [] : [{ Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" }],
      length(var.repositories) == 0 ? [] : [{ Effect = "Allow", Action = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"], Resource = var.repositories }],
    )
  })
}

# What the app itself may: its volumes, and nothing else.
resource "aws_iam_role" "task" {
  name                 = "${var.name}-app"
  assume_role_policy   = local.tasks
  permissions_boundary = local.boundary
}

resource "aws_iam_role_policy" "task" {
  count = length(var.volumes) > 0 ? 1 : 0
  name  = "app"
  role  = aws_iam_role.task.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], Resource = "*", Condition = { StringEquals = { "aws:ResourceTag/Workspace" = var.workspace } } },
    ]
  })
}
