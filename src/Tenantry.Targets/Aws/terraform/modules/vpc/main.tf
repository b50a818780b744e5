variable "name" { type = string }
variable "cidr" { type = string }
variable "zones" { type = list(string) }
variable "exit" { type = string }

# Whether something is inside that no task is: volumes, Redis. It stays where it is when the way out changes.
variable "inner" { type = bool }

variable "region" { type = string }

locals {
  # The lower half is public, the upper half private; each zone has a part of both.
  bits     = ceil(log(length(var.zones), 2)) + 1
  private  = var.exit == "public" && !var.inner ? 0 : length(var.zones)
  gateways = var.exit == "nat" ? 1 : var.exit == "nat-per-zone" ? length(var.zones) : 0
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

# Nothing is let through that has no group of its own.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = var.name }
}

resource "aws_subnet" "public" {
  count             = length(var.zones)
  vpc_id            = aws_vpc.this.id
  availability_zone = var.zones[count.index]
  cidr_block        = cidrsubnet(var.cidr, local.bits, count.index)
  tags              = { Name = "${var.name}-public-${count.index}" }
}

resource "aws_subnet" "private" {
  count             = local.private
  vpc_id            = aws_vpc.this.id
  availability_zone = var.zones[count.index]
  cidr_block        = cidrsubnet(var.cidr, local.bits, pow(2, local.bits - 1) + count.index)
  tags              = { Name = "${var.name}-private-${count.index}" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-public" }

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table_association" "public" {
  count          = length(var.zones)
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

resource "aws_eip" "nat" {
  count  = local.gateways
  domain = "vpc"
  tags   = { Name = "${var.name}-nat-${count.index}" }
}

resource "aws_nat_gateway" "this" {
  count         = local.gateways
  allocation_id = aws_eip.nat[count.index].id
  subnet_id     = aws_subnet.public[count.index].id
  tags          = { Name = "${var.name}-${count.index}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "private" {
  count  = local.private
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-private-${count.index}" }

  dynamic "route" {
    for_each = local.gateways == 0 ? [] : [aws_nat_gateway.this[count.index % local.gateways].id]
    content {
      cidr_block     = "0.0.0.0/0"
      nat_gateway_id = route.value
    }
  }
}

resource "aws_route_table_association" "private" {
  count          = local.private
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[count.index].id
}

resource "aws_security_group" "endpoints" {
  count       = var.exit == "endpoints" ? 1 : 0
  name        = "${var.name}-endpoints"
  description = "AWS services, from inside this network alone"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-endpoints" }

  ingress {
    description = "HTTPS from this network"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [var.cidr]
  }
}

# Who asks through the endpoints: asked only where there are some.
data "aws_caller_identity" "this" {
  count = var.exit == "endpoints" ? 1 : 0
}

data "aws_partition" "this" {}

locals {
  partition = data.aws_partition.this.partition
  account   = one(data.aws_caller_identity.this[*].account_id)
  pull      = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]

  # What goes through each: nothing with keys of another account, which would be a way out.
  endpoints = {
    "ecr.api"        = { actions = local.pull, resource = "*" }
    "ecr.dkr"        = { actions = local.pull, resource = "*" }
    "logs"           = { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resource = "arn:${local.partition}:logs:${var.region}:${coalesce(local.account, "0")}:*" }
    "secretsmanager" = { actions = ["secretsmanager:GetSecretValue"], resource = "arn:${local.partition}:secretsmanager:${var.region}:${coalesce(local.account, "0")}:secret:*" }
  }
}

# Without a way to the internet: what a task needs to start, and its volumes, is reached inside.
resource "aws_vpc_endpoint" "interface" {
  for_each            = { for name, allowed in local.endpoints : name => allowed if var.exit == "endpoints" }
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true
  tags                = { Name = "${var.name}-${each.key}" }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = each.value.actions
      Resource  = each.value.resource
      Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
    }]
  })
}

resource "aws_vpc_endpoint" "s3" {
  count             = var.exit == "endpoints" ? 1 : 0
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = aws_route_table.private[*].id
  tags              = { Name = "${var.name}-s3" }

  # Layers of images in ECR are there, and nothing can be written.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:${local.partition}:s3:::prod-${var.region}-starport-layer-bucket/*"
    }]
  })
}

output "vpc" { value = aws_vpc.this.id }

# A load balancer in them is refused while the network has no way to the internet.
output "public_subnets" {
  value      = aws_subnet.public[*].id
  depends_on = [aws_internet_gateway.this, aws_route_table_association.public]
}

output "private_subnets" { value = aws_subnet.private[*].id }

# Known once a task in them reaches what it needs to start.
output "task_subnets" {
  value = var.exit == "public" ? aws_subnet.public[*].id : aws_subnet.private[*].id
  depends_on = [
    aws_route_table_association.public,
    aws_route_table_association.private,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
  ]
}
