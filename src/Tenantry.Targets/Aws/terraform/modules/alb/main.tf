variable "name" { type = string }
variable "vpc" { type = string }
variable "subnets" { type = list(string) }
variable "port" { type = number }
variable "health" { type = any }
variable "certificate" { type = string }
variable "gateways" { type = list(string) }
variable "is_open" { type = bool }

locals {
  everybody = ["0.0.0.0/0"]
  # In clear from the gateways; from everybody only where none are named.
  clear = length(var.gateways) > 0 ? var.gateways : local.everybody
  # Whoever comes by HTTPS past the gateway meets none of its limits and wakes nothing.
  coded = var.is_open ? local.everybody : local.clear
  doors = distinct([for port in [var.port, var.health.port] : port if port != 0])
}

resource "aws_security_group" "this" {
  name        = "${var.name}-entrance"
  description = "The load balancer"
  vpc_id      = var.vpc
  tags        = { Name = "${var.name}-entrance" }

  ingress {
    description = "HTTP"
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = local.clear
  }

  dynamic "ingress" {
    for_each = var.certificate == "" ? [] : [443]
    content {
      description = "HTTPS"
      from_port   = 443
      to_port     = 443
      protocol    = "tcp"
      cidr_blocks = local.coded
    }
  }

  dynamic "egress" {
    for_each = local.doors
    content {
      description = "The tasks"
      from_port   = egress.value
      to_port     = egress.value
      protocol    = "tcp"
      cidr_blocks = local.everybody
    }
  }
}

resource "aws_lb" "this" {
  name                       = var.name
  load_balancer_type         = "application"
  security_groups            = [aws_security_group.this.id]
  subnets                    = var.subnets
  drop_invalid_header_fields = true

  # The most there is: what is open and quiet for a while, as a WebSocket is, is the gateway's to end.
  idle_timeout = 4000
}

resource "aws_lb_target_group" "this" {
  name = var.name
  # Tasks are registered with their own port; another one here would have to replace what a listener uses.
  port                 = 80
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = var.vpc
  deregistration_delay = 30

  health_check {
    path                = var.health.path
    port                = var.health.port == 0 ? "traffic-port" : var.health.port
    matcher             = var.health.matcher
    healthy_threshold   = 2
    unhealthy_threshold = var.health.retries
    interval            = var.health.interval
    timeout             = var.health.timeout
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_lb_listener" "https" {
  count             = var.certificate == "" ? 0 : 1
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

output "address" { value = aws_lb.this.dns_name }
output "suffix" { value = aws_lb.this.arn_suffix }
output "security_group" { value = aws_security_group.this.id }
output "target_group_suffix" { value = aws_lb_target_group.this.arn_suffix }

# A service is refused whose target group hangs on no load balancer yet.
output "target_group" {
  value      = aws_lb_target_group.this.arn
  depends_on = [aws_lb_listener.http]
}
