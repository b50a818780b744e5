variable "name" { type = string }
variable "workspace" { type = string }
variable "vpc" { type = string }
variable "subnets" { type = list(string) }
variable "allow" { type = string }

variable "volumes" {
  type = map(object({
    uid = number
    gid = number
  }))
}

resource "aws_efs_file_system" "this" {
  creation_token = var.workspace
  encrypted      = true
  tags           = { Name = var.name }

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }
}

resource "aws_security_group" "this" {
  name        = "${var.name}-files"
  description = "Volumes, from the tasks alone"
  vpc_id      = var.vpc
  tags        = { Name = "${var.name}-files" }

  ingress {
    description     = "NFS from the tasks"
    from_port       = 2049
    to_port         = 2049
    protocol        = "tcp"
    security_groups = [var.allow]
  }
}

resource "aws_efs_mount_target" "this" {
  count           = length(var.subnets)
  file_system_id  = aws_efs_file_system.this.id
  subnet_id       = var.subnets[count.index]
  security_groups = [aws_security_group.this.id]
}

resource "aws_efs_access_point" "this" {
  for_each       = var.volumes
  file_system_id = aws_efs_file_system.this.id
  tags           = { Name = "${var.name}-${each.key}" }

  posix_user {
    uid = each.value.uid
    gid = each.value.gid
  }

  root_directory {
    path = "/${each.key}"
    creation_info {
      owner_uid   = each.value.uid
      owner_gid   = each.value.gid
      permissions = "0750"
    }
  }
}

# Known once the volumes can be mounted.
output "id" {
  value      = aws_efs_file_system.this.id
  depends_on = [aws_efs_mount_target.this]
}

output "access_points" { value = { for name, point in aws_efs_access_point.this : name => point.id } }
