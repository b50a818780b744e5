variable "project" {
  type = string
}

variable "client" {
  description = "The tenant, for tags and costs."
  type        = string
}

variable "stem" {
  description = "The workspace without its environment: the tenant, or a slug of its own."
  type        = string
}

variable "environment" {
  type = string
}

variable "cost_center" {
  type = string
}

variable "owner" {
  description = "Id of the control plane: what carries another one is not touched."
  type        = string
}

variable "workspace" {
  description = "Must be the workspace that this runs in."
  type        = string

  # Asked at every plan, apply and destroy: the wrong workspace can never be changed.
  validation {
    condition     = var.workspace == terraform.workspace
    error_message = "These variables are of the workspace ${var.workspace}, and this is ${terraform.workspace}: nothing was changed."
  }

  validation {
    condition     = var.workspace == "${var.stem}-${var.environment}"
    error_message = "These variables are of ${var.stem}-${var.environment}, and the workspace is said to be ${var.workspace}: nothing was changed."
  }
}

variable "name" {
  description = "Prefix of names with a short limit: at most 20 characters."
  type        = string
}

variable "region" {
  type = string
}

# Of the engine's credentials files; empty: as every tool of AWS finds them.
variable "profile" {
  type    = string
  default = ""
}

variable "endpoint" {
  type    = string
  default = ""
}

variable "max_retries" {
  type    = number
  default = 25
}

variable "role_arn" {
  description = "Role in the client's own account; empty: the account of the credentials."
  type        = string
  default     = ""
}

variable "boundary" {
  description = "ARN of the policy that bounds the tasks' roles; empty: none."
  type        = string
  default     = ""
}

variable "network" {
  description = "CIDR, and how the private subnets get out: public (each task has an address), nat (one gateway), nat-per-zone, endpoints."
  type = object({
    cidr  = string
    zones = list(string)
    exit  = string
  })
}

variable "service" {
  description = "The task: sizes in Fargate's units, and how many of it."
  type = object({
    cpu       = number
    memory    = number
    min       = number
    max       = number
    asleep    = bool
    platform  = string
    container = string
    port      = number
    entry     = string
    grace     = optional(number, 0)
    restart   = string

    # Where the load balancer asks for health; 0: where it sends requests.
    health_port = optional(number, 0)
  })
}

variable "containers" {
  description = "Container definitions as ECS knows them, without what this configuration alone knows. Secrets are named by their key."
  type        = any
}

variable "shared_folders" {
  description = "Names of the task's own folders that containers share."
  type        = list(string)
  default     = []
}

variable "volumes" {
  description = "Folders that outlive the task: on EFS."
  type = map(object({
    uid = number
    gid = number
  }))
  default = {}
}

variable "files" {
  description = "Whether there is a file system: also when no volume is left that is on it."
  type        = bool
  default     = false
}

variable "secret_arn" {
  description = "The secret that the containers' secrets are keys of. Its value never comes by here."
  type        = string
  default     = ""
}

variable "repositories" {
  description = "ARNs of the ECR repositories that images come from."
  type        = list(string)
  default     = []
}

variable "load_balancer" {
  description = "Null: no load balancer."
  type = object({
    health_path     = string
    health_matcher  = optional(string, "200-399")
    health_interval = optional(number, 15)
    health_timeout  = optional(number, 5)
    health_retries  = optional(number, 3)
    certificate     = string
    gateways        = list(string)
    is_open         = optional(bool, false)
  })
  default = null
}

variable "redis" {
  description = "Null: no Redis."
  type = object({
    node_type = string
    nodes     = number
  })
  default = null
}

variable "logs_days" {
  type    = number
  default = 30
}

variable "monitoring" {
  description = "Dashboard and alarms; alarms are told to the topic when there is one."
  type = object({
    on    = bool
    topic = string
  })
}

variable "record" {
  description = "What the control plane knows this by."
  type        = map(string)
  default     = {}
}
