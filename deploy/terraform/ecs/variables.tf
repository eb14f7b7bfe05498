variable "name" {
  type        = string
  description = "The name of the cluster, the service, the roles and the log group."
  default     = "curfew"
}

variable "image" {
  type        = string
  description = "The image with your configuration, by digest: `REPOSITORY@sha256:…`."

  validation {
    condition     = can(regex("^.+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must have its digest, as REPOSITORY@sha256:..."
  }
}

variable "vpc_id" {
  type        = string
  description = "The VPC of the subnets."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets in different zones that can reach the APIs of EC2, STS, ECR and CloudWatch Logs. A task on files uses the first two."

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must name at least two subnets, in different zones."
  }
}

variable "assign_public_ip" {
  type        = bool
  description = "Whether the tasks get a public address, for subnets with an internet gateway and no NAT."
  default     = false
}

variable "mode" {
  type        = string
  description = "`enforce` if the role may end connections in this account. With `audit` it cannot, whatever the configuration says. In other accounts the `mode` of their role decides."
  default     = "audit"

  validation {
    condition     = contains(["audit", "enforce"], var.mode)
    error_message = "mode must be audit or enforce."
  }
}

variable "endpoint_arns" {
  type        = list(string)
  description = "The ARNs of the Client VPN endpoints. If null, the endpoints with `tag`, in the Region of the provider."
  default     = null

  validation {
    condition     = var.endpoint_arns == null ? true : length(var.endpoint_arns) > 0
    error_message = "endpoint_arns must name an endpoint, or be null: then the endpoints are those with the tag."
  }
}

variable "tag" {
  type = object({
    key   = string
    value = string
  })
  description = "The tag of the endpoints, for `discover`. Anybody who may tag endpoints decides where connections may end."
  default = {
    key   = "vpn-policy"
    value = "enforced"
  }
}

variable "read_tags" {
  type        = bool
  description = "Whether policies select endpoints by tags, or by names that `watch` does not give. By tag, the role may read them anyway."
  default     = false
}

variable "assumed_role_arns" {
  type        = list(string)
  description = "The roles in other accounts that the daemon may assume: the outputs `role_arn` of the module `other-account`."
  default     = []
}

variable "database" {
  type = object({
    secret_arn        = string
    security_group_id = string
    owner_secret_arn  = optional(string)
    user_arn          = optional(string)
  })
  description = "The PostgreSQL of the replicas: the secret whose whole text is its URL, and the security group, which is opened for the tasks. With `owner_secret_arn`, the URL of the tables' owner, there is a task definition that makes the tables. `user_arn` is for `engine.iam`. If null, one task keeps its audit trail and state on EFS."
  default     = null
}

variable "migration_image" {
  type        = string
  description = "The image of the version that you will update to, by digest, for the tables to come first. If null, that of the tasks."
  default     = null

  validation {
    condition     = var.migration_image == null ? true : can(regex("^.+@sha256:[0-9a-f]{64}$", var.migration_image))
    error_message = "migration_image must have its digest, as REPOSITORY@sha256:..."
  }
}

variable "tasks" {
  type        = number
  description = "How many replicas share the database. Without one, there is one task."
  default     = 3

  validation {
    condition     = var.tasks >= 1
    error_message = "tasks must be at least 1. To stop Curfew, set the desired count of the service to 0: docs/ecs.md."
  }
}

variable "cpu_architecture" {
  type        = string
  description = "`X86_64` or `ARM64`: that of the image."
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture must be X86_64 or ARM64."
  }
}

variable "scraper_security_group_id" {
  type        = string
  description = "The security group of your Prometheus. If null, the tasks accept no connection."
  default     = null
}

variable "reader_role_arns" {
  type        = list(string)
  description = "Roles that may mount the files besides the task, to read the audit trail. Each needs a policy and an access point of its own."
  default     = []
}

variable "log_retention_days" {
  type        = number
  description = "How long CloudWatch keeps the log, in days."
  default     = 90
}

variable "permissions_boundary" {
  type        = string
  description = "The ARN of the permissions boundary of the roles."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "The tags of everything that has tags."
  default     = {}
}
