output "role_arn" {
  description = "The role of the daemon, to name in the trust policies of roles in other accounts."
  value       = module.role.role_arn
}

output "helm_values" {
  description = "Values of the chart that give the pods the role, for `values = [yamlencode(...)]`."
  value = {
    serviceAccount = {
      name        = var.service_account
      annotations = { for arn in [module.role.role_arn] : "eks.amazonaws.com/role-arn" => arn if !local.by_pod_identity }
    }
    podIdentity = { enabled = local.by_pod_identity }
  }
}
