variable "name" {
  type        = string
  description = "The name of the role."
  default     = "curfew"
}

variable "mode" {
  type        = string
  description = "`enforce` if the role may end connections. With `audit` it cannot, whatever the configuration says."
  default     = "audit"

  validation {
    condition     = contains(["audit", "enforce"], var.mode)
    error_message = "mode must be audit or enforce."
  }
}

variable "daemon_role_arn" {
  type        = string
  description = "The ARN of the daemon's role: the output `role_arn` of the other modules. IAM refuses a role that does not exist yet."
}

variable "external_id" {
  type        = string
  description = "The `externalId` of the entry under `watch`. It is not a secret."
  default     = "curfew"
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

variable "permissions_boundary" {
  type        = string
  description = "The ARN of the permissions boundary of the role."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "The tags of the role."
  default     = {}
}
