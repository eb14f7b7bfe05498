variable "name" {
  type        = string
  description = "The name of the role."
  default     = "curfew"
}

variable "cluster_name" {
  type        = string
  description = "The name of the EKS cluster."
}

variable "namespace" {
  type        = string
  description = "The namespace of the release of the chart."
  default     = "curfew"
}

variable "service_account" {
  type        = string
  description = "The service account of the pods."
  default     = "curfew"
}

variable "oidc_provider_arn" {
  type        = string
  description = "The IAM OIDC provider of the cluster, for IRSA. If null, the pods get the role from EKS Pod Identity."
  default     = null
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

variable "database_user_arn" {
  type        = string
  description = "The user of the database, for `engine.iam`, as `arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE-ID/USER`."
  default     = null
}

variable "assumed_role_arns" {
  type        = list(string)
  description = "The roles in other accounts that the daemon may assume: the outputs `role_arn` of the module `other-account`."
  default     = []
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
