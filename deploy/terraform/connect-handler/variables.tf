variable "name" {
  type        = string
  description = "The function is called `AWSClientVPN-NAME`. Client VPN accepts no other beginning."
  default     = "curfew"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,51}$", var.name))
    error_message = "name must be 1 to 51 letters, digits, hyphens and underscores. AWSClientVPN- is put before it."
  }
}

variable "zip" {
  type        = string
  description = "The zip of `curfew connect-handler build`, for the first version. `deploy/connect-handler/update.sh` brings later ones."
}

# The names are known before an endpoint is made, and the IDs are not.
variable "endpoint_ids" {
  type        = map(string)
  description = "The IDs of the endpoints that ask the handler, each under a name of your choice: Terraform refuses a set of IDs that are not known before something is made. Each gets an alarm. The operator switches them on: `docs/connect-handler.md`."
  default     = {}
}

variable "architecture" {
  type        = string
  description = "`arm64` or `x86_64`."
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "memory_size" {
  type        = number
  description = "In MB. The function's share of a CPU grows with it."
  default     = 512

  validation {
    condition     = var.memory_size >= 256 && var.memory_size <= 10240
    error_message = "memory_size must be 256 to 10240 MB."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = "Kept for this function, and its limit. 0 reserves nothing. Sizes are in `docs/connect-handler.md`."
  default     = 0

  validation {
    condition     = var.reserved_concurrency >= 0
    error_message = "reserved_concurrency must be 0, which reserves nothing, or more."
  }
}

variable "topic_arn" {
  type        = string
  description = "The SNS topic of the alarms. If null, they notify nobody."
  default     = null
}

variable "denied_in_five_minutes" {
  type        = number
  description = "So many denied connections in five minutes set off the alarm."
  default     = 20

  validation {
    condition     = var.denied_in_five_minutes >= 1
    error_message = "denied_in_five_minutes must be at least 1."
  }
}

variable "log_retention_days" {
  type        = number
  description = "How long CloudWatch keeps the log, in days."
  default     = 90
}

variable "permissions_boundary" {
  type        = string
  description = "The ARN of the permissions boundary of the role."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "The tags of everything that has tags."
  default     = {}
}
