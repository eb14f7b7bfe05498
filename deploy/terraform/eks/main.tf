# The role of Curfew's service account on EKS. Helm installs the rest: deploy/helm/curfew, with the output `helm_values`.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  by_pod_identity = var.oidc_provider_arn == null

  overlays = "${path.module}/../../kubernetes/overlays"

  pod_identity = [
    for statement in jsondecode(file("${local.overlays}/pod-identity/trust-policy.json")).Statement : merge(statement, {
      Condition = {
        StringEquals = {
          "aws:RequestTag/eks-cluster-arn"            = "arn:${data.aws_partition.current.partition}:eks:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:cluster/${var.cluster_name}"
          "aws:RequestTag/kubernetes-namespace"       = var.namespace
          "aws:RequestTag/kubernetes-service-account" = var.service_account
        }
      }
    }) if local.by_pod_identity
  ]

  # The issuer without its scheme, as IAM names it after "oidc-provider/".
  issuer = try(regex("oidc-provider/(.+)$", var.oidc_provider_arn)[0], "")

  irsa = [
    for statement in jsondecode(file("${local.overlays}/irsa/trust-policy.json")).Statement : merge(statement, {
      Principal = { Federated = var.oidc_provider_arn }
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = "system:serviceaccount:${var.namespace}:${var.service_account}"
        }
      }
    }) if !local.by_pod_identity
  ]
}

module "role" {
  source = "../iam"

  name              = var.name
  mode              = var.mode
  endpoint_arns     = var.endpoint_arns
  tag               = var.tag
  read_tags         = var.read_tags
  database_user_arn = var.database_user_arn
  assumed_role_arns = var.assumed_role_arns
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.pod_identity, local.irsa)
  })
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_eks_pod_identity_association" "this" {
  count = local.by_pod_identity ? 1 : 0

  cluster_name    = var.cluster_name
  namespace       = var.namespace
  service_account = var.service_account
  role_arn        = module.role.role_arn
  tags            = var.tags
}
